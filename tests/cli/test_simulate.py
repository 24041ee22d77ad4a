"""`paywall simulate audience`: into a folder, into a test venue's lake, never into a live one's."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from churn.lake import Lake
from churn.simulate.keep import forget, is_there
from churn.simulate.rules import ACTIONS
from churn.triggers.tables import Trigger
from infra.kernel.errors import Invalid, NotFound
from infra.kernel.settings import Settings
from infra.migrations.models import METADATA
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Mode, Venue
from paywall.cli.simulate import LiveVenue, app

pytestmark = pytest.mark.slow

FEW = ("audience", "--people", "150", "--years", "0.3", "--seed", "5")


def paywall(*arguments: str, folder: Path) -> Any:
    environment = {"PAYWALL_DATA_DIR": str(folder)}
    return CliRunner().invoke(app, list(arguments), env=environment)


def venue(folder: Path, mode: Mode) -> str:
    """A venue of this mode in a fresh installation; its id."""

    async def make() -> str:
        parts = assemble(Settings(data_dir=folder))
        assert METADATA.tables
        await parts.db.create_all()
        now = datetime(2026, 11, 1, tzinfo=UTC)
        async with parts.db.transaction() as tx:
            tx.add(
                Venue(
                    id="ven_1", slug="hall", name="The Hall", mode=mode, country="FR",
                    timezone="Europe/Paris", currency="EUR", created_at=now,
                )
            )  # fmt: skip
        await parts.close()
        return "ven_1"

    folder.mkdir(exist_ok=True)
    return asyncio.run(make())


def listed(folder: Path) -> set[str]:
    """Ids of the actions on the venue's list."""

    async def read() -> set[str]:
        parts = assemble(Settings(data_dir=folder))
        async with parts.db.read() as tx:
            found = {one.id for one in await tx.scalars(select(Trigger))}
        await parts.close()
        return found

    return asyncio.run(read())


def test_a_folder_needs_no_installation(tmp_path: Path) -> None:
    done = paywall(
        *FEW, "--venue", "any", "--to", str(tmp_path / "lake"), "--json", folder=tmp_path
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["rows"]["people"] > 100
    assert {"name", "value", "low", "high", "source", "believable"} == set(said["figures"][0])
    assert is_there(Lake(str(tmp_path / "lake")), "any")


def test_a_second_simulation_takes_the_place_of_the_first(tmp_path: Path) -> None:
    venue_id, lake = venue(tmp_path, Mode.TEST), Lake(str(tmp_path / "lake"))
    assert paywall(*FEW, "--venue", "hall", folder=tmp_path).exit_code == 0
    first = lake.paths("people", venue_id)
    assert first
    assert paywall(*FEW, "--venue", "hall", "--once", folder=tmp_path).exit_code == 0
    assert lake.paths("people", venue_id) == first
    other = (*FEW[:-1], "6")
    assert paywall(*other, "--venue", "hall", folder=tmp_path).exit_code == 0
    assert not set(first) & set(lake.paths("people", venue_id))
    told = [pq.read_table(path) for path in lake.paths("messages", venue_id)]
    drawn = {one for rows in told for one in rows["action_id"].to_pylist() if one}
    assert drawn <= listed(tmp_path), "its actions are on the venue's list under these ids"
    assert len(listed(tmp_path)) == len(ACTIONS)
    assert forget(lake, venue_id) > 0
    assert lake.paths("people", venue_id) == []


def test_a_live_venue_is_refused(tmp_path: Path) -> None:
    venue_id = venue(tmp_path, Mode.LIVE)
    done = paywall(*FEW, "--venue", "hall", folder=tmp_path)
    assert isinstance(done.exception, LiveVenue)
    assert "live" in done.exception.detail
    assert Lake(str(tmp_path / "lake")).paths("people", venue_id) == []


def test_what_is_written_elsewhere_is_not_started_here(tmp_path: Path) -> None:
    done = paywall(*FEW, "--venue", "any", "--to", str(tmp_path), "--start", folder=tmp_path)
    assert isinstance(done.exception, Invalid)
    assert "--start" in done.exception.detail


def test_an_unknown_venue_is_said_to_be_unknown(tmp_path: Path) -> None:
    venue(tmp_path, Mode.TEST)
    done = paywall(*FEW, "--venue", "nowhere", folder=tmp_path)
    assert isinstance(done.exception, NotFound)

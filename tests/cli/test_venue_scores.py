"""`paywall train churn --venue`, `score` and `churn start`, over a venue's own facts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from churn.lake import Lake
from churn.prediction import nights
from churn.prediction.tables import ModelRecord, Night
from churn.tables import PersonToday
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Invalid, NotFound
from infra.kernel.settings import Settings
from infra.migrations.models import METADATA as METADATA
from paywall.catalogue.tables import Mode, Venue
from paywall.cli.main import app
from tests.churn.prediction import lives

pytestmark = pytest.mark.slow
VENUE = "ven_1"
DAYS = 140
"""Of lives: few dates to learn from, so that the commands are soon done."""


def on(folder: Path, work: Callable[[Tx], Awaitable[Any]]) -> Any:
    """What some work on the installation's database gives, in a transaction of its own."""

    async def do() -> Any:
        db = Database(Settings(data_dir=folder).database())
        try:
            async with db.transaction() as tx:
                return await work(tx)
        finally:
            await db.close()

    return asyncio.run(do())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with one venue, whose lake holds lives that go on until today."""
    made = tmp_path_factory.mktemp("venue")
    now = SystemClock().machine()

    async def open_venue() -> None:
        db = Database(Settings(data_dir=made).database())
        await db.create_all()
        async with db.transaction() as tx:
            tx.add(
                Venue(
                    id=VENUE, slug="hall", name="The Hall", mode=Mode.TEST, country="FR",
                    timezone="Europe/Paris", currency="EUR", created_at=now - timedelta(days=400),
                )
            )  # fmt: skip
        await db.close()

    asyncio.run(open_venue())
    lake, later = Lake(Settings(data_dir=made).lake()), now - lives.NOW
    for table, rows in lives.subscribers(700, began=lives.NOW - timedelta(days=DAYS)).items():
        moved = [
            {**row, "event_at": row["event_at"] + later, "known_at": row["known_at"] + later}
            for row in rows
        ]
        if moved:
            lake.write_rows(table, VENUE, moved, "import-lives-000001")
    return made


@pytest.fixture
def paywall(folder: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env={"PAYWALL_DATA_DIR": str(folder)})

    return run


def test_start_trains_and_scores_and_says_so_in_one_object(
    paywall: Callable[..., Result], folder: Path
) -> None:
    ran = paywall("churn", "start", "--venue", "hall", "--json")
    assert ran.exit_code == 0, repr(ran.exception)
    said = json.loads(ran.stdout)
    assert said["venue"] == "hall"
    assert said["trained"]["choice"] == "current"
    assert said["exported"]["people"] == 0  # all were imported: the shop itself sold nothing

    async def scored(tx: Tx) -> int:
        risky = select(PersonToday).where(PersonToday.risk.is_not(None))
        return len(list(await tx.scalars(risky)))

    assert said["people"] == on(folder, scored) > 20


def test_a_score_the_same_week_trains_nothing_and_a_night_is_silent(
    paywall: Callable[..., Result], folder: Path
) -> None:
    async def models(tx: Tx) -> int:
        return len(list(await tx.scalars(select(ModelRecord))))

    before = on(folder, models)
    ran = paywall("score", "--venue", "hall", "--nightly")
    assert ran.exit_code == 0, repr(ran.exception)
    assert ran.output == ""
    assert on(folder, models) == before > 0


def test_train_prints_the_cards_of_a_venues_models(paywall: Callable[..., Result]) -> None:
    ran = paywall("train", "churn", "--venue", "hall")
    assert ran.exit_code == 0, repr(ran.exception)
    assert "# Choice" in ran.stdout
    assert "Against the model in use" in ran.stdout
    assert "State:" in ran.stdout


def test_a_venue_and_a_table_are_not_given_together(paywall: Callable[..., Result]) -> None:
    ran = paywall("train", "churn", "--venue", "hall", "--label", "left")
    assert isinstance(ran.exception, Invalid)
    assert "stands alone" in ran.exception.detail


@pytest.mark.parametrize("command", ["score", "churn start", "train churn"])
def test_an_unknown_venue_is_said_plainly(paywall: Callable[..., Result], command: str) -> None:
    ran = paywall(*command.split(), "--venue", "nowhere")
    assert isinstance(ran.exception, NotFound)


def test_while_somebody_scores_the_venue_another_is_told_to_wait(
    paywall: Callable[..., Result], folder: Path
) -> None:
    async def hold(tx: Tx) -> None:
        await nights.begin(tx, VENUE, SystemClock().machine())

    async def release(tx: Tx) -> None:
        night = await tx.get_one(Night, VENUE)
        night.lease, night.lease_until = "", None

    on(folder, hold)
    try:
        ran = paywall("churn", "start", "--venue", "hall")
        assert isinstance(ran.exception, nights.Scoring)
        assert "Try again" in ran.exception.detail
    finally:
        on(folder, release)

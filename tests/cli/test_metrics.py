"""`paywall metrics` and the night's refresh, on a venue with a few simulated people."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from churn.lake import Lake
from churn.metrics.tables import MetricRun, MetricValue
from churn.simulate.run import simulate
from churn.tables import PERSON_TODAY
from infra.kernel.clock import SystemClock
from infra.kernel.errors import Invalid, NotFound
from infra.kernel.settings import Settings
from infra.migrations.models import METADATA
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Mode, Venue
from paywall.cli.main import app

pytestmark = pytest.mark.slow

VENUE = "ven_1"


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation with one venue and some months of its audience."""
    folder = tmp_path_factory.mktemp("hall")
    asyncio.run(_venue(folder))
    for table, rows in simulate(5, 0.3, 250, SystemClock().machine()).tables.items():
        Lake(str(folder / "lake")).write(table, VENUE, rows, "sim")
    return folder


async def _venue(folder: Path) -> None:
    parts = assemble(Settings(data_dir=folder))
    assert METADATA.tables
    await parts.db.create_all()
    async with parts.db.transaction() as tx:
        tx.add(
            Venue(
                id=VENUE, slug="hall", name="The Hall", mode=Mode.TEST, country="FR",
                timezone="Europe/Paris", currency="EUR",
                created_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )  # fmt: skip
    await parts.close()


def paywall(folder: Path, *arguments: str) -> Any:
    environment = {"PAYWALL_DATA_DIR": str(folder), "PAYWALL_DATABASE_URL": None}
    return CliRunner().invoke(app, list(arguments), env=environment)


def shown(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = paywall(folder, "metrics", "show", "--venue", "hall", "--json", *arguments)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


class Kept:
    """What the pages would read."""

    people: int
    oldest: datetime
    newest: datetime
    figures_as_of: datetime
    values: int
    mrr: dict[str, float]


def kept(folder: Path) -> Kept:
    async def read() -> Kept:
        parts, found = assemble(Settings(data_dir=folder)), Kept()
        as_of = PERSON_TODAY.c.as_of
        async with parts.db.read() as tx:
            row = (await tx.execute(select(func.count(), func.min(as_of), func.max(as_of)))).one()
            found.people, found.oldest, found.newest = row
            found.figures_as_of = (await tx.get_one(MetricRun, VENUE)).as_of
            found.values = len(list(await tx.scalars(select(MetricValue))))
            of_mrr = select(MetricValue).where(
                MetricValue.figure == "mrr", MetricValue.definition == "paid"
            )
            found.mrr = {one.month: one.value or 0 for one in await tx.scalars(of_mrr)}
        await parts.close()
        return found

    return asyncio.run(read())


def test_a_refresh_puts_people_and_figures_where_pages_read_them(hall: Path) -> None:
    done = paywall(hall, "metrics", "refresh", "--venue", "hall")
    assert done.exit_code == 0, done.output
    found = kept(hall)
    said = f"{found.people:,} people and {found.values:,} values are up to date."
    assert said in done.stderr
    assert found.people > 150
    assert found.oldest == found.newest == found.figures_as_of
    by_hand = {row["month"]: row["value"] for row in shown(hall, "--figure", "mrr")}
    last = max(by_hand)
    assert by_hand[last] == found.mrr[last] > 0


def test_the_night_renews_people_and_figures_as_of_one_moment(hall: Path) -> None:
    began = SystemClock().machine()
    done = paywall(hall, "score", "--venue", "hall", "--nightly")
    assert done.exit_code == 0, done.output
    assert done.output == "", "the worker hears nothing when all is well"
    found = kept(hall)
    assert found.oldest == found.newest == found.figures_as_of
    assert found.figures_as_of >= began
    assert found.mrr


def test_a_figure_is_the_sum_of_its_rows(hall: Path) -> None:
    month = max(row["month"] for row in shown(hall, "--figure", "mrr"))
    [value] = shown(hall, "--figure", "mrr", "--month", month, "--definition", "list")
    given = ("--figure", "mrr", "--month", month, "--definition", "list", "--rows", "--csv")
    table = paywall(hall, "metrics", "show", "--venue", "hall", *given)
    rows = list(csv.DictReader(table.stdout.splitlines()))
    assert sum(int(row["amount"]) for row in rows) == value["value"] > 0
    assert len({row["person"] for row in rows}) == len(rows) == value["count"]
    for_people = paywall(hall, "metrics", "show", "--venue", "hall", "--figure", "subscribers")
    assert "Paying subscribers" in for_people.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--figure", "luck"), "--figure is one of mrr"),
        (("--figure", "mrr", "--definition", "luck"), "paid, list"),
        (("--figure", "mrr", "--month", "March"), "such as 2026-03"),
        (("--rows",), "--rows needs --figure"),
    ],
)
def test_what_is_not_there_is_said_with_what_there_is(
    hall: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = paywall(hall, "metrics", "show", "--venue", "hall", *arguments)
    assert isinstance(done.exception, Invalid)
    assert said in str(done.exception.detail)
    nowhere = paywall(hall, "metrics", "refresh", "--venue", "nowhere")
    assert isinstance(nowhere.exception, NotFound)

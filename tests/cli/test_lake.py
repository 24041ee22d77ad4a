"""The commands of the lake, as somebody at a terminal meets them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.kernel.clock import HandClock, SystemClock
from infra.kernel.db import Database
from infra.migrations.models import METADATA as METADATA
from paywall.cli.main import app
from tests.bridges.lake.world import World, read_rows

VIEWS = "session,viewer,start\ns1,u1,2025-03-01\ns2,=u2,soon\n"
MAPPING = """
name = "player"
[[facts]]
table = "viewing"
id = ["session"]
person = "viewer"
[facts.columns]
event_at = "start"
kind = "=live"
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A venue with one customer's life in a data folder that the commands work on."""
    monkeypatch.setenv("PAYWALL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("PAYWALL_DATABASE_URL", raising=False)

    async def make() -> World:
        db = Database(f"sqlite+aiosqlite:///{tmp_path / 'paywall.sqlite3'}")
        await db.create_all()
        made = await World(db, HandClock(SystemClock().machine()), tmp_path).open()
        await made.a_whole_life()
        await db.close()
        return made

    return asyncio.run(make())


def test_export_twice_then_forget(world: World) -> None:
    run = CliRunner()
    first = run.invoke(app, ["export", "lake", "--venue", "hall", "--json"])
    assert first.exit_code == 0, first.output
    done = json.loads(first.stdout)
    assert done["rows"]["viewing"] == 1
    again = run.invoke(app, ["export", "lake", "--json"])  # every venue
    assert sum(json.loads(again.stdout)["rows"].values()) == 0
    told = run.invoke(app, ["lake", "forget", "--venue", "hall", "--email", "maud@example.org"])
    assert "next export" in told.stderr
    gone = run.invoke(app, ["export", "lake", "--venue", "hall"])
    assert "people erased: 1" in gone.stderr.replace("\n", "")
    assert read_rows(world.root, "people", world.venue.id) == []


def test_a_venue_that_is_not_there_is_said_plainly(world: World) -> None:
    answer = CliRunner().invoke(app, ["export", "lake", "--venue", "nowhere"])
    assert answer.exit_code != 0
    assert "no such venue" in str(answer.exception)


def test_import_reports_what_it_left_out_so_that_no_spreadsheet_runs_it(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "views.csv").write_text(VIEWS)
    (tmp_path / "m.toml").write_text(MAPPING)
    report = tmp_path / "report.csv"
    given = [
        "import",
        "history",
        str(tmp_path / "views.csv"),
        "--mapping",
        str(tmp_path / "m.toml"),
    ]
    given += ["--venue", "hall", "--report", str(report)]
    tried = CliRunner().invoke(app, [*given, "--dry-run"])
    assert tried.exit_code == 1
    assert "1 would be taken" in tried.stderr
    assert read_rows(world.root, "viewing", world.venue.id) == []
    done = CliRunner().invoke(app, [*given, "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["taken"] == {"viewing": 1}
    head, line = report.read_text().splitlines()
    assert head == "file,line,table,column,value,why,remedy"
    assert line.startswith("views.csv,3,viewing,start,soon,")
    assert "'=u2" not in line


def test_a_mapping_that_is_not_there_names_those_that_are(world: World, tmp_path: Path) -> None:
    (tmp_path / "views.csv").write_text(VIEWS)
    given = ["import", "history", str(tmp_path / "views.csv"), "--mapping", "nobody"]
    answer = CliRunner().invoke(app, [*given, "--venue", "hall"])
    assert "stripe-invoices" in str(answer.exception)

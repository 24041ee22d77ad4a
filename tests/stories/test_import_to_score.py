"""A venue that sold elsewhere imports its past and reads its first scores.

Here a year of a few hundred people; `python -m tests.stories.elsewhere` writes files of any size.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from churn.simulate.run import simulate
from infra.kernel.clock import HandClock, SystemClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.accounts.roles import Role
from paywall.cli.main import app
from tests.pages.console.conftest import Console
from tests.stories import elsewhere

pytestmark = pytest.mark.slow
SLUG = "verriere"
PEOPLE = 500
YEARS = 1.0


@pytest.fixture
async def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Console]:
    """A console over the data folder that the commands work on too."""
    monkeypatch.setenv("PAYWALL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("PAYWALL_DATABASE_URL", raising=False)
    db = Database(Settings(data_dir=tmp_path).database())
    await db.create_all()
    made = Console(db, HandClock(SystemClock().machine()), tmp_path)
    await made.open()
    yield made
    await made.close()


async def paywall(*arguments: str) -> dict[str, Any]:
    """A command as a terminal runs it, with --json; what it said."""
    ran = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"])
    assert ran.exit_code == 0, ran.output + repr(ran.exception)
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


async def test_a_past_from_elsewhere_becomes_scores_that_a_person_reads(
    console: Console, tmp_path: Path
) -> None:
    owner = await console.sign_in(Role.OWNER)
    assert "No scores yet" in (await owner.get(f"{console.at}/leaving")).text

    # Two exports of the old billing system, as they come.
    until = console.clock.machine()
    simulation = simulate(11, YEARS, PEOPLE, until, only=elsewhere.TABLES)
    sold, paid = elsewhere.export(simulation, tmp_path)
    people = await paywall(
        "import", "history", str(sold), "--mapping", "subscriptions", "--venue", SLUG
    )
    money = await paywall("import", "history", str(paid), "--mapping", "payments", "--venue", SLUG)
    assert not people["not_taken"]
    assert not money["not_taken"]
    assert money["taken"]["payments"] > people["taken"]["people"]

    # One command, then the page: who, how likely, and why.
    started = await paywall("churn", "start", "--venue", SLUG)
    assert started["trained"]["choice"] == "current"
    assert started["people"] > 30
    page = (await owner.get(f"{console.at}/leaving")).text
    assert "in 100" in page
    person = re.search(f'href="({re.escape(console.at)}/leaving/[^"]+)"', page)
    assert person
    assert re.search(r"[+−-]\S+ points?\b", (await owner.get(person[1])).text)
    models = (await owner.get(f"{console.at}/models")).text
    assert "Leaving by choice" in models
    assert "In use" in models

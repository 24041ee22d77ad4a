"""`paywall support report` in a process's own terms: the page's figures as text, JSON and CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from paywall.accounts.roles import Role
from paywall.cli.main import app
from support_bot import cases, mail_answers
from support_bot.article_tables import SupportVote
from support_bot.case_tables import BotMail, CaseState, Channel
from tests.pages.console.conftest import Console
from tests.pages.console.conftest import console as console
from tests.support_bot.cases.builders import AGENT, asked, keep_hours


@pytest.fixture
async def busy(console: Console) -> Console:
    """One helpful article, one mail that the assistant settled, one case that a person did."""
    now = console.clock.machine()
    async with console.db.transaction() as tx:
        await keep_hours(tx, console.venue_id, minute_cost_minor=60)
        tx.add(
            SupportVote(
                id="vot_1", venue_id=console.venue_id, slug="find-ticket", lang="fr", reader="r",
                useful=True, at=now,
            )
        )  # fmt: skip
        mailed = await asked(
            tx, venue_id=console.venue_id, lang="de", channel=Channel.MAIL, now=now
        )  # fmt: skip
        await cases.bot_replies(tx, mailed, BotMail.ANSWER, "So.", "buffering", now)
        await mail_answers.judge(tx, mailed, helped=True, words="", now=now)
        told = await asked(tx, venue_id=console.venue_id, topic="gift", lang="ja", now=now)
        reply = cases.Reply(text="So.", agent_id=AGENT, then=CaseState.SOLVED)
        await cases.agent_replies(tx, told, reply, now)
        told.handled_s = 300
    return console


async def run(console: Console, folder: Path, *arguments: str) -> Result:
    """The command with the days around what happened, in a thread: it has a loop of its own."""
    url = console.db.engine.url.render_as_string(hide_password=False)
    environment = {"PAYWALL_DATA_DIR": str(folder), "PAYWALL_DATABASE_URL": url, "COLUMNS": "200"}
    day = console.clock.machine().date()
    days = ("--from", str(day - timedelta(days=1)), "--to", str(day + timedelta(days=1)))
    command = ["support", "report", *days, *arguments]
    ran = await asyncio.to_thread(CliRunner().invoke, app, command, env=environment)
    assert isinstance(ran, Result)
    return ran


async def test_the_json_is_what_the_page_shows(busy: Console, tmp_path: Path) -> None:
    ran = await run(busy, tmp_path, "--venue", "verriere", "--json")
    assert ran.exit_code == 0, ran.exception or ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    assert (told["requests"], told["settled"]["bot_answer"], told["precision"]) == (3, 1, 1.0)
    agent = await busy.sign_in(Role.SUPPORT)
    day = busy.clock.machine().date()
    days = f"from={day - timedelta(days=1)}&until={day}"
    page = (await agent.get(f"{busy.at}/support?{days}")).text
    shown = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))
    assert shown["Requests"] == str(told["requests"])
    assert shown["Settled without a person"] == f"{told['automatic_share']:.1%}"
    assert shown["Direct answers that were right"] == "100.0%"
    assert shown["Cost of a case"] == f"€{told['cases']['cost_per_case_minor'] / 100:.2f}"
    weekly = json.loads(re.findall(r'json">(.*?)</script>', page)[0])
    last = told["by_week"][-1]["settled"]
    assert [one["values"][-1] for one in weekly["series"]][:5] == [
        last[name] for name in ("article", "bot_answer", "suggestion", "act", "person")
    ]


async def test_the_text_says_the_same_figures(busy: Console, tmp_path: Path) -> None:
    told = json.loads((await run(busy, tmp_path, "--venue", "verriere", "--json")).stdout)
    ran = await run(busy, tmp_path, "--venue", "verriere")
    assert ran.exit_code == 0, ran.exception or ran.stderr
    said = " ".join(ran.stdout.split())
    assert f"{told['requests']} requests, 2026-11-" in said
    for name, count in told["settled"].items():
        assert re.search(rf"{name.replace('_', ' ')} │ {count} │", said), name
    assert "Direct answers: 1; judged 1, right 100.0%. Automatic: 66.7%." in said
    assert "Cases: 2 opened, 2 solved, 0 taken up again" in said
    assert "Agents had cases open for 5 minutes; 1.50 EUR a case." in said


async def test_the_csv_has_a_row_for_each_language_topic_and_event(
    busy: Console, tmp_path: Path
) -> None:
    ran = await run(busy, tmp_path, "--venue", "verriere", "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert rows[0]["by"] == "all"
    assert rows[0]["requests"] == "3"
    assert {row["key"] for row in rows if row["by"] == "language"} == {"fr", "de", "ja"}
    assert {row["key"] for row in rows if row["by"] == "topic"} == {
        "find-ticket", "buffering", "gift",
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [("--venue", "nobody"), ("--venue", "verriere", "--from", "yesterday")]
)
async def test_what_is_not_there_is_said_and_nothing_is_shown(
    busy: Console, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = await run(busy, tmp_path, *arguments)
    assert ran.exit_code != 0
    assert ran.stdout == ""

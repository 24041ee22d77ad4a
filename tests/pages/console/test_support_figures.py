"""The support figures in the console: the report's numbers, plots with tables, CSV."""

from __future__ import annotations

import csv
import io
import json
import re

import httpx
import pytest

from infra.kernel.ids import new_id
from paywall.accounts.roles import Role
from paywall.cli import support_report
from support_bot import cases
from support_bot.article_tables import SupportVote
from support_bot.case_tables import CaseState
from tests.pages.console.conftest import Console
from tests.support_bot.cases.builders import AGENT, asked, keep_hours


@pytest.fixture
async def agent(console: Console) -> httpx.AsyncClient:
    """A venue where one article helped, one did not, and one person was answered."""
    now = console.clock.machine()
    async with console.db.transaction() as tx:
        await keep_hours(tx, console.venue_id, minute_cost_minor=60)
        for useful in (True, False):
            tx.add(
                SupportVote(
                    id=new_id("vot"), venue_id=console.venue_id, slug="find-ticket", lang="fr",
                    reader=str(useful), useful=useful, at=now,
                )
            )  # fmt: skip
        case = await asked(tx, venue_id=console.venue_id, topic="gift", lang="ja", now=now)
        reply = cases.Reply(text="So.", agent_id=AGENT, then=CaseState.SOLVED)
        await cases.agent_replies(tx, case, reply, now)
        case.handled_s = 300
    return await console.sign_in(Role.SUPPORT)


async def test_an_empty_venue_says_what_is_counted(console: Console) -> None:
    page = await (await console.sign_in(Role.SUPPORT)).get(f"{console.at}/support")
    assert "Nobody asked anything in these days" in page.text


async def test_the_page_shows_what_the_report_says(
    console: Console, agent: httpx.AsyncClient
) -> None:
    page = (await agent.get(f"{console.at}/support")).text
    day = console.clock.machine().date()
    found = await support_report.reported(
        console.db, "verriere", support_report.moment(str(day)), None,
        now=console.clock.machine(),
    )  # fmt: skip
    assert (found.requests, found.settled["article"], found.settled["person"]) == (3, 1, 1)
    assert found.automatic_share == 0.3333
    assert "33.3%" in page
    assert "€3.00" in page
    assert found.cases.cost_per_case_minor == 300
    plots = [json.loads(one) for one in re.findall(r'json">(.*?)</script>', page)]
    weekly = plots[0]
    assert len(weekly["labels"]) == 12
    assert [one["values"][-1] for one in weekly["series"]] == [1, 0, 0, 0, 1, 1]
    assert "Where is my ticket?" in page
    assert "Japanese" in page


@pytest.mark.parametrize("table", ["settled", "precision", "doubts", "cost", "topic", "event"])
async def test_every_table_is_a_csv(console: Console, agent: httpx.AsyncClient, table: str) -> None:
    answer = await agent.get(f"{console.at}/support?format=csv&table={table}")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("query", ["from=yesterday", "from=2026-03-02&until=2026-03-01",
                                   "from=1900-01-01"])  # fmt: skip
async def test_days_that_are_none_are_said_so_and_the_usual_ones_shown(
    console: Console, agent: httpx.AsyncClient, query: str
) -> None:
    page = await agent.get(f"{console.at}/support?{query}")
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert 'data-label="Settled by"' in page.text

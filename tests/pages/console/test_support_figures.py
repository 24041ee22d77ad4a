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
from support_bot import cases, conversations
from support_bot.article_tables import SupportVote
from support_bot.case_tables import CaseState
from support_bot.conversation_tables import Outcome, TalkChannel
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


def links_of(page: str, console: Console) -> list[tuple[str, int]]:
    """Every link of the tables with the number that stands on it."""
    at = re.escape(f"{console.at}/support/rows")
    found = re.findall(rf'href="({at}\?[^"]+)">\s*([\d,]+)\s*<', page)
    return [(url.replace("&amp;", "&"), int(n.replace(",", ""))) for url, n in found]


async def test_every_number_opens_to_as_many_rows(
    console: Console, agent: httpx.AsyncClient
) -> None:
    page = (await agent.get(f"{console.at}/support")).text
    links = links_of(page, console)
    assert len(links) > 8
    for url, count in links:
        answer = await agent.get(url + "&format=csv")
        rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
        assert len(rows) - 1 == count, url
        assert (await agent.get(url)).status_code == 200


async def test_rows_lead_to_the_case_the_conversation_or_the_article(
    console: Console, agent: httpx.AsyncClient
) -> None:
    now = console.clock.machine()
    async with console.db.transaction() as tx:
        talk, _ = await conversations.begin(
            tx, venue_id=console.venue_id, account_id=None, customer_id=None, lang="en",
            channel=TalkChannel.WEB, event_id=None, now=now,
        )  # fmt: skip
        asked_line = await conversations.viewer_said(tx, talk, "<b>Where</b> is it?", now)
        conversations.bot_said(
            tx, talk, "See **My tickets**.", now, outcome=Outcome.ANSWER, asked=asked_line,
            article="find-ticket", topic="find-ticket",
        )  # fmt: skip
    page = (await agent.get(f"{console.at}/support/rows?table=settled")).text
    assert re.search(rf'href="{console.at}/inbox/cas_[0-9a-z]+"', page)
    assert f'href="{console.at}/help/find-ticket/fr"' in page
    there = f"{console.at}/support/conversations/{talk.id}"
    assert f'href="{there}"' in page
    whole = (await agent.get(there)).text
    assert "&lt;b&gt;Where&lt;/b&gt; is it?" in whole
    assert "<strong>My tickets</strong>" in whole
    cost = (await agent.get(f"{console.at}/support/rows?table=cost")).text
    assert "No picture" in cost


async def test_anothers_conversation_and_made_up_rows_are_not_there(
    console: Console, agent: httpx.AsyncClient
) -> None:
    async with console.db.transaction() as tx:
        talk, _ = await conversations.begin(
            tx, venue_id=console.neighbour_id, account_id=None, customer_id=None, lang="en",
            channel=TalkChannel.WEB, event_id=None, now=console.clock.machine(),
        )  # fmt: skip
    for path in (
        f"conversations/{talk.id}", "conversations/cnv_none", "rows", "rows?table=x",
        "rows?table=settled&part=x", "rows?table=settled&week=monday",
    ):  # fmt: skip
        assert (await agent.get(f"{console.at}/support/{path}")).status_code == 404, path

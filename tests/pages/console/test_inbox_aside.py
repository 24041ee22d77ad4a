"""Mails set aside: listed, read as text, taken in as a case, dropped."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select

from paywall.accounts.roles import Role
from paywall.bridges.support_jobs import SupportJobs
from support_bot import mail_in
from support_bot.case_tables import Case, CaseMessage, MailIn, MailState
from tests.pages.console.conftest import Console
from tests.support_bot.cases.mails import raw

AWAY = raw(
    "I am <b>away</b> until Monday. But the stream is black!", to="aide@verriere.example",
    subject="Out of office", auto_submitted="auto-replied",
)  # fmt: skip


@pytest.fixture
async def agent(console: Console) -> httpx.AsyncClient:
    """At a venue to which an automatic answer came."""
    async with console.db.transaction() as tx:
        now = console.clock.machine()
        await mail_in.store(tx, AWAY, source="webhook", now=now, venue_id=console.venue_id)
    jobs = SupportJobs(console.db, console.clock, console.parts.cases)
    await jobs.mails(console.clock.machine())
    return await console.sign_in(Role.SUPPORT)


async def the_mail(console: Console) -> MailIn:
    async with console.db.read() as tx:
        return (await tx.scalars(select(MailIn))).one()


async def test_it_is_listed_with_why_and_shown_as_text(
    console: Console, agent: httpx.AsyncClient
) -> None:
    page = await agent.get(f"{console.at}/inbox/aside")
    assert "Out of office" in page.text
    assert "An automatic answer" in page.text
    one = await agent.get(f"{console.at}/inbox/aside/{(await the_mail(console)).id}")
    assert "&lt;b&gt;away&lt;/b&gt;" in one.text


async def test_it_becomes_a_case_once(console: Console, agent: httpx.AsyncClient) -> None:
    path = f"{console.at}/inbox/aside/{(await the_mail(console)).id}"
    taken = await agent.post(path + "/take")
    assert taken.status_code == 303
    async with console.db.read() as tx:
        case = (await tx.scalars(select(Case))).one()
        said = (await tx.scalars(select(CaseMessage))).one()
    assert taken.headers["location"] == f"{console.at}/inbox/{case.id}"
    assert (case.email, case.customer_id, said.text[:4]) == ("ada@example.org", None, "I am")
    assert (await the_mail(console)).state is MailState.DONE
    again = await agent.post(path + "/take")
    assert again.headers["location"] == f"{console.at}/inbox/aside"
    assert (await agent.get(path)).status_code == 404


async def test_a_dropped_one_leaves_nothing_but_that_it_came(
    console: Console, agent: httpx.AsyncClient
) -> None:
    mail = await the_mail(console)
    await agent.post(f"{console.at}/inbox/aside/{mail.id}/drop")
    assert (await the_mail(console)).raw == b""
    assert "No mail was set aside" in (await agent.get(f"{console.at}/inbox/aside")).text
    async with console.db.transaction() as tx:
        now = console.clock.machine()
        assert not await mail_in.store(
            tx, AWAY, source="webhook", now=now, venue_id=console.venue_id
        )


async def test_the_neighbour_sees_none_of_it(console: Console, agent: httpx.AsyncClient) -> None:
    mail = await the_mail(console)
    other = await console.sign_in(Role.OWNER, place=console.neighbour_id)
    theirs = f"/console/{console.neighbour_id}/inbox/aside"
    assert "Out of office" not in (await other.get(theirs)).text
    assert (await other.get(f"{theirs}/{mail.id}")).status_code == 404
    assert (await other.post(f"{theirs}/{mail.id}/drop")).status_code == 303
    assert (await the_mail(console)).raw == AWAY

"""An answer on its way: taken back in time, held where somebody wrote, sent once with its files."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from paywall.accounts.roles import Role
from paywall.app.sending import MailFiles, senders
from paywall.bridges.support_jobs import SupportJobs
from paywall.notices.mails import compose
from paywall.notices.ports import Mail
from support_bot import case_replies, cases
from support_bot.case_tables import (
    Case,
    CaseFile,
    CaseMessage,
    CaseReply,
    CaseState,
    ReplyState,
)
from tests.pages.console.conftest import Console
from tests.pages.console.test_inbox import again, leave, mails, opened
from tests.support_bot.cases.builders import line

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 30


@pytest.fixture
async def agent(console: Console) -> httpx.AsyncClient:
    return await console.sign_in(Role.SUPPORT)


async def answer(
    console: Console, agent: httpx.AsyncClient, case: Case, text: str = "Try Firefox.", **more: Any
) -> httpx.Response:
    page = await agent.get(f"{console.at}/inbox/{case.id}")
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version is not None
    files = more.pop("files", None)
    data = {"text": text, "then": "waiting", "version": version[1]} | more
    return await agent.post(f"{console.at}/inbox/{case.id}/reply", data=data, files=files)


async def reply_of(console: Console) -> CaseReply:
    async with console.db.read() as tx:
        query = select(CaseReply).order_by(CaseReply.id.desc()).limit(1)
        return (await tx.scalars(query)).one()


async def said(console: Console, case: Case) -> list[str]:
    async with console.db.read() as tx:
        query = select(CaseMessage.text).where(CaseMessage.case_id == case.id)
        return list(await tx.scalars(query.order_by(CaseMessage.at, CaseMessage.id)))


async def test_nothing_leaves_for_ten_seconds_and_then_once(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    sent = await answer(console, agent, case)
    assert sent.status_code == 303
    page = (await agent.get(sent.headers["location"])).text
    assert "The answer leaves in 10 seconds." in page
    assert 'data-key="z"' in page
    assert "Leaves in a moment" in page
    console.clock.move(seconds=9)
    jobs = SupportJobs(console.db, console.clock, console.parts.cases)
    assert await jobs.replies(console.clock.machine()) == 0
    assert await mails(console, "case_reply") == []
    assert (await again(console, case)).state is CaseState.NEW
    for _ in range(3):
        await leave(console)
    assert len(await mails(console, "case_reply")) == 1
    assert await said(console, case) == ["I can't see the picture.", "Try Firefox."]
    assert (await reply_of(console)).state is ReplyState.SENT


async def test_the_answer_counts_from_the_press_and_not_from_its_leaving(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    pressed = console.clock.machine()
    await answer(console, agent, case)
    await leave(console)
    assert (await again(console, case)).first_replied_at == pressed


async def test_taken_back_it_leaves_no_trace_and_its_words_stand_in_the_form(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case, text="Try Netscape.", then="solved")
    reply = await reply_of(console)
    back = await agent.post(f"{console.at}/inbox/{case.id}/replies/{reply.id}/undo")
    assert back.status_code == 303
    page = (await agent.get(back.headers["location"])).text
    assert "Taken back. Nothing was sent." in page
    assert ">Try Netscape.</textarea>" in page
    assert '<option value="solved" selected>' in page
    await leave(console)
    assert await mails(console, "case_reply") == []
    assert await said(console, case) == ["I can't see the picture."]
    row = await again(console, case)
    assert (row.state, row.version) == (case.state, case.version)
    sent = await answer(console, agent, case, text="Try Firefox.")
    assert sent.status_code == 303
    await leave(console)
    assert len(await mails(console, "case_reply")) == 1


async def test_what_has_left_can_not_be_taken_back(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case)
    reply = await reply_of(console)
    await leave(console)
    late = await agent.post(f"{console.at}/inbox/{case.id}/replies/{reply.id}/undo")
    assert "has left already" in (await agent.get(late.headers["location"])).text
    assert len(await mails(console, "case_reply")) == 1


async def test_where_the_customer_writes_in_these_seconds_it_is_held_for_the_agent(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case, text="Reload the page.")
    console.clock.move(seconds=3)
    async with console.db.transaction() as tx:
        row = await cases.case_for_update(tx, console.venue_id, case.id)
        now = console.clock.machine()
        await cases.viewer_writes(tx, row, line("It works now", now), now)
    await leave(console)
    assert await mails(console, "case_reply") == []
    page = (await agent.get(f"{console.at}/inbox/{case.id}")).text
    assert "Not sent" in page
    assert "Reload the page." in page
    assert "an answer was not sent" in page
    reply = await reply_of(console)
    back = await agent.post(f"{console.at}/inbox/{case.id}/replies/{reply.id}/undo")
    assert ">Reload the page.</textarea>" in (await agent.get(back.headers["location"])).text
    assert (await again(console, case)).reply_due_at is not None


async def test_a_second_answer_waits_for_the_first_to_leave_or_be_taken_back(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case)
    second = await answer(console, agent, case, text="And reload.")
    assert second.status_code == 409
    assert "already on its way" in second.text
    assert ">And reload.</textarea>" in second.text
    await leave(console)
    assert (await answer(console, agent, case, text="And reload.")).status_code == 303
    await leave(console)
    assert len(await mails(console, "case_reply")) == 2


async def test_nobody_of_another_venue_takes_an_answer_back(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case)
    reply = await reply_of(console)
    stranger = await console.sign_in(Role.SUPPORT, place=console.neighbour_id)
    there = f"/console/{console.neighbour_id}/inbox/{case.id}/replies/{reply.id}/undo"
    assert (await stranger.post(there)).status_code == 404
    path = f"{console.at}/inbox/{case.id}/replies/{reply.id}/undo"
    assert (await stranger.post(path)).status_code in (403, 404)
    other = await opened(console)
    wrong = f"{console.at}/inbox/{other.id}/replies/{reply.id}/undo"
    assert (await agent.post(wrong)).status_code == 404
    assert (await reply_of(console)).state is ReplyState.WAITING


FILES = [("files", ("plan.png", PNG, "image/png")), ("files", ("a.txt", b"Row 3", "text/plain"))]


async def test_files_go_with_the_mail_and_the_customer_finds_them_in_the_request(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    evil = ("files", ("x.html", b"<!doctype html><script>1</script>", "image/png"))
    sent = await answer(console, agent, case, files=[*FILES, evil])
    page = (await agent.get(sent.headers["location"])).text
    assert "x.html was not taken" in page
    assert "plan.png" in page
    await leave(console)
    [row] = await mails(console, "case_reply")
    sending = senders(console.parts)
    files = await MailFiles(console.db, sending.receipts).load(row.attachment, row.created_at)
    for close in sending.closing:
        await close()
    assert {(one.name, one.content_type, one.data) for one in files} == {
        ("plan.png", "image/png", PNG), ("a.txt", "text/plain", b"Row 3"),
    }  # fmt: skip
    mail = Mail(
        message_id="m@x.example", venue_id=case.venue_id, sent_at=row.created_at,
        sender="a@x.example", sender_name="x", recipient="b@x.example", subject="x", text="x",
        html="x", attachments=files,
    )  # fmt: skip
    names = {part.get_filename() for part in compose(mail).iter_attachments()}
    assert names == {"plan.png", "a.txt"}


async def test_an_answer_without_files_mails_none(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case)
    await leave(console)
    [row] = await mails(console, "case_reply")
    assert row.attachment == ""


async def test_files_of_what_was_taken_back_go_with_its_next_version_or_are_forgotten(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case, files=FILES)
    first = await reply_of(console)
    back = await agent.post(f"{console.at}/inbox/{case.id}/replies/{first.id}/undo")
    page = (await agent.get(back.headers["location"])).text
    assert re.search("Still attached: (plan.png, a.txt|a.txt, plan.png)", page)
    await answer(console, agent, case, text="Better.", files_of=first.id)
    second = await reply_of(console)
    async with console.db.read() as tx:
        assert set(await tx.scalars(select(CaseFile.message_id))) == {second.id}
    await agent.post(f"{console.at}/inbox/{case.id}/replies/{second.id}/undo")
    console.clock.move(days=2)
    async with console.db.transaction() as tx:
        await case_replies.tidy(tx, console.clock.machine())
        assert list(await tx.scalars(select(CaseFile.id))) == []
        assert list(await tx.scalars(select(CaseReply.id))) == []


async def test_another_agents_files_are_not_taken_along(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await answer(console, agent, case, files=FILES)
    first = await reply_of(console)
    await agent.post(f"{console.at}/inbox/{case.id}/replies/{first.id}/undo")
    other = await console.sign_in(Role.SUPPORT)
    await answer(console, other, case, files_of=first.id)
    async with console.db.read() as tx:
        assert set(await tx.scalars(select(CaseFile.message_id))) == {first.id}

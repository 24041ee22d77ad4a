"""A person's own requests: theirs alone, answered with files, ended, and asked about afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.ids import new_id
from paywall.accounts.tables import Account
from paywall.bridges.support_jobs import SupportJobs
from paywall.catalogue.tables import Venue
from support_bot import case_replies, cases
from support_bot.case_files import Offered
from support_bot.case_tables import (
    BotMail,
    Case,
    CaseFile,
    CaseMessage,
    CaseState,
    Channel,
)
from tests.pages.world import Hall, open_hall
from tests.support_bot.cases.builders import asked

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 30
ADA, EVE = "ada@own.example", "eve@own.example"


@pytest.fixture
async def hall(tmp_path: Path, clock: HandClock) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path, clock) as opened:
        async with opened.parts.db.transaction() as tx:
            for email, proven in ((ADA, True), (EVE, True), ("new@own.example", False)):
                at = clock.machine()
                tx.add(
                    Account(
                        id=new_id("acc"), email=email, created_at=at,
                        email_proven_at=at if proven else None,
                    )
                )  # fmt: skip
        yield opened


async def opened(hall: Hall, **given: Any) -> Case:
    async with hall.parts.db.transaction() as tx:
        venue = (await tx.scalars(select(Venue).where(Venue.slug == "la-verriere"))).one()
        facts = {"venue_id": venue.id, "email": ADA, "now": hall.clock.machine()} | given
        return await asked(tx, **facts)


async def test_a_person_sees_their_own_requests_and_nobody_elses(hall: Hall) -> None:
    mine = await opened(hall, subject="Mine")
    theirs = await opened(hall, subject="Theirs", email=EVE)
    await hall.sign_in(ADA)
    page = await hall.browser.get("/requests")
    assert "Mine" in page.text
    assert "Theirs" not in page.text
    assert (await hall.browser.get(f"/requests/{mine.id}")).status_code == 200
    for path in (f"/requests/{theirs.id}", f"/requests/{theirs.id}/files/cfl_1"):
        assert (await hall.browser.get(path)).status_code == 404
    answer = await hall.browser.post(f"/requests/{theirs.id}", data={"text": "hello"})
    assert answer.status_code == 404


async def test_an_address_that_was_not_proven_shows_nothing(hall: Hall) -> None:
    await opened(hall, subject="Hidden", email="new@own.example")
    await hall.sign_in("new@own.example")
    assert "Hidden" not in (await hall.browser.get("/requests")).text


async def test_a_case_that_another_account_wrote_this_address_into_is_not_shown(
    hall: Hall,
) -> None:
    await opened(hall, subject="Planted", account_id=new_id("acc"))
    await hall.sign_in(ADA)
    assert "Planted" not in (await hall.browser.get("/requests")).text


async def test_notes_of_the_venue_are_never_shown(hall: Hall) -> None:
    case = await opened(hall)
    async with hall.parts.db.transaction() as tx:
        row = await cases.case_for_update(tx, case.venue_id, case.id)
        await cases.note(tx, row, "acc_agent", "A difficult one.", hall.clock.machine())
    await hall.sign_in(ADA)
    assert "A difficult one." not in (await hall.browser.get(f"/requests/{case.id}")).text


async def test_a_customer_writes_again_with_a_file_and_hears_what_was_not_taken(
    hall: Hall,
) -> None:
    case = await opened(hall)
    await hall.sign_in(ADA)
    good = {"files": ("screen.png", PNG, "image/png")}
    done = await hall.browser.post(f"/requests/{case.id}", data={"text": "Look"}, files=good)
    assert done.status_code == 303, done.text
    bad = {"files": ("a.png", b"<svg onload=x>", "image/png")}
    told = await hall.browser.post(f"/requests/{case.id}", data={"text": "Again"}, files=bad)
    assert "a.png was not taken" in told.text or "a was not taken" in told.text
    async with hall.parts.db.read() as tx:
        assert [f.name for f in await tx.scalars(select(CaseFile))] == ["screen.png"]
        assert len(list(await tx.scalars(select(CaseMessage)))) == 3
        file_id = await tx.scalar(select(CaseFile.id))
    file = await hall.browser.get(f"/requests/{case.id}/files/{file_id}")
    assert file.headers["content-disposition"].startswith("attachment")


async def test_an_empty_message_keeps_the_page_and_says_why(hall: Hall) -> None:
    case = await opened(hall)
    await hall.sign_in(ADA)
    answer = await hall.browser.post(f"/requests/{case.id}", data={"text": " "})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


async def test_a_customer_ends_their_request(hall: Hall) -> None:
    case = await opened(hall)
    await hall.sign_in(ADA)
    await hall.browser.post(f"/requests/{case.id}/solved")
    async with hall.parts.db.read() as tx:
        row = await tx.get_one(Case, case.id)
    assert (row.state, row.solved_by) == (CaseState.SOLVED, "customer")


async def rating_url(hall: Hall, case: Case) -> str:
    return hall.parts.cases.letters.page_url(case, "rating").replace("http://localhost:8000", "")


async def test_the_question_how_it_went_is_answered_by_a_button_and_not_by_a_scanner(
    hall: Hall,
) -> None:
    case = await opened(hall)
    url = await rating_url(hall, case)
    stranger: httpx.AsyncClient = hall.new_browser()
    assert (await stranger.get(url)).status_code == 200
    async with hall.parts.db.read() as tx:
        assert (await tx.get_one(Case, case.id)).rating is None
    mark = url.partition("mark=")[2]
    said = {"mark": mark, "rating": "0", "words": "Too slow"}
    assert (await stranger.post(f"/requests/{case.id}/rating", data=said)).status_code == 303
    async with hall.parts.db.read() as tx:
        row = await tx.get_one(Case, case.id)
    assert (row.rating, row.rating_text) == (0, "Too slow")
    await stranger.aclose()


async def test_a_mark_of_another_request_rates_nothing_and_shows_nothing(hall: Hall) -> None:
    one, other = await opened(hall), await opened(hall)
    mark = (await rating_url(hall, other)).partition("mark=")[2]
    assert (await hall.browser.get(f"/requests/{one.id}/rating?mark={mark}")).status_code == 404
    said = {"mark": mark, "rating": "1"}
    assert (await hall.browser.post(f"/requests/{one.id}/rating", data=said)).status_code == 404


async def mailed(hall: Hall, kind: BotMail = BotMail.ANSWER) -> Case:
    """A case that the assistant has answered, as the worker leaves it."""
    case = await opened(hall, subject="Secret matter", channel=Channel.MAIL)
    async with hall.parts.db.transaction() as tx:
        row = await cases.case_for_update(tx, case.venue_id, case.id)
        row.bot_may_answer = row.told = True
        await cases.bot_replies(tx, row, kind, "Clear it.", "buffering", hall.clock.machine())
    return case


async def again(hall: Hall, case: Case) -> Case:
    async with hall.parts.db.read() as tx:
        return await tx.get_one(Case, case.id)


def answer_url(hall: Hall, case: Case) -> str:
    return hall.parts.cases.letters.page_url(case, "answer").replace("http://localhost:8000", "")


async def test_a_scanner_that_opens_the_link_says_nothing_and_reads_nothing(hall: Hall) -> None:
    case = await mailed(hall)
    page = await hall.browser.get(answer_url(hall, case))
    assert page.status_code == 200
    assert "Secret matter" not in page.text
    assert "Clear it." not in page.text
    assert (await again(hall, case)).state is CaseState.ANSWERED


async def test_it_did_not_help_brings_the_case_to_a_person_with_what_they_add(hall: Hall) -> None:
    case = await mailed(hall)
    url = answer_url(hall, case)
    said = {"mark": url.partition("mark=")[2], "helped": "no", "words": "Still black."}
    for _ in range(2):  # a button pressed twice
        answer = await hall.browser.post(f"/requests/{case.id}/answer", data=said)
        assert answer.status_code == 303
    assert (
        "A person has your request now" in (await hall.browser.get(answer.headers["location"])).text
    )
    row = await again(hall, case)
    assert (row.state, row.bot_vote, row.came_back_at) == (
        CaseState.OPEN, -1, hall.clock.machine(),
    )  # fmt: skip
    async with hall.parts.db.read() as tx:
        found = await tx.scalars(select(CaseMessage.text).where(CaseMessage.case_id == case.id))
        assert sorted(found) == ["Clear it.", "I can't see the picture.", "Still black."]


async def test_no_without_a_word_brings_it_back_too_and_even_after_a_yes(hall: Hall) -> None:
    case = await mailed(hall)
    mark = answer_url(hall, case).partition("mark=")[2]
    at = f"/requests/{case.id}/answer"
    await hall.browser.post(at, data={"mark": mark, "helped": "yes"})
    row = await again(hall, case)
    assert (row.state, row.solved_by, row.bot_vote) == (CaseState.SOLVED, "customer", 1)
    await hall.browser.post(at, data={"mark": mark, "helped": "no"})
    row = await again(hall, case)
    assert (row.state, row.bot_vote) == (CaseState.OPEN, -1)
    assert row.came_back_at is not None
    assert row.reply_due_at is not None


async def test_another_requests_mark_or_that_of_the_rating_judges_nothing(hall: Hall) -> None:
    one, other = await mailed(hall), await mailed(hall)
    for mark in (
        answer_url(hall, other).partition("mark=")[2],
        (await rating_url(hall, one)).partition("mark=")[2],
    ):
        said = {"mark": mark, "helped": "no"}
        assert (await hall.browser.get(f"/requests/{one.id}/answer?mark={mark}")).status_code == 404
        assert (await hall.browser.post(f"/requests/{one.id}/answer", data=said)).status_code == 404
    assert (await again(hall, one)).state is CaseState.ANSWERED


async def test_once_closed_the_page_shows_the_way_to_a_new_question(hall: Hall) -> None:
    case = await mailed(hall)
    async with hall.parts.db.transaction() as tx:
        row = await cases.case_for_update(tx, case.venue_id, case.id)
        cases.close(tx, row, hall.clock.machine())
    url = answer_url(hall, case)
    assert "/help/contact" in (await hall.browser.get(url)).text
    said = {"mark": url.partition("mark=")[2], "helped": "no"}
    answer = await hall.browser.post(f"/requests/{case.id}/answer", data=said)
    assert answer.status_code == 409


async def test_what_the_assistant_mailed_stands_under_my_requests(hall: Hall) -> None:
    case = await mailed(hall)
    await hall.sign_in(ADA)
    page = await hall.browser.get(f"/requests/{case.id}")
    assert "Answered" in page.text
    assert "Clear it." in page.text
    await hall.browser.post(f"/requests/{case.id}/solved")
    assert (await again(hall, case)).bot_vote == 1


async def test_files_of_an_answer_are_the_customers_to_download_once_it_has_left(
    hall: Hall,
) -> None:
    case = await opened(hall)
    now = hall.clock.machine()
    async with hall.parts.db.transaction() as tx:
        row = await cases.case_for_update(tx, case.venue_id, case.id)
        reply = cases.Reply(text="The plan.", agent_id="acc_agent")
        files = [Offered("plan.png", PNG)]
        await case_replies.prepare(tx, row, reply, files, now=now, machine_now=now)
    async with hall.parts.db.read() as tx:
        file_id = (await tx.scalars(select(CaseFile.id))).one()
    await hall.sign_in(ADA)
    path = f"/requests/{case.id}/files/{file_id}"
    assert (await hall.browser.get(path)).status_code == 404
    assert "plan.png" not in (await hall.browser.get(f"/requests/{case.id}")).text
    hall.clock.move(seconds=10)
    jobs = SupportJobs(hall.parts.db, hall.clock, hall.parts.cases)
    await jobs.replies(hall.clock.machine())
    assert "plan.png" in (await hall.browser.get(f"/requests/{case.id}")).text
    answer = await hall.browser.get(path)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-disposition"].startswith("attachment")

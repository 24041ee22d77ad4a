"""Asking a person: the form becomes a case at the right venue, once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from support_bot.case_tables import Case, CaseMessage, Channel
from tests.pages.world import Hall

FORM = "/venues/la-verriere/help/contact"
ASKED = {"name": "Inès", "email": "Ines@Example.org", "question": "Where can I park my bike?"}


async def cases(hall: Hall) -> list[Any]:
    async with hall.parts.db.read() as tx:
        return list(await tx.scalars(select(Case).where(Case.channel == Channel.FORM)))


async def test_a_question_becomes_a_case_at_the_venue(hall: Hall) -> None:
    page = await hall.browser.get(f"{FORM}?about=no-sound")
    assert "I hear no sound" in page.text
    sent = await hall.browser.post(FORM, data=ASKED | {"about": "no-sound"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{FORM}?sent=yes")
    assert "on its way" in (await hall.browser.get(sent.headers["location"])).text
    [case] = await cases(hall)
    assert case.venue_id == (await hall.event("kora-cello")).venue_id
    assert (case.email, case.person_name) == ("ines@example.org", "Inès")
    assert (case.topic, case.lang, case.account_id) == ("no-sound", "en", None)
    async with hall.parts.db.read() as tx:
        [line] = list(await tx.scalars(select(CaseMessage)))
    assert line.text == ASKED["question"]


async def test_pressed_twice_it_is_one_case(hall: Hall) -> None:
    for _ in range(2):
        assert (await hall.browser.post(FORM, data=ASKED)).status_code == 303
    assert len(await cases(hall)) == 1


async def test_who_is_signed_in_under_that_address_is_known(hall: Hall) -> None:
    await hall.sign_in("viewer@example.org")
    page = await hall.browser.get(FORM)
    assert 'value="viewer@example.org"' in page.text
    await hall.browser.post(FORM, data=ASKED | {"email": "viewer@example.org"})
    await hall.browser.post(FORM, data=ASKED)
    known, claimed = sorted(await cases(hall), key=lambda case: case.email, reverse=True)
    assert known.account_id is not None
    assert claimed.account_id is None


async def test_mistakes_keep_what_was_typed(hall: Hall) -> None:
    page = await hall.browser.post(FORM, data=ASKED | {"email": "nowhere"})
    assert page.status_code == 422
    assert ASKED["question"] in page.text
    empty = await hall.browser.post(FORM, data=ASKED | {"question": " "})
    assert empty.status_code == 422
    assert await cases(hall) == []


async def test_without_a_venue_the_reader_says_which(hall: Hall) -> None:
    page = await hall.browser.get("/help/contact")
    assert '<option value="la-verriere"' in page.text
    sent = await hall.browser.post("/help/contact", data=ASKED | {"venue": "la-verriere"})
    assert sent.status_code == 303
    wrong = await hall.browser.post("/help/contact", data=ASKED | {"venue": "nowhere"})
    assert wrong.status_code == 404
    assert ASKED["question"] in wrong.text
    assert len(await cases(hall)) == 1


async def test_one_address_cannot_flood_the_inbox(hall: Hall) -> None:
    statuses = [
        (await hall.browser.post(FORM, data=ASKED | {"question": f"Question {n}?"})).status_code
        for n in range(7)
    ]
    assert statuses[:5] == [303] * 5
    assert statuses[5:] == [429, 429]
    assert len(await cases(hall)) == 5


async def test_the_player_and_its_refusals_lead_to_the_articles_that_fit(hall: Hall) -> None:
    await hall.sign_in("viewer@example.org")
    event = await hall.event("kora-cello")
    page = await hall.browser.get(f"/watch/{event.id}")
    assert page.status_code in (402, 403)
    assert 'href="/venues/la-verriere/help/' in page.text.partition('class="gate')[2]

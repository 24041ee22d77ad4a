"""The assistant without a script: the same conversation, one form at a time."""

from __future__ import annotations

import re

from tests.pages.world import Hall

ASK = "/venues/la-verriere/help/ask"


async def send(hall: Hall, **typed: str) -> str:
    """The page after one step."""
    answer = await hall.browser.post(ASK, data=typed)
    if answer.status_code == 303:
        answer = await hall.browser.get(answer.headers["location"])
    return answer.text


async def test_a_question_is_answered_with_its_article(hall: Hall) -> None:
    empty = await hall.browser.get(ASK)
    assert empty.status_code == 200
    assert "Your question" in empty.text
    page = await send(hall, do="say", text="Where is my ticket?")
    assert '<a href="/venues/la-verriere/help/find-ticket"' in page
    assert "Did this help?" in page
    line = re.findall(r'name="line" value="(\w+)"', page)[-1]
    voted = await send(hall, do="vote", line=line, useful="yes")
    assert 'aria-pressed="true"' in voted


async def test_a_suggestion_is_a_button(hall: Hall) -> None:
    page = await send(hall, do="say", text="maybe my ticket")
    line = re.findall(r'name="line" value="(\w+)"', page)[-1]
    taken = await send(hall, do="choose", line=line, article="find-ticket")
    assert "/help/find-ticket" in taken


async def test_the_way_to_a_person_says_what_is_missing(hall: Hall) -> None:
    await send(hall, do="say", text="my cat ate the router")
    wrong = await hall.browser.post(ASK, data={"do": "person", "email": "nobody"})
    assert wrong.status_code == 422
    assert 'id="email-error"' in wrong.text
    right = await send(hall, do="person", email="ana@example.org")
    assert "ana@example.org" in right
    assert 'name="email"' not in right


async def test_another_browser_sees_nothing_of_it(hall: Hall) -> None:
    await send(hall, do="say", text="my order is 4711")
    other = hall.new_browser()
    assert "4711" not in (await other.get(ASK)).text


async def test_what_is_typed_is_shown_as_text(hall: Hall) -> None:
    page = await send(hall, do="say", text="<script>alert('x')</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


async def test_an_act_is_shown_and_pressed(hall: Hall) -> None:
    await hall.sign_in("viewer@example.org")
    await send(hall, do="say", text="how do I change the language")
    shown = await hall.browser.post(ASK, data={"do": "act", "act": "change_consent"})
    found = re.search(r'name="confirmation" value="(\w+)"', shown.text)
    assert found is not None
    done = await send(hall, do="press", confirmation=found[1])
    assert "from now on" in done


async def test_every_page_of_a_venue_has_the_panel_and_others_have_none(hall: Hall) -> None:
    for path in ("/venues/la-verriere", "/venues/la-verriere/terms", "/venues/la-verriere/help"):
        assert "<help-panel" in (await hall.browser.get(path)).text, path
    for path in ("/", "/login", ASK):
        assert "<help-panel" not in (await hall.browser.get(path)).text, path


async def test_it_greets_in_arabic_from_right_to_left(hall: Hall) -> None:
    browser = hall.new_browser(**{"accept-language": "ar"})
    await browser.post(ASK, data={"do": "say", "text": "تذكرتي ticket"})
    page = (await browser.get(ASK)).text
    assert 'dir="rtl"' in page
    assert "مرحبًا" in page

"""The assistant's panel: by keyboard, on a phone, in four languages, read by axe.

The house's bot was taught four languages by wording alone before it started (taught.py).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.house import House

AXE = Path(__file__).parents[2] / "paywall/web/node_modules/axe-core/axe.min.js"
VENUE = "/venues/la-verriere"
RUN = """() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
  .then(found => found.violations.map(one => one.id + ": " + one.nodes[0].target))"""


@pytest.fixture
def awake(house: House) -> House:
    house.wake_bot()
    return house


def axe(page: Page) -> list[str]:
    page.evaluate(AXE.read_text() + ";null")
    found: list[str] = page.evaluate(RUN)
    return found


def asked(page: Page, text: str) -> None:
    """Type a question and send it with Enter; a reply stands under it."""
    field = page.locator(".help-panel textarea")
    expect(field).to_be_focused()
    field.fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".talk__line")).to_have_count(3, timeout=30_000)


def test_it_is_opened_asked_and_closed_by_keyboard_alone(page: Page) -> None:
    page.goto(VENUE)
    button = page.get_by_role("button", name="Help", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".talk__line")).to_have_count(1)
    asked(page, "Where is my ticket?")
    expect(page.locator(".talk__line--viewer")).to_contain_text("Where is my ticket?")
    expect(page.locator(".talk")).to_have_attribute("aria-live", "polite")
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".help-panel__box")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_question_sent_while_the_conversation_loads_is_not_lost(page: Page) -> None:
    page.goto(VENUE)
    held: list[Route] = []
    page.route("**/conversations", lambda route: held.append(route), times=1)
    page.get_by_role("button", name="Help", exact=True).click()
    field = page.locator(".help-panel textarea")
    field.fill("Where is my ticket?")
    page.keyboard.press("Enter")
    expect(page.locator(".help-panel__status")).not_to_be_empty()
    held[0].continue_()
    expect(page.locator(".talk__line")).to_have_count(3, timeout=30_000)
    expect(page.locator(".talk__line--viewer")).to_contain_text("Where is my ticket?")
    expect(field).to_have_value("")


def test_the_conversation_goes_on_after_another_page(page: Page) -> None:
    page.goto(VENUE)
    page.get_by_role("button", name="Help", exact=True).click()
    asked(page, "Where is my ticket?")
    page.goto(f"{VENUE}/help")
    page.get_by_role("button", name="Help", exact=True).click()
    expect(page.locator(".talk__line")).to_have_count(3)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".talk__line")).to_have_count(1)


@pytest.mark.parametrize(
    ("locale", "question", "article"),
    [("en-GB", "how do I reset my password?", "forgotten-password"),
     ("fr-FR", "où est ma facture ?", "receipt"),
     ("ar", "نسيت كلمة المرور", "forgotten-password"),
     ("ja", "パスワードを忘れました", "forgotten-password")],
)  # fmt: skip
def test_it_answers_with_the_article_that_it_stands_on(
    page: Page, awake: House, locale: str, question: str, article: str
) -> None:
    browser = page.context.browser
    assert browser is not None
    here = browser.new_context(base_url=awake.url, locale=locale)
    tab = here.new_page()
    tab.goto(VENUE)
    tab.locator(".help-panel__open").click()
    asked(tab, question)
    line = tab.locator(".talk__line").last
    expect(line.locator("p.small a")).to_have_attribute("href", re.compile(f"/help/{article}"))
    useful = line.locator(".talk__votes button").first
    useful.click()
    expect(tab.locator(".talk__votes button").first).to_have_attribute("aria-pressed", "true")
    assert axe(tab) == []
    here.close()


def test_a_suggestion_is_taken_with_one_tap(page: Page, awake: House) -> None:
    page.goto(f"{awake.url}{VENUE}")
    page.get_by_role("button", name="Help", exact=True).click()
    asked(page, "can I watch on two devices")
    choices = page.locator(".talk__choices button")
    expect(choices).to_have_count(3)
    choices.nth(1).click()
    expect(page.locator(".talk__line").last.locator("p.small a")).to_have_attribute(
        "href", re.compile("/help/one-device")
    )


def test_what_nothing_answers_comes_with_the_way_to_a_person(page: Page, awake: House) -> None:
    page.goto(f"{awake.url}{VENUE}")
    page.get_by_role("button", name="Help", exact=True).click()
    asked(page, "my cat ate the router")
    line = page.locator(".talk__line").last
    expect(line.locator(".talk__choices button")).to_have_count(0)
    expect(line.get_by_role("button", name="Reach a person")).to_be_visible()


def test_a_person_is_one_field_and_one_tap_away(page: Page) -> None:
    page.goto(VENUE)
    page.get_by_role("button", name="Help", exact=True).click()
    asked(page, "my cat ate the router")
    page.locator(".help-panel__foot").get_by_role("button", name="Reach a person").click()
    page.get_by_label("Email").fill("ana@example.org")
    page.keyboard.press("Enter")
    expect(page.locator(".talk__line").last).to_contain_text("ana@example.org")
    expect(
        page.locator(".help-panel__foot").get_by_role("button", name="Reach a person")
    ).to_have_count(0)
    assert axe(page) == []


@pytest.mark.parametrize(
    ("locale", "width", "typed"),
    [("fr-FR", 1280, "mon billet"), ("en-GB", 390, "my ticket"), ("ar", 390, "تذكرتي"),
     ("ja", 1280, "チケット")],
)  # fmt: skip
def test_it_fits_every_reader(
    page: Page, house: House, tmp_path: Path, locale: str, width: int, typed: str
) -> None:
    browser = page.context.browser
    assert browser is not None
    here = browser.new_context(
        base_url=house.url, locale=locale, viewport={"width": width, "height": 844}
    )
    tab = here.new_page()
    tab.goto(f"{VENUE}/events/maud-the-tides")
    before = tab.locator("main").bounding_box()
    tab.locator(".help-panel__open").click()
    expect(tab.locator(".talk__line")).to_have_count(1)
    asked(tab, typed)
    assert tab.locator("main").bounding_box() == before
    sideways = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert sideways <= 0
    box = tab.locator(".help-panel__box").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    if locale == "ar":
        assert box["x"] < 30, "the panel stands at the line's end, on the left"
    assert axe(tab) == []
    tab.screenshot(path=tmp_path / f"bot-{locale}-{width}.png")
    here.close()


def test_without_a_script_the_button_leads_to_the_same_conversation(
    page: Page, house: House
) -> None:
    browser = page.context.browser
    assert browser is not None
    here = browser.new_context(base_url=house.url, locale="en-GB", java_script_enabled=False)
    tab = here.new_page()
    tab.goto(VENUE)
    tab.locator(".help-panel__open").click()
    tab.get_by_label("Your question").fill("Where is my ticket?")
    tab.get_by_role("button", name="Send", exact=True).click()
    expect(tab.locator(".talk__line--viewer")).to_contain_text("Where is my ticket?")
    here.close()


def test_the_page_without_a_script_is_read_by_axe(page: Page) -> None:
    page.goto(f"{VENUE}/help/ask")
    page.get_by_label("Your question").fill("Where is my ticket?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".talk__line")).to_have_count(3, timeout=30_000)
    assert axe(page) == []
    expect(page.get_by_role("heading", name=re.compile("Reach a person"))).to_be_visible()

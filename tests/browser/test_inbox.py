"""The agents' inbox in a browser: a case answered by the keyboard alone, readable by everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import signed_in_as
from tests.browser.house import House
from tests.browser.test_pages import Camera


@pytest.fixture(scope="module")
def case(house: House) -> str:
    """A question that a customer of the demo's first venue wrote; its id."""
    venue = house.ask("GET", "/v1/catalogue/venues/la-verriere")["id"]
    body = {
        "email": "ines@example.org", "name": "Inès Duval", "language": "fr",
        "subject": "Pas d'image", "text_md": "Bonjour, l'écran reste noir.",
    }  # fmt: skip
    for n in range(2):
        body["subject"] = f"Pas d'image {n}"
        made = house.ask("POST", f"/v1/venues/{venue}/cases", body, key=house.key)
    return f"/console/{venue}/inbox/{made['id']}"


@pytest.fixture
def page(signed_in: BrowserContext, case: str) -> Iterator[Page]:
    made = signed_in.new_page()
    made.goto(case.rpartition("/")[0])
    yield made
    made.close()


def test_an_agent_answers_by_the_keyboard_alone(page: Page) -> None:
    keys = page.keyboard
    keys.press("j")
    expect(page.locator("a.row-link").first).to_be_focused()
    keys.press("x")
    expect(page.locator("input.pick").first).to_be_checked()
    keys.press("x")
    # Other files' tests leave cases in this house too.
    page.locator("a.row-link").filter(has_text="Pas d'image").first.focus()
    with page.expect_event("load"):
        keys.press("Enter")
    expect(page.get_by_text("l'écran reste noir")).to_be_visible()
    keys.press("a")
    expect(page.get_by_label(re.compile("^Agent"))).to_be_focused()
    keys.press("Escape")
    keys.press("n")
    expect(page.get_by_label("Note", exact=True)).to_be_focused()
    keys.type("Chrome 120?")
    with page.expect_event("load"):
        keys.press("Control+Enter")
    expect(page.get_by_text("The note is kept.")).to_be_visible()
    keys.press("r")
    expect(page.locator("#reply")).to_be_focused()
    keys.type("Bonjour, essayez Firefox.")
    with page.expect_event("load"):
        keys.press("Control+Enter")
    expect(page.get_by_text("The answer leaves in 10 seconds.")).to_be_visible()
    with page.expect_event("load"):
        keys.press("z")
    expect(page.get_by_text("Taken back. Nothing was sent.")).to_be_visible()
    expect(page.locator("#reply")).to_be_focused()
    expect(page.locator("#reply")).to_have_value("Bonjour, essayez Firefox.")
    with page.expect_event("load"):
        keys.press("Control+Enter")
    leaves = page.locator(".talk__line--leaving")
    expect(leaves).to_contain_text("Leaves in a moment")
    for _ in range(60):
        if leaves.count() == 0:
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.get_by_text("Customer’s turn", exact=True)).to_be_visible()
    with page.expect_event("load"):
        keys.press("u")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_single_keys_can_be_switched_off(page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_label("No single keys in this browser").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("a.row-link").first).not_to_be_focused()
    page.get_by_role("button", name="Keys").click()
    dialog.get_by_label("No single keys in this browser").uncheck()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_inbox_is_readable_in_both_languages(page: Page, case: str, language: str) -> None:
    origin = page.url.split("/console")[0]
    page.context.add_cookies([{"name": "pw_lang", "value": language, "url": origin}])
    camera = Camera(page)
    inbox = case.rpartition("/")[0]
    for name, path in (
        ("inbox", inbox), ("case", case), ("macros", f"{inbox}/macros"),
        ("macro", f"{inbox}/macros/new"), ("how", f"{inbox}/settings"),
        ("aside", f"{inbox}/aside"), ("figures", inbox.replace("/inbox", "/support")),
    ):  # fmt: skip
        page.goto(path)
        assert (page.locator("html").get_attribute("lang") or "").startswith(language)
        camera.shoot(f"{name}-{language}")
    page.context.clear_cookies(name="pw_lang")
    assert camera.wrong == []


def test_two_agents_in_one_case_see_each_other(
    chromium: Browser, house: House, page: Page, case: str
) -> None:
    page.goto(case)
    ines = signed_in_as(chromium, house, "ines@laverriere.example")
    hers = ines.new_page()
    hers.goto(case)
    expect(hers.locator(".collision")).to_contain_text("is reading this too", timeout=40_000)
    hers.locator("#reply").fill("I have it.")
    writing = page.locator(".collision--writing")
    expect(writing).to_contain_text("is writing an answer right now", timeout=40_000)
    ines.close()


def test_the_menu_folds_on_a_phone_and_stands_open_on_a_desk(page: Page) -> None:
    menu = page.get_by_role("navigation", name="Console")
    figures = menu.get_by_role("link", name="Support figures")
    expect(figures).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(figures).to_be_hidden()
    menu.get_by_text("Menu", exact=True).click()
    with page.expect_event("load"):
        figures.click()
    expect(page.get_by_role("heading", name="Support figures")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.set_viewport_size({"width": 1280, "height": 900})

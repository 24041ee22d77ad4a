"""The help centre in a browser: read, searched and voted on by viewers, written by staff."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from paywall.cli.seed import PASSWORD
from tests.browser import viewer
from tests.browser.conftest import signed_in_as
from tests.browser.house import House
from tests.browser.test_pages import Camera

HELP = "/venues/la-verriere/help"
SUPPORT = "ines@laverriere.example"
LANGUAGES = {"fr": "rembours", "en": "refund", "ar": "استرداد", "ja": "返金"}


@pytest.fixture
def camera(page: Page) -> Iterator[Camera]:
    made = Camera(page)
    yield made
    assert not made.wrong, "\n".join(made.wrong)


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, house: House) -> Iterator[BrowserContext]:
    """Somebody of the venue's support, with password and code."""
    context = signed_in_as(chromium, house, SUPPORT)
    yield context
    context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_in_four_languages(page: Page, camera: Camera, lang: str) -> None:
    page.goto(f"{HELP}?lang={lang}")
    direction = "rtl" if lang == "ar" else "ltr"
    expect(page.locator("html")).to_have_attribute("dir", direction)
    camera.shoot(f"help-front-{lang}")
    page.goto(f"{HELP}?lang={lang}&q={LANGUAGES[lang]}")
    expect(page.locator("#found a").first).to_be_visible()
    camera.shoot(f"help-found-{lang}")
    page.locator("#found a").first.click()
    expect(page).to_have_url(re.compile(rf"lang={lang}"))
    camera.shoot(f"help-article-{lang}")
    page.locator(".help__contact a").click()
    camera.shoot(f"help-contact-{lang}")


def test_search_answers_as_one_types_and_by_keyboard_alone(page: Page) -> None:
    page.goto(HELP)
    page.get_by_role("searchbox").focus()
    page.keyboard.type("passw")
    expect(page.locator("#found a").first).to_have_text(re.compile("password"))
    assert "q=" not in page.url
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{HELP}/forgotten-password"))


def test_search_and_votes_work_without_scripts(chromium: Browser, house: House) -> None:
    context = chromium.new_context(base_url=house.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(HELP)
    page.get_by_role("searchbox").fill("sound")
    page.get_by_role("button", name="Search").click()
    page.locator("#found a").first.click()
    page.get_by_role("button", name="Yes").click()
    expect(page).to_have_url(re.compile("#useful$"))
    expect(page.get_by_text("Thank you.")).to_be_visible()
    context.close()


def test_a_vote_is_thanked_for_on_the_spot_and_takes_a_word(page: Page, camera: Camera) -> None:
    page.goto(f"{HELP}/delay")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_text("Thank you.")).to_be_visible()
    page.get_by_label("What was missing").fill("It is two minutes behind.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="No", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    camera.shoot("help-voted")
    page.reload()
    expect(page.get_by_label("What was missing")).to_have_value("It is two minutes behind.")


def test_a_question_is_sent_and_said_to_be_on_its_way(page: Page, camera: Camera) -> None:
    page.goto(f"{HELP}/no-sound")
    page.get_by_role("link", name="Ask a person").click()
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_role("alert")).to_be_visible()
    camera.shoot("help-contact-mistakes")
    page.get_by_label("Email").fill("ines@example.org")
    page.get_by_label("Your question").fill("Where is the sound of the second half?")
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_text("Your question is on its way")).to_be_visible()
    camera.shoot("help-contact-sent")


def test_the_player_answers_without_leaving_the_concert(page: Page, camera: Camera) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill("viewer@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(re.compile("/tickets"))
    viewer.buy(page, viewer.LIVE, "")
    viewer.expect_receipt(page)
    page.goto(viewer.LIVE)
    page.get_by_role("link", name="Watch live").first.click()
    page.wait_for_url(re.compile("/watch/"))
    page.get_by_text("Picture or sound trouble?").click()
    page.get_by_text("The stream stopped in the middle").click()
    expect(page.locator(".watch__help .prose").first).to_be_visible()
    expect(page.get_by_role("link", name="All answers")).to_have_attribute("target", "_blank")
    camera.shoot("help-player")


def test_staff_write_compare_and_bring_back(signed_in: BrowserContext) -> None:
    desk = signed_in.new_page()
    camera = Camera(desk)
    desk.goto("/console")
    desk.get_by_role("navigation", name="Console").get_by_role("link", name="Help centre").click()
    desk.wait_for_load_state("load")
    camera.shoot("console-help")
    desk.keyboard.press("/")
    desk.keyboard.type("minimum age")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("q=minimum"))
    desk.wait_for_load_state("load")
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("/help/age-limit/"))
    desk.get_by_role("navigation", name="Languages").get_by_role("link", name="en English").click()
    desk.wait_for_url(re.compile("/help/age-limit/en"))
    desk.get_by_label("Title").fill("From what age?")
    desk.get_by_label("Answer").fill("From **six** years.")
    expect(desk.locator("#preview strong")).to_have_text("six")
    camera.shoot("console-help-editor")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.get_by_text("Published.")).to_be_visible()
    desk.get_by_label("Answer").fill("From **eight** years.")
    desk.get_by_role("button", name="Save as a draft").click()
    expect(desk.get_by_text("a newer draft waits")).to_be_visible()
    desk.get_by_role("link", name="1", exact=True).click()
    camera.shoot("console-help-version")
    desk.get_by_role("button", name="Bring this version back").click()
    expect(desk.get_by_text("Version 1 is back.")).to_be_visible()
    desk.goto(f"{HELP}/age-limit?lang=en")
    expect(desk.locator(".help__answer")).to_have_text("From six years.")
    desk.close()
    assert not camera.wrong, "\n".join(camera.wrong)


def test_staff_see_what_nobody_has_read(signed_in: BrowserContext) -> None:
    desk = signed_in.new_page()
    camera = Camera(desk)
    desk.goto("/console")
    desk.get_by_role("navigation", name="Console").get_by_role("link", name="Help centre").click()
    desk.get_by_role("link", name="Read by native speakers").click()
    desk.wait_for_url(re.compile("/help/languages"))
    camera.shoot("console-help-languages")
    desk.get_by_role("link", name="Français").click()
    desk.get_by_label("Texts of the viewers' mails").check()
    desk.get_by_label("Who read it").fill("Inès")
    desk.get_by_role("button", name="Note as read").click()
    expect(desk.get_by_text("Inès,")).to_be_visible()
    camera.shoot("console-help-language")
    desk.close()
    assert not camera.wrong, "\n".join(camera.wrong)

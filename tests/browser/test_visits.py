"""What the page's script tells of a visit, and how the source goes along to the checkout."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.house import House

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
FROM_A_MAIL = "/venues/la-verriere?utm_medium=email&utm_campaign=spring"
EVENT = "/venues/la-verriere/events/maud-the-tides"


@pytest.fixture
def page(chromium: Browser, house: House) -> Iterator[Page]:
    context = chromium.new_context(base_url=house.url, user_agent=FIREFOX, locale="en-GB")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def told(page: Page) -> list[Request]:
    """Every visit that pages tell of from now on."""
    heard: list[Request] = []

    def hear(request: Request) -> None:
        if request.url.endswith("/visits"):
            heard.append(request)

    page.on("request", hear)
    return heard


def test_where_somebody_came_from_goes_along_to_the_checkout(page: Page) -> None:
    heard = told(page)
    with page.expect_response("**/visits") as answer:
        page.goto(FROM_A_MAIL)
    assert answer.value.json() == {"source": "mail", "campaign": "spring"}
    page.locator(f'a[href*="{EVENT}"]').first.click()
    page.wait_for_url("**/events/maud-the-tides?came=mail&campaign=spring")
    page.get_by_role("link", name="Watch live").click()
    page.wait_for_url("**/buy/**")
    expect(page.locator("input[name=came]")).to_have_value("mail")
    expect(page.locator("input[name=campaign]")).to_have_value("spring")
    assert len(heard) == 1, "pages after the first are no further visits"
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length") == 0


def test_a_visit_says_which_site_linked_here_and_nothing_more(page: Page, house: House) -> None:
    page.route("http://search.example/**", lambda route: route.fulfill(
        content_type="text/html", body=f'<a href="{house.url}{EVENT}">here</a>',
    ))  # fmt: skip
    page.goto("http://search.example/results?q=what+I+looked+for")
    with page.expect_request("**/visits") as request:
        page.get_by_role("link").click()
    body = json.loads(request.value.post_data or "{}")
    assert body["host"] == "search.example"
    assert "looked" not in str(body)
    assert body["page"] == "event"


def test_a_reload_and_a_way_back_are_no_visits(page: Page) -> None:
    with page.expect_response("**/visits"):
        page.goto(EVENT)
    heard = told(page)
    page.reload()
    page.goto("/venues/la-verriere/terms")
    page.go_back()
    page.wait_for_load_state("networkidle")
    assert heard == []


def test_a_browser_that_asks_not_to_be_tracked_tells_nothing(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    heard = told(page)
    page.goto(FROM_A_MAIL)
    page.wait_for_load_state("networkidle")
    assert heard == []
    page.locator(f'a[href*="{EVENT}"]').first.click()
    page.wait_for_url(f"**{EVENT}")


def test_the_button_on_the_privacy_page_ends_the_counting(page: Page) -> None:
    page.goto("/venues/la-verriere/privacy")
    page.get_by_role("button", name="Don’t count my visits").click()
    expect(page.get_by_role("button", name="Count my visits again")).to_be_visible()
    heard = told(page)
    page.goto(FROM_A_MAIL)
    page.wait_for_load_state("networkidle")
    assert heard == []

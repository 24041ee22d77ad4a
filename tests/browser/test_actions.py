"""Actions in a browser: nested conditions by keyboard, the live count, an action's page."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from infra.kernel.ids import new_id
from tests.browser.conftest import signed_in_as
from tests.browser.house import House
from tests.browser.test_pages import Camera

MANAGER = "samir@laverriere.example"
"""Not the owner, whose one-time code another file's log-in has used."""
PEOPLE = 40


@pytest.fixture(scope="module")
def venue_id(house: House) -> str:
    """The first venue, with forty people of whom a refresh knows that they went quiet."""
    with sqlite3.connect(house.folder / "data" / "paywall.sqlite3", timeout=20) as db:
        (venue,) = db.execute("SELECT id FROM venue WHERE slug = 'la-verriere'").fetchone()
        for number in range(PEOPLE):
            db.execute(
                "INSERT INTO churn_person_today (venue_id, person, customer_id, as_of, currency,"
                " reasons, model_id, days_since_watched, may_write, value_month_minor, risk,"
                " country) VALUES (?, ?, ?, '2026-11-22 03:00:00', 'EUR', '[]', '', 1000 + ?, 1,"
                " 1500, 0.4, ?)",
                (venue, f"quiet{number:02}", new_id("cus"), number, "FR" if number % 2 else "BE"),
            )
    return str(venue)


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, house: House, venue_id: str) -> Iterator[BrowserContext]:
    context = signed_in_as(chromium, house, MANAGER)
    yield context
    context.close()


@pytest.fixture
def desk(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    yield page
    page.close()


def main_button(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()


def test_an_action_is_built_with_the_keyboard_and_counts_as_it_grows(
    desk: Page, venue_id: str
) -> None:
    camera = Camera(desk)
    desk.goto(f"/console/{venue_id}/actions/new")
    camera.shoot("action-new")
    desk.get_by_role("link", name=re.compile("Watched nothing")).click()
    desk.locator("[name=level]").fill("90")
    count = desk.locator("#count")
    expect(count).to_contain_text("40 people today")
    expect(count).to_contain_text("34 would get it and 6 would be held out")
    desk.get_by_role("button", name="Add a group").focus()
    desk.keyboard.press("Enter")
    added = desk.locator("select[name='c2.f']")
    expect(added).to_be_focused()
    added.select_option("country")
    desk.locator("select[name='c2.op']").select_option("one_of")
    desk.locator("[name='c2.v']").fill("BE, LU")
    desk.keyboard.press("Tab")
    expect(count).to_contain_text("20 people today")
    camera.shoot("action-form")
    desk.locator("[name='c2.v']").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("status").first).to_contain_text("The draft is there.")
    expect(desk.get_by_role("main")).to_contain_text("20 people today")
    expect(desk.get_by_text("Too early to say.")).to_be_visible()
    camera.shoot("action")
    main_button(desk, "Start the action")
    expect(desk.get_by_text("Running", exact=True)).to_be_visible()
    main_button(desk, "Pause the action")
    expect(desk.get_by_text("Paused", exact=True)).to_be_visible()
    desk.get_by_role("link", name="Who today, and why not").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Who today")
    camera.shoot("action-people")
    desk.goto(f"/console/{venue_id}/actions")
    camera.shoot("actions")
    desk.goto(f"/console/{venue_id}/tasks")
    camera.shoot("tasks")
    assert not camera.wrong, "\n".join(camera.wrong)


def test_a_mistake_is_beside_its_field(desk: Page, venue_id: str) -> None:
    camera = Camera(desk)
    desk.goto(f"/console/{venue_id}/actions/new?kind=coupon")
    desk.locator("[name=subject_fr]").fill("Un code")
    main_button(desk, "Save the draft")
    expect(desk.locator("#error-summary")).to_be_visible()
    camera.shoot("action-errors")
    assert not camera.wrong, "\n".join(camera.wrong)


@pytest.mark.parametrize("name", ["actions", "actions/new", "actions/new?ready=bad_stream"])
def test_the_same_in_french(desk: Page, house: House, venue_id: str, name: str) -> None:
    camera = Camera(desk)
    french = {"name": "pw_lang", "value": "fr", "url": house.url}
    desk.context.add_cookies([french])
    desk.goto(f"/console/{venue_id}/{name}")
    expect(desk.locator("html")).to_have_attribute("lang", "fr-FR")
    camera.shoot("fr-" + re.sub(r"\W+", "-", name))
    desk.context.clear_cookies(name="pw_lang")
    assert not camera.wrong, "\n".join(camera.wrong)


def test_the_page_that_stops_news_is_for_everybody(context: BrowserContext, house: House) -> None:
    page = context.new_page()
    camera = Camera(page)
    page.goto("/unsubscribe/nothing")
    camera.shoot("unsubscribe-unknown")
    assert not camera.wrong, "\n".join(camera.wrong)

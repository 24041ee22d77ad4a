"""The venue's console in a browser: an owner's first sale, from an empty season to a refund."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from infra.kernel.clock import SystemClock
from tests.browser import viewer
from tests.browser.test_pages import Camera

PARIS = ZoneInfo("Europe/Paris")


def section(page: Page, name: str) -> None:
    """Open a section and wait for its scripts: only then does the keyboard do anything."""
    link = page.get_by_role("navigation", name="Console").get_by_role("link", name=name, exact=True)
    with page.expect_event("load"):
        link.click()


def wall(at: datetime) -> str:
    """As a datetime-local field takes it."""
    return at.strftime("%Y-%m-%dT%H:%M")


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        field = page.locator(f"main [name={name}]")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()


def test_an_owner_puts_a_concert_on_sale_sees_the_order_and_gives_it_back(
    desk: Page, page: Page
) -> None:
    now = SystemClock().machine().astimezone(PARIS)
    section(desk, "Seasons")
    desk.get_by_role("link", name="New season").click()
    fill(
        desk, name="Winter", starts_at=wall(now - timedelta(days=1)),
        ends_at=wall(now + timedelta(days=90)),
    )  # fmt: skip
    press(desk, "Create the season")
    expect(desk.get_by_role("status").first).to_contain_text("The season is there.")

    desk.get_by_role("link", name="Add an event").click()
    fill(
        desk, name="First Light", starts_at=wall(now - timedelta(minutes=5)),
        ends_at=wall(now + timedelta(hours=2)),
    )  # fmt: skip
    press(desk, "Create the event")
    expect(desk.get_by_role("heading", name="First Light")).to_be_visible()
    event_url = desk.url

    desk.get_by_role("link", name="Add a stream").click()
    fill(desk, source="demo-live")
    press(desk, "Add the stream")
    expect(desk.locator(".secret-box code")).to_contain_text("pwi_")
    expect(desk.get_by_text("A picture comes")).to_be_visible()
    press(desk, "Publish the event")
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()

    desk.get_by_role("link", name="Sell stream tickets").click()
    fill(
        desk, name="Live", amount="12.00", then_amount="9",
        then_from=wall(now + timedelta(days=10)),
    )  # fmt: skip
    press(desk, "Create the offer")
    expect(desk.locator(".lane__list li")).to_have_count(2)
    press(desk, "Put it on sale")
    expect(desk.get_by_text("On sale", exact=True).first).to_be_visible()

    viewer.buy(page, "/venues/la-verriere/events/first-light", "first.sale@example.org")
    order_id = viewer.expect_receipt(page)

    section(desk, "Orders")
    fill(desk, email="first.sale@example.org")
    press(desk, "Filter")
    desk.get_by_role("link", name="first.sale@example.org").click()
    expect(desk).to_have_url(re.compile(order_id))
    expect(desk.get_by_text("First Light").first).to_be_visible()
    desk.get_by_role("link", name="Give money back …").click()
    expect(desk.locator("#moves")).to_contain_text("€12.00 go back to first.sale@example.org")
    desk.locator("[name=amount]").fill("5")
    expect(desk.locator("#moves")).to_contain_text("€5.00 go back")
    desk.locator("[name=amount]").fill("12")
    expect(desk.locator("#moves")).to_contain_text("access ends at once")
    press(desk, "Give it back")
    expect(desk.get_by_role("status").first).to_contain_text("Access is closed.")
    expect(desk.get_by_text("Refunded", exact=True).first).to_be_visible(timeout=20_000)
    desk.goto(event_url)
    press(desk, "Take back to draft")


def test_a_draft_survives_a_closed_tab(desk: Page) -> None:
    section(desk, "Events")
    desk.get_by_role("link", name="New event").click()
    fill(desk, name="Half a thought", subtitle="Written before lunch")
    url = desk.url
    desk.goto("/console")
    desk.goto(url)
    expect(desk.locator("[name=name]")).to_have_value("Half a thought")
    expect(desk.locator("[data-draft-status]")).to_contain_text("Your draft is back")
    press(desk, "Discard the draft")
    expect(desk.locator("[name=name]")).to_have_value("")


def test_tables_are_walked_with_the_keyboard(desk: Page) -> None:
    section(desk, "Events")
    desk.keyboard.press("/")
    expect(desk.locator("[data-slash]")).to_be_focused()
    desk.locator("h1").click()
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    second = desk.locator("tbody tr").nth(1).locator(".row-link")
    expect(second).to_be_focused()
    name = second.inner_text().splitlines()[0]
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_have_text(name)


PAGES = {
    "today": "", "events": "/events", "event-new": "/events/new", "seasons": "/seasons",
    "offers": "/offers", "offer-new": "/offers/new?kind=season_pass", "coupons": "/coupons",
    "coupon-new": "/coupons/new", "orders": "/orders", "money": "/money",
    "postings": "/money/postings", "processors": "/processors",
    "processor-new": "/processors/new?gateway=stripe", "viewers": "/viewers", "people": "/people",
    "staff": "/staff", "keys": "/keys", "webhooks": "/webhooks", "webhook-new": "/webhooks/new",
    "audit": "/audit", "settings": "/settings",
}  # fmt: skip
ROWS = {"event": "/events", "season": "/seasons", "offer": "/offers", "processor": "/processors"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_console(desk: Page, name: str) -> None:
    camera = Camera(desk)
    desk.goto(desk.url + PAGES[name])
    camera.shoot(f"console-{name}")
    assert not camera.wrong, "\n".join(camera.wrong)


@pytest.mark.parametrize("name", ROWS)
def test_the_page_behind_a_row(desk: Page, name: str) -> None:
    camera = Camera(desk)
    desk.goto(desk.url + ROWS[name])
    desk.locator(".row-link").first.click()
    camera.shoot(f"console-{name}")
    assert not camera.wrong, "\n".join(camera.wrong)


@pytest.mark.parametrize("path", ["security", "confirm?next=/console"])
def test_a_page_of_the_person(desk: Page, path: str) -> None:
    camera = Camera(desk)
    desk.goto(f"/console/{path}")
    camera.shoot(f"console-{path.split('?')[0]}")
    assert not camera.wrong, "\n".join(camera.wrong)

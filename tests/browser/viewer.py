"""What a viewer does in the pages, as tests tell it."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, expect

SUCCESS = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
CHALLENGE = "4000 0025 0000 3155"
LATER = "4000 0000 0000 0507"
SILENT = "4000 0000 0000 0408"
LIVE = "/venues/la-verriere/events/maud-the-tides"
REPLAY = "/venues/la-verriere/events/orchestre-des-possibles"


def open_checkout(page: Page, event: str, link: str | re.Pattern[str]) -> None:
    page.goto(event)
    page.get_by_role("link", name=link).first.click()
    expect(page.get_by_role("heading", name="Checkout")).to_be_visible()


def fill_checkout(page: Page, email: str) -> None:
    if email:
        page.get_by_label("Email").fill(email)
    page.get_by_label(re.compile("I accept the")).check()


def press_pay(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Pay ")).click()


def fill_card(page: Page, number: str) -> None:
    """The processor's own page."""
    page.wait_for_url(re.compile("/pay/"))
    page.locator("input[name=number]").fill(number)
    page.locator("input[name=expiry]").fill("12/34")
    page.locator("input[name=cvc]").fill("123")
    page.locator("form button").last.click()


def buy(page: Page, event: str, email: str, *, card: str = SUCCESS, link: str = "Watch") -> None:
    open_checkout(page, event, re.compile(link))
    fill_checkout(page, email)
    press_pay(page)
    fill_card(page, card)


def expect_receipt(page: Page) -> str:
    """Wait for the receipt; the order's id."""
    page.wait_for_url(re.compile(r"/orders/ord_[0-9a-z]{26}$"), timeout=45_000)
    expect(page.get_by_role("heading", name="You’re in")).to_be_visible()
    return page.url.rsplit("/", 1)[1]


def open_mail(page: Page, email: str, subject: str, within_s: float = 30) -> None:
    """The newest mail to this address, in the mailbox page."""
    deadline = time.monotonic() + within_s
    row = page.locator("a.mail-row", has_text=email).filter(has_text=subject).first
    while time.monotonic() < deadline:
        page.goto("/dev/mailbox")
        if row.count():
            row.click()
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"no mail “{subject}” to {email}")


def press_mail_button(page: Page, text: str) -> None:
    page.frame_locator("iframe").get_by_role("link", name=text, exact=True).click()


def log_in_by_mail(
    page: Page, email: str, subject: str = "Your ticket", button: str = "Open my ticket"
) -> None:
    open_mail(page, email, subject)
    press_mail_button(page, button)
    page.wait_for_url(re.compile("/login/link"))
    page.get_by_role("main").get_by_role("button", name="Log in").click()


def position(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video')?.currentTime ?? -1"))


def expect_playing(page: Page, seconds: float = 3, within_s: float = 40) -> None:
    """The picture moves: currentTime grows by that much while we look."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and position(page) <= 0.5:
        page.wait_for_timeout(250)
    start = position(page)
    assert start > 0.5, f"no picture: {page.locator('live-player').inner_text()}"
    while time.monotonic() < deadline and position(page) < start + seconds:
        page.wait_for_timeout(250)
    assert position(page) >= start + seconds, f"stuck at {position(page)}"

"""Passkeys, the checkout's kept words and times of both places, each on the page that uses it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser import viewer
from tests.browser.house import House


def test_a_passkey_is_added_and_logs_in(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/login")
    page.get_by_label("Email").fill("viewer@example.org")
    page.get_by_label("Password").fill("concert-demo-2026")
    page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/tickets")
    page.goto("/account")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("button", name=re.compile("^Remove passkey"))).to_be_visible()
    page.context.clear_cookies()
    page.goto("/login")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/tickets")


def test_what_was_typed_at_the_checkout_outlives_a_reload_and_nothing_hidden_is_kept(
    page: Page,
) -> None:
    viewer.open_checkout(page, viewer.LIVE, re.compile("Watch live"))
    viewer.fill_checkout(page, "kept@example.org")
    page.reload()
    expect(page.get_by_label("Email")).to_have_value("kept@example.org")
    expect(page.get_by_label(re.compile("I accept the"))).to_be_checked()
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    hidden = page.locator("card-checkout input[type=hidden]").evaluate_all(
        "inputs => inputs.map(input => input.value)"
    )
    assert hidden
    assert not [value for value in hidden if len(value) > 3 and value in kept]


def test_a_reader_elsewhere_reads_both_times(page: Page, house: House) -> None:
    browser = page.context.browser
    assert browser is not None
    far = browser.new_context(base_url=house.url, locale="en-GB", timezone_id="America/New_York")
    tab = far.new_page()
    tab.goto(viewer.LIVE)
    expect(tab.locator("local-time").first).to_contain_text("your time")
    expect(tab.locator("main")).to_contain_text("in Paris")
    far.close()

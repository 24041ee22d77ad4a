"""Buying in a real browser: with every card's fate, from the event page to the moving picture."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser import viewer
from tests.browser.house import House


def test_a_new_viewer_buys_as_a_guest_logs_in_by_the_mail_and_watches(page: Page) -> None:
    email = "ada@example.org"
    viewer.buy(page, viewer.LIVE, email)
    viewer.expect_receipt(page)
    expect(page.get_by_text("ada@example.org").first).to_be_visible()
    expect(page.get_by_role("link", name="Watch live")).to_have_count(0)
    viewer.log_in_by_mail(page, email)
    viewer.expect_receipt(page)
    page.get_by_role("link", name="Watch live").click()
    viewer.expect_playing(page)


def test_a_season_pass_opens_the_live_concert_and_the_replay(page: Page) -> None:
    email = "grace@example.org"
    viewer.open_checkout(page, viewer.LIVE, "Pass")
    viewer.fill_checkout(page, email)
    viewer.press_pay(page)
    viewer.fill_card(page, viewer.SUCCESS)
    viewer.expect_receipt(page)
    viewer.log_in_by_mail(page, email)
    page.goto("/tickets")
    page.get_by_role("link", name="Watch live").click()
    viewer.expect_playing(page)
    page.goto(viewer.REPLAY)
    page.get_by_role("link", name="Watch the replay").click()
    viewer.expect_playing(page)


def test_a_replay_is_bought_and_watched_by_somebody_signed_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill("viewer@example.org")
    page.get_by_label("Password").fill("concert-demo-2026")
    page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/tickets")
    viewer.buy(page, viewer.REPLAY, "")
    viewer.expect_receipt(page)
    page.get_by_role("link", name="Watch the replay").click()
    viewer.expect_playing(page)


def test_a_declined_card_explains_itself_keeps_the_cart_and_a_retry_succeeds(page: Page) -> None:
    viewer.buy(page, viewer.LIVE, "alan@example.org", card=viewer.DECLINED)
    expect(page.get_by_role("heading", name="The payment didn’t go through")).to_be_visible()
    expect(page.get_by_text("Your bank turned the card down")).to_be_visible()
    expect(page.get_by_text("You weren’t charged.")).to_be_visible()
    expect(page.get_by_text("Maud & the Tides").first).to_be_visible()
    before = re.search(r"ord_[0-9a-z]{26}", page.url)
    page.get_by_role("button", name=re.compile("Try again")).click()
    viewer.fill_card(page, viewer.SUCCESS)
    assert before is not None
    assert viewer.expect_receipt(page) == before[0]


def test_a_card_without_money_says_so(page: Page) -> None:
    viewer.buy(page, viewer.LIVE, "poor@example.org", card="4000 0000 0000 9995")
    expect(page.get_by_text("There isn’t enough money on this card")).to_be_visible()


def test_three_d_secure_is_approved_and_paid(page: Page) -> None:
    viewer.buy(page, viewer.LIVE, "secure@example.org", card=viewer.CHALLENGE)
    page.wait_for_url(re.compile("/challenge/"))
    page.locator("button[value=approve]").click()
    viewer.expect_receipt(page)


def test_three_d_secure_refused_is_a_decline_with_a_way_on(page: Page) -> None:
    viewer.buy(page, viewer.LIVE, "insecure@example.org", card=viewer.CHALLENGE)
    page.wait_for_url(re.compile("/challenge/"))
    page.locator("button:not([value=approve])").first.click()
    expect(page.get_by_text("couldn’t confirm that it is you")).to_be_visible()


def test_a_late_bank_is_waited_for_without_paying_again(page: Page) -> None:
    viewer.buy(page, viewer.LIVE, "late@example.org", card=viewer.LATER)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Pay|Try again"))).to_have_count(0)
    viewer.expect_receipt(page)


def test_a_silent_bank_ends_in_one_receipt(page: Page) -> None:
    viewer.buy(page, viewer.LIVE, "silent@example.org", card=viewer.SILENT)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    viewer.expect_receipt(page)


def test_what_was_typed_stays_and_the_error_names_the_field(page: Page) -> None:
    viewer.open_checkout(page, viewer.LIVE, re.compile("Watch live"))
    page.get_by_label("Email").fill("nobody")
    page.get_by_label("Promotion code").fill("NOSUCHCODE")
    viewer.press_pay(page)
    summary = page.locator("#error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Write the address as in")
    expect(summary).to_contain_text("Accept the terms of sale")
    expect(summary).to_contain_text("There is no such code")
    expect(page.get_by_label("Email")).to_have_value("nobody")
    expect(page.get_by_label("Promotion code")).to_have_value("NOSUCHCODE")


def test_a_code_lowers_the_total_before_any_card_field(page: Page) -> None:
    viewer.open_checkout(page, viewer.LIVE, re.compile("Watch live"))
    page.get_by_label("Email").fill("code@example.org")
    page.get_by_label("Promotion code").fill("amis20")
    page.get_by_role("button", name="Apply code").click()
    expect(page.locator("#order-summary")).to_contain_text("€9.60")
    expect(page.get_by_label("Email")).to_have_value("code@example.org")
    expect(page.get_by_role("button", name="Pay €9.60")).to_be_visible()


def test_the_same_form_sent_twice_is_one_order(page: Page) -> None:
    viewer.open_checkout(page, viewer.LIVE, re.compile("Watch live"))
    viewer.fill_checkout(page, "twice@example.org")
    sent = page.evaluate(
        """async () => {
          const form = document.querySelector('card-checkout form');
          const body = new URLSearchParams(new FormData(form));
          const post = () => fetch(form.action, {method: 'POST', body});
          return (await Promise.all([post(), post()])).map(answer => answer.url);
        }"""
    )
    assert sent[0] == sent[1]
    assert "/orders/ord_" in sent[0]


def test_an_order_is_nobody_elses_to_see(page: Page, house: House) -> None:
    viewer.buy(page, viewer.LIVE, "private@example.org")
    order_id = viewer.expect_receipt(page)
    stranger = page.context.browser
    assert stranger is not None
    other = stranger.new_context(base_url=house.url).new_page()
    other.goto(f"/orders/{order_id}")
    expect(other).to_have_url(re.compile("/login"))
    other.context.close()


def test_without_script_a_ticket_is_bought_all_the_same(house: House, page: Page) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(base_url=house.url, java_script_enabled=False, locale="en-GB")
    tab = plain.new_page()
    viewer.buy(tab, viewer.LIVE, "noscript@example.org")
    viewer.expect_receipt(tab)
    plain.close()

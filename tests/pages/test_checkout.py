"""The counter: what is typed stays, what was shown is what is charged, and orders stay private."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import func, select

from infra.kernel.ids import new_id
from offers.tables import OfferKind, Price
from paywall.accounts.tables import Account, Consent
from paywall.checkout.tables import Order
from paywall.pages.forms import own_path
from paywall.payments.port import Element
from paywall.payments.tables import Payment, PaymentState
from tests.pages.world import Hall, form_of

TYPED = {"email": "ines@example.org", "country": "FR", "terms": "yes"}


async def counter(hall: Hall, slug: str = "maud-the-tides") -> tuple[str, dict[str, str]]:
    offer = await hall.offer(slug)
    page = await hall.browser.get(f"/buy/{offer.id}")
    assert page.status_code == 200
    return f"/buy/{offer.id}", form_of(page.text.split("<main")[1])


async def orders(hall: Hall) -> list[Order]:
    async with hall.parts.db.read() as tx:
        return list(await tx.scalars(select(Order)))


async def test_the_whole_price_with_tax_stands_before_any_card(hall: Hall) -> None:
    url, _ = await counter(hall)
    text = (await hall.browser.get(url)).text
    assert "of which VAT 5.5\xa0%" in text or "of which VAT 5.5 %" in text
    assert "Pay €12.00" in text


async def test_a_missing_field_is_named_and_nothing_is_lost(hall: Hall) -> None:
    url, hidden = await counter(hall)
    answer = await hall.browser.post(url, data=hidden | {"email": "ines@", "country": "FR"})
    assert answer.status_code == 422
    assert 'id="error-summary"' in answer.text
    assert "Write the address as in" in answer.text
    assert "Accept the terms of sale" in answer.text
    assert 'value="ines@"' in answer.text
    assert form_of(answer.text)["form_id"] == hidden["form_id"]
    assert await orders(hall) == []


async def test_another_price_than_the_one_shown_is_not_charged(hall: Hall) -> None:
    url, hidden = await counter(hall)
    offer = await hall.offer("maud-the-tides")
    async with hall.parts.db.transaction() as tx:
        tx.add(
            Price(
                id=new_id("pri"), venue_id=offer.venue_id, offer_id=offer.id, currency="EUR",
                minor=1500, valid_from=hall.clock.machine(), created_at=hall.clock.machine(),
            )
        )  # fmt: skip
    answer = await hall.browser.post(url, data=hidden | TYPED)
    assert answer.status_code == 409
    assert "The price has changed" in answer.text
    assert "Pay €15.00" in answer.text
    assert 'value="ines@example.org"' in answer.text
    assert await orders(hall) == []


async def test_an_order_whose_processor_is_silent_waits_and_is_never_paid_again(hall: Hall) -> None:
    """The sandbox's address leads nowhere here: the outcome of the call is unknown."""
    url, hidden = await counter(hall)
    answer = await hall.browser.post(url, data=hidden | TYPED)
    assert answer.status_code == 303
    payment = answer.headers["location"]
    assert payment.endswith("/payment")
    page = await hall.browser.get(payment)
    assert "Confirming your payment" in page.text
    assert "Try again" not in page.text.split("<main")[1].split("</main>")[0]
    again = await hall.browser.post(url, data=hidden | TYPED)
    assert again.headers["location"] == payment
    assert len(await orders(hall)) == 1


async def test_the_same_form_with_another_address_is_asked_about_first(hall: Hall) -> None:
    url, hidden = await counter(hall)
    await hall.browser.post(url, data=hidden | TYPED)
    other = TYPED | {"email": "other@example.org"}
    answer = await hall.browser.post(url, data=hidden | other)
    assert answer.status_code == 409
    assert "already begun this purchase" in answer.text
    fresh = form_of(answer.text.split("<main")[1])
    assert fresh["form_id"] != hidden["form_id"]
    assert (await hall.browser.post(url, data=fresh | other)).status_code == 303
    assert len(await orders(hall)) == 2


async def test_a_form_id_that_we_did_not_sign_names_nobody_elses_order(hall: Hall) -> None:
    url, hidden = await counter(hall)
    await hall.browser.post(url, data=hidden | TYPED)
    (theirs,) = await orders(hall)
    stranger = hall.new_browser()
    forged = hidden | TYPED | {"form_id": f"{theirs.id}.AAAAAAAAAAAAAAAAAAAAAA"}
    answer = await stranger.post(url, data=forged)
    assert theirs.id not in answer.headers.get("location", "")
    assert (
        (await stranger.get(f"/orders/{theirs.id}/payment"))
        .headers["location"]
        .startswith("/login")
    )


@pytest.mark.parametrize("change", ["", "x", "~"])
async def test_a_cookie_that_we_did_not_sign_shows_no_order(hall: Hall, change: str) -> None:
    url, hidden = await counter(hall)
    answer = await hall.browser.post(url, data=hidden | TYPED)
    order_id = answer.headers["location"].split("/")[2]
    stranger = hall.new_browser()
    stranger.cookies.set("pw_orders", f"{order_id}{change}.AAAAAAAAAAAAAAAAAAAAAA")
    assert (await stranger.get(f"/orders/{order_id}")).status_code == 303


async def test_a_free_order_is_done_at_once_and_a_guest_sees_no_way_in(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides")
    async with hall.parts.db.transaction() as tx:
        for price in await tx.scalars(select(Price).where(Price.offer_id == offer.id)):
            price.minor = 0
    url, hidden = await counter(hall)
    answer = await hall.browser.post(url, data=hidden | TYPED)
    receipt = await hall.browser.get(answer.headers["location"])
    assert "You’re in" in receipt.text
    assert "ines@example.org" in receipt.text
    assert "/watch/" not in receipt.text


@pytest.mark.parametrize("ticked", [True, False])
async def test_a_consent_is_recorded_only_when_its_box_was_ticked(
    hall: Hall, *, ticked: bool
) -> None:
    url, hidden = await counter(hall)
    await hall.browser.post(url, data=hidden | TYPED | ({"marketing": "yes"} if ticked else {}))
    async with hall.parts.db.read() as tx:
        rows = list(await tx.scalars(select(Consent)))
    assert [(row.granted, row.source, row.wording) for row in rows] == (
        [(True, "checkout", "checkout-2026-11")] if ticked else []
    )


async def test_marketing_is_never_ticked_for_the_buyer(hall: Hall) -> None:
    url, _ = await counter(hall)
    text = (await hall.browser.get(url)).text
    box = text.split('name="marketing"')[1].split(">")[0]
    assert "checked" not in box


async def test_somebody_signed_in_is_not_asked_for_an_address(hall: Hall) -> None:
    await hall.sign_in("viewer@example.org")
    url, hidden = await counter(hall)
    await hall.browser.post(url, data=hidden | TYPED)
    (order,) = await orders(hall)
    assert order.email == "viewer@example.org"


async def test_an_unproven_address_shows_no_tickets(hall: Hall) -> None:
    await hall.sign_in("viewer@example.org")
    async with hall.parts.db.transaction() as tx:
        account = await tx.scalar(select(Account).where(Account.email == "viewer@example.org"))
        assert account is not None
        account.email_proven_at = None
    text = (await hall.browser.get("/tickets")).text
    assert "Prove your address first" in text


async def test_a_form_from_another_site_is_refused(hall: Hall) -> None:
    url, hidden = await counter(hall)
    evil = hall.new_browser(**{"sec-fetch-site": "cross-site"})
    answer = await evil.post(url, data=hidden | TYPED)
    assert answer.status_code == 403
    assert "came from another site" in answer.text
    async with hall.parts.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(Order)) == 0


async def test_a_pass_is_bought_at_the_same_counter(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides", OfferKind.SEASON_PASS)
    text = (await hall.browser.get(f"/buy/{offer.id}")).text
    assert "Every concert of the season" in text


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\nb", ""]
)
def test_only_a_path_of_ours_is_gone_on_to(address: str) -> None:
    assert own_path(address, "/") == "/"
    assert own_path("/tickets?a=1", "/") == "/tickets?a=1"


@pytest.mark.parametrize(
    ("gateway", "params", "hosts"),
    [
        (
            "stripe",
            {"client_secret": "cs_1", "publishable_key": "pk_test_1"},
            ["https://js.stripe.com", "https://api.stripe.com", "https://hooks.stripe.com"],
        ),
        (
            "adyen",
            {
                "session_id": "CS1",
                "session_data": "abc",
                "client_key": "test_1",
                "environment": "test",
            },
            ["https://checkoutshopper-test.adyen.com"],
        ),
    ],
)
async def test_only_the_payment_page_lets_the_processors_own_form_in(
    hall: Hall, gateway: str, params: dict[str, str], hosts: list[str]
) -> None:
    url, hidden = await counter(hall)
    payment_url = (await hall.browser.post(url, data=hidden | TYPED)).headers["location"]
    async with hall.parts.db.transaction() as tx:
        payment = (await tx.scalars(select(Payment))).one()
        payment.move(PaymentState.PENDING)
        payment.processor_ref = "ref_1"
        step = Element(gateway=gateway, params=params)
        payment.next_step = msgspec.json.encode(step).decode()
    page = await hall.browser.get(payment_url)
    policy = page.headers["content-security-policy"]
    assert all(host in policy for host in hosts)
    assert f'gateway="{gateway}"' in page.text
    assert 'data-pay="Pay €12.00"' in page.text
    receipt = await hall.browser.get("/")
    assert not any(host in receipt.headers["content-security-policy"] for host in hosts)

"""What somebody asks to buy, and what it comes to. `weigh` is pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.money import Money
from offers.places import SoldOut
from offers.quote import Availability, NotAvailable, Quote, availability, pick_currency, price_now
from offers.quote import quote as quote_of
from offers.tables import Coupon
from paywall.checkout.shelf import Shelf, opens

_WHY_NOT = {
    Availability.NOT_YET: "This is not on sale yet.",
    Availability.OVER: "The sale of this has ended.",
    Availability.PAUSED: "This is not on sale at the moment.",
}


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase of one offer. `order_id` is made before, so that a retry is the same order."""

    order_id: str
    venue_id: str
    offer_id: str
    email: str  # normalised
    quantity: int = 1
    currency: str = ""
    coupon: str = ""
    locale: str = "en"
    country: str = ""
    channel: str = "web"
    external_reference: str = ""
    expected_total: Money | None = None
    """What the buyer was shown; another total is refused instead of charged."""
    terms_accepted: bool = False
    test_card: str = ""
    """Pays at the sandbox without its page; other processors never see it."""
    source: str = ""
    campaign: str = ""
    """Of the visit that it came from, where that is known."""


class PriceChanged(Conflict):
    """The price is not what the buyer was shown."""

    code = "price_changed"


def weigh(
    request: OrderRequest, shelf: Shelf | None, coupon: Coupon | None, now: datetime
) -> Quote:
    """The quote of the request now, or the reason in words why it can't be bought."""
    if shelf is None or shelf.venue.id != request.venue_id:
        raise NotFound("offer")
    if shelf.cancelled:
        raise NotAvailable("This event has been cancelled.", code="event_cancelled")
    currency = request.currency or pick_currency(shelf.prices, "", shelf.venue.currency, now)
    price = price_now(shelf.prices, currency, now)
    state = availability(shelf.offer, price, shelf.left, now, request.quantity)
    if state is Availability.SOLD_OUT:
        raise SoldOut("This offer is sold out.", offer_id=shelf.offer.id)
    if state is Availability.NO_PRICE:
        raise Invalid(
            "currency", f"This has no price in {currency}. Leave it out, or choose another."
        )
    if state is not Availability.OPEN:
        raise NotAvailable(_WHY_NOT[state], code=state.value)
    if opens(shelf, now).until <= now:
        raise NotAvailable("What this would open is already over.", code=Availability.OVER.value)
    assert price is not None
    quote = quote_of(
        shelf.offer,
        price,
        quantity=request.quantity,
        tax_bps=shelf.venue.vat_bps,
        coupon=coupon,
        now=now,
    )
    if request.expected_total is not None and request.expected_total != quote.total:
        raise PriceChanged(
            "The price has changed since this page was opened. Look at the new total, then go on.",
            total={"amount": quote.total.minor, "currency": quote.total.currency},
        )
    return quote

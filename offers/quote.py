"""What an offer costs this person now. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

import msgspec

from infra.kernel.errors import Conflict, Invalid
from infra.kernel.money import Money
from offers.tables import Coupon, Offer, OfferState, Price


class Availability(StrEnum):
    """Whether an offer can be bought now, and if not, why."""

    OPEN = "open"
    NOT_YET = "not_yet_on_sale"
    OVER = "sale_over"
    SOLD_OUT = "sold_out"
    PAUSED = "paused"
    NO_PRICE = "no_price_in_currency"


class NotAvailable(Conflict):
    """The offer can't be bought now; `code` is an Availability."""

    code = "not_available"


class CouponRefused(Invalid):
    """The code does not lower this order; the sentence says why."""

    code = "coupon_refused"


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The whole price of `quantity` of one offer. Every amount includes tax; `tax` is inside."""

    offer_id: str
    price_id: str
    quantity: int
    unit: Money
    subtotal: Money
    discount: Money
    total: Money
    tax: Money
    tax_bps: int
    coupon_id: str = ""
    coupon_code: str = ""


def price_now(prices: Sequence[Price], currency: str, now: datetime) -> Price | None:
    """The price whose half-open window holds now; the latest start wins, then the last made."""
    valid = [
        price
        for price in prices
        if price.currency == currency
        and (price.valid_from is None or price.valid_from <= now)
        and (price.valid_until is None or now < price.valid_until)
    ]

    def rank(price: Price) -> tuple[bool, float, str]:
        start = price.valid_from
        return (start is not None, start.timestamp() if start else 0.0, price.id)

    return max(valid, key=rank, default=None)


def pick_currency(prices: Sequence[Price], wanted: str, fallback: str, now: datetime) -> str:
    """The visitor's currency where the offer has a price in it now, else the venue's, else any."""
    for currency in (wanted, fallback):
        if currency and price_now(prices, currency, now) is not None:
            return currency
    open_ones = sorted({p.currency for p in prices if price_now(prices, p.currency, now)})
    return open_ones[0] if open_ones else fallback


def availability(
    offer: Offer, price: Price | None, places_left: int | None, now: datetime, quantity: int = 1
) -> Availability:
    """Whether `quantity` can be bought now. places_left None: no limit."""
    if offer.state is not OfferState.ON_SALE:
        return Availability.PAUSED
    if offer.on_sale_from is not None and now < offer.on_sale_from:
        return Availability.NOT_YET
    if offer.on_sale_until is not None and now >= offer.on_sale_until:
        return Availability.OVER
    if places_left is not None and places_left < quantity:
        return Availability.SOLD_OUT
    if price is None:
        return Availability.NO_PRICE
    return Availability.OPEN


def tax_inside(gross: Money, tax_bps: int) -> Money:
    """The tax contained in a gross amount: gross - gross / (1 + rate), rounded half up."""
    return gross.share(Fraction(tax_bps, 10_000 + tax_bps))


def discount(coupon: Coupon, subtotal: Money, offer_id: str, now: datetime) -> Money:
    """What the coupon takes off, at most the whole; raises CouponRefused with the reason."""
    if coupon.ended_at is not None:
        raise CouponRefused("coupon", "This code has been withdrawn.")
    if coupon.valid_from is not None and now < coupon.valid_from:
        raise CouponRefused("coupon", "This code is not valid yet.")
    if coupon.valid_until is not None and now >= coupon.valid_until:
        raise CouponRefused("coupon", "This code has expired.")
    if coupon.offer_id is not None and coupon.offer_id != offer_id:
        raise CouponRefused("coupon", "This code is for another offer.")
    if coupon.max_uses is not None and coupon.used >= coupon.max_uses:
        raise CouponRefused("coupon", "This code has been used up.")
    if coupon.percent_bps:
        return subtotal.share(Fraction(coupon.percent_bps, 10_000))
    if coupon.currency != subtotal.currency:
        raise CouponRefused("coupon", f"This code is for payments in {coupon.currency}.")
    return min(Money(coupon.minor, coupon.currency), subtotal)


def quote(
    offer: Offer,
    price: Price,
    *,
    quantity: int,
    tax_bps: int,
    coupon: Coupon | None,
    now: datetime,
) -> Quote:
    """The price of this many now. Raises Invalid for a quantity outside the offer's limit."""
    if not 1 <= quantity <= offer.max_per_order:
        raise Invalid("quantity", f"Choose between 1 and {offer.max_per_order}.")
    subtotal = price.amount * quantity
    off = Money(0, price.currency)
    if coupon is not None:
        off = discount(coupon, subtotal, offer.id, now)
    whole = subtotal - off
    return Quote(
        offer_id=offer.id,
        price_id=price.id,
        quantity=quantity,
        unit=price.amount,
        subtotal=subtotal,
        discount=off,
        total=whole,
        tax=tax_inside(whole, tax_bps),
        tax_bps=tax_bps,
        coupon_id=coupon.id if coupon else "",
        coupon_code=coupon.code if coupon else "",
    )

"""Quotes: windows half-open, discounts never below nothing, tax inside, sums exact."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.kernel.errors import Invalid
from infra.kernel.money import Money
from offers.quote import (
    Availability,
    CouponRefused,
    availability,
    discount,
    pick_currency,
    price_now,
    quote,
    tax_inside,
)
from offers.tables import OfferState
from tests.offers.builders import NOW, coupon, offer, price

MINOR = st.integers(0, 200_000_000)
BPS = st.integers(0, 10_000)
CURRENCY = st.sampled_from(["EUR", "JPY", "KWD", "XOF", "CHF"])
HOURS = st.integers(-1000, 1000)


def at(hours: int) -> datetime:
    return NOW + timedelta(hours=hours)


@st.composite
def windows(draw: st.DrawFn) -> tuple[datetime | None, datetime | None]:
    start = draw(st.none() | HOURS)
    length = draw(st.none() | st.integers(1, 500))
    base = start if start is not None else draw(HOURS)
    return (
        None if start is None else at(start),
        None if length is None else at(base + length),
    )


@given(st.lists(windows(), max_size=6), HOURS)
def test_the_price_now_is_the_open_one_that_started_last(
    spans: list[tuple[datetime | None, datetime | None]], hour: int
) -> None:
    now = at(hour)
    prices = [
        price(id=f"prc_{i}", valid_from=start, valid_until=end)
        for i, (start, end) in enumerate(spans)
    ]
    chosen = price_now(prices, "EUR", now)
    is_open = [
        p
        for p in prices
        if (p.valid_from is None or p.valid_from <= now)
        and (p.valid_until is None or now < p.valid_until)
    ]
    assert (chosen is None) == (not is_open)
    if chosen is None:
        return
    assert chosen in is_open
    started = [p.valid_from for p in is_open if p.valid_from is not None]
    assert chosen.valid_from == (max(started) if started else None)
    equals = [p.id for p in is_open if p.valid_from == chosen.valid_from]
    assert chosen.id == max(equals)


def test_a_window_opens_at_its_start_and_is_closed_at_its_end() -> None:
    one = price(valid_from=at(1), valid_until=at(2))
    assert price_now([one], "EUR", at(1) - timedelta(microseconds=1)) is None
    assert price_now([one], "EUR", at(1)) is one
    assert price_now([one], "EUR", at(2) - timedelta(microseconds=1)) is one
    assert price_now([one], "EUR", at(2)) is None


def test_a_visitor_gets_their_currency_where_there_is_a_price_in_it() -> None:
    prices = [price(), price(id="prc_2", currency="CHF", valid_until=at(1))]
    assert pick_currency(prices, "CHF", "EUR", at(0)) == "CHF"
    assert pick_currency(prices, "CHF", "EUR", at(1)) == "EUR"
    assert pick_currency(prices, "USD", "JPY", at(0)) == "CHF"
    assert pick_currency([], "USD", "JPY", at(0)) == "JPY"


@given(MINOR, BPS, CURRENCY)
def test_tax_inside_is_a_whole_unit_and_leaves_the_rest(
    minor: int, bps: int, currency: str
) -> None:
    gross = Money(minor, currency)
    tax = tax_inside(gross, bps)
    assert Money(0, currency) <= tax <= gross
    exact = Fraction(minor) * bps / (10_000 + bps)
    assert abs(tax.minor - exact) <= Fraction(1, 2)
    assert (gross - tax) + tax == gross


@pytest.mark.parametrize(
    ("gross", "bps", "tax"),
    # "Impossible" gross prices: no whole net amount with this rate gives them.
    [(1, 1900, 0), (2, 1900, 0), (4, 1900, 1), (1299, 2000, 217), (1001, 1900, 160), (5, 10000, 3)],
)
def test_tax_of_gross_prices_that_no_net_price_gives(gross: int, bps: int, tax: int) -> None:
    for currency in ("EUR", "JPY", "KWD"):
        assert tax_inside(Money(gross, currency), bps) == Money(tax, currency)


@given(MINOR, st.integers(1, 10), BPS, CURRENCY, st.integers(1, 10_000) | st.none(), MINOR)
def test_a_quote_adds_up(
    minor: int, quantity: int, tax_bps: int, currency: str, percent: int | None, off: int
) -> None:
    code = (
        coupon(percent_bps=percent)
        if percent is not None
        else coupon(minor=off + 1, currency=currency)
    )
    q = quote(
        offer(),
        price(minor=minor, currency=currency),
        quantity=quantity,
        tax_bps=tax_bps,
        coupon=code,
        now=NOW,
    )
    zero = Money(0, currency)
    assert q.subtotal == q.unit * quantity
    assert q.subtotal - q.discount == q.total
    assert zero <= q.discount <= q.subtotal
    assert zero <= q.tax <= q.total
    if percent == 10_000:
        assert q.total == zero


@given(MINOR, st.integers(1, 9_999), st.integers(1, 9_999))
def test_a_higher_percentage_never_takes_off_less(minor: int, a: int, b: int) -> None:
    low, high = sorted((a, b))
    subtotal = Money(minor, "JPY")
    less = discount(coupon(percent_bps=low), subtotal, "ofr_1", NOW)
    more = discount(coupon(percent_bps=high), subtotal, "ofr_1", NOW)
    assert less <= more


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (coupon(percent_bps=1, ended_at=NOW), "withdrawn"),
        (coupon(percent_bps=1, valid_from=at(1)), "not valid yet"),
        (coupon(percent_bps=1, valid_until=at(0)), "expired"),
        (coupon(percent_bps=1, offer_id="ofr_2"), "another offer"),
        (coupon(percent_bps=1, max_uses=3, used=3), "used up"),
        (coupon(minor=100, currency="CHF"), "payments in CHF"),
    ],
)
def test_a_coupon_that_does_not_apply_says_why(code: object, reason: str) -> None:
    with pytest.raises(CouponRefused, match=reason):
        discount(code, Money(1000, "EUR"), "ofr_1", NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("quantity", [0, -1, 11])
def test_a_quantity_outside_the_offers_limit_is_refused(quantity: int) -> None:
    with pytest.raises(Invalid) as refused:
        quote(offer(), price(), quantity=quantity, tax_bps=0, coupon=None, now=NOW)
    assert refused.value.field == "quantity"


def test_why_something_is_not_available_comes_in_a_fixed_order() -> None:
    closed = offer(state=OfferState.PAUSED, on_sale_from=at(1))
    assert availability(closed, None, 0, NOW) is Availability.PAUSED
    early = offer(on_sale_from=at(1), on_sale_until=at(2))
    assert availability(early, None, 0, at(0)) is Availability.NOT_YET
    assert availability(early, price(), 5, at(1)) is Availability.OPEN
    assert availability(early, price(), 5, at(2)) is Availability.OVER
    assert availability(offer(), price(), 1, NOW, 2) is Availability.SOLD_OUT
    assert availability(offer(), None, None, NOW) is Availability.NO_PRICE
    assert availability(offer(), price(), None, NOW, 99) is Availability.OPEN

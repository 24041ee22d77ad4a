from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.adapters.stripe_money import UnreadableAmount, from_stripe, to_stripe
from infra.kernel.money import Money
from paywall.payments.port import GatewayRefused

CURRENCIES = (
    "EUR USD GBP CHF SEK HUF TWD MGA MRU"
    " BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF ISK UGX"
    " BHD JOD KWD OMR TND IQD LYD"
)


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money(1000, "USD"), 1000),  # "1000 to charge 10 USD"
        (Money(10, "JPY"), 10),  # "10 to charge 10 JPY"
        (Money(5, "ISK"), 500),  # "to charge 5 ISK, provide an amount value of 500"
        (Money(5, "UGX"), 500),
        (Money(5120, "KWD"), 5120),  # 5.120 KWD
        (Money(1045, "HUF"), 1045),  # charges have two decimals, payouts none
        (Money(50_000, "MGA"), 500),  # ISO counts a fifth as hundredths; Stripe counts none
    ],
)
def test_stripes_published_examples_hold_in_both_directions(money: Money, amount: int) -> None:
    assert to_stripe(money) == amount
    assert from_stripe(amount, money.currency.lower()) == money


@pytest.mark.parametrize("money", [Money(5124, "KWD"), Money(1, "MGA"), Money(1000, "IQD")])
def test_an_amount_that_stripe_cannot_charge_is_refused_not_rounded(money: Money) -> None:
    with pytest.raises(GatewayRefused):
        to_stripe(money)


def test_half_a_krona_is_unreadable() -> None:
    with pytest.raises(UnreadableAmount):
        from_stripe(550, "isk")


@given(st.integers(0, 10**12), st.sampled_from(CURRENCIES.split()))
def test_an_amount_comes_back_as_it_went_or_never_goes(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    try:
        amount = to_stripe(money)
    except GatewayRefused:
        return
    assert from_stripe(amount, currency.lower()) == money


@given(st.integers(0, 10**12), st.sampled_from(CURRENCIES.split()))
def test_what_stripe_says_is_said_back_alike_or_refused(amount: int, currency: str) -> None:
    try:
        again = to_stripe(from_stripe(amount, currency.lower()))
    except (UnreadableAmount, GatewayRefused):
        return
    assert again == amount

"""Money: whole units, nothing lost in splitting, no mixing of currencies."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.kernel.errors import Invalid
from infra.kernel.money import Money, exponent, total

MINOR = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@given(MINOR, WEIGHTS)
def test_parts_sum_to_the_whole_and_stay_within_one_unit(minor: int, weights: list[int]) -> None:
    whole = Money(minor, "EUR")
    parts = whole.split(weights)
    assert total(parts, "EUR") == whole
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(minor) * weight / sum(weights)
        assert abs(part.minor - exact) < 1
        assert weight or part.minor == 0


@given(MINOR, WEIGHTS, st.integers(2, 50))
def test_only_the_proportion_of_weights_matters(
    minor: int, weights: list[int], factor: int
) -> None:
    whole = Money(minor, "JPY")
    assert whole.split(weights) == whole.split([weight * factor for weight in weights])


@given(MINOR, st.fractions(0, 1))
def test_a_share_is_the_nearest_whole_unit(minor: int, fraction: Fraction) -> None:
    share = Money(minor, "KWD").share(fraction)
    assert abs(share.minor - minor * fraction) <= Fraction(1, 2)
    assert Money(-minor, "KWD").share(fraction) == -share


@given(MINOR, MINOR, st.integers(-1000, 1000))
def test_it_adds_and_multiplies_like_whole_numbers(a: int, b: int, count: int) -> None:
    one, two = Money(a, "EUR"), Money(b, "EUR")
    assert (one + two) - two == one
    assert (one * count).minor == a * count
    assert (one < two) == (a < b)
    assert (one <= two) == (a <= b)
    assert bool(one) == bool(a)


def test_ties_go_to_the_earlier_part() -> None:
    assert [p.minor for p in Money(100, "EUR").split([1, 1, 1])] == [34, 33, 33]
    assert [p.minor for p in Money(-100, "EUR").split([1, 1, 1])] == [-34, -33, -33]
    assert [p.minor for p in Money(1, "JPY").split([1, 1])] == [1, 0]


@pytest.mark.parametrize(
    ("currency", "places", "text"), [("EUR", 2, "12.99"), ("JPY", 0, "1299"), ("KWD", 3, "1.299")]
)
def test_minor_units_follow_the_currency(currency: str, places: int, text: str) -> None:
    assert exponent(currency) == places
    assert Money(1299, currency).decimal() == Decimal(text)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(AssertionError, match="EUR is not CHF"):
        Money(1, "EUR") + Money(1, "CHF")


@pytest.mark.parametrize("code", ["eur", "EU", "EURO", "E1R", "", "ÉUR"])
def test_a_currency_is_three_capitals(code: str) -> None:
    with pytest.raises(Invalid):
        Money(1, code)

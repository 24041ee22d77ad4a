"""Money as integers of a currency's smallest unit. No floats, no rounding that loses a unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Self

import msgspec

from infra.kernel.errors import Invalid

# ISO 4217 exponents that differ from 2 (ISO 4217:2015, list one, by SIX, read 2026-11).
# Processors deviate (Adyen and Stripe each publish a list of their own): adapters convert.
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


def exponent(currency: str) -> int:
    """Decimal places of the currency's minor unit by ISO 4217: EUR 2, JPY 0, KWD 3."""
    return _EXPONENTS.get(currency, 2)


@cache
def _is_currency(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units (cents, yen) of one ISO 4217 currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        assert type(self.minor) is int, "minor units are whole numbers"
        if not _is_currency(self.currency):
            raise Invalid("currency", "Use a three-letter ISO 4217 code in capitals, such as EUR.")

    def _same(self, other: Money) -> None:
        assert self.currency == other.currency, f"{self.currency} is not {other.currency}"

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        assert isinstance(count, int)
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    def share(self, fraction: Fraction) -> Money:
        """This part of the amount, rounded half away from zero to a whole minor unit."""
        exact = self.minor * fraction
        rounded = int(abs(exact) + Fraction(1, 2))
        return Money(rounded if exact >= 0 else -rounded, self.currency)

    def split(self, weights: Sequence[int | Fraction]) -> list[Money]:
        """Parts in proportion to weights that sum to the whole (largest remainder).

        Ties go to the earlier part. Weights are not negative and not all zero.
        """
        total = sum(Fraction(w) for w in weights)
        assert total > 0, "weights must not all be zero"
        assert all(w >= 0 for w in weights), "weights must not be negative"
        exact = [abs(self.minor) * Fraction(w) / total for w in weights]
        floors = [int(e) for e in exact]
        missing = abs(self.minor) - sum(floors)
        by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
        for i in by_remainder[:missing]:
            floors[i] += 1
        sign = 1 if self.minor >= 0 else -1
        return [Money(sign * part, self.currency) for part in floors]

    def decimal(self) -> Decimal:
        """The amount in whole currency units, exact: Money(1299, "EUR") is Decimal("12.99")."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Sum of amounts that are all in currency; zero of it when there are none."""
    result = Money(0, currency)
    for amount in amounts:
        result = result + amount
    return result

"""Amounts as Stripe counts them. Pure: converts exactly or refuses, never rounds.

Source: https://docs.stripe.com/currencies ("Zero-decimal currencies", "Three-decimal currencies",
"Special cases"), stored copies of 2022 and 2026 read 2026-11-22. The page's list of 2026 no longer
names the three-decimal currencies; the rule for them (last digit 0) is that of the 2022 copy.
"""

from __future__ import annotations

from infra.kernel.money import Money, exponent
from paywall.payments.port import GatewayRefused

_ZERO_DECIMAL = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
        *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)

# Whole units only, yet sent in hundredths that are always 00: "to charge 5 ISK, provide an amount
# value of 500". UGX is in the page's zero-decimal list too; its own special case says otherwise
# and is the later of the two, so it wins. HUF and TWD are whole only in payouts, which we don't
# make: charges have two decimals.
_WHOLE_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})

# "These API calls require the least-significant (last) digit to be 0": 5.124 KWD can't be charged.
_THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


class UnreadableAmount(ValueError):
    """Stripe names an amount that our minor units can't express: half a krona."""


def _stripe_exponent(currency: str) -> int:
    if currency in _ZERO_DECIMAL:
        return 0
    if currency in _THREE_DECIMAL:
        return 3
    return 2


def to_stripe(money: Money) -> int:
    """The integer that Stripe expects for this amount.

    Raises GatewayRefused for an amount that Stripe can't charge: a third decimal that is not 0,
    cents of an ariary, a three-decimal currency that Stripe does not list.
    """
    ours, theirs = exponent(money.currency), _stripe_exponent(money.currency)
    if ours == 3 and theirs != 3:
        raise GatewayRefused(f"Stripe does not take {money.currency}.")
    scale = int(10 ** abs(ours - theirs))
    step = 10 if theirs == 3 else scale if ours > theirs else 1
    if money.minor % step:
        smallest = Money(step, money.currency).decimal()
        raise GatewayRefused(
            f"Stripe takes {money.currency} in steps of {smallest}; {money.decimal()} is not one."
        )
    return money.minor * scale if theirs > ours else money.minor // scale


def from_stripe(amount: int, currency: str) -> Money:
    """What Stripe's integer means; `currency` as Stripe writes it, in lower case.

    Raises UnreadableAmount where our minor units are too coarse for it.
    """
    code = currency.upper()
    ours, theirs = exponent(code), _stripe_exponent(code)
    if ours >= theirs:
        return Money(amount * int(10 ** (ours - theirs)), code)
    minor, rest = divmod(amount, 10 ** (theirs - ours))
    if rest:
        raise UnreadableAmount(f"{amount} of Stripe's {currency} is not a whole minor unit")
    return Money(minor, code)

"""The sandbox's test cards and fees. Pure.

Numbers are Stripe's published test numbers where one has the same meaning
(https://docs.stripe.com/testing, read 2026-11); the rest are ours, in the same range.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

import msgspec

from infra.kernel.clock import from_epoch_s
from infra.kernel.money import Money, exponent


class Fate(StrEnum):
    """What happens when a card pays."""

    CAPTURE = "capture"
    DECLINE = "decline"
    CHALLENGE = "challenge"  # 3-D Secure page first
    LATER = "later"  # pending, captured after `CAPTURE_DELAY_S`
    SILENCE = "silence"  # the API answers 502 for the payment for `SILENCE_S`, then captured
    DISPUTE = "dispute"  # captured, disputed after `DISPUTE_DELAY_S`


CAPTURE_DELAY_S = 10
SILENCE_S = 20
DISPUTE_DELAY_S = 5
OPEN_LIFE_S = 24 * 3600  # a page that nobody fills in fails as abandoned after this


class TestCard(msgspec.Struct, frozen=True):
    """One row of the table on the card page and in docs/payments.md."""

    number: str
    fate: Fate
    decline: str  # the sandbox's word, empty unless the fate is DECLINE
    english: str
    french: str


TEST_CARDS = (
    TestCard("4242424242424242", Fate.CAPTURE, "", "Paid at once", "Payé aussitôt"),
    TestCard("4000000000000002", Fate.DECLINE, "card_declined", "Declined", "Refusée"),
    TestCard(
        "4000000000009995",
        Fate.DECLINE,
        "insufficient_funds",
        "Declined: not enough money",
        "Refusée : provision insuffisante",
    ),
    TestCard(
        "4000000000000069", Fate.DECLINE, "expired_card", "Declined: expired", "Refusée : expirée"
    ),
    TestCard(
        "4000000000000127",
        Fate.DECLINE,
        "incorrect_cvc",
        "Declined: wrong security code",
        "Refusée : code de sécurité faux",
    ),
    TestCard(
        "4100000000000019",
        Fate.DECLINE,
        "fraud_suspected",
        "Declined: looks like fraud",
        "Refusée : fraude soupçonnée",
    ),
    TestCard(
        "4000002500003155",
        Fate.CHALLENGE,
        "",
        "3-D Secure: approve or refuse",
        "3-D Secure : accepter ou refuser",
    ),
    TestCard(
        "4000000000000507",
        Fate.LATER,
        "",
        f"Pending, paid after {CAPTURE_DELAY_S} seconds",
        f"En attente, payé après {CAPTURE_DELAY_S} secondes",
    ),
    TestCard(
        "4000000000000408",
        Fate.SILENCE,
        "",
        f"Time-out: no answer for {SILENCE_S} seconds, then paid",
        f"Sans réponse pendant {SILENCE_S} secondes, puis payé",
    ),
    TestCard(
        "4000000000000259",
        Fate.DISPUTE,
        "",
        f"Paid, then disputed after {DISPUTE_DELAY_S} seconds",
        f"Payé, puis contesté après {DISPUTE_DELAY_S} secondes",
    ),
)
BY_NUMBER = {card.number: card for card in TEST_CARDS}


def digits(number: str) -> str:
    """The number as typed, without the spaces and dashes that people put into it."""
    return "".join(c for c in number if c not in " -\u00a0")


GOOD_FOR_YEARS = 3


def last_month(now: float) -> str:
    """`2029-12`: the last month of a test card of which nobody said one."""
    return f"{from_epoch_s(int(now)).year + GOOD_FOR_YEARS}-12"


def luhn(number: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    doubled = [int(d) * 2 for d in number[-2::-2]]
    total = sum(int(d) for d in number[-1::-2]) + sum(d - 9 if d > 9 else d for d in doubled)
    return total % 10 == 0


def spaced(number: str) -> str:
    """Four by four, as printed on a card."""
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def fee(amount: Money) -> Money:
    """1.4 % + 0.25 of the payment's own currency unit, rounded once, half away from zero."""
    exact = amount.minor * Fraction(14, 1000) + Fraction(10 ** exponent(amount.currency), 4)
    return Money(1, amount.currency).share(exact)

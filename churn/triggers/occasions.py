"""When: the occasions on which an action may be taken, each with its usual number. Pure."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from churn.triggers.conditions import EVERYBODY, All, Compare, Condition, MoreThan
from infra.kernel.errors import Invalid


class Occasion(msgspec.Struct, frozen=True):
    """One occasion. `meaning` is English and goes through the catalogues."""

    name: str
    meaning: str
    condition: Callable[[float], Condition]
    level: float | None = None
    """The usual number; None where the occasion has none."""
    low: float = 0
    high: float = 365
    unit: str = ""
    """`days` or `share`."""
    contractual: bool = False
    """It concerns a contract that runs: a plain mail about it is a notice and no advertising."""
    chance: str = "risk"
    """Which score says how likely the person is to go."""


def _between(feature: str, days: float) -> tuple[Condition, Condition]:
    return Compare(feature, "ge", 0), Compare(feature, "le", days)


def _yes(feature: str) -> Condition:
    return Compare(feature, "eq", 1)


ALWAYS = Occasion("always", "any day", lambda _level: EVERYBODY)
OCCASIONS: tuple[Occasion, ...] = (
    Occasion(
        "risk_rising",
        "the risk of leaving is above a level and rising",
        lambda level: All([Compare("risk", "gt", level), MoreThan("risk", "risk_before")]),
        level=0.2,
        high=1,
        unit="share",
    ),
    Occasion(
        "card_expires",
        "the card of a subscription expires soon",
        lambda days: All([_yes("subscribed"), *_between("card_expires_in_days", days)]),
        level=30,
        unit="days",
        contractual=True,
        chance="payment_risk",
    ),
    Occasion(
        "payment_failed",
        "a payment of a subscription failed",
        lambda _level: All([_yes("subscribed"), _yes("payment_failed")]),
        contractual=True,
        chance="payment_risk",
    ),
    Occasion(
        "trial_ends",
        "a trial ends soon",
        lambda days: All([_yes("trial"), *_between("trial_ends_in_days", days)]),
        level=3,
        unit="days",
        contractual=True,
    ),
    Occasion(
        "discount_ends",
        "a discount ends soon",
        lambda days: All([_yes("subscribed"), *_between("discount_ends_in_days", days)]),
        level=14,
        unit="days",
        contractual=True,
    ),
    Occasion(
        "silent",
        "they have watched nothing for some time",
        lambda days: Compare("days_since_watched", "ge", days),
        level=21,
        unit="days",
    ),
    Occasion(
        "bad_stream",
        "they had a bad stream last night",
        lambda _level: _yes("bad_stream_1"),
    ),
    Occasion(
        "first_concert",
        "they have just watched their first concert in 90 days",
        lambda days: All(
            [
                Compare("concerts_90", "eq", 1),
                Compare("active_days_90", "eq", 1),
                Compare("days_since_watched", "le", days),
            ]
        ),
        level=2,
        unit="days",
    ),
    ALWAYS,
)
OCCASION = {one.name: one for one in OCCASIONS}


def check(name: str, level: float | None) -> None:
    """Invalid where there is no such occasion, or its number lies outside what makes sense."""
    found = OCCASION.get(name)
    if found is None:
        raise Invalid("occasion", f"Choose one of {', '.join(sorted(OCCASION))}.")
    if level is not None and not found.low <= level <= found.high:
        raise Invalid("level", f"Give a number from {found.low:g} to {found.high:g}.")


def condition(name: str, level: float | None) -> Condition:
    """What the occasion asks of a person."""
    found = OCCASION[name]
    return found.condition(found.level or 0 if level is None else level)

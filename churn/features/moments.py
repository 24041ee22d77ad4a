"""Time inside expressions: the same arithmetic on every engine, in whole seconds since 1970."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table, TimestampValue

from churn.lake import Facts
from infra.kernel.clock import epoch_s

DAY_S = 86_400


def past(facts: Facts, name: str) -> Table:
    """Facts that were known at the moment and had happened by then.

    Some are written down before they take effect, such as an ending in a month's time.
    """
    return facts.table(name).filter(lambda t: t.event_at <= ibis.literal(facts.as_of))


def within(at: TimestampValue, as_of: datetime, days: int, before: int = 0) -> BooleanValue:
    """In the `days` that ended `before` days ago: after their start, at their end at the latest."""
    end = as_of - timedelta(days=before)
    return (at > ibis.literal(end - timedelta(days=days))) & (at <= ibis.literal(end))


def days_since(at: TimestampValue, as_of: datetime) -> IntegerValue:
    """Whole days gone since then, rounded down."""
    return (ibis.literal(epoch_s(as_of)) - second(at)) // DAY_S


def days_until(at: TimestampValue, as_of: datetime) -> IntegerValue:
    """Whole days left until then, rounded down; negative when it is over."""
    return (second(at) - ibis.literal(epoch_s(as_of))) // DAY_S


def second(at: TimestampValue) -> IntegerValue:
    """Seconds since 1970, fractions cut (engines differ in whether they would round them)."""
    return at.truncate("s").epoch_seconds().cast("int64")


def day(at: TimestampValue) -> IntegerValue:
    """The calendar day in UTC, as a number."""
    return second(at) // DAY_S

"""Monthly recurring revenue: its level, what moved it, who pays it."""

from __future__ import annotations

import ibis
from ibis.expr.types import StringValue, Table

from churn.lake import Facts
from churn.metrics.calendar import Calendar
from churn.metrics.shape import values
from churn.metrics.states import steps


def paying(facts: Facts, calendar: Calendar, definition: str = "paid") -> Table:
    """Who pays at each month's end: `month`, `currency`, `person`, `amount` of a month."""
    step = steps(facts, definition)
    next_at = step["at"].lead().over(group_by=("person", "currency"), order_by="at")
    level = step.mutate(next_at=next_at).filter(lambda t: t.after > 0)
    month = calendar.table(facts.as_of)
    there = [
        level["at"] < month.ends_at,
        level.next_at.isnull() | (level.next_at >= month.ends_at),
    ]
    return level.join(month, there).select(
        month.month, level.currency, level.person, amount=level.after
    )


def mrr(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month and currency; `count` is people."""
    who = paying(facts, calendar, definition)
    whole = who.group_by("month", "currency").agg(value=who.amount.sum(), count=who.count())
    return values(whole)


def subscribers(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month; a person who pays in two currencies is one."""
    assert definition == "paywall"
    who = paying(facts, calendar)
    whole = who.group_by("month").agg(count=who.person.nunique())
    return values(whole, value=whole["count"])


def arpu(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month and currency, in minor units with their fraction."""
    assert definition == "mrr"
    who = paying(facts, calendar)
    whole = who.group_by("month", "currency").agg(sum=who.amount.sum(), count=who.count())
    return values(whole, value=whole["sum"] / whole["count"])


def movement_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Each person's movement: `month`, `currency`, `person`, `dimension` (its kind), `before`,
    `after`, `amount` (their difference, below zero for a loss), of `every` also `at`."""
    step = steps(facts).mutate(month=lambda t: calendar.month_of(t["at"]))
    if definition == "snapshot":
        keys = ("month", "person", "currency", "first_at")
        step = step.group_by(*keys).agg(
            after=step.after.argmax(step["at"]), delta=step.delta.sum(), at=step["at"].max()
        )
        step = step.mutate(before=step.after - step.delta)
    step = step.filter((step.month != "") & (step.delta != 0))
    return step.select(
        "month", "currency", "person", "before", "after", "at",
        dimension=kind(step, calendar), amount=step.delta,
    )  # fmt: skip


def kind(step: Table, calendar: Calendar) -> StringValue:
    """Which of the five movements a step is; who first paid in that month is new."""
    new = step.first_at == step["at"]
    new = new | (calendar.month_of(step.first_at) == step.month)
    return ibis.cases(
        ((step.before == 0) & new, "new"),
        (step.before == 0, "reactivated"),
        (step.after == 0, "churned"),
        (step.after > step.before, "expansion"),
        else_="contraction",
    )


def movements(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month, currency and kind. They sum to the change of MRR; losses are below zero."""
    row = movement_rows(facts, calendar, definition)
    keys = ("month", "currency", "dimension")
    return values(row.group_by(*keys).agg(value=row.amount.sum(), count=row.person.nunique()))

"""Churn of subscribers and of money, and who left for what."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import Table

from churn.lake import Facts
from churn.metrics.calendar import Calendar
from churn.metrics.mrr import movement_rows
from churn.metrics.shape import values
from churn.metrics.states import states, steps

SAID_NOTHING = "not said"


def leavers(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Who left: `month`, `person`, `at`, `cause`, `reason`, `began` (paid at the month's start).

    `start`: who paid at the month's start and doesn't at its end. Others: each leaving within the
    month, the person's last one for `recurly`, all of them for `stripe`.
    """
    step = steps(facts, by_currency=False).mutate(month=lambda t: calendar.month_of(t["at"]))
    step = step.filter(step.month != "")
    keys = ("month", "person")
    first = step.group_by(*keys).agg(
        before=step.before.argmin(step["at"]), last=step.after.argmax(step["at"])
    )
    gone = step.filter(step.after == 0)
    if definition != "stripe":
        gone = gone.group_by(*keys).agg(at=gone["at"].max())
    gone = gone.join(first, keys).select(
        gone.month, gone.person, gone["at"], first.before, first.last
    )
    if definition == "start":
        gone = gone.filter((gone.before > 0) & (gone.last == 0))
    why = _endings(facts)
    said = gone.left_join(why, [gone.person == why.person, gone["at"] == why.from_at])
    return said.select(
        gone.month, gone.person, gone["at"], cause=why.cause.fill_null("paused"),
        reason=why.reason.fill_null(""), began=gone.before > 0,
    )  # fmt: skip


def _endings(facts: Facts) -> Table:
    """One a person and moment, where several subscriptions ended at once."""
    ended = states(facts).filter(lambda t: t.change == "ended")
    return ended.group_by("person", "from_at").agg(
        cause=ended.cause.nullif("").max(), reason=ended.reason.nullif("").max()
    )


def subscriber_churn(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month; `count` is those who left. No value where nobody could have."""
    at_start, joined = _at_start(facts, calendar)
    gone = leavers(facts, calendar, definition)
    left = gone.group_by("month").agg(left=gone.count())
    month = at_start.left_join(left, "month").select(at_start, left.left)
    month = month.left_join(joined, "month").select(month, joined.joined)
    base = month.people
    if definition == "stripe":
        base = base + month.joined.fill_null(0)
    lost = month.left.fill_null(0)
    whole = values(month, value=lost / base.nullif(0), count=lost)
    return whole.filter(whole.value.notnull())


def _at_start(facts: Facts, calendar: Calendar) -> tuple[Table, Table]:
    """`people` paying at each month's start, and how often somebody began in it (`joined`)."""
    step = steps(facts, by_currency=False)
    turn = ibis.cases((step.before == 0, 1), (step.after == 0, -1), else_=0)
    step = step.mutate(turn=turn, month=calendar.month_of(step["at"]))
    turned = step.group_by("month").agg(
        turn=step.turn.sum(), joined=step.count(where=step.turn > 0)
    )
    month = calendar.table(facts.as_of)
    earlier = month.join(turned, turned.month < month.month)
    at_start = earlier.group_by(month=month.month).agg(people=turned.turn.sum())
    return at_start, turned.select("month", "joined")


def money_churn(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month and currency; `count` is the people behind the losses."""
    step = steps(facts).mutate(month=lambda t: calendar.month_of(t["at"]))
    moved = step.group_by("month", "currency").agg(delta=step.delta.sum())
    month = calendar.table(facts.as_of)
    earlier = month.join(moved, moved.month < month.month)
    start = earlier.group_by(month=month.month, currency=moved.currency).agg(
        start=moved.delta.sum()
    )
    row = movement_rows(facts, calendar, "snapshot")
    loss = row.dimension.isin(["churned", "contraction"])
    counted = (
        loss if definition == "gross" else loss | row.dimension.isin(["expansion", "reactivated"])
    )
    lost = row.group_by("month", "currency").agg(
        lost=-row.amount.sum(where=counted), count=row.person.nunique(where=loss)
    )
    keys = ("month", "currency")
    whole = start.left_join(lost, keys).select(start, lost.lost, lost["count"])
    whole = whole.filter(whole.start > 0)
    return values(
        whole, value=whole.lost.fill_null(0) / whole.start, count=whole["count"].fill_null(0)
    )


def money_churn_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """The movements that the figure is made of."""
    kinds = ["churned", "contraction"]
    if definition == "net":
        kinds += ["expansion", "reactivated"]
    return movement_rows(facts, calendar, "snapshot").filter(lambda t: t.dimension.isin(kinds))


def cause_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Who left, each with `dimension`, the cause."""
    assert definition == "ended"
    gone = leavers(facts, calendar, "start")
    return gone.mutate(dimension=gone.cause)


def reason_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Who left by choice, each with `dimension`, the reason."""
    assert definition == "paywall"
    gone = leavers(facts, calendar, "start").filter(lambda t: t.cause == "choice")
    return gone.mutate(dimension=gone.reason.nullif("").fill_null(SAID_NOTHING))


def by_cause(facts: Facts, calendar: Calendar, definition: str) -> Table:
    return _counted(cause_rows(facts, calendar, definition))


def by_reason(facts: Facts, calendar: Calendar, definition: str) -> Table:
    return _counted(reason_rows(facts, calendar, definition))


def _counted(rows: Table) -> Table:
    whole: Any = rows.group_by("month", "dimension").agg(count=rows.count())
    return values(whole, value=whole["count"])

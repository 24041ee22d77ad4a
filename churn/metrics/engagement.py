"""How much is watched: people, days, minutes, live against replay."""

from __future__ import annotations

from ibis.expr.types import Table

from churn.features.moments import past
from churn.lake import Facts
from churn.metrics.calendar import Calendar
from churn.metrics.shape import values

ACTIVE_DAYS = 30


def sessions(facts: Facts, calendar: Calendar) -> Table:
    """Sessions with any picture, of known people and others, with their `month`."""
    session = past(facts, "viewing").filter(lambda t: t.watched_s > 0)
    session = session.mutate(month=calendar.month_of(session.event_at))
    return session.filter(session.month != "")


def minute_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Each person's minutes in a month of one kind: `month`, `person`, `dimension`, `amount`."""
    assert definition == "paywall"
    session = sessions(facts, calendar)
    keys = {"month": session.month, "person": session.person, "dimension": session.kind}
    return session.group_by(**keys).agg(amount=session.watched_s.sum() / 60)


def minutes(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month and kind; `count` is people."""
    row = minute_rows(facts, calendar, definition)
    whole = row.group_by("month", "dimension").agg(value=row.amount.sum(), count=row.count())
    return values(whole)


def viewers(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month. Sessions of nobody known count as one person together, if at all."""
    row = minute_rows(facts, calendar, definition)
    whole = row.group_by("month").agg(count=row.person.nullif("").nunique())
    return values(whole, value=whole["count"])


def live_share(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month; `count` is people."""
    row = minute_rows(facts, calendar, definition)
    live = row.amount.sum(where=row.dimension == "live").fill_null(0)
    whole = row.group_by("month").agg(value=live / row.amount.sum(), count=row.person.nunique())
    return values(whole)


def day_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """How many days each person watched in the 30 up to the month's end (or to now):
    `month`, `person`, `amount`."""
    assert definition == "paywall"
    session = past(facts, "viewing").filter(lambda t: (t.watched_s > 0) & (t.person != ""))
    day = session.select("person", day=calendar.day(session.event_at)).distinct()
    month = calendar.table(facts.as_of)
    within = [day.day <= month.until_day, day.day > month.until_day - ACTIVE_DAYS]
    both = day.join(month, within).select(month.month, day.person)
    return both.group_by("month", "person").agg(amount=both.count())


def active_days(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month; `count` is the people who watched in those days."""
    row = day_rows(facts, calendar, definition)
    return values(row.group_by("month").agg(value=row.amount.mean(), count=row.count()))

"""Trials that became paid, free that became paid, basic that became premium."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table, TimestampColumn

from churn.features.moments import past
from churn.features.subscriptions import in_spells
from churn.lake import Facts
from churn.metrics.calendar import Calendar
from churn.metrics.shape import values
from churn.metrics.states import FREE, PAYING, PREMIUM, states


def trial_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Each trial that came to its end: `month`, `person`, `subscription_id`, `tried_at`, `over_at`,
    `converted` (it pays, then or since)."""
    assert definition == "ended"
    change = in_spells(past(facts, "subscriptions").filter(lambda t: t.person != ""))
    trial = change.group_by("person", "subscription_id", "spell").agg(
        tried_at=change.event_at.min(where=change.change == "trial_started"),
        started_at=change.event_at.min(where=change.change == "started"),
        ended_at=change.event_at.min(where=change.change == "ended"),
        due_at=change.trial_until.max(),
    )
    now = ibis.literal(facts.as_of)
    due_at = ibis.ifelse(trial.due_at <= now, trial.due_at, ibis.null(trial.due_at.type()))
    trial = trial.mutate(over_at=ibis.least(trial.started_at, trial.ended_at, due_at))
    trial = trial.filter(trial.tried_at.notnull() & trial.over_at.notnull())
    trial = trial.mutate(month=calendar.month_of(trial.over_at))
    return trial.filter(trial.month != "").select(
        "month", "person", "subscription_id", "tried_at", "over_at",
        converted=trial.started_at.notnull(),
    )  # fmt: skip


def best(facts: Facts, calendar: Calendar, edge: str) -> Table:
    """Each person's best rank at the months' edge, `starts_at` or `ends_at`."""
    state = states(facts)
    state = state.filter(state["rank"] > 0)
    month = calendar.table(facts.as_of)
    moment: TimestampColumn = month[edge]
    there = [state.from_at < moment, state.until_at.isnull() | (state.until_at >= moment)]
    running = state.join(month, there).select(month.month, state.person, state["rank"])
    return running.group_by("month", "person").agg(rank=running["rank"].max())


def free_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Who was on a free plan at the month's start: `month`, `person`, `converted` (pays at its
    end)."""
    assert definition == "paywall"
    return _moved(facts, calendar, FREE, PAYING)


def basic_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Who paid for less than premium at the month's start, and whether they pay for it at its
    end."""
    assert definition == "paywall"
    return _moved(facts, calendar, PAYING, PREMIUM)


def _moved(facts: Facts, calendar: Calendar, rank: int, least: int) -> Table:
    before = best(facts, calendar, "starts_at").filter(lambda t: t["rank"] == rank)
    after = best(facts, calendar, "ends_at").select("month", "person", rank_then="rank")
    both = before.left_join(after, ["month", "person"]).select(before, after.rank_then)
    return both.select("month", "person", converted=both.rank_then.fill_null(0) >= least)


def _share(rows: Table) -> Table:
    whole = rows.group_by("month").agg(
        value=rows.converted.cast("float64").mean(), count=rows.count()
    )
    return values(whole)


def trials(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month; `count` is the trials that came to their end."""
    return _share(trial_rows(facts, calendar, definition))


def free_to_paid(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month; `count` is who was on a free plan at its start."""
    return _share(free_rows(facts, calendar, definition))


def basic_to_premium(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month; `count` is who paid for basic at its start."""
    return _share(basic_rows(facts, calendar, definition))

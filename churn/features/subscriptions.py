"""The person's subscription as of a moment, read from its changes.

Running is what has begun and neither ended nor is paused. Of several subscriptions of one person
the running one that changed last counts; without a running one, nothing is said but that it isn't.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from churn.features.moments import days_since, days_until, past, within
from churn.lake import Facts

IN_ORDER = ("event_at", "known_at", "fact_id")
BEGINNINGS = ("trial_started", "started", "resumed")
"""What may begin anew after an end; anything else then is late paperwork of what is over."""
OVERDUE_INTERVAL_DAYS = 31
"""A paid period that ended longer ago than one interval says nothing of the next payment."""


def of_person(facts: Facts) -> Table:
    """A row a person who ever had a subscription; the columns of FEATURES's `subscription`."""
    as_of = facts.as_of
    changes = in_spells(past(facts, "subscriptions").filter(lambda t: t.person != ""))
    running = _latest(_running(changes, facts), "person")
    ever = changes.group_by("person").agg(
        first_at=lambda t: t.event_at.min(),
        first_ended_at=lambda t: t.event_at.min(where=t.change == "ended"),
        plan_changes_365=lambda t: t.count(where=_replanned(t) & within(t.event_at, as_of, 365)),
    )
    now = ever.left_join(running, "person").drop("person_right")
    discounted = now.discount_until.isnull() | (now.discount_until > ibis.literal(as_of))
    now = now.mutate(price=ibis.ifelse(discounted, now.price_minor, now.list_minor))
    months = now.interval_months.nullif(0)
    return now.select(
        "person",
        "first_at",
        "interval_months",
        "plan_changes_365",
        subscription_currency=now.currency,
        subscribed=now.subscription_id.notnull(),
        plan=now.plan,
        tier=now.tier,
        trial=now.trial.fill_null(False),
        trial_ends_in_days=ibis.ifelse(now.trial, days_until(now.trial_until, as_of), ibis.null()),
        subscribed_days=days_since(now.began_at, as_of),
        price_month_minor=now.price / months,
        list_month_minor=now.list_minor / months,
        discount_share=1 - now.price / now.list_minor.nullif(0),
        discount_ends_in_days=ibis.ifelse(
            now.discount_until > ibis.literal(as_of),
            days_until(now.discount_until, as_of),
            ibis.null(),
        ),
        renews_in_days=ibis.ifelse(
            now.asked, ibis.null(), _renews(days_until(now.due_at, as_of), months)
        ),
        came_back=(now.first_ended_at < now.began_at).fill_null(False),
    )


def in_spells(changes: Table) -> Table:
    """Adds `spell`: 0 until the subscription first ended, 1 after that ..., and `plan_before`."""
    before = ibis.window(group_by="subscription_id", order_by=IN_ORDER, rows=(None, -1))
    row = ibis.window(group_by="subscription_id", order_by=IN_ORDER)
    return changes.mutate(
        spell=(changes.change == "ended").cast("int64").sum().over(before).fill_null(0),
        plan_before=changes.plan.lag().over(row),
    )


def _replanned(changes: Table) -> BooleanValue:
    return (changes.change == "changed") & (changes.plan != changes.plan_before)


def _running(changes: Table, facts: Facts) -> Table:
    """Of each subscription that runs, its last change, and what its present spell says."""
    last = _latest(changes, "subscription_id").filter(lambda t: t.change != "ended")
    spells = changes.group_by("subscription_id", "spell").agg(
        began_at=lambda t: t.event_at.min(),
        pays=lambda t: (t.change == "started").any(),
        tried=lambda t: (t.change == "trial_started").any(),
        asked=lambda t: _more(t, "cancel_asked", "cancel_withdrawn"),
        stopped=lambda t: _more(t, "paused", "resumed"),
        begun=lambda t: ((t.spell == 0) | t.change.isin(BEGINNINGS)).any(),
    )
    paid = (
        past(facts, "invoices")
        .filter(lambda t: (t.state == "paid") & (t.subscription_id != ""))
        .group_by("subscription_id")
        .agg(paid_until=lambda t: t.period_end.max())
    )
    now = ibis.literal(facts.as_of)
    whole = last.left_join(spells, ["subscription_id", "spell"]).select(
        last, spells.began_at, spells.pays, spells.tried, spells.asked, spells.stopped,
        spells.begun,
    )  # fmt: skip
    whole = whole.left_join(paid, "subscription_id").select(whole, paid.paid_until)
    whole = whole.mutate(
        due_at=ibis.greatest(whole.period_end, whole.paid_until),
        trial=whole.tried & ~whole.pays & (whole.trial_until > now).fill_null(True),
    )
    left = whole.asked & (whole.due_at <= now).fill_null(False)
    return whole.filter(whole.begun & ~whole.stopped & ~left)


def _more(rows: Table, change: str, back: str) -> BooleanValue:
    """The change was made more often than taken back."""
    return rows.count(where=rows.change == change) > rows.count(where=rows.change == back)


def _latest(changes: Table, key: str) -> Table:
    """The last row of each key."""
    order = [ibis.desc(name) for name in IN_ORDER]
    ranked = changes.mutate(rank=ibis.row_number().over(group_by=key, order_by=order))
    return ranked.filter(lambda t: t["rank"] == 0).drop("rank")


def _renews(days: IntegerValue, months: IntegerValue) -> IntegerValue:
    """Null where the date is too old to mean anything."""
    return ibis.ifelse(days > -OVERDUE_INTERVAL_DAYS * months, days, ibis.null())

"""Whom a model speaks of on a date, and what came of them: Ibis expressions over the facts.

A person counts on a date by what was known then; what came is read as it was known when the
window had passed. Nothing else of the future enters.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
from ibis.expr.types import Table as Expression

from churn.lake import Facts
from churn.prediction.causes import WINDOW, Cause

_RUNNING = ("started", "resumed", "cancel_withdrawn")
_IN_ORDER = (
    "trial_started", "started", "changed", "resumed", "cancel_withdrawn", "paused",
    "cancel_asked", "ended",
)  # fmt: skip
"""Of changes in the same moment, the later one in this list was last."""
ACTIVE = timedelta(days=365)


def people_of(cause: Cause, facts: Facts) -> Expression:
    """Whom the cause's model speaks of as of the facts' moment: one row a person."""
    if cause is Cause.SILENCE:
        since = facts.as_of - ACTIVE
        return _active(facts, since, facts.as_of)
    return _running(facts)


def outcomes(cause: Cause, facts: Facts, start: datetime) -> Expression:
    """Of each of those people on a date: `person`, `left` (1 or 0).

    People about whom the window says nothing are left out: whose venue ended the subscription,
    whose payment was not due. No row at all while the venue played nothing (silence).
    """
    end = start + WINDOW[cause]
    then, after = facts.at(start), facts.at(end)
    people = people_of(cause, then)
    match cause:
        case Cause.CHOICE:
            return _left_by_choice(people, after, start)
        case Cause.PAYMENT:
            return _first_attempts(people, after, start)
        case Cause.SILENCE:
            return _fell_silent(people, after, start)


def sells_subscriptions(facts: Facts) -> bool:
    """Whether anybody ever paid for one, as far as is known."""
    paid = facts.table("subscriptions").filter(lambda t: t.change == "started")
    return int(paid.count().to_pyarrow().as_py()) > 0


def first_of(cause: Cause, facts: Facts) -> datetime | None:
    """When the first happened that makes anybody one of those people; None where nothing has."""
    names = ("orders", "viewing") if cause is Cause.SILENCE else ("subscriptions",)
    found = [facts.table(name).event_at.min().to_pyarrow().as_py() for name in names]
    return min((at for at in found if at is not None), default=None)


def _latest(changes: Expression) -> Expression:
    """The last change of each subscription."""
    rank = changes.change.cases(*((name, at) for at, name in enumerate(_IN_ORDER)), else_=0)
    window = ibis.window(
        group_by=["person", "subscription_id"],
        order_by=[ibis.desc("event_at"), ibis.desc("known_at"), ibis.desc("rank")],
    )
    return (
        changes.mutate(rank=rank)
        .mutate(place=ibis.row_number().over(window))
        .filter(lambda t: t.place == 0)
    )


def _changes(facts: Facts) -> Expression:
    return facts.table("subscriptions").filter(
        lambda t: (t.event_at <= ibis.literal(facts.as_of)) & (t.person != "")
    )


def _running(facts: Facts) -> Expression:
    """Paying subscribers who have not asked to leave. A change of plan or price stops nothing."""
    changes = _changes(facts)
    running = (
        _latest(changes.filter(lambda t: t.change != "changed"))
        .filter(lambda t: t.change.isin(_RUNNING))
        .select("person", "subscription_id")
    )
    priced = _latest(changes).select("person", "subscription_id", "price_minor", "tier")
    paying = running.join(priced, ["person", "subscription_id"]).filter(
        lambda t: (t.price_minor.fill_null(1) > 0) & (t.tier != "free")
    )
    return paying.select("person").distinct()


def _left_by_choice(people: Expression, after: Facts, start: datetime) -> Expression:
    changes = _changes(after)
    last = _latest(changes.filter(lambda t: t.change != "changed"))
    still = last.filter(lambda t: t.change != "ended").select("person").distinct()
    ended = changes.filter(
        lambda t: (t.change == "ended") & (t.event_at > ibis.literal(start))
    ).anti_join(still, "person")
    chose = ended.filter(lambda t: t.cause == "choice").select("person").distinct()
    by_venue = ended.filter(lambda t: t.cause == "venue").select("person").distinct()
    return _labelled(people.anti_join(by_venue.anti_join(chose, "person"), "person"), chose)


def _first_attempts(people: Expression, after: Facts, start: datetime) -> Expression:
    window = ibis.window(group_by="person", order_by=["event_at", "known_at"])
    first = (
        after.table("payments")
        .filter(
            lambda t: (
                (t.event_at > ibis.literal(start))
                & (t.event_at <= ibis.literal(after.as_of))
                & (t.subscription_id != "")
                & (t.attempt == 1)
                & t.outcome.isin(("captured", "declined"))
            )
        )
        .mutate(place=ibis.row_number().over(window))
        .filter(lambda t: t.place == 0)
    )
    return people.join(first.select("person", "outcome"), "person").select(
        "person", left=(ibis._.outcome == "declined").cast("int64")
    )


def _fell_silent(people: Expression, after: Facts, start: datetime) -> Expression:
    played = after.table("concerts").filter(
        lambda t: (
            (t.event_at > ibis.literal(start))
            & (t.event_at <= ibis.literal(after.as_of))
            & (t.state == "published")
        )
    )
    came = _active(after, start, after.as_of)
    silent = people.anti_join(came, "person").select("person")
    labelled = _labelled(people, silent)
    return labelled.cross_join(played.aggregate(concerts=played.count())).filter(
        lambda t: t.concerts > 0
    )[["person", "left"]]


def _active(facts: Facts, since: datetime, until: datetime) -> Expression:
    """Who bought or watched after `since`, up to `until`."""
    bought = facts.table("orders").filter(
        lambda t: t.state.isin(("paid", "partly_refunded")) & (t.total_minor > 0)
    )
    watched = facts.table("viewing").filter(lambda t: t.watched_s > 0)
    both = [
        table.filter(
            lambda t: (
                (t.event_at > ibis.literal(since))
                & (t.event_at <= ibis.literal(until))
                & (t.person != "")
            )
        ).select("person")
        for table in (bought, watched)
    ]
    return ibis.union(*both, distinct=True)


def _labelled(people: Expression, left: Expression) -> Expression:
    marked = left.mutate(gone=ibis.literal(1))
    joined = people.left_join(marked, "person")
    return joined.select("person", left=joined.gone.fill_null(0).cast("int64"))

"""Counts of an action's arms, from the facts: Ibis expressions, run where the facts are."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table as Expression

from churn.effects import TERMS, Arm, Terms
from churn.lake import Facts

RUNNING = ("started", "changed", "resumed", "cancel_withdrawn", "paused")
"""The last change of a subscription that is still paid and not about to end."""


def outcomes(facts: Facts, terms: Terms = TERMS) -> Expression:
    """One row a person and action whose horizon has passed: arm, `kept`, money, cost.

    The first assignment counts, as it was made: who was treated stays treated whatever became of
    the message. Kept is who at the horizon has a paid subscription that they did not ask to end.
    A horizon that lies beyond what is known is left for later.
    """
    horizon = ibis.interval(days=terms.horizon_days)
    by_person = ibis.window(group_by=("action_id", "person"), order_by="event_at")
    first = (
        facts.table("assignments")
        .mutate(turn=ibis.row_number().over(by_person))
        .filter(lambda t: t.turn == 0)
        .mutate(judged_at=lambda t: t.event_at + horizon)
        .filter(lambda t: t.judged_at <= ibis.literal(facts.as_of))
    )
    changes = facts.table("subscriptions").select(
        "person", "subscription_id", "change", "tier", changed_at="event_at", written="known_at"
    )
    latest = ibis.window(
        group_by=("action_id", "person", "subscription_id"),
        order_by=(ibis.desc("changed_at"), ibis.desc("written")),
    )
    stands = (
        first.select("action_id", "person", "judged_at")
        .join(changes, "person")
        .filter(lambda t: t.changed_at <= t.judged_at)
        .mutate(turn=ibis.row_number().over(latest))
        .filter(lambda t: (t.turn == 0) & t.change.isin(RUNNING) & (t.tier != "free"))
        .select("action_id", "person")
        .distinct()
        .mutate(kept=1)
    )
    joined = first.left_join(stands, ("action_id", "person"))
    return joined.select(
        "action_id", "person", "arm", "currency", "month_minor", "cost_minor", "event_at",
        kept=joined.kept.fill_null(0),
    )  # fmt: skip


def arms(facts: Facts, terms: Terms = TERMS) -> dict[tuple[str, str], tuple[Arm, Arm]]:
    """Treated and held out of each action and currency, as `judge` wants them."""
    rows = outcomes(facts, terms)
    paid = rows.month_minor * rows.kept
    counted = rows.group_by("action_id", "currency", "arm").agg(
        people=rows.count(),
        kept=rows.kept.sum(),
        month_minor=paid.sum(),
        month_minor_squares=(paid * paid).sum(),
        cost_minor=rows.cost_minor.fill_null(0).sum(),
    )
    found: dict[tuple[str, str], dict[str, Arm]] = {}
    for row in counted.to_pyarrow().to_pylist():
        action_id, currency, arm = (row.pop(name) for name in ("action_id", "currency", "arm"))
        counts = Arm(**{name: int(count) for name, count in row.items()})
        found.setdefault((action_id, currency), {})[arm] = counts
    nobody = Arm(0, 0)
    return {
        key: (both.get("treated", nobody), both.get("held_out", nobody))
        for key, both in sorted(found.items())
    }

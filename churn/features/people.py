"""Who is known: the person's own columns, and the currency that their money is in."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
from ibis.expr.types import Table

from churn.features.moments import days_since, past
from churn.lake import Facts


def of_person(facts: Facts, blocks: Iterable[Table]) -> Table:
    """One row for everybody with a people row or a row in any block (by its `first_at`)."""
    written = past(facts, "people").filter(lambda t: t.person != "")
    latest = ibis.window(group_by="person", order_by=[ibis.desc("known_at"), "fact_id"])
    own = (
        written.mutate(rank=ibis.row_number().over(latest))
        .filter(lambda t: t["rank"] == 0)
        .select("person", "country", "language", "source")
    )
    firsts = written.select("person", first_at=written.event_at)
    for block in blocks:
        firsts = firsts.union(block.select("person", "first_at"))
    everybody = firsts.group_by("person").agg(first_at=lambda t: t.first_at.min())
    return (
        everybody.left_join(own, "person")
        .drop("person_right")
        .mutate(tenure_days=lambda t: days_since(t.first_at, facts.as_of))
        .drop("first_at")
    )


def with_currency(table: Table) -> Table:
    """`currency`: of the subscription, else of the last payment or purchase; empty without any."""
    known = [table[name].nullif("") for name in ("subscription_currency", "paid_currency")]
    return table.mutate(currency=ibis.coalesce(*known, ""))

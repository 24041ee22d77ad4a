"""The venue's calendar around the moment: the same for everybody, different each day."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis.expr.types import Table

from churn.features.moments import days_since, days_until
from churn.lake import Facts


def beside(facts: Facts, table: Table) -> Table:
    """Adds the season's columns to every row. Coming concerts are those announced by then."""
    as_of = facts.as_of
    concert = facts.table("concerts").filter(lambda t: t.state == "published")
    coming = concert.event_at > ibis.literal(as_of)
    soon = coming & (concert.event_at <= ibis.literal(as_of + timedelta(days=30)))
    calendar = concert.agg(
        last_at=concert.event_at.max(where=~coming),
        next_at=concert.event_at.min(where=coming),
        concerts_next_30=concert.count(where=soon),
    )
    calendar = calendar.select(
        "concerts_next_30",
        days_since_concert=days_since(calendar.last_at, as_of),
        days_to_concert=days_until(calendar.next_at, as_of),
        month=ibis.literal(f"{as_of:%m}"),
    )
    return table.cross_join(calendar)

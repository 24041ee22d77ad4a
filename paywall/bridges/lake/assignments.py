"""Assignments of the lake: who met an action's condition, and what the coin said."""

from __future__ import annotations

from sqlalchemy import select

from churn.triggers.tables import Assignment
from infra.kernel.db import Tx
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Source, page_of


async def assignments(tx: Tx, source: Source, after: str) -> Page:
    """Every draw, under the pseudonym that met the condition. Never edited, so never said twice."""
    query = (
        select(Assignment)
        .where(Assignment.venue_id == source.venue_id, Assignment.id > after)
        .order_by(Assignment.id)
        .limit(ROWS_A_PAGE)
    )
    if source.since is not None:
        query = query.where(Assignment.created_at >= source.since)
    if source.live:
        query = query.where(Assignment.created_at >= source.live_since)
    found = list(await tx.scalars(query))
    rows = [
        {
            "fact_id": one.id,
            "event_at": one.at,
            "known_at": source.at(one.created_at),
            "origin": "paywall",
            "person": one.person,
            "action_id": one.trigger_id,
            "arm": one.arm.value,
            "act": one.act,
            "cost_minor": one.cost_minor,
            "month_minor": one.month_minor,
            "currency": one.currency,
        }
        for one in found
    ]
    return page_of(rows, [one.id for one in found])


PAGES = (assignments,)

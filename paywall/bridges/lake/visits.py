"""Visits of the lake: a customer's each, and everybody else's as numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Row, Source, page_of
from paywall.crm.tables import Visit, VisitCount
from paywall.crm.visits import HALF_HOUR_S, KEPT, half_hour_of, starts

SETTLES = timedelta(minutes=10)
"""A half hour is told this long after its end, when every process has written what it saw."""


def kept_from(now: datetime) -> datetime:
    """The first month of which nothing is older than KEPT. What is before it leaves the lake."""
    after = (now - KEPT).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (after + timedelta(days=32)).replace(day=1)


async def of_customers(tx: Tx, source: Source, after: str) -> Page:
    """Each when it was."""
    query = (
        select(Visit)
        .where(Visit.venue_id == source.venue_id, Visit.id > after)
        .where(Visit.at >= _from(source))
        .order_by(Visit.id)
        .limit(ROWS_A_PAGE)
    )
    found = list(await tx.scalars(query))
    rows = [
        _row(visit, 1)
        | {
            "event_at": source.at(visit.at),
            "known_at": source.at(visit.at),
            "person": source.person(visit.customer_id),
        }
        for visit in found
    ]
    return page_of(rows, [visit.id for visit in found])


async def of_strangers(tx: Tx, source: Source, after: str) -> Page:
    """Half hours that are over: until then their numbers still grow."""
    query = (
        select(VisitCount)
        .where(VisitCount.venue_id == source.venue_id, VisitCount.id > after)
        .where(VisitCount.half_hour >= half_hour_of(_from(source)))
        .where(VisitCount.half_hour < half_hour_of(source.now - SETTLES))
        .order_by(VisitCount.id)
        .limit(ROWS_A_PAGE)
    )
    found = list(await tx.scalars(query))
    rows = []
    for count in found:
        began = source.at(starts(count.half_hour))
        ended = began + timedelta(seconds=HALF_HOUR_S)
        rows.append(_row(count, count.visits) | {"event_at": began, "known_at": ended})
    return page_of(rows, [count.id for count in found])


def _from(source: Source) -> datetime:
    """Machine time of the oldest visit that is told: what is kept, real, and new."""
    return max(filter(None, (kept_from(source.now), source.live_since, source.since)))


def _row(visit: Any, visits: int) -> Row:
    return {
        "fact_id": visit.id,
        "visit_id": visit.id,
        "origin": "paywall",
        "page": visit.page,
        "concert_id": visit.event_id,
        "source": visit.source,
        "campaign": visit.campaign,
        "device": visit.device,
        "country": visit.country,
        "visits": visits,
    }


PAGES = (of_customers, of_strangers)

"""Concerts of the lake: the venue's events, known from when they were entered."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Source, page_of
from paywall.catalogue.tables import Event


async def events(tx: Tx, source: Source, after: str) -> Page:
    """Each as it is; what was changed since the last run is a version known from this one on."""
    query = (
        select(Event)
        .where(Event.venue_id == source.venue_id, Event.id > after)
        .order_by(Event.id)
        .limit(ROWS_A_PAGE)
    )
    found = list(await tx.scalars(query))
    rows = [
        {
            "fact_id": event.id,
            "event_at": event.starts_at,
            "known_at": event.created_at,
            "origin": "paywall",
            "concert_id": event.id,
            "name": event.name,
            "artist": event.artist,
            "genre": event.genre,
            "season_id": event.season_id or "",
            "ends_at": event.ends_at,
            "state": event.state.value,
        }
        for event in found
    ]
    return page_of(rows, [event.id for event in found])


PAGES = (events,)

"""Viewing of the lake: playback sessions that are over."""

from __future__ import annotations

from sqlalchemy import select

from entitlements.tables import PlaybackSession, Transport
from infra.kernel.db import Tx
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Source, page_of


async def sessions(tx: Tx, source: Source, after: str) -> Page:
    """Each once, when it has ended: until then its seconds still grow."""
    query = (
        select(PlaybackSession)
        .where(PlaybackSession.venue_id == source.venue_id, PlaybackSession.id > after)
        .where(PlaybackSession.ended_at.is_not(None))
        .order_by(PlaybackSession.id)
        .limit(ROWS_A_PAGE)
    )
    if source.live:
        query = query.where(PlaybackSession.started_at >= source.live_since)
    if source.since is not None:
        query = query.where(PlaybackSession.ended_at >= source.since)
    found = list(await tx.scalars(query))
    rows = [
        {
            "fact_id": session.id,
            "event_at": source.at(session.started_at),
            "known_at": source.at(session.ended_at or session.last_beat_at),
            "origin": "paywall",
            "person": source.person(session.customer_id),
            "session_id": session.id,
            "concert_id": session.event_id,
            "kind": session.kind.value,
            "watched_s": session.watched_s,
            "startup_ms": session.startup_ms,
            "rebuffer_s": session.rebuffer_s,
            "failed": session.failed,
            "device": "web" if session.transport is Transport.HEADER else "",
        }
        for session in found
    ]
    return page_of(rows, [session.id for session in found])


PAGES = (sessions,)

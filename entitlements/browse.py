"""Reading who may watch and who watches: for the people who look after it. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from entitlements.sessions import GRACE
from entitlements.tables import Grant, PlaybackSession
from infra.kernel.db import Tx
from infra.kernel.paging import Slice, Wanted, slice_of


async def grants_of_order(tx: Tx, order_id: str) -> list[Grant]:
    return list(
        await tx.scalars(select(Grant).where(Grant.order_id == order_id).order_by(Grant.id))
    )


async def running(
    tx: Tx, now: datetime, *, grant_ids: Sequence[str] = (), limit: int = 100
) -> list[PlaybackSession]:
    """Players under these grants with a live lease, the newest first."""
    if not grant_ids:
        return []
    query = (
        select(PlaybackSession)
        .where(
            PlaybackSession.grant_id.in_(list(grant_ids)), PlaybackSession.silent_at > now + GRACE
        )
        .order_by(PlaybackSession.started_at.desc())
        .limit(limit)
    )
    return list(await tx.scalars(query))


async def running_at_event(
    tx: Tx, venue_id: str, event_id: str, wanted: Wanted, now: datetime
) -> Slice[PlaybackSession]:
    """An event's players with a live lease, the latest started first."""
    query = select(PlaybackSession).where(
        PlaybackSession.venue_id == venue_id,
        PlaybackSession.event_id == event_id,
        PlaybackSession.silent_at > now + GRACE,
    )
    return await slice_of(
        tx, query, wanted, id_column=PlaybackSession.id, at_column=PlaybackSession.started_at
    )


async def watched_events(tx: Tx, venue_id: str, now: datetime) -> set[str]:
    """Events of the venue that somebody watches now."""
    query = (
        select(PlaybackSession.event_id)
        .where(PlaybackSession.venue_id == venue_id, PlaybackSession.silent_at > now + GRACE)
        .distinct()
    )
    return set(await tx.scalars(query))

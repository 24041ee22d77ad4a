"""What anybody may see of a venue: published events, and seasons that have one. Reads only."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.catalogue.tables import Event, EventState, Replay, Season, Venue

SHOWN = (EventState.PUBLISHED, EventState.CANCELLED)
"""A cancelled event stays visible: who has a ticket must learn of it."""


class When(StrEnum):
    """Which events of a list: those that are not over yet, those that are, or all."""

    UPCOMING = "upcoming"
    PAST = "past"
    ALL = "all"


async def events(
    tx: Tx, venue_id: str, wanted: Wanted, when: When, now: datetime, *, season_id: str = ""
) -> Slice[Event]:
    """Published events; upcoming ones soonest first, past ones latest first. `now`: business."""
    query = select(Event).where(Event.venue_id == venue_id, Event.state.in_(SHOWN))
    if season_id:
        query = query.where(Event.season_id == season_id)
    if when is When.UPCOMING:
        query = query.where(Event.ends_at > now)
    elif when is When.PAST:
        query = query.where(Event.ends_at <= now)
    return await slice_of(
        tx,
        query,
        wanted,
        id_column=Event.id,
        at_column=Event.starts_at,
        newest_first=when is When.PAST,
    )


async def replays(tx: Tx, venue_id: str, wanted: Wanted, now: datetime) -> Slice[Event]:
    """Events that are over and whose recording can be watched, latest first. `now`: business."""
    watchable = select(Replay.event_id).where(
        Replay.event_id == Event.id,
        Replay.available_from <= now,
        or_(Replay.available_until.is_(None), Replay.available_until > now),
    )
    query = select(Event).where(
        Event.venue_id == venue_id,
        Event.state == EventState.PUBLISHED,
        Event.ends_at <= now,
        watchable.exists(),
    )
    return await slice_of(tx, query, wanted, id_column=Event.id, at_column=Event.starts_at)


async def event(tx: Tx, event_id: str) -> tuple[Event, Venue]:
    """A published event with its venue."""
    row = (
        await tx.execute(
            select(Event, Venue)
            .join(Venue, Venue.id == Event.venue_id)
            .where(Event.id == event_id, Event.state.in_(SHOWN))
        )
    ).first()
    if row is None:
        raise NotFound("event")
    return row[0], row[1]


async def event_by_slug(tx: Tx, venue_id: str, slug: str) -> Event:
    query = select(Event).where(
        Event.venue_id == venue_id, Event.slug == slug, Event.state.in_(SHOWN)
    )
    found = await tx.scalar(query)
    if found is None:
        raise NotFound("event")
    return found


async def seasons(tx: Tx, venue_id: str, wanted: Wanted) -> Slice[Season]:
    """Seasons with at least one published event, latest start first."""
    shown = (
        select(Event.id)
        .where(Event.season_id == Season.id, Event.state == EventState.PUBLISHED)
        .exists()
    )
    query = select(Season).where(Season.venue_id == venue_id, shown)
    return await slice_of(tx, query, wanted, id_column=Season.id, at_column=Season.starts_at)

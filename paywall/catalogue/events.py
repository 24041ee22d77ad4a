"""Events of a venue: made, changed, published, cancelled. Each in the caller's transaction."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from msgspec import Meta
from sqlalchemy import select

from infra.kernel.bounds import (
    UNSET,
    Ask,
    Id,
    Line,
    Markdown,
    Moment,
    Name,
    Slug,
    Unset,
    Zone,
    changes,
)
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.catalogue import seasons
from paywall.catalogue.naming import free_slug
from paywall.catalogue.tables import Event, EventState, Replay, Stream
from paywall.catalogue.times import LONGEST_EVENT, check_window, check_zone

Doors = Annotated[
    int, Meta(ge=0, le=24 * 3600, description="Seconds before the start that players may connect.")
]
Artist = Annotated[
    str, Meta(max_length=160, description="Who plays, as figures name them.", examples=["Maud"])
]
Genre = Annotated[str, Meta(max_length=60, description="Such as jazz.", examples=["jazz"])]
City = Annotated[str, Meta(max_length=80, description="Where the hall stands.", examples=["Lyon"])]
Seed = Annotated[int, Meta(ge=0, le=2**31 - 1, description="Chooses the drawn poster.")]

OnRescheduled = Callable[[Tx, Event, datetime], Awaitable[None]]
"""Called with the event and its old ends_at, inside the transaction that moved it."""


class NewEvent(Ask, frozen=True):
    """One concert: [starts_at, ends_at). `timezone` says how the hall reads the times."""

    name: Name
    starts_at: Moment
    ends_at: Moment
    timezone: Zone | None = None
    season_id: Id | None = None
    slug: Slug | None = None
    subtitle: Line = ""
    city: City = ""
    artist: Artist = ""
    genre: Genre = ""
    about_md: Markdown = ""
    doors_s: Doors = 1800
    poster_seed: Seed | None = None


class EventEdit(Ask, frozen=True):
    """What to change; absent members stay. New times reschedule the event for its ticket holders.

    `season_id` null takes the event out of its season.
    """

    name: Name | Unset = UNSET
    starts_at: Moment | Unset = UNSET
    ends_at: Moment | Unset = UNSET
    timezone: Zone | Unset = UNSET
    season_id: Id | Unset | None = UNSET
    slug: Slug | Unset = UNSET
    subtitle: Line | Unset = UNSET
    city: City | Unset = UNSET
    artist: Artist | Unset = UNSET
    genre: Genre | Unset = UNSET
    about_md: Markdown | Unset = UNSET
    doors_s: Doors | Unset = UNSET
    poster_seed: Seed | Unset = UNSET


async def create(
    tx: Tx, venue_id: str, event_id: str, new: NewEvent, *, timezone: str, now: datetime
) -> Event:
    """Make a draft under this id; the one that is there, if it was made before.

    `timezone` is the venue's own, for an event that names none. `now` is machine time.
    """
    known = await tx.get(Event, event_id)
    if known is not None and known.venue_id == venue_id:
        return known
    seed = zlib.crc32(event_id.encode()) & 0x7FFFFFFF
    event = Event(
        id=event_id,
        venue_id=venue_id,
        season_id=new.season_id,
        slug=await free_slug(
            tx, Event, venue_id, wanted=new.slug or "", name=new.name, own_id=event_id
        ),
        name=new.name,
        subtitle=new.subtitle,
        city=new.city.strip(),
        artist=new.artist.strip(),
        genre=new.genre.strip(),
        about_md=new.about_md,
        timezone=new.timezone or timezone,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        doors_s=new.doors_s,
        state=EventState.DRAFT,
        poster_seed=seed if new.poster_seed is None else new.poster_seed,
        created_at=now,
        version=1,
    )
    await _check(tx, event)
    tx.add(event)
    await tx.flush()
    return event


async def _check(tx: Tx, event: Event) -> None:
    check_zone(event.timezone)
    check_window(event.starts_at, event.ends_at, LONGEST_EVENT, "event")
    if event.season_id is None:
        return
    try:
        season = await seasons.get(tx, event.venue_id, event.season_id)
    except NotFound as error:
        raise Invalid("season_id", "There is no such season at this venue.") from error
    if event.starts_at < season.starts_at:
        raise Invalid("starts_at", f"{season.name} starts later. Move starts_at, or the season.")
    if event.ends_at > season.ends_at:
        raise Invalid("ends_at", f"{season.name} ends earlier. Move ends_at, or the season.")


async def get(tx: Tx, venue_id: str, event_id: str, *, lock: bool = False) -> Event:
    query = select(Event).where(Event.id == event_id, Event.venue_id == venue_id)
    event = await tx.scalar(query.with_for_update() if lock else query)
    if event is None:
        raise NotFound("event")
    return event


async def listed(
    tx: Tx,
    venue_id: str,
    wanted: Wanted,
    *,
    season_id: str = "",
    state: EventState | None = None,
) -> Slice[Event]:
    """The venue's events, latest start first."""
    query = select(Event).where(Event.venue_id == venue_id)
    if season_id:
        query = query.where(Event.season_id == season_id)
    if state is not None:
        query = query.where(Event.state == state)
    return await slice_of(tx, query, wanted, id_column=Event.id, at_column=Event.starts_at)


async def edit(
    tx: Tx,
    venue_id: str,
    event_id: str,
    version: int,
    wanted: EventEdit,
    *,
    on_rescheduled: OnRescheduled | None = None,
) -> Event:
    """Change the event; where its end moved, `on_rescheduled` moves what hangs on it."""
    event = await get(tx, venue_id, event_id, lock=True)
    if event.version != version:
        raise StaleEdit("Somebody changed this event meanwhile. Read it again.")
    if event.state is EventState.CANCELLED:
        raise Conflict("A cancelled event can't be changed. Make a new one.")
    old_ends_at = event.ends_at
    values = changes(wanted)
    if "slug" in values:
        values["slug"] = await free_slug(
            tx, Event, venue_id, wanted=values["slug"], name=event.name, own_id=event.id
        )
    for field, value in values.items():
        setattr(event, field, value)
    await _check(tx, event)
    event.version += 1
    await tx.flush()
    if event.ends_at != old_ends_at and on_rescheduled is not None:
        await on_rescheduled(tx, event, old_ends_at)
    return event


async def move(tx: Tx, venue_id: str, event_id: str, to: EventState) -> Event:
    """Publish, take back to draft, or cancel; BadTransition where the state forbids it."""
    event = await get(tx, venue_id, event_id, lock=True)
    event.move(to)
    event.version += 1
    await tx.flush()
    return event


async def delete(tx: Tx, venue_id: str, event_id: str, version: int) -> None:
    """Only a draft can go, with its streams and replays; what was offered must go first."""
    event = await get(tx, venue_id, event_id, lock=True)
    if event.version != version:
        raise StaleEdit("Somebody changed this event meanwhile. Read it again.")
    if event.state is not EventState.DRAFT:
        raise Conflict("Only a draft can be deleted. Take it back to draft, or cancel it.")
    for model in (Stream, Replay):
        for row in await tx.scalars(select(model).where(model.event_id == event_id)):
            await tx.delete(row)
    await tx.delete(event)
    await tx.flush()

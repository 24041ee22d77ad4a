"""What is on, for everybody: venues, their published events and seasons. No log-in needed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from infra.kernel.bounds import Country, Currency, Id, Moment
from infra.kernel.db import Tx
from paywall.catalogue import prose, storefront, venues
from paywall.catalogue.storefront import When
from paywall.catalogue.tables import Event, EventState, Mode, Season, Venue
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc

OPEN = {"public": True}

ShownWhen = Annotated[
    When, QueryParameter(description="Events not over yet (soonest first), past ones, or all.")
]
OfSeason = Annotated[str, QueryParameter(max_length=32, description="Only events of this season.")]


class ShownVenue(msgspec.Struct, frozen=True, kw_only=True):
    """A venue as everybody sees it. In mode test, nothing here moves real money."""

    id: Id
    slug: str
    name: str
    about_html: str
    mode: Mode
    country: Country
    timezone: str
    currency: Currency
    accent: str


class ShownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A published or cancelled event. `about_html` is safe to show."""

    id: Id
    venue_id: Id
    venue_slug: str
    slug: str
    name: str
    subtitle: str
    city: str
    about_html: str
    state: EventState
    starts_at: Moment
    ends_at: Moment
    doors_at: Moment
    timezone: str
    season_id: Id | None


class ShownSeason(msgspec.Struct, frozen=True, kw_only=True):
    """A season with something published in it."""

    id: Id
    venue_id: Id
    slug: str
    name: str
    about_html: str
    starts_at: Moment
    ends_at: Moment


def venue_view(venue: Venue) -> ShownVenue:
    return ShownVenue(
        id=venue.id,
        slug=venue.slug,
        name=venue.name,
        about_html=prose.html(venue.about_md),
        mode=venue.mode,
        country=venue.country,
        timezone=venue.timezone,
        currency=venue.currency,
        accent=venue.accent,
    )


def event_view(event: Event, venue: Venue) -> ShownEvent:
    return ShownEvent(
        id=event.id,
        venue_id=venue.id,
        venue_slug=venue.slug,
        slug=event.slug,
        name=event.name,
        subtitle=event.subtitle,
        city=event.city,
        about_html=prose.html(event.about_md),
        state=event.state,
        starts_at=utc(event.starts_at),
        ends_at=utc(event.ends_at),
        doors_at=utc(event.doors_at),
        timezone=event.timezone,
        season_id=event.season_id,
    )


def season_view(season: Season) -> ShownSeason:
    return ShownSeason(
        id=season.id,
        venue_id=season.venue_id,
        slug=season.slug,
        name=season.name,
        about_html=prose.html(season.about_md),
        starts_at=utc(season.starts_at),
        ends_at=utc(season.ends_at),
    )


@get("/v1/catalogue/venues", opt=OPEN)
async def venue_list(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[ShownVenue]]:
    """List every venue of this installation."""
    async with parts.db.read() as tx:
        rows = await venues.listed(tx, wanted(limit, cursor))
    return page_of(request, rows, venue_view)


@get("/v1/catalogue/venues/{venue_slug:str}", opt=OPEN)
async def venue_read(venue_slug: FromPath[str], parts: NamedDependency[Parts]) -> ShownVenue:
    """Read a venue by the name in its address."""
    async with parts.db.read() as tx:
        return venue_view(await venues.by_slug(tx, venue_slug))


@get("/v1/catalogue/venues/{venue_slug:str}/events", opt=OPEN)
async def event_list(
    request: Request[Any, Any, Any],
    venue_slug: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    when: ShownWhen = When.UPCOMING,
    season_id: OfSeason = "",
) -> Response[Page[ShownEvent]]:
    """List a venue's published events."""
    async with parts.db.read() as tx:
        venue, now = await _venue(tx, parts, venue_slug)
        rows = await storefront.events(
            tx, venue.id, wanted(limit, cursor), when, now, season_id=season_id
        )
    return page_of(request, rows, lambda event: event_view(event, venue))


@get("/v1/catalogue/venues/{venue_slug:str}/events/{event_slug:str}", opt=OPEN)
async def event_by_slug(
    venue_slug: FromPath[str], event_slug: FromPath[str], parts: NamedDependency[Parts]
) -> ShownEvent:
    """Read a published event by the names in its address."""
    async with parts.db.read() as tx:
        venue, _ = await _venue(tx, parts, venue_slug)
        return event_view(await storefront.event_by_slug(tx, venue.id, event_slug), venue)


@get("/v1/catalogue/venues/{venue_slug:str}/seasons", opt=OPEN)
async def season_list(
    request: Request[Any, Any, Any],
    venue_slug: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[ShownSeason]]:
    """List a venue's seasons that have something published, latest first."""
    async with parts.db.read() as tx:
        venue, _ = await _venue(tx, parts, venue_slug)
        rows = await storefront.seasons(tx, venue.id, wanted(limit, cursor))
    return page_of(request, rows, season_view)


@get("/v1/catalogue/events/{event_id:str}", opt=OPEN)
async def event_read(event_id: FromPath[str], parts: NamedDependency[Parts]) -> ShownEvent:
    """Read a published event by its id."""
    async with parts.db.read() as tx:
        return event_view(*await storefront.event(tx, event_id))


async def _venue(tx: Tx, parts: Parts, slug: str) -> tuple[Venue, datetime]:
    venue = await venues.by_slug(tx, slug)
    return venue, parts.clock.now(venue.clock_offset_s)

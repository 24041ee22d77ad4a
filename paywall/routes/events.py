"""Events of a venue, for its staff: made as drafts, published, rescheduled, cancelled."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from infra.kernel.bounds import Id, Moment, changes
from infra.kernel.errors import Conflict
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.bridges.offers import is_offered
from paywall.bridges.rescheduling import shift_grants
from paywall.catalogue import events
from paywall.catalogue.tables import Event, EventState
from paywall.http.acts import act_at, look_at, tell_moved
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc

READ = {"permission": Permission.CATALOGUE_READ}
WRITE = {"permission": Permission.CATALOGUE_WRITE}

OfSeason = Annotated[str, QueryParameter(max_length=32, description="Only events of this season.")]
InState = Annotated[EventState | None, QueryParameter(description="Only events in this state.")]


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event as its staff see it."""

    id: Id
    name: str
    slug: str
    state: EventState
    starts_at: Moment
    ends_at: Moment
    timezone: str
    season_id: Id | None
    subtitle: str
    city: str
    artist: str
    genre: str
    about_md: str
    doors_s: int
    poster_seed: int
    created_at: Moment
    version: int


def view(event: Event) -> EventView:
    return EventView(
        id=event.id,
        name=event.name,
        slug=event.slug,
        state=event.state,
        starts_at=utc(event.starts_at),
        ends_at=utc(event.ends_at),
        timezone=event.timezone,
        season_id=event.season_id,
        subtitle=event.subtitle,
        city=event.city,
        artist=event.artist,
        genre=event.genre,
        about_md=event.about_md,
        doors_s=event.doors_s,
        poster_seed=event.poster_seed,
        created_at=utc(event.created_at),
        version=event.version,
    )


@post("/v1/venues/{venue_id:str}/events", opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[events.NewEvent],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[EventView]:
    """Make an event, as a draft that nobody else sees."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            event = await events.create(
                act.tx,
                venue_id,
                resume.resource_id,
                data,
                timezone=act.venue.timezone,
                now=act.machine_now,
            )
            await act.note("event.created", event.id)
        return Answer(201, view(event), {"ETag": etag(event.version)})

    return await once(request, parts, principal, "evt", run)


@get("/v1/venues/{venue_id:str}/events", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    season_id: OfSeason = "",
    event_state: InState = None,
) -> Response[Page[EventView]]:
    """List the venue's events, latest start first, drafts too."""
    async with look_at(parts, venue_id) as look:
        rows = await events.listed(
            look.tx, venue_id, wanted(limit, cursor), season_id=season_id, state=event_state
        )
    return page_of(request, rows, view)


@get("/v1/venues/{venue_id:str}/events/{event_id:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], event_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[EventView]:
    """Read one event."""
    async with look_at(parts, venue_id) as look:
        event = await events.get(look.tx, venue_id, event_id)
    return tagged(view(event), event.version)


@patch("/v1/venues/{venue_id:str}/events/{event_id:str}", opt={**WRITE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    event_id: FromPath[str],
    data: JSONBody[events.EventEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[EventView]:
    """Change an event. New times move what its tickets open by as much."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        event = await events.edit(
            act.tx, venue_id, event_id, version, data, on_rescheduled=shift_grants
        )
        await act.note("event.changed", event.id, fields=sorted(changes(data)))
    return tagged(view(event), event.version)


async def _move(
    parts: Parts, principal: Principal, venue_id: str, event_id: str, to: EventState, verb: str
) -> Response[EventView]:
    async with act_at(parts, principal, venue_id) as act:
        event = await events.move(act.tx, venue_id, event_id, to)
        await act.note(f"event.{verb}", event.id)
        await tell_moved(act, event)
    return tagged(view(event), event.version, status=200)


@post(
    "/v1/venues/{venue_id:str}/events/{event_id:str}/publish",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def publish(
    venue_id: FromPath[str],
    event_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[EventView]:
    """Show a draft to everybody."""
    return await _move(parts, principal, venue_id, event_id, EventState.PUBLISHED, "published")


@post(
    "/v1/venues/{venue_id:str}/events/{event_id:str}/unpublish",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def unpublish(
    venue_id: FromPath[str],
    event_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[EventView]:
    """Take an event back to draft. Who has bought something keeps it, but can't watch meanwhile."""
    return await _move(parts, principal, venue_id, event_id, EventState.DRAFT, "unpublished")


@post(
    "/v1/venues/{venue_id:str}/events/{event_id:str}/cancel",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def cancel(
    venue_id: FromPath[str],
    event_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[EventView]:
    """Cancel an event for good. It stays visible as cancelled; refunds are a step of their own."""
    return await _move(parts, principal, venue_id, event_id, EventState.CANCELLED, "cancelled")


@delete("/v1/venues/{venue_id:str}/events/{event_id:str}", opt={**WRITE, "edit": True})
async def remove(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    event_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Delete a draft that was never offered."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        if await is_offered(act.tx, event_id):
            raise Conflict("The event has offers. Cancel it instead.", code="is_offered")
        await events.delete(act.tx, venue_id, event_id, version)
        await act.note("event.deleted", event_id)

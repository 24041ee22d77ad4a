"""Recordings of a venue's events, for its staff, and when each can be watched."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from infra.kernel.bounds import Id, Moment, changes
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.catalogue import replays
from paywall.catalogue.sources import SourceKind
from paywall.catalogue.tables import Replay
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc, utc_or_none

READ = {"permission": Permission.CATALOGUE_READ}
WRITE = {"permission": Permission.CATALOGUE_WRITE}

OfEvent = Annotated[str, QueryParameter(max_length=32, description="Only of this event.")]


class ReplayView(msgspec.Struct, frozen=True, kw_only=True):
    """A recording, watchable inside [available_from, available_until)."""

    id: Id
    event_id: Id
    kind: SourceKind
    source: str
    available_from: Moment
    available_until: Moment | None
    created_at: Moment
    version: int


def view(replay: Replay) -> ReplayView:
    return ReplayView(
        id=replay.id,
        event_id=replay.event_id,
        kind=SourceKind(replay.kind),
        source=replay.source,
        available_from=utc(replay.available_from),
        available_until=utc_or_none(replay.available_until),
        created_at=utc(replay.created_at),
        version=replay.version,
    )


@post("/v1/venues/{venue_id:str}/replays", opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[replays.NewReplay],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[ReplayView]:
    """Give an event its recording."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            replay = await replays.create(
                act.tx, venue_id, resume.resource_id, data, now=act.machine_now
            )
            await act.note("replay.created", replay.id, event_id=replay.event_id)
        return Answer(201, view(replay), {"ETag": etag(replay.version)})

    return await once(request, parts, principal, "rpl", run)


@get("/v1/venues/{venue_id:str}/replays", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    event_id: OfEvent = "",
) -> Response[Page[ReplayView]]:
    """List the venue's recordings, newest first."""
    async with look_at(parts, venue_id) as look:
        rows = await replays.listed(look.tx, venue_id, wanted(limit, cursor), event_id=event_id)
    return page_of(request, rows, view)


@get("/v1/venues/{venue_id:str}/replays/{replay_id:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], replay_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[ReplayView]:
    """Read one recording."""
    async with look_at(parts, venue_id) as look:
        replay = await replays.get(look.tx, venue_id, replay_id)
    return tagged(view(replay), replay.version)


@patch("/v1/venues/{venue_id:str}/replays/{replay_id:str}", opt={**WRITE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    replay_id: FromPath[str],
    data: JSONBody[replays.ReplayEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[ReplayView]:
    """Change a recording, or when it can be watched."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        replay = await replays.edit(act.tx, venue_id, replay_id, version, data)
        await act.note("replay.changed", replay.id, fields=sorted(changes(data)))
    return tagged(view(replay), replay.version)


@delete("/v1/venues/{venue_id:str}/replays/{replay_id:str}", opt={**WRITE, "edit": True})
async def remove(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    replay_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Take an event's recording away."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        replay = await replays.delete(act.tx, venue_id, replay_id, version)
        await act.note("replay.deleted", replay_id, event_id=replay.event_id)

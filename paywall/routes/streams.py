"""Streams of a venue's events, for its staff: where the live picture comes from."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from infra.kernel.bounds import Id, Moment, changes
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.catalogue import streams
from paywall.catalogue.sources import SourceKind
from paywall.catalogue.tables import Stream
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc

READ = {"permission": Permission.CATALOGUE_READ}
WRITE = {"permission": Permission.CATALOGUE_WRITE}

OfEvent = Annotated[str, QueryParameter(max_length=32, description="Only of this event.")]


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """A stream. Its ingest key is never shown again; only whether there is one."""

    id: Id
    event_id: Id
    name: str
    kind: SourceKind
    source: str
    has_ingest_key: bool
    created_at: Moment
    version: int


class IngestKey(msgspec.Struct, frozen=True):
    """The key with which an encoder may send. Shown only here."""

    ingest_key: Annotated[
        str, msgspec.Meta(examples=["pwi_3Jr0Yc1nJ0i6vC8yq2bT5mQ7wX9zA4dE6gH8kL1nP3s"])
    ]


class StreamWithKey(StreamView, frozen=True, kw_only=True):
    """A new stream with its ingest key, which is shown only here."""

    ingest_key: Annotated[
        str, msgspec.Meta(examples=["pwi_3Jr0Yc1nJ0i6vC8yq2bT5mQ7wX9zA4dE6gH8kL1nP3s"])
    ]


def view(stream: Stream) -> StreamView:
    return StreamView(
        id=stream.id,
        event_id=stream.event_id,
        name=stream.name,
        kind=SourceKind(stream.kind),
        source=stream.source,
        has_ingest_key=bool(stream.ingest_key_hash),
        created_at=utc(stream.created_at),
        version=stream.version,
    )


@post("/v1/venues/{venue_id:str}/streams", opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[streams.NewStream],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[StreamWithKey]:
    """Give an event its stream. The answer holds the ingest key, once."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            stream, key = await streams.create(
                act.tx, venue_id, resume.resource_id, data, now=act.machine_now
            )
            await act.note("stream.created", stream.id, event_id=stream.event_id)
        shown = StreamWithKey(**msgspec.structs.asdict(view(stream)), ingest_key=key)
        return Answer(201, shown, {"ETag": etag(stream.version), "Cache-Control": "no-store"})

    return await once(request, parts, principal, "str", run)


@get("/v1/venues/{venue_id:str}/streams", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    event_id: OfEvent = "",
) -> Response[Page[StreamView]]:
    """List the venue's streams, newest first."""
    async with look_at(parts, venue_id) as look:
        rows = await streams.listed(look.tx, venue_id, wanted(limit, cursor), event_id=event_id)
    return page_of(request, rows, view)


@get("/v1/venues/{venue_id:str}/streams/{stream_id:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], stream_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[StreamView]:
    """Read one stream."""
    async with look_at(parts, venue_id) as look:
        stream = await streams.get(look.tx, venue_id, stream_id)
    return tagged(view(stream), stream.version)


@patch("/v1/venues/{venue_id:str}/streams/{stream_id:str}", opt={**WRITE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    stream_id: FromPath[str],
    data: JSONBody[streams.StreamEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[StreamView]:
    """Change where a stream comes from."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        stream = await streams.edit(act.tx, venue_id, stream_id, version, data)
        await act.note("stream.changed", stream.id, fields=sorted(changes(data)))
    return tagged(view(stream), stream.version)


@post(
    "/v1/venues/{venue_id:str}/streams/{stream_id:str}/ingest-key",
    opt={**WRITE, "idempotent": "accepted"},
)
async def rotate(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    stream_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[IngestKey]:
    """Make a new ingest key, shown once. The old one stops at once."""

    async def run(_resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            key = await streams.rotate_key(act.tx, venue_id, stream_id)
            await act.note("stream.key_rotated", stream_id)
        return Answer(201, IngestKey(key), {"Cache-Control": "no-store"})

    return await once(request, parts, principal, "str", run)


@delete("/v1/venues/{venue_id:str}/streams/{stream_id:str}", opt={**WRITE, "edit": True})
async def remove(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    stream_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Take an event's stream away. Who is watching is cut off."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        stream = await streams.delete(act.tx, venue_id, stream_id, version)
        await act.note("stream.deleted", stream_id, event_id=stream.event_id)

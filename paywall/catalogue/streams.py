"""An event's live picture: where it comes from, and the key with which an encoder may send it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

from msgspec import Meta
from sqlalchemy import select

from infra.kernel.bounds import UNSET, Address, Ask, Id, Unset, changes
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, NotFound, StaleEdit
from infra.kernel.ids import new_secret
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.catalogue import events
from paywall.catalogue.sources import SourceKind, check_source
from paywall.catalogue.tables import Stream

Title = Annotated[str, Meta(max_length=80)]
INGEST_PREFIX = "pwi_"


class NewStream(Ask, frozen=True):
    """`source` is a folder below the media root (local), or a playlist's https address (pull)."""

    event_id: Id
    kind: SourceKind
    source: Address
    name: Title = ""


class StreamEdit(Ask, frozen=True):
    """What to change; absent members stay as they are."""

    kind: SourceKind | Unset = UNSET
    source: Address | Unset = UNSET
    name: Title | Unset = UNSET


async def create(
    tx: Tx, venue_id: str, stream_id: str, new: NewStream, *, now: datetime
) -> tuple[Stream, str]:
    """Make the event's stream; it and its ingest key, which is shown only here.

    A repeat with the same id gives a new key, as the first may never have arrived.
    """
    check_source(new.kind, new.source)
    known = await tx.get(Stream, stream_id)
    if known is not None and known.venue_id == venue_id:
        return known, await rotate_key(tx, venue_id, stream_id)
    await events.get(tx, venue_id, new.event_id, lock=True)
    if await tx.scalar(select(Stream.id).where(Stream.event_id == new.event_id).limit(1)):
        raise Conflict(
            "This event has a stream. Change that one, or delete it first.", code="stream_exists"
        )
    key = INGEST_PREFIX + new_secret()
    stream = Stream(
        id=stream_id,
        venue_id=venue_id,
        event_id=new.event_id,
        name=new.name,
        kind=new.kind.value,
        source=new.source,
        ingest_key_hash=key_hash(key),
        created_at=now,
        version=1,
    )
    tx.add(stream)
    await tx.flush()
    return stream, key


def key_hash(key: str) -> str:
    """What is stored of an ingest key. It carries 256 bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


async def get(tx: Tx, venue_id: str, stream_id: str, *, lock: bool = False) -> Stream:
    query = select(Stream).where(Stream.id == stream_id, Stream.venue_id == venue_id)
    stream = await tx.scalar(query.with_for_update() if lock else query)
    if stream is None:
        raise NotFound("stream")
    return stream


async def listed(tx: Tx, venue_id: str, wanted: Wanted, *, event_id: str = "") -> Slice[Stream]:
    """The venue's streams, newest first."""
    query = select(Stream).where(Stream.venue_id == venue_id)
    if event_id:
        query = query.where(Stream.event_id == event_id)
    return await slice_of(tx, query, wanted, id_column=Stream.id)


async def edit(tx: Tx, venue_id: str, stream_id: str, version: int, wanted: StreamEdit) -> Stream:
    stream = await _edited(tx, venue_id, stream_id, version)
    for field, value in changes(wanted).items():
        setattr(stream, field, value.value if isinstance(value, SourceKind) else value)
    check_source(SourceKind(stream.kind), stream.source)
    stream.version += 1
    await tx.flush()
    return stream


async def rotate_key(tx: Tx, venue_id: str, stream_id: str) -> str:
    """A new ingest key, shown only here; the old one stops at once."""
    stream = await get(tx, venue_id, stream_id, lock=True)
    key = INGEST_PREFIX + new_secret()
    stream.ingest_key_hash = key_hash(key)
    stream.version += 1
    await tx.flush()
    return key


async def delete(tx: Tx, venue_id: str, stream_id: str, version: int) -> Stream:
    """Take the stream away; the deleted row, for the log."""
    stream = await _edited(tx, venue_id, stream_id, version)
    await tx.delete(stream)
    await tx.flush()
    return stream


async def _edited(tx: Tx, venue_id: str, stream_id: str, version: int) -> Stream:
    stream = await get(tx, venue_id, stream_id, lock=True)
    if stream.version != version:
        raise StaleEdit("Somebody changed this stream meanwhile. Read it again.")
    return stream

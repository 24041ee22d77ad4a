"""An event's recording, and when it can be watched. Each in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from infra.kernel.bounds import UNSET, Address, Ask, Id, Moment, Unset, changes
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.catalogue import events
from paywall.catalogue.sources import SourceKind, check_source
from paywall.catalogue.tables import Replay


class NewReplay(Ask, frozen=True):
    """Watchable inside [available_from, available_until); from the event's end if not said."""

    event_id: Id
    kind: SourceKind
    source: Address
    available_from: Moment | None = None
    available_until: Moment | None = None


class ReplayEdit(Ask, frozen=True):
    """What to change; absent members stay. `available_until` null leaves it open for ever."""

    kind: SourceKind | Unset = UNSET
    source: Address | Unset = UNSET
    available_from: Moment | Unset = UNSET
    available_until: Moment | Unset | None = UNSET


async def create(tx: Tx, venue_id: str, replay_id: str, new: NewReplay, *, now: datetime) -> Replay:
    """Make the event's recording; the one that is there, if it was made before."""
    known = await tx.get(Replay, replay_id)
    if known is not None and known.venue_id == venue_id:
        return known
    event = await events.get(tx, venue_id, new.event_id, lock=True)
    if await tx.scalar(select(Replay.id).where(Replay.event_id == new.event_id).limit(1)):
        raise Conflict(
            "This event has a recording. Change that one, or delete it first.",
            code="replay_exists",
        )
    replay = Replay(
        id=replay_id,
        venue_id=venue_id,
        event_id=new.event_id,
        kind=new.kind.value,
        source=new.source,
        available_from=new.available_from or event.ends_at,
        available_until=new.available_until,
        created_at=now,
        version=1,
    )
    _check(replay)
    tx.add(replay)
    await tx.flush()
    return replay


def _check(replay: Replay) -> None:
    check_source(SourceKind(replay.kind), replay.source)
    until = replay.available_until
    if until is not None and until <= replay.available_from:
        raise Invalid("available_until", "It must lie after available_from: move it later.")


async def get(tx: Tx, venue_id: str, replay_id: str, *, lock: bool = False) -> Replay:
    query = select(Replay).where(Replay.id == replay_id, Replay.venue_id == venue_id)
    replay = await tx.scalar(query.with_for_update() if lock else query)
    if replay is None:
        raise NotFound("replay")
    return replay


async def listed(tx: Tx, venue_id: str, wanted: Wanted, *, event_id: str = "") -> Slice[Replay]:
    """The venue's recordings, newest first."""
    query = select(Replay).where(Replay.venue_id == venue_id)
    if event_id:
        query = query.where(Replay.event_id == event_id)
    return await slice_of(tx, query, wanted, id_column=Replay.id)


async def edit(tx: Tx, venue_id: str, replay_id: str, version: int, wanted: ReplayEdit) -> Replay:
    replay = await _edited(tx, venue_id, replay_id, version)
    for field, value in changes(wanted).items():
        setattr(replay, field, value.value if isinstance(value, SourceKind) else value)
    _check(replay)
    replay.version += 1
    await tx.flush()
    return replay


async def delete(tx: Tx, venue_id: str, replay_id: str, version: int) -> Replay:
    """Take the recording away; the deleted row, for the log."""
    replay = await _edited(tx, venue_id, replay_id, version)
    await tx.delete(replay)
    await tx.flush()
    return replay


async def _edited(tx: Tx, venue_id: str, replay_id: str, version: int) -> Replay:
    replay = await get(tx, venue_id, replay_id, lock=True)
    if replay.version != version:
        raise StaleEdit("Somebody changed this recording meanwhile. Read it again.")
    return replay

"""Playback sessions: opened in bulk, kept alive by beats, ended and denied in one step.

Machine time throughout. An ended session and its denial are written together, so that whatever
ends a session (stop, refund, silence) also closes every edge to its tokens.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, select, update

from entitlements import grants, jose
from entitlements.ports import Kind
from entitlements.tables import Denial, EventEpoch, GrantState, PlaybackSession, Transport
from infra.kernel.db import Tx, add_rows
from infra.kernel.seal import Sealer

BEAT_S = 60
LEASE = timedelta(seconds=150)
GRACE = timedelta(seconds=30)
_WATCHED_SLACK_S = 2.0  # a beat may be that much late on the network and count all the same


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a session opens; see `PlaybackSession` for the meanings."""

    sid: str
    venue_id: str
    customer_id: str
    event_id: str
    grant_id: str
    kind: Kind
    transport: Transport
    device_id: str
    path_prefix: str
    until_at: datetime
    token_until_at: datetime


def new_sid() -> str:
    return secrets.token_urlsafe(16)


async def open_sessions(tx: Tx, sessions: Sequence[NewSession], now: datetime) -> None:
    """Write the sessions in one statement."""
    await add_rows(tx, PlaybackSession, [_row(session, now) for session in sessions])


def _row(session: NewSession, now: datetime) -> dict[str, Any]:
    row = msgspec.structs.asdict(session)
    row["id"] = row.pop("sid")
    return row | {
        "started_at": now,
        "last_beat_at": now,
        "silent_at": now + LEASE + GRACE,
        "ended_at": None,
        "ended_reason": "",
        "watched_s": 0.0,
        "position_s": 0.0,
    }


class BeatSecrets:
    """Each session's own secret, derived from its id, so that none is stored.

    It proves that a beat or a stop comes from whoever was given the session; it opens nothing.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._key = sealer.key("beat secret v1")

    def of(self, sid: str) -> str:
        return jose.b64(hmac.digest(self._key, sid.encode(), "sha256")[:16]).decode()

    def fits(self, sid: str, secret: str) -> bool:
        """Constant-time; false for anything that is not this session's secret."""
        return hmac.compare_digest(self.of(sid).encode(), secret.encode("utf-8", "replace"))


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """What a player says of itself, after its secret was checked. None of it is believed as is.

    `watched_s` is the total it played in this session, so that a beat sent twice counts once.
    """

    sid: str
    watched_s: float = 0.0
    position_s: float = 0.0
    token_exp: datetime | None = None
    """End of the token that the player holds. None: it gets a new one, so a player whose token
    the edge refuses (an old epoch) leaves this out."""
    startup_ms: float | None = None
    """From pressing play to the first picture. The first one told counts."""
    rebuffer_s: float | None = None
    """The total it waited for more in this session, after the first picture."""
    failed: bool | None = None
    """No picture ever came."""

    @property
    def says_something(self) -> bool:
        """More than that the player is there."""
        told = (self.startup_ms, self.rebuffer_s, self.failed)
        return self.watched_s > 0 or any(one is not None for one in told)


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """Go on. With `renew`, mint a token for this session that ends at `token_until_at`."""

    session: PlaybackSession
    renew: bool
    token_until_at: datetime
    min_epoch: int
    next_s: int = BEAT_S


class Ended(msgspec.Struct, frozen=True):
    """The session is over (410); `reason`: unknown, over, stopped, silent, refunded, ..."""

    reason: str


async def beat(
    tx: Tx, beats: Sequence[Beat], now: datetime, *, header_life_s: int = 300
) -> list[Alive | Ended]:
    """Keep sessions alive; answers in order. Count of statements: three for any number of beats.

    Watching time grows by what the client says, but never by more than the machine time since
    its last beat. A header token in the second half of its life is due for renewal.
    """
    # One beat per session and batch: rows are written once, by the last word of each player.
    last = {item.sid: item for item in beats}
    query = select(PlaybackSession).where(PlaybackSession.id.in_(sorted(last)))
    rows = await tx.scalars(query.order_by(PlaybackSession.id).with_for_update())
    sessions = {row.id: row for row in rows}
    epochs = await min_epochs(tx, {row.event_id for row in sessions.values()})
    answers: dict[str, Alive | Ended] = {}
    writes = []
    for sid, item in last.items():
        session = sessions.get(sid)
        answer = _answer(session, item, now, header_life_s, epochs)
        answers[sid] = answer
        if isinstance(answer, Alive):
            writes.append(_write(answer, item, now))
    if writes:
        await (await tx.connection()).execute(_BEAT, writes)
    return [answers[item.sid] for item in beats]


_BEAT = (
    update(PlaybackSession.__table__)  # type: ignore[arg-type]
    .where(PlaybackSession.__table__.c.id == bindparam("sid"))
    .values(
        last_beat_at=bindparam("beat_at"),
        silent_at=bindparam("cut_at"),
        watched_s=bindparam("watched"),
        position_s=bindparam("position"),
        token_until_at=bindparam("token_until"),
        startup_ms=bindparam("startup"),
        rebuffer_s=bindparam("rebuffer"),
        failed=bindparam("no_picture"),
    )
)


def _answer(
    session: PlaybackSession | None,
    item: Beat,
    now: datetime,
    header_life_s: int,
    epochs: dict[str, int],
) -> Alive | Ended:
    if session is None:
        return Ended("unknown")
    if session.ended_at is not None:
        return Ended(session.ended_reason)
    if now >= session.until_at:
        return Ended("over")
    half = now + timedelta(seconds=header_life_s / 2)
    renew = session.transport is Transport.HEADER and (
        item.token_exp is None or item.token_exp <= half
    )
    until = min(session.until_at, now + timedelta(seconds=header_life_s))
    return Alive(
        session=session,
        renew=renew,
        token_until_at=max(until, session.token_until_at) if renew else session.token_until_at,
        min_epoch=epochs.get(session.event_id, 0),
    )


def _write(alive: Alive, item: Beat, now: datetime) -> dict[str, Any]:
    session = alive.session
    elapsed_s = max(0.0, (now - session.last_beat_at).total_seconds()) + _WATCHED_SLACK_S
    most = min(
        session.watched_s + elapsed_s,
        (now - session.started_at).total_seconds() + _WATCHED_SLACK_S,
    )
    return {
        "sid": session.id,
        "beat_at": now,
        "cut_at": now + LEASE + GRACE,
        "watched": max(session.watched_s, min(_finite(item.watched_s), most)),
        "position": max(0.0, min(_finite(item.position_s), 1e7)),
        "token_until": alive.token_until_at,
        **_quality(session, item, now),
    }


def _quality(session: PlaybackSession, item: Beat, now: datetime) -> dict[str, Any]:
    """What the player says of the picture, within what the session's own length allows."""
    age_s = (now - session.started_at).total_seconds() + _WATCHED_SLACK_S
    startup_ms, rebuffer_s = session.startup_ms, session.rebuffer_s
    if startup_ms is None and item.startup_ms is not None:
        startup_ms = max(0.0, min(_finite(item.startup_ms), age_s * 1000))
    if item.rebuffer_s is not None:
        rebuffer_s = max(rebuffer_s or 0.0, min(_finite(item.rebuffer_s), age_s))
    return {
        "startup": startup_ms,
        "rebuffer": rebuffer_s,
        # A picture that came after all is no failure, whatever was said before.
        "no_picture": False if startup_ms is not None else (item.failed or session.failed),
    }


def _finite(value: float) -> float:
    return value if -1e12 < value < 1e12 else 0.0  # NaN compares false


async def stop(tx: Tx, sids: Sequence[str], now: datetime) -> list[str]:
    """The players stopped by themselves; returns the sids that were open."""
    return await revoke_sessions(tx, now, reason="stopped", sids=sids)


async def revoke_sessions(
    tx: Tx, now: datetime, *, reason: str, **which: Sequence[str]
) -> list[str]:
    """End the open sessions chosen by sids, grant_ids, customer_ids or event_ids, and deny them.

    Edges learn of it within a poll (about a second at the embedded edge), whatever the transport.
    """
    columns = {
        "sids": PlaybackSession.id,
        "grant_ids": PlaybackSession.grant_id,
        "customer_ids": PlaybackSession.customer_id,
        "event_ids": PlaybackSession.event_id,
    }
    assert len(which) == 1, "choose by one thing"
    ((by, values),) = which.items()
    return await _end(tx, columns[by].in_(sorted(set(values))), now, reason) if values else []


async def _end(tx: Tx, where: ColumnElement[bool], now: datetime, reason: str) -> list[str]:
    # Locked in id order, as beats lock them, so that the two can't deadlock.
    locked = await tx.scalars(
        select(PlaybackSession.id)
        .where(where, PlaybackSession.ended_at.is_(None))
        .order_by(PlaybackSession.id)
        .with_for_update()
    )
    sids = list(locked)
    if not sids:
        return []
    statement = (
        update(PlaybackSession)
        .where(PlaybackSession.id.in_(sids))
        .values(ended_at=now, ended_reason=reason, silent_at=None)
        .returning(PlaybackSession.id, PlaybackSession.venue_id, PlaybackSession.token_until_at)
        .execution_options(synchronize_session=False)
    )
    ended = (await tx.execute(statement)).all()
    denials = [
        {"id": row.id, "venue_id": row.venue_id, "until_at": row.token_until_at, "created_at": now}
        for row in ended
        if row.token_until_at > now
    ]
    await add_rows(tx, Denial, denials)
    return [row.id for row in ended]


async def withdraw(
    tx: Tx,
    now: datetime,
    business_now: datetime,
    *,
    to: GrantState = GrantState.REVOKED,
    reason: str,
    **which: Sequence[str],
) -> list[str]:
    """Take grants back (or suspend them) and close the door on whoever watches under them.

    For refunds and disputes, in their transaction. Chosen by order_ids, grant_ids or
    customer_ids; returns the grants that moved. A second call finds nothing left to do.
    """
    moved = await grants.change(tx, to, business_now, reason=reason, **which)
    await revoke_sessions(tx, now, reason=reason, grant_ids=moved)
    return moved


async def silent_sessions(tx: Tx, now: datetime, limit: int = 500) -> list[str]:
    """Sessions whose player has not beaten for the lease and the grace: due to be cut off."""
    query = (
        select(PlaybackSession.id)
        .where(PlaybackSession.silent_at <= now)
        .order_by(PlaybackSession.silent_at)
        .limit(limit)
    )
    return list(await tx.scalars(query))


async def cut_silent(tx: Tx, now: datetime, limit: int = 500) -> list[str]:
    """End and deny the silent ones; a beat that came in between saves its session."""
    due = await silent_sessions(tx, now, limit)
    if not due:
        return []
    still = PlaybackSession.id.in_(sorted(due)) & (PlaybackSession.silent_at <= now)
    return await _end(tx, still, now, "silent")


async def viewers_now(tx: Tx, event_ids: Sequence[str], now: datetime) -> dict[str, int]:
    """Players with a live lease (a beat in the last 150 s), by event; events without are absent."""
    query = (
        select(PlaybackSession.event_id, func.count())
        .where(PlaybackSession.event_id.in_(list(event_ids)))
        .where(PlaybackSession.silent_at > now + GRACE)
        .group_by(PlaybackSession.event_id)
    )
    return dict((await tx.execute(query)).all())


async def min_epochs(tx: Tx, event_ids: set[str]) -> dict[str, int]:
    """The lowest epoch whose tokens edges accept, by event; absent means 0."""
    if not event_ids:
        return {}
    query = select(EventEpoch.event_id, EventEpoch.min_epoch).where(
        EventEpoch.event_id.in_(sorted(event_ids))
    )
    return dict((await tx.execute(query)).all())


async def bump_epoch(tx: Tx, venue_id: str, event_id: str) -> int:
    """Void every token of the event at once; players renew. For when single denials are too many.

    Header players get a new token with their next beat; players with a path token must open a
    new session.
    """
    row = await tx.get(EventEpoch, event_id, with_for_update=True)
    if row is None:
        row = EventEpoch(event_id=event_id, venue_id=venue_id, min_epoch=0)
        tx.add(row)
    row.min_epoch += 1
    await tx.flush()
    return row.min_epoch

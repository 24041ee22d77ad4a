"""Keys under which a caller may safely repeat a request: claims and the answers kept for them.

The contract is Stripe's (docs.stripe.com/api/idempotent_requests, read 2026-11): same key and same
request give the same answer, a 500 included. Knows nothing of HTTP: an answer is a status, headers
and bytes. Times are machine time.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import CheckConstraint, Integer, String, Text, bindparam, delete, select, update
from sqlalchemy import tuple_ as row_of
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText, Tx, insert_into
from infra.kernel.seal import Sealer

DEAD_AFTER = timedelta(seconds=30)
"""A process that has not renewed its lock for so long is taken for dead; the key is resumed."""

KEPT_FOR = timedelta(hours=24)
KEY_MAX = 255
"""Longest key, as at Stripe."""


class KeyState(StrEnum):
    """The one step, in_flight to done, is taken by `store_many`'s statement, fenced by attempt."""

    IN_FLIGHT = "in_flight"
    DONE = "done"


class IdempotencyKey(Base):
    """One caller's key, what was asked under it, how far that got, and the answer."""

    __tablename__ = "idempotency_key"
    __table_args__ = (CheckConstraint("state <> 'done' or status > 0", name="done_has_answer"),)

    actor: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(KEY_MAX), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[KeyState] = mapped_column(EnumText(KeyState))
    resource_id: Mapped[str] = mapped_column(String(64))
    """The id of what the request makes, chosen before it ran: a resumed run makes the same."""
    step: Mapped[str] = mapped_column(String(40), default="")
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    """Fences out a process that was taken for dead and comes back late."""
    status: Mapped[int] = mapped_column(Integer, default=0)
    headers: Mapped[str] = mapped_column(Text, default="")
    body_sealed: Mapped[str] = mapped_column(Text, default="")
    """Sealed: an answer may hold a secret that is shown once."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    locked_at: Mapped[datetime]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's wish to run a request once. `resource_id` is used only where the key is new."""

    actor: str
    key: str
    fingerprint: str
    resource_id: str

    @property
    def name(self) -> tuple[str, str]:
        return self.actor, self.key


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it went out: status, the headers that belong to it, and the body's bytes."""

    status: int
    headers: dict[str, str]
    body: bytes


class Verdict(StrEnum):
    RUN = "run"  # the key is yours: do the work under `resource_id`, starting at `step`
    REPEAT = "repeat"  # done before: send `kept`
    REUSED = "reused"  # the key belongs to another request
    IN_FLIGHT = "in_flight"  # a live process is at it, or an earlier claim of the same batch


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim."""

    verdict: Verdict
    resource_id: str = ""
    step: str = ""
    attempt: int = 1
    kept: Kept | None = None


def fingerprint(actor: str, method: str, route: str, body: bytes) -> str:
    """SHA-256 over who asks for what. Lengths come first, so that no two requests look alike."""
    digest = hashlib.sha256()
    for part in (actor.encode(), method.encode(), route.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


async def claim_many(
    tx: Tx, sealer: Sealer, claims: Sequence[Claim], now: datetime
) -> list[Claimed]:
    """Claim keys for a batch, one verdict each, in order; two or three statements for any number.

    Claimed inside the transaction that does the work and finished there by `store_many`, a key is
    never seen in flight by others: they wait for this transaction's end.
    """
    first: dict[tuple[str, str], int] = {}
    for index, claim in enumerate(claims):
        first.setdefault(claim.name, index)
    mine = await _insert_new(tx, [claims[i] for i in first.values()], now)
    known = await _rows(tx, [name for name in first if name not in mine])
    outcomes = []
    for index, claim in enumerate(claims):
        if claim.name not in mine:
            outcomes.append(await _judge(tx, sealer, claim, known[claim.name], now))
        elif first[claim.name] == index:
            outcomes.append(Claimed(verdict=Verdict.RUN, resource_id=claim.resource_id))
        else:
            same = claims[first[claim.name]].fingerprint == claim.fingerprint
            outcomes.append(Claimed(verdict=Verdict.IN_FLIGHT if same else Verdict.REUSED))
    return outcomes


async def _insert_new(tx: Tx, claims: Sequence[Claim], now: datetime) -> set[tuple[str, str]]:
    if not claims:
        return set()
    # In the order of the key, so that two batches with the same keys can't lock each other.
    rows = [
        {
            "actor": claim.actor,
            "key": claim.key,
            "fingerprint": claim.fingerprint,
            "state": KeyState.IN_FLIGHT,
            "resource_id": claim.resource_id,
            "created_at": now,
            "locked_at": now,
        }
        for claim in sorted(claims, key=lambda c: c.name)
    ]
    table = IdempotencyKey.__table__
    # Rows are given to execute and not to values(), so that the statement is compiled once.
    query = insert_into(tx, table).on_conflict_do_nothing().returning(table.c.actor, table.c.key)
    found = await (await tx.connection()).execute(query, rows)
    return {(actor, key) for actor, key in found}


async def _rows(tx: Tx, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], IdempotencyKey]:
    if not names:
        return {}
    query = select(IdempotencyKey).where(
        row_of(IdempotencyKey.actor, IdempotencyKey.key).in_(names)
    )
    return {(row.actor, row.key): row for row in await tx.scalars(query)}


async def _judge(
    tx: Tx, sealer: Sealer, claim: Claim, row: IdempotencyKey, now: datetime
) -> Claimed:
    if row.fingerprint != claim.fingerprint:
        return Claimed(verdict=Verdict.REUSED)
    if row.state is KeyState.DONE:
        return Claimed(verdict=Verdict.REPEAT, resource_id=row.resource_id, kept=_kept(sealer, row))
    resumed = (
        await tx.execute(
            update(IdempotencyKey)
            .where(
                IdempotencyKey.actor == claim.actor,
                IdempotencyKey.key == claim.key,
                IdempotencyKey.state == KeyState.IN_FLIGHT,
                IdempotencyKey.locked_at <= now - DEAD_AFTER,
            )
            .values(locked_at=now, attempt=IdempotencyKey.attempt + 1)
            .returning(IdempotencyKey.resource_id, IdempotencyKey.step, IdempotencyKey.attempt)
            .execution_options(synchronize_session=False)
        )
    ).first()
    if resumed is None:
        return Claimed(verdict=Verdict.IN_FLIGHT)
    resource_id, step, attempt = resumed
    return Claimed(verdict=Verdict.RUN, resource_id=resource_id, step=step, attempt=attempt)


def _kept(sealer: Sealer, row: IdempotencyKey) -> Kept:
    body = sealer.unseal(row.body_sealed, _purpose(row.actor, row.key))
    headers = msgspec.json.decode(row.headers, type=dict[str, str])
    return Kept(status=row.status, headers=headers, body=base64.b64decode(body))


def _purpose(actor: str, key: str) -> str:
    return f"idempotency {actor} {key}"


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a claimed key, ready to be kept."""

    actor: str
    key: str
    attempt: int
    kept: Kept


async def store_many(tx: Tx, sealer: Sealer, finishes: Sequence[Finish]) -> None:
    """Keep the answers of claimed keys; one whose key was resumed by another is left alone."""
    if not finishes:
        return
    rows = [
        {
            "the_actor": finish.actor,
            "the_key": finish.key,
            "the_attempt": finish.attempt,
            "state": KeyState.DONE,
            "status": finish.kept.status,
            "headers": msgspec.json.encode(finish.kept.headers).decode(),
            "body_sealed": sealer.seal(
                base64.b64encode(finish.kept.body), _purpose(finish.actor, finish.key)
            ),
        }
        for finish in finishes
    ]
    table = IdempotencyKey.__table__
    query = (
        update(table)  # type: ignore[arg-type]
        .where(
            table.c.actor == bindparam("the_actor"),
            table.c.key == bindparam("the_key"),
            table.c.attempt == bindparam("the_attempt"),
            table.c.state == KeyState.IN_FLIGHT,
        )
        .values({name: bindparam(name) for name in ("state", "status", "headers", "body_sealed")})
    )
    await (await tx.connection()).execute(query, rows)


async def renew(tx: Tx, claim: Claim, attempt: int, now: datetime) -> bool:
    """Say that this process still lives; False when the key was taken over."""
    return await _touch(tx, claim, attempt, locked_at=now)


async def reach(tx: Tx, claim: Claim, attempt: int, step: str) -> bool:
    """Remember how far the work got, inside the transaction that got there."""
    return await _touch(tx, claim, attempt, step=step)


async def abandon(tx: Tx, claim: Claim, attempt: int) -> bool:
    """Nothing lasting was answered: the next try resumes at once, with the same resource_id."""
    return await _touch(tx, claim, attempt, locked_at=datetime.fromisoformat("2000-01-01T00:00Z"))


async def _touch(tx: Tx, claim: Claim, attempt: int, **values: Any) -> bool:
    changed = await tx.execute(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.actor == claim.actor,
            IdempotencyKey.key == claim.key,
            IdempotencyKey.attempt == attempt,
            IdempotencyKey.state == KeyState.IN_FLIGHT,
        )
        .values(**values)
        .returning(IdempotencyKey.attempt)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


async def forget(tx: Tx, claim: Claim, attempt: int) -> None:
    """Nothing was done: the key is free for another, corrected request."""
    await tx.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.actor == claim.actor,
            IdempotencyKey.key == claim.key,
            IdempotencyKey.attempt == attempt,
            IdempotencyKey.state == KeyState.IN_FLIGHT,
        )
    )


async def purge(tx: Tx, now: datetime, limit: int = 1000) -> int:
    """Drop keys older than a day, at most `limit`; how many went. For the worker's tick."""
    old = (
        select(IdempotencyKey.actor, IdempotencyKey.key)
        .where(IdempotencyKey.created_at < now - KEPT_FOR)
        .order_by(IdempotencyKey.created_at)
        .limit(limit)
    )
    gone = await tx.execute(
        delete(IdempotencyKey)
        .where(row_of(IdempotencyKey.actor, IdempotencyKey.key).in_(old))
        .returning(IdempotencyKey.key)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())

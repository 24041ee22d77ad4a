"""The outbox: effects that leave the database are rows first. Knows no mail server and no HTTP.

Life of a row: `enqueue` in the transaction of the cause; `claim_due` leases it to one worker (the
intent); the worker calls the outside with no transaction open; `settle` writes the outcome.

What a killed worker costs: nothing is lost, since its lease runs out and the row is due again.
A mail whose worker died while SENDING may or may not have been taken, so it is sent once more
under the same Message-ID; when that try too ends unknown the row rests as UNKNOWN for a person.
A mail is therefore doubled at most once, and only then. Webhooks carry an id for that purpose
(Standard Webhooks, `webhook-id`), so for them an unknown outcome is just another failed try.
Mails of `AT_MOST_ONCE` are never doubled: one that may have been taken rests as UNKNOWN at once.

Times are machine time. What is due in business time (a reminder three days before a concert) is
found by the job that owns it, which writes its row here at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import case, delete, select, update

from infra.kernel.db import Database, Tx, insert_into, wake
from infra.kernel.ids import new_id
from infra.kernel.seal import Sealer
from paywall.notices.kinds import AT_MOST_ONCE
from paywall.notices.tables import OutboxKind, OutboxRow, OutboxState

INSTALLATION = "installation"

LEASE = timedelta(seconds=60)
"""Longer than any sender may take (10 s), shorter than a person's patience."""

MAIL_BACKOFF_S = (10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""Pauses after a mail's 1st to 9th failed try; the 10th is the last, 47 hours after the first.

RFC 5321 section 4.5.4.1 asks senders to give up after 4 to 5 days at the earliest; that is the
mail server's work, we only have to reach our own server.
"""

WEBHOOK_BACKOFF_S = (
    5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600,
)  # fmt: skip
"""The example schedule of Standard Webhooks 1.0.0, 'Deliverability and reliability': ten tries
in 75 h 35 m (github.com/standard-webhooks/standard-webhooks, spec, read 2026-11-22). Without its
jitter: rows of one outage are spread by the leases' batches already."""

BACKOFF_S: Mapping[OutboxKind, tuple[int, ...]] = {
    OutboxKind.MAIL: MAIL_BACKOFF_S,
    OutboxKind.WEBHOOK: WEBHOOK_BACKOFF_S,
}
JOBS: Mapping[OutboxKind, str] = {OutboxKind.MAIL: "mails", OutboxKind.WEBHOOK: "webhooks"}
"""Who sends what."""
KEEP = timedelta(days=90)
"""How long a finished row is kept, for people who ask and for replay."""

_SEAL = "outbox"
_DONE = (OutboxState.SENT, OutboxState.FAILED, OutboxState.UNKNOWN)
_TAKEN = 1
"""Unknown outcomes after which a mail is not sent again: 1 means one repetition at most."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a use case asks to be sent. `data` is plain JSON; `secrets` are merged into it late."""

    kind: OutboxKind
    recipient: str
    template: str
    cause_id: str
    data: dict[str, Any]
    venue_id: str = INSTALLATION
    locale: str = ""
    secrets: dict[str, str] = {}
    attachment: str = ""  # a reference that an AttachmentSource knows
    due_at: datetime | None = None  # machine time; None: at once


def mail(
    venue_id: str, recipient: str, template: str, cause_id: str, data: dict[str, Any],
    *, locale: str = "", secrets: dict[str, str] | None = None, attachment: str = "",
) -> Notice:  # fmt: skip
    """A mail to one address. The same cause, template and address never mails twice."""
    return Notice(
        kind=OutboxKind.MAIL, venue_id=venue_id, recipient=recipient, template=template,
        cause_id=cause_id, data=data, locale=locale, secrets=secrets or {}, attachment=attachment,
    )  # fmt: skip


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A leased row as a worker sees it, secrets opened."""

    id: str
    lease: str
    kind: OutboxKind
    venue_id: str
    recipient: str
    template: str
    locale: str
    data: dict[str, Any]
    attachment: str
    tries: int  # this one included
    created_at: datetime


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    status: int | None = None
    excerpt: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """`final`: trying again can't help. `retry_after_s` lengthens the pause, never shortens it."""

    error: str
    final: bool = False
    unknown: bool = False
    status: int | None = None
    excerpt: str = ""
    retry_after_s: int = 0


Outcome = Sent | Failed


class Outbox:
    """Writes, leases and settles rows. Holds the sealer for secrets inside mails, no state."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def enqueue(self, tx: Tx, notices: Sequence[Notice], now: datetime) -> None:
        """Add rows in the caller's transaction, in one statement; known causes are skipped."""
        if not notices:
            return
        rows = [self._row(notice, now) for notice in notices]
        await tx.execute(insert_into(tx, OutboxRow).on_conflict_do_nothing(), rows)
        for kind in {notice.kind for notice in notices}:
            wake(tx, JOBS[kind])

    def _row(self, notice: Notice, now: datetime) -> dict[str, Any]:
        sealed = ""
        if notice.secrets:
            sealed = self._sealer.seal(msgspec.json.encode(notice.secrets), _SEAL)
        return {
            "id": new_id("out"),
            "venue_id": notice.venue_id,
            "kind": notice.kind,
            "recipient": notice.recipient,
            "template": notice.template,
            "locale": notice.locale,
            "data": notice.data,
            "sealed": sealed,
            "attachment": notice.attachment,
            "cause_id": notice.cause_id,
            "due_at": notice.due_at or now,
            "created_at": now,
        }

    async def claim_due(
        self, db: Database, kind: OutboxKind, now: datetime, limit: int
    ) -> list[Claimed]:
        """Lease up to `limit` due rows, oldest first, to the caller alone.

        PostgreSQL skips rows that another worker is claiming; on SQLite the transaction is the
        only writer. Mails whose repetition also ended unknown are set aside as UNKNOWN.
        """
        async with db.transaction() as tx:
            query = (
                select(OutboxRow.id, OutboxRow.state, OutboxRow.unknowns, OutboxRow.template)
                .where(
                    OutboxRow.kind == kind,
                    OutboxRow.state.in_((OutboxState.WAITING, OutboxState.SENDING)),
                    OutboxRow.due_at <= now,
                )
                .order_by(OutboxRow.due_at, OutboxRow.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            due = (await tx.execute(query)).all()
            doubtful = {
                row.id for row in due
                if kind is OutboxKind.MAIL
                and row.state is OutboxState.SENDING
                and (row.unknowns >= _TAKEN or row.template in AT_MOST_ONCE)
            }  # fmt: skip
            await self._set_aside(tx, doubtful, now)
            return await self._lease(tx, [r.id for r in due if r.id not in doubtful], now)

    async def _lease(self, tx: Tx, ids: list[str], now: datetime) -> list[Claimed]:
        if not ids:
            return []
        lease = new_id("lse")
        until = now + LEASE
        lost = case((OutboxRow.state == OutboxState.SENDING, 1), else_=0)
        statement = (
            update(OutboxRow)
            .where(OutboxRow.id.in_(ids))
            .values(
                state=OutboxState.SENDING, lease=lease, lease_until=until, due_at=until,
                tries=OutboxRow.tries + 1, unknowns=OutboxRow.unknowns + lost,
            )
            .returning(
                OutboxRow.id, OutboxRow.kind, OutboxRow.venue_id, OutboxRow.recipient,
                OutboxRow.template, OutboxRow.locale, OutboxRow.data, OutboxRow.sealed,
                OutboxRow.attachment, OutboxRow.tries, OutboxRow.created_at,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        rows = (await tx.execute(statement)).all()
        return sorted((self._claimed(row, lease) for row in rows), key=lambda row: row.id)

    def _claimed(self, row: Any, lease: str) -> Claimed:
        data = dict(row.data)
        if row.sealed:
            data |= msgspec.json.decode(self._sealer.unseal(row.sealed, _SEAL))
        return Claimed(
            id=row.id, lease=lease, kind=row.kind, venue_id=row.venue_id,
            recipient=row.recipient, template=row.template, locale=row.locale, data=data,
            attachment=row.attachment, tries=row.tries, created_at=row.created_at,
        )  # fmt: skip

    async def _set_aside(self, tx: Tx, ids: set[str], now: datetime) -> None:
        if ids:
            await tx.execute(
                update(OutboxRow)
                .where(OutboxRow.id.in_(ids))
                .values(
                    state=OutboxState.UNKNOWN, done_at=now, lease_until=None, sealed="",
                    last_error="It may have arrived; a worker ended while sending it.",
                )
                .execution_options(synchronize_session=False)
            )  # fmt: skip

    async def settle(
        self, tx: Tx, claimed: Claimed, outcome: Outcome, now: datetime
    ) -> OutboxRow | None:
        """Write what became of a call. None: the lease was lost, its new holder decides."""
        query = select(OutboxRow).where(OutboxRow.id == claimed.id).with_for_update()
        row = (await tx.execute(query)).scalar_one_or_none()
        if row is None or row.state is not OutboxState.SENDING or row.lease != claimed.lease:
            return None
        row.answer_status = outcome.status
        row.answer_excerpt = outcome.excerpt[:1000]
        row.lease_until = None
        row.last_error = "" if isinstance(outcome, Sent) else outcome.error[:500]
        if isinstance(outcome, Failed):
            row.unknowns += outcome.unknown
        target = _target(row, outcome)
        row.move(target)
        if isinstance(outcome, Failed) and target is OutboxState.WAITING:
            pause_s = max(BACKOFF_S[row.kind][row.tries - 1], outcome.retry_after_s)
            row.due_at = now + timedelta(seconds=pause_s)
        else:
            row.done_at = now
            row.sealed = ""
        return row

    async def put_back(self, db: Database, claimed: Sequence[Claimed], due_at: datetime) -> None:
        """Return leased rows that were never tried; they come again at due_at, no try counted."""
        if not claimed:
            return
        async with db.transaction() as tx:
            await tx.execute(
                update(OutboxRow)
                .where(
                    OutboxRow.id.in_([row.id for row in claimed]),
                    OutboxRow.lease.in_({row.lease for row in claimed}),
                    OutboxRow.state == OutboxState.SENDING,
                )
                .values(
                    state=OutboxState.WAITING, tries=OutboxRow.tries - 1,
                    lease_until=None, due_at=due_at,
                )
                .execution_options(synchronize_session=False)
            )  # fmt: skip

    async def hold_back(
        self, db: Database, kind: OutboxKind, recipient: str, until: datetime
    ) -> None:
        """Let nothing more of a recipient's queue fall due before `until`."""
        async with db.transaction() as tx:
            await tx.execute(
                update(OutboxRow)
                .where(
                    OutboxRow.kind == kind,
                    OutboxRow.recipient == recipient,
                    OutboxRow.state == OutboxState.WAITING,
                    OutboxRow.due_at < until,
                )
                .values(due_at=until)
                .execution_options(synchronize_session=False)
            )

    async def purge(self, db: Database, now: datetime, limit: int = 1000) -> int:
        """Forget finished rows older than KEEP; returns how many. They hold people's addresses."""
        async with db.transaction() as tx:
            old = (
                select(OutboxRow.id)
                .where(OutboxRow.state.in_(_DONE), OutboxRow.created_at < now - KEEP)
                .limit(limit)
            )
            ids = (await tx.execute(old)).scalars().all()
            if ids:
                await tx.execute(delete(OutboxRow).where(OutboxRow.id.in_(ids)))
            return len(ids)


def _target(row: OutboxRow, outcome: Outcome) -> OutboxState:
    if isinstance(outcome, Sent):
        return OutboxState.SENT
    once = row.template in AT_MOST_ONCE
    if outcome.unknown and row.kind is OutboxKind.MAIL and (once or row.unknowns > _TAKEN):
        return OutboxState.UNKNOWN
    if outcome.final or row.tries > len(BACKOFF_S[row.kind]):
        return OutboxState.FAILED
    return OutboxState.WAITING

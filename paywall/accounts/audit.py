"""The audit log: who did what to what. Written in the act's own transaction, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import insert, select

from infra.kernel.db import Database, Tx
from infra.kernel.ids import new_id
from paywall.accounts.tables import AuditEntry

PAGE_MAX: Final = 100


class AuditView(msgspec.Struct, frozen=True):
    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    data: dict[str, Any]


async def record(
    tx: Tx,
    *,
    venue_id: str,
    actor: str,
    action: str,
    subject: str,
    data: Mapping[str, Any],
    now: datetime,
) -> str:
    """Note an act (`noun.verb`) on a subject (an id). `data` holds facts and ids: no secrets, no
    addresses, as nothing here can ever be erased. `now` is machine time.
    """
    entry_id = new_id("aud")
    await tx.execute(
        insert(AuditEntry).values(
            id=entry_id,
            venue_id=venue_id,
            actor=actor,
            action=action,
            subject=subject,
            data=dict(data),
            at=now,
        )
    )
    return entry_id


async def audit_page(
    db: Database, venue_id: str, *, before: str = "", limit: int = 50, subject: str = ""
) -> list[AuditView]:
    """Entries of a venue, newest first, older than the entry `before`."""
    query = select(AuditEntry).where(AuditEntry.venue_id == venue_id)
    if before:
        query = query.where(AuditEntry.id < before)
    if subject:
        query = query.where(AuditEntry.subject == subject)
    query = query.order_by(AuditEntry.id.desc()).limit(min(limit, PAGE_MAX))
    async with db.read() as tx:
        rows = (await tx.scalars(query)).all()
    return [AuditView(r.id, r.at, r.actor, r.action, r.subject, r.data) for r in rows]

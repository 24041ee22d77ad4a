"""The audit log: who did what to what. Written in the act's own transaction, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from infra.kernel.db import Database, Tx
from infra.kernel.ids import new_id
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.accounts.tables import AuditEntry


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
    db: Database, venue_id: str, wanted: Wanted, *, subject: str = ""
) -> Slice[AuditEntry]:
    """Entries of a venue, newest first; with a subject, only what was done to it."""
    query = select(AuditEntry).where(AuditEntry.venue_id == venue_id)
    if subject:
        query = query.where(AuditEntry.subject == subject)
    async with db.read() as tx:
        return await slice_of(tx, query, wanted, id_column=AuditEntry.id)

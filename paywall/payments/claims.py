"""Taking due rows so that no other worker takes them too: a lease written into `due_at`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.payments.tables import InboxRow, Mandate, Payment, Refund

R = TypeVar("R", Payment, Refund, InboxRow, Mandate)

LEASE = timedelta(seconds=60)
BACK_OFF_S = (5, 15, 60, 300, 900, 3600)


async def claim(tx: Tx, kind: type[R], now: datetime, limit: int) -> list[R]:
    """Up to `limit` rows whose time has come; if their worker dies they are due again by LEASE."""
    query = (
        select(kind)
        .where(kind.due_at.is_not(None), kind.due_at <= now)
        .order_by(kind.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(await tx.scalars(query))
    for row in rows:
        row.due_at = now + LEASE
        row.tries += 1
    return rows


def wait_s(tries: int) -> timedelta:
    """How long until the next look after this many: 5 s, then up to an hour."""
    return timedelta(seconds=BACK_OFF_S[min(max(tries, 1), len(BACK_OFF_S)) - 1])

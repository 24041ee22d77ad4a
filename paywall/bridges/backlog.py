"""How long due work has waited, by job: what an operator watches to see that workers are alive."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from infra.kernel.db import Database
from offers.tables import Hold, HoldState
from paywall.notices.outbox import JOBS
from paywall.notices.receipts import ReceiptFile
from paywall.notices.tables import OutboxRow, OutboxState
from paywall.payments.tables import InboxRow, Payment, Refund

_OPEN = (OutboxState.WAITING, OutboxState.SENDING)


async def waiting_s(db: Database, now: datetime) -> dict[str, float]:
    """Seconds since each job's oldest row became due, 0 where none is.

    `now` is machine time. Every part reads the first entry of the index that its job reads.
    """
    parts = [
        *[
            (job, select(func.min(OutboxRow.due_at)).where(
                OutboxRow.kind == kind, OutboxRow.state.in_(_OPEN)
            ))
            for kind, job in JOBS.items()
        ],
        *[
            ("payments", select(func.min(row.due_at)).where(row.due_at.is_not(None)))
            for row in (Payment, Refund, InboxRow)
        ],
        ("holds", select(func.min(Hold.due_at)).where(Hold.state == HoldState.HELD)),
        ("receipts", select(func.min(ReceiptFile.due_at)).where(ReceiptFile.pdf.is_(None))),
    ]  # fmt: skip
    async with db.read() as tx:
        oldest = [await tx.scalar(query) for _, query in parts]
    waits = dict.fromkeys((job for job, _ in parts), 0.0)
    for (job, _), due_at in zip(parts, oldest, strict=True):
        if due_at is not None:
            waits[job] = max(waits[job], (now - due_at).total_seconds())
    return waits

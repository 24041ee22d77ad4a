"""What only a person can settle at a venue: payments, refunds, disputes, webhooks of processors."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, or_, select

from infra.kernel.db import Tx
from paywall.payments.port import DisputeStanding
from paywall.payments.tables import Dispute, InboxRow, InboxState, Payment, Refund

SHOWN_MAX = 100


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that wait for somebody, the oldest first, at most SHOWN_MAX of each."""

    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    stuck_webhooks: int

    @property
    def count(self) -> int:
        return (
            len(self.payments) + len(self.refunds) + len(self.disputes) + bool(self.stuck_webhooks)
        )


async def attention(tx: Tx, venue_id: str) -> Attention:
    payments = select(Payment).where(Payment.venue_id == venue_id, Payment.needs_person != "")
    refunds = select(Refund).where(Refund.venue_id == venue_id, Refund.needs_person != "")
    disputes = select(Dispute).where(
        Dispute.venue_id == venue_id,
        or_(Dispute.needs_person != "", Dispute.state == DisputeStanding.OPEN),
    )
    stuck = select(func.count()).where(
        InboxRow.venue_id == venue_id, InboxRow.state == InboxState.STUCK
    )
    return Attention(
        payments=list(await tx.scalars(payments.order_by(Payment.id).limit(SHOWN_MAX))),
        refunds=list(await tx.scalars(refunds.order_by(Refund.id).limit(SHOWN_MAX))),
        disputes=list(await tx.scalars(disputes.order_by(Dispute.id).limit(SHOWN_MAX))),
        stuck_webhooks=await tx.scalar(stuck) or 0,
    )

"""What only a person can settle: payments, refunds, disputes, webhooks of processors."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, or_, select

from infra.kernel.db import Tx
from paywall.catalogue.tables import Mode, Venue
from paywall.payments.port import DisputeStanding
from paywall.payments.tables import (
    Dispute,
    GatewayAccount,
    InboxRow,
    InboxState,
    Payment,
    Refund,
)

SHOWN_MAX = 100


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that wait for somebody, the oldest first, at most SHOWN_MAX of each."""

    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    webhooks: list[InboxRow]

    @property
    def stuck_webhooks(self) -> int:
        return len(self.webhooks)

    @property
    def count(self) -> int:
        return len(self.payments) + len(self.refunds) + len(self.disputes) + len(self.webhooks)

    def lines(self) -> list[str]:
        """One plain line each, with the id and what is wrong; an open dispute is not wrong."""
        rows: list[Payment | Refund | Dispute] = [*self.payments, *self.refunds, *self.disputes]
        said = [f"{row.id} ({row.needs_person})" for row in rows if row.needs_person]
        return said + [f"{row.id} ({row.kind}: {row.failure})" for row in self.webhooks]


async def attention(tx: Tx, venue_id: str = "") -> Attention:
    """Of one venue, or of the whole installation.

    What is left of a live venue's tests waits for nobody: no money hangs on it.
    """
    of_tests = (
        select(GatewayAccount.id)
        .join(Venue, Venue.id == GatewayAccount.venue_id)
        .where(GatewayAccount.test.is_(True), Venue.mode == Mode.LIVE)
    )

    def waiting(kind: Any, wanted: ColumnElement[bool]) -> Any:
        real = kind.gateway_account_id.not_in(of_tests)
        query = select(kind).where(wanted, real).order_by(kind.id).limit(SHOWN_MAX)
        return query.where(kind.venue_id == venue_id) if venue_id else query

    disputes = or_(Dispute.needs_person != "", Dispute.state == DisputeStanding.OPEN)
    return Attention(
        payments=list(await tx.scalars(waiting(Payment, Payment.needs_person != ""))),
        refunds=list(await tx.scalars(waiting(Refund, Refund.needs_person != ""))),
        disputes=list(await tx.scalars(waiting(Dispute, disputes))),
        webhooks=list(await tx.scalars(waiting(InboxRow, InboxRow.state == InboxState.STUCK))),
    )

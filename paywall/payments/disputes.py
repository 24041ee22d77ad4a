"""Disputes as rows: what a bank took back counts against the payment until it is won."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from paywall.payments.consequences import Consequences
from paywall.payments.port import DisputeChanged, DisputeStanding
from paywall.payments.settle import lock_payments
from paywall.payments.tables import DISPUTE_TRANSITIONS, Dispute, Payment


async def settle_disputes(
    tx: Tx,
    told: Sequence[tuple[str, DisputeChanged]],
    consequences: Consequences,
    now: datetime,
) -> None:
    """Settle (payment id, what was told) in the caller's transaction, in any order, twice or more.

    A closing that comes before its opening counts as both.
    """
    payments = await lock_payments(tx, [payment_id for payment_id, _ in told])
    opened: dict[str, Dispute] = {}
    closed: dict[str, Dispute] = {}
    for payment_id, change in told:
        payment = payments[payment_id]
        row = opened.get(change.dispute_ref) or await tx.scalar(
            select(Dispute).where(
                Dispute.gateway_account_id == payment.gateway_account_id,
                Dispute.dispute_ref == change.dispute_ref,
            )
        )
        if row is None:
            row = _open(payment, change, now)
            tx.add(row)
            opened[change.dispute_ref] = row
        if change.standing in DISPUTE_TRANSITIONS[row.state]:
            row.move(change.standing)
            closed[change.dispute_ref] = row
        if change.fee is not None and change.fee.minor != (row.fee_minor or 0):
            # `disputed` was told the fee of the opening; what comes later is not posted by itself.
            row.needs_person = (
                f"The processor's fee for this dispute is {change.fee.decimal()}"
                f" {change.fee.currency} by now. Book what came after the opening by hand."
            )
    await tx.flush()
    if opened:
        await consequences.disputed(tx, list(opened.values()), now)
    if closed:
        for row in closed.values():
            if row.state is DisputeStanding.WON:
                payments[row.payment_id].disputed_minor -= row.counted_minor
        await tx.flush()
        await consequences.dispute_closed(tx, list(closed.values()), now)


def _open(payment: Payment, change: DisputeChanged, now: datetime) -> Dispute:
    asked = change.amount
    # Law 3: what goes back never exceeds what came in, though a bank may ask for more.
    counted = min(asked.minor, payment.refundable.minor)
    left_over = asked.minor - counted
    payment.disputed_minor += counted
    return Dispute(
        id=new_id("dsp"),
        venue_id=payment.venue_id,
        order_id=payment.order_id,
        payment_id=payment.id,
        gateway_account_id=payment.gateway_account_id,
        dispute_ref=change.dispute_ref,
        state=DisputeStanding.OPEN,
        asked_minor=asked.minor,
        counted_minor=counted,
        fee_minor=None if change.fee is None else change.fee.minor,
        currency=payment.currency,
        reason=change.reason[:120],
        evidence_due_at=change.evidence_due_at,
        needs_person=(
            ""
            if not left_over
            else f"The bank took {asked.decimal()} {asked.currency}, more than was left of the"
            " payment: part of it was refunded already. Tell the bank of the refund."
        ),
        created_at=now,
    )

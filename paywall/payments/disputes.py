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

    A closing that comes before its opening counts as both, and an opening that comes after its
    closing as nothing. An inquiry moves no money until a dispute grows out of it.
    """
    payments = await lock_payments(tx, [payment_id for payment_id, _ in told])
    for payment_id, change in told:
        payment = payments[payment_id]
        row = await tx.scalar(
            select(Dispute).where(
                Dispute.gateway_account_id == payment.gateway_account_id,
                Dispute.dispute_ref == change.dispute_ref,
            )
        )
        if row is None:
            row = _new(payment, change, now)
            tx.add(row)
        await _step(tx, payment, row, change, consequences, now)
        await tx.flush()


async def _step(
    tx: Tx,
    payment: Payment,
    row: Dispute,
    change: DisputeChanged,
    consequences: Consequences,
    now: datetime,
) -> None:
    """One change: what it takes is taken first, what it gives back or ends comes after."""
    grown = change.moved and not row.moved
    opens = change.standing is DisputeStanding.OPEN
    closes = not opens and change.standing in DISPUTE_TRANSITIONS[row.state]
    again = row.state is DisputeStanding.WON and closes
    if grown:
        row.moved = True
        row.asked_minor = change.amount.minor
        if row.state is DisputeStanding.WON and opens:
            row.move(DisputeStanding.OPEN)
    if row.state is DisputeStanding.LOST and change.standing is DisputeStanding.WON:
        row.needs_person = (
            "The processor says that this dispute is won, after it said that it was lost. Compare"
            " them in its dashboard; if the money is back, book it and open the door by hand."
        )
    if row.moved and (grown or again):
        _take(payment, row, change)
        await tx.flush()
        await consequences.disputed(tx, [row], now)
    if closes:
        row.move(change.standing)
    if row.moved and (closes or (grown and row.state is not DisputeStanding.OPEN)):
        if row.state is DisputeStanding.WON:
            payment.disputed_minor -= row.counted_minor
        await tx.flush()
        await consequences.dispute_closed(tx, [row], now)
    await _fee(tx, row, change, consequences, now)
    row.evidence_due_at = change.evidence_due_at or row.evidence_due_at


def _take(payment: Payment, row: Dispute, change: DisputeChanged) -> None:
    """Count what the bank took against the payment.

    Law 3: what goes back never exceeds what came in, though a bank may ask for more.
    """
    same = change.amount.currency == payment.currency
    row.counted_minor = min(row.asked_minor, payment.refundable.minor) if same else 0
    payment.disputed_minor += row.counted_minor
    if row.counted_minor < row.asked_minor:
        row.needs_person = (
            f"The bank took {change.amount.decimal()} {change.amount.currency}, more than was left"
            " of the payment: part of it was refunded already. Tell the bank of the refund."
        )


async def _fee(
    tx: Tx, row: Dispute, change: DisputeChanged, consequences: Consequences, now: datetime
) -> None:
    """Post what the processor's fees of the dispute are more (or less) than was posted so far."""
    if change.fee is None:
        return
    if change.fee.currency != row.currency:
        row.needs_person = (
            f"The processor's fee for this dispute is {change.fee.decimal()} {change.fee.currency},"
            f" another currency than the payment's. Book it by hand."
        )
        return
    older = change.standing is not row.state
    more = change.fee.minor - (row.fee_minor or 0)
    if more == 0 or (older and row.fee_minor is not None):
        return
    row.fee_minor = change.fee.minor
    await tx.flush()
    await consequences.dispute_fees_told(tx, [(row, more)], now)


def _new(payment: Payment, change: DisputeChanged, now: datetime) -> Dispute:
    return Dispute(
        id=new_id("dsp"),
        venue_id=payment.venue_id,
        order_id=payment.order_id,
        payment_id=payment.id,
        gateway_account_id=payment.gateway_account_id,
        dispute_ref=change.dispute_ref,
        state=DisputeStanding.OPEN,
        moved=False,
        asked_minor=change.amount.minor,
        counted_minor=0,
        fee_minor=None,
        currency=payment.currency,
        reason=change.reason[:120],
        evidence_due_at=change.evidence_due_at,
        needs_person="",
        created_at=now,
    )

"""Refunds that somebody made in the processor's own dashboard: adopted, so that books agree."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from paywall.payments.port import RefundChanged, RefundStanding
from paywall.payments.settle import lock_payments
from paywall.payments.tables import Payment, Refund, RefundState


async def adopt_refund(tx: Tx, payment_id: str, told: RefundChanged, now: datetime) -> str | None:
    """The id of a row made for it, to be settled next; None when there is nothing to adopt.

    Without a snapshot its amount is unknown, and a failed one never moved money.
    """
    said = told.snapshot
    if said is None or said.standing is RefundStanding.FAILED:
        return None
    payment: Payment = (await lock_payments(tx, [payment_id]))[payment_id]
    known = await tx.scalar(
        select(Refund.id).where(
            Refund.gateway_account_id == payment.gateway_account_id,
            Refund.processor_ref == told.processor_ref,
        )
    )
    if known is not None:
        return known
    if said.amount.currency != payment.currency or payment.refundable < said.amount:
        payment.needs_person = (
            f"The processor's refund {told.processor_ref} of {said.amount.decimal()}"
            f" {said.amount.currency} is more than is left of this payment. Compare them there."
        )
        return None
    payment.refunded_minor += said.amount.minor
    refund = Refund(
        id=new_id("ref"),
        venue_id=payment.venue_id,
        order_id=payment.order_id,
        payment_id=payment.id,
        gateway_account_id=payment.gateway_account_id,
        payment_ref=payment.processor_ref or told.payment_ref,
        amount_minor=said.amount.minor,
        currency=payment.currency,
        reason="Made in the processor's dashboard",
        state=RefundState.SENT,
        processor_ref=told.processor_ref,
        failure="",
        first_sent_at=now,
        due_at=now,
        tries=0,
        needs_person="",
        created_at=now,
    )
    tx.add(refund)
    await tx.flush()
    return refund.id

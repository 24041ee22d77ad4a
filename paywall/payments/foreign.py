"""Refunds that somebody made in the processor's own dashboard: adopted, so that books agree."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.payments.port import RefundSnapshot, RefundStanding
from paywall.payments.settle import lock_payments
from paywall.payments.tables import Payment, PaymentState, Refund, RefundState

REASON = "Made in the processor's dashboard"


async def adopt_refund(tx: Tx, payment_id: str, said: RefundSnapshot, now: datetime) -> str | None:
    """The id of a row made for it, to be settled next; None when there is nothing to adopt.

    A failed one never moved money. One that was adopted from the payment's total, before the
    processor named it, gets its name.
    """
    if said.standing is RefundStanding.FAILED:
        return None
    payment: Payment = (await lock_payments(tx, [payment_id]))[payment_id]
    known = await tx.scalar(
        select(Refund.id).where(
            Refund.gateway_account_id == payment.gateway_account_id,
            Refund.processor_ref == said.processor_ref,
        )
    )
    if known is None:
        known = await _name_nameless(tx, payment_id, said)
    if known is not None:
        return known
    if said.amount.currency != payment.currency or payment.refundable < said.amount:
        payment.needs_person = (
            f"The processor's refund {said.processor_ref} of {said.amount.decimal()}"
            f" {said.amount.currency} is more than is left of this payment. Compare them there."
        )
        return None
    refund = _adopted(payment, said.amount, said.processor_ref, now)
    tx.add(refund)
    await tx.flush()
    return refund.id


async def adopt_difference(
    tx: Tx, payment_id: str, refunded: Money, now: datetime
) -> tuple[str, RefundSnapshot] | None:
    """Adopt what the processor gave back of a payment more than our rows know of.

    For processors that tell a total only, or whose webhook about the refund itself was lost.
    """
    payment: Payment = (await lock_payments(tx, [payment_id]))[payment_id]
    missing = refunded.minor - payment.refunded_minor
    if payment.state is not PaymentState.CAPTURED or missing <= 0:
        return None
    if payment.refundable.minor < missing:
        payment.needs_person = (
            f"The processor gave back {refunded.decimal()} {refunded.currency} of this payment,"
            " more than is left of it here. Compare them in its dashboard."
        )
        return None
    refund = _adopted(payment, payment.money(missing), "", now)
    tx.add(refund)
    await tx.flush()
    return refund.id, RefundSnapshot(
        processor_ref="",
        refund_id=refund.id,
        standing=RefundStanding.SUCCEEDED,
        amount=refund.amount,
    )


async def _name_nameless(tx: Tx, payment_id: str, said: RefundSnapshot) -> str | None:
    nameless = (
        select(Refund.id)
        .where(
            Refund.payment_id == payment_id,
            Refund.processor_ref == "",
            Refund.reason == REASON,
            Refund.amount_minor == said.amount.minor,
        )
        .limit(1)
        .scalar_subquery()
    )
    named = await tx.scalar(
        update(Refund)
        .where(Refund.id == nameless)
        .values(processor_ref=said.processor_ref)
        .returning(Refund.id)
        .execution_options(synchronize_session=False)
    )
    return named


def _adopted(payment: Payment, amount: Money, processor_ref: str, now: datetime) -> Refund:
    """A row of a refund that was made elsewhere, its amount counted against the payment."""
    payment.refunded_minor += amount.minor
    return Refund(
        id=new_id("ref"),
        venue_id=payment.venue_id,
        order_id=payment.order_id,
        payment_id=payment.id,
        gateway_account_id=payment.gateway_account_id,
        payment_ref=payment.processor_ref or "",
        amount_minor=amount.minor,
        currency=payment.currency,
        reason=REASON,
        state=RefundState.SENT,
        processor_ref=processor_ref,
        failure="",
        first_sent_at=now,
        due_at=now,
        tries=0,
        needs_person="",
        created_at=now,
    )

"""Giving money back: the amount is reserved on the payment first, then the processor is asked.

The reservation is one atomic statement, so two refunds at once never exceed what is left.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx, wake
from infra.kernel.errors import Conflict, NotFound
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.payments.credentials import Gateways
from paywall.payments.port import (
    GatewayRefused,
    OutcomeUnknown,
    RefundSnapshot,
    RefundStanding,
    StartRefund,
)
from paywall.payments.settle import Settler
from paywall.payments.start import GRACE, SOON
from paywall.payments.tables import Payment, PaymentState, Refund, RefundState


class RefundTooLarge(Conflict):
    """More than is left of what was captured."""

    code = "refund_too_large"


async def intend_refund(
    tx: Tx,
    payment_id: str,
    amount: Money,
    now: datetime,
    *,
    reason: str = "",
    later: bool = False,
    refund_id: str = "",
) -> Refund:
    """Reserve an amount and add the refund to the caller's transaction; then `Refunder.send` it.

    With `later` the reconciler sends it, after the commit. Raises RefundTooLarge, or
    Conflict when the payment was not captured. An order that takes part in the transaction is
    the caller's to lock, before this.
    """
    assert amount.minor > 0, "nothing to give back"
    taken = await tx.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            Payment.state == PaymentState.CAPTURED,
            Payment.currency == amount.currency,
            Payment.captured_minor - Payment.refunded_minor - Payment.disputed_minor
            >= amount.minor,
        )
        .values(refunded_minor=Payment.refunded_minor + amount.minor)
        .execution_options(synchronize_session=False)
        .returning(
            Payment.venue_id, Payment.order_id, Payment.gateway_account_id, Payment.processor_ref
        )
    )
    row = taken.one_or_none()
    if row is None:
        raise await _why_not(tx, payment_id, amount)
    refund = Refund(
        id=refund_id or new_id("ref"),
        venue_id=row.venue_id,
        order_id=row.order_id,
        payment_id=payment_id,
        gateway_account_id=row.gateway_account_id,
        payment_ref=row.processor_ref,
        amount_minor=amount.minor,
        currency=amount.currency,
        reason=reason[:200],
        state=RefundState.CREATED if later else RefundState.SENT,
        processor_ref="",
        failure="",
        first_sent_at=None if later else now,
        due_at=now if later else now + GRACE,
        tries=0,
        needs_person="",
        created_at=now,
    )
    tx.add(refund)
    if later:
        wake(tx, "payments")
    return refund


async def _why_not(tx: Tx, payment_id: str, amount: Money) -> Exception:
    payment = await tx.get(Payment, payment_id, populate_existing=True)
    if payment is None:
        return NotFound("payment")
    if payment.state is not PaymentState.CAPTURED:
        return Conflict(
            f"The payment is {payment.state.value}; only a captured one can be given back.",
            code="not_captured",
        )
    if payment.currency != amount.currency:
        return Conflict(f"The payment was in {payment.currency}.", code="other_currency")
    left = payment.refundable
    return RefundTooLarge(
        f"{left.decimal()} {left.currency} of this payment can still be given back.",
        refundable=left.minor,
    )


class Refunder:
    """Calls the processor for a committed refund and commits what it answered."""

    def __init__(self, db: Database, clock: Clock, gateways: Gateways, settler: Settler) -> None:
        self._db = db
        self._clock = clock
        self._gateways = gateways
        self._settler = settler

    async def give_back(self, payment_id: str, amount: Money, reason: str = "") -> Refund:
        """Reserve, commit, call, commit; the refund as it stands afterwards."""
        async with self._db.transaction() as tx:
            refund = await intend_refund(
                tx, payment_id, amount, self._clock.machine(), reason=reason
            )
        await self.send(refund)
        async with self._db.read() as tx:
            return await tx.get_one(Refund, refund.id)

    async def send(self, refund: Refund) -> RefundState:
        """The state after the call; UNKNOWN is settled by the reconciler."""
        gateway = await self._gateways.of(refund.gateway_account_id)
        try:
            said = await gateway.refund(
                StartRefund(
                    refund_id=refund.id,
                    payment_id=refund.payment_id,
                    processor_ref=refund.payment_ref,
                    amount=refund.amount,
                    reason=refund.reason,
                )
            )
        except OutcomeUnknown:
            await self._unknown(refund.id)
            return RefundState.UNKNOWN
        except GatewayRefused as refused:
            said = RefundSnapshot(
                processor_ref="",
                refund_id=refund.id,
                standing=RefundStanding.FAILED,
                amount=refund.amount,
                failure=str(refused),
            )
        return await self._settler.refund(refund.id, said)

    async def _unknown(self, refund_id: str) -> None:
        async with self._db.transaction() as tx:
            await tx.execute(
                update(Refund)
                .where(Refund.id == refund_id, Refund.state == RefundState.SENT)
                .values(state=RefundState.UNKNOWN, due_at=self._clock.machine() + SOON)
            )

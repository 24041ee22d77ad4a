"""Capturing or releasing a payment on request: the wish is a row before the call is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, NotFound
from infra.kernel.money import Money
from paywall.payments.credentials import Gateways
from paywall.payments.port import GatewayRefused, OutcomeUnknown
from paywall.payments.settle import Settler
from paywall.payments.start import GRACE
from paywall.payments.tables import Payment, PaymentState

_CANCELLABLE = (
    PaymentState.CREATED,
    PaymentState.SENT,
    PaymentState.UNKNOWN,
    PaymentState.PENDING,
    PaymentState.AUTHORISED,
)
_REACHABLE = (PaymentState.PENDING, PaymentState.AUTHORISED, PaymentState.FAILED)
"""States in which something can be asked for; a failed one may be payable at its processor."""


async def call_off(tx: Tx, order_ids: Sequence[str], now: datetime) -> int:
    """Have the reconciler cancel what may still bring money for these orders; how many payments.

    Rows that somebody is settling at this moment are left out, so that nobody waits crosswise:
    money that comes all the same is honoured or given back.
    """
    due = (
        select(Payment.id)
        .where(
            Payment.order_id.in_(order_ids),
            Payment.asked == "",
            Payment.state.in_(_CANCELLABLE)
            | ((Payment.state == PaymentState.FAILED) & Payment.processor_ref.is_not(None)),
        )
        .order_by(Payment.id)
        .with_for_update(skip_locked=True)
    )
    ids = list(await tx.scalars(due))
    if ids:
        values = {"asked": "cancel", "due_at": now, "tries": 0}
        await tx.execute(update(Payment).where(Payment.id.in_(ids)).values(**values))
    return len(ids)


class Finisher:
    """Capture and cancel. A wish that could not be carried out is kept for the reconciler."""

    def __init__(self, db: Database, clock: Clock, gateways: Gateways, settler: Settler) -> None:
        self._db = db
        self._clock = clock
        self._gateways = gateways
        self._settler = settler

    async def cancel(self, payment_id: str) -> PaymentState:
        """Release a payment that took no money; its state afterwards.

        Money may come all the same, if the payer was faster: then the state is CAPTURED, or
        becomes it later, and the consequences are called.
        """
        async with self._db.transaction() as tx:
            payment = await _locked(tx, payment_id)
            payable = payment.state is PaymentState.FAILED and payment.processor_ref
            if payment.state not in _CANCELLABLE and not payable:
                return payment.state
            payment.asked = "cancel"
            payment.due_at = self._clock.machine() + GRACE
        return await self.carry_out(payment)

    async def capture(self, payment_id: str, amount: Money) -> PaymentState:
        """Take an authorised amount or part of it; its state afterwards."""
        async with self._db.transaction() as tx:
            payment = await _locked(tx, payment_id)
            if payment.state is not PaymentState.AUTHORISED:
                raise Conflict(
                    f"The payment is {payment.state.value}; only an authorised one is captured.",
                    code="not_authorised",
                )
            if amount.currency != payment.currency or not 0 < amount.minor <= payment.amount_minor:
                raise Conflict("No more can be captured than was authorised.")
            payment.asked = "capture"
            payment.capture_minor = amount.minor
            payment.due_at = self._clock.machine() + GRACE
        return await self.carry_out(payment)

    async def carry_out(self, payment: Payment) -> PaymentState:
        """Do what was asked of the payment, if its state allows it now."""
        if payment.state not in _REACHABLE:
            return payment.state  # the reconciler asks again once the processor has answered
        if payment.processor_ref is None:
            await self._done(payment.id)
            return payment.state
        gateway = await self._gateways.of(payment.gateway_account_id)
        named = {"processor_ref": payment.processor_ref, "payment_id": payment.id}
        try:
            if payment.asked == "cancel":
                said = await gateway.cancel(**named)
            else:
                amount = payment.money(payment.capture_minor)
                said = await gateway.capture(**named, amount=amount)
        except OutcomeUnknown:
            return payment.state
        except GatewayRefused:
            # It moved meanwhile, or can't be done: what it is now decides.
            try:
                found = await gateway.read(**named)
            except OutcomeUnknown:
                return payment.state
            if found is None:
                return payment.state
            said = found
        state = await self._settler.payment(payment.id, said)
        if state is PaymentState.FAILED:
            await self._done(payment.id)  # it was told; there is nothing more to wait for
        return state

    async def _done(self, payment_id: str) -> None:
        async with self._db.transaction() as tx:
            await tx.execute(
                update(Payment)
                .where(Payment.id == payment_id, Payment.state == PaymentState.FAILED)
                .values(asked="", due_at=None)
            )


async def _locked(tx: Tx, payment_id: str) -> Payment:
    payment = await tx.scalar(select(Payment).where(Payment.id == payment_id).with_for_update())
    if payment is None:
        raise NotFound("payment")
    return payment

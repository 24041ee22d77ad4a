"""The reconciler: what is open at a processor is asked again until somebody knows.

It reads first. It sends again, with the same key, only inside half of the processor's key life
since the first sending: later the key may be forgotten, and the same request would be a second
charge. After that only a read or a person settles the row (law 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import update

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.money import Money
from paywall.payments.claims import claim, wait_s
from paywall.payments.credentials import Gateways
from paywall.payments.finish import Finisher
from paywall.payments.foreign import adopt_difference
from paywall.payments.port import Decline, Gateway, OutcomeUnknown, Snapshot, Standing
from paywall.payments.refund import Refunder
from paywall.payments.settle import Settler
from paywall.payments.start import Starter
from paywall.payments.tables import Payment, PaymentState, Refund, RefundState

R = TypeVar("R", Payment, Refund)
AT_ONCE = 50
SIDE_BY_SIDE = 10  # so that a silent processor's time-outs fit into the lease
PATIENCE = timedelta(days=45)  # SEPA direct debits settle within days; this is far beyond
MANY = 20  # looks, some of them an hour apart
_OPEN = (PaymentState.PENDING, PaymentState.AUTHORISED)
UNDER_WAY = timedelta(minutes=10)  # a request that still travels after this does not exist
log = structlog.get_logger(__name__)


class Reconciler:
    """One tick takes due payments and refunds, and brings each one step nearer to the truth."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        gateways: Gateways,
        settler: Settler,
        starter: Starter,
        refunder: Refunder,
        finisher: Finisher,
    ) -> None:
        self._db = db
        self._clock = clock
        self._gateways = gateways
        self._settler = settler
        self._starter = starter
        self._refunder = refunder
        self._finisher = finisher

    async def tick(self) -> int:
        """How many rows were looked at. Any number of workers may tick at once."""
        done = await self._each(Payment, self._payment)
        return done + await self._each(Refund, self._refund)

    async def look(self, payment_id: str, hint: str = "") -> PaymentState:
        """Ask about one payment now, as when its payer comes back; its state afterwards.

        `hint` is what the browser brought back (`sessionResult` in the query of Adyen's return);
        it only helps the processor to find the answer.
        """
        async with self._db.read() as tx:
            payment = await tx.get_one(Payment, payment_id)
        if payment.state in (PaymentState.CAPTURED, PaymentState.CREATED):
            return payment.state
        gateway = await self._gateways.of(payment.gateway_account_id)
        try:
            said = await self._read(gateway, payment, hint)
        except OutcomeUnknown:
            return payment.state
        return payment.state if said is None else await self._settler.payment(payment.id, said)

    async def _each(self, kind: type[R], handle: Callable[[R], Awaitable[None]]) -> int:
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            rows = await claim(tx, kind, now, AT_ONCE)
        side_by_side = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one(row: R) -> None:
            try:
                async with side_by_side:
                    await handle(row)
            except DatabaseAway:
                log.warning("not reconciled: the database does not answer", row=row.id)
            except Exception:
                # The lease brings this row back; the others must not wait for its cure.
                log.exception("reconcile_failed", row=row.id)

        await asyncio.gather(*(one(row) for row in rows))
        return len(rows)

    # Payments

    async def _payment(self, payment: Payment) -> None:
        if payment.state is PaymentState.CREATED:
            await self._first(payment)
            return
        if payment.state is PaymentState.FAILED:  # to be called off, as it may be payable there
            await self._finisher.carry_out(payment)
            await self._later(payment, stop=payment.tries > MANY)
            return
        gateway = await self._gateways.of(payment.gateway_account_id)
        try:
            said = await self._read(gateway, payment)
        except OutcomeUnknown:
            await self._later(payment, self._silence(payment, gateway))
            return
        if said is not None:
            state = await self._settler.payment(payment.id, said)
            await self._after(payment, state, said)
        elif payment.state in (PaymentState.SENT, PaymentState.UNKNOWN):
            await self._never_arrived(payment, gateway)
        elif gateway.abandoned_after is not None:
            await self._unasked(payment, gateway.abandoned_after)
        else:
            await self._later(
                payment, f"The processor no longer knows {payment.processor_ref}. Look it up there."
            )

    async def _first(self, payment: Payment) -> None:
        """An intent for the reconciler to send. A wish to cancel it was faster: nothing is sent."""
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            payment = await tx.get_one(Payment, payment.id, with_for_update=True)
            if payment.state is not PaymentState.CREATED:
                return
            if payment.asked == "cancel":
                payment.move(PaymentState.CANCELLED)
                payment.due_at = None
                await tx.flush()
                await self._settler.consequences.failed(tx, [payment], now)
                return
            payment.move(PaymentState.SENT)
            payment.first_sent_at = now
        await self._starter.send(payment)

    async def _read(self, gateway: Gateway, payment: Payment, hint: str = "") -> Snapshot | None:
        if payment.processor_ref is None and not gateway.can_read_by_reference:
            return None
        return await gateway.read(
            processor_ref=payment.processor_ref or "", payment_id=payment.id, hint=hint
        )

    async def _unasked(self, payment: Payment, abandoned_after: timedelta) -> None:
        """One whose processor tells nothing but by webhook: call it off, or wait, or close it."""
        state = payment.state
        if payment.asked:
            state = await self._finisher.carry_out(payment)
        if state is PaymentState.PENDING and self._age(payment) > abandoned_after:
            await self._settler.payment(
                payment.id, _nothing(payment, cancelled=payment.asked == "cancel")
            )
        elif state in (PaymentState.PENDING, PaymentState.AUTHORISED):
            await self._wait(payment)
        elif state is PaymentState.CAPTURED:
            await self._later(payment, stop=True)  # it tells no fees

    def _age(self, payment: Payment) -> timedelta:
        return self._clock.machine() - payment.created_at

    async def _never_arrived(self, payment: Payment, gateway: Gateway) -> None:
        """The processor knows nothing of it: send again while the key lives, else decide."""
        called_off = payment.asked == "cancel"
        if self._key_lives(payment, gateway) and not called_off:
            started = await self._starter.send(payment)
            if started.state is PaymentState.UNKNOWN:
                await self._later(payment)
        elif not gateway.can_read_by_reference:
            sentence = self._silence(payment, gateway)
            await self._later(payment, sentence, stop=bool(sentence))
        elif self._may_be_under_way(payment):
            await self._later(payment)
        else:
            await self._settler.payment(payment.id, _nothing(payment, cancelled=called_off))

    def _may_be_under_way(self, payment: Payment) -> bool:
        assert payment.first_sent_at is not None
        return self._clock.machine() - payment.first_sent_at < UNDER_WAY

    async def _after(self, payment: Payment, state: PaymentState, said: Snapshot) -> None:
        """Set the next look of one that is still open, and carry out what was asked of it."""
        if payment.asked and state in (*_OPEN, PaymentState.FAILED):
            async with self._db.read() as tx:
                payment = await tx.get_one(Payment, payment.id)
            state = await self._finisher.carry_out(payment)
        if state in _OPEN:
            await self._wait(payment)
        elif state is PaymentState.CAPTURED:
            await self._compare_refunds(payment, said)
            # Its fee may be missing; a processor that never tells is not asked for ever.
            told = payment.fee_minor is not None or said.fee is not None
            await self._later(payment, stop=told or payment.tries > MANY)

    async def _wait(self, payment: Payment) -> None:
        if self._age(payment) > PATIENCE:
            await self._later(payment, "Still open after 45 days. Look it up.", stop=True)
        else:
            await self._later(payment)

    async def _compare_refunds(self, payment: Payment, said: Snapshot) -> None:
        if said.refunded.minor <= payment.refunded_minor:
            return
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            found = await adopt_difference(tx, payment.id, said.refunded, now)
            if found is not None:
                await self._settler.refunds_in(tx, [found], now)

    # Refunds

    async def _refund(self, refund: Refund) -> None:
        if refund.state is RefundState.CREATED:
            async with self._db.transaction() as tx:
                refund = await tx.get_one(Refund, refund.id, with_for_update=True)
                if refund.state is not RefundState.CREATED:
                    return
                refund.move(RefundState.SENT)
                refund.first_sent_at = self._clock.machine()
            await self._refunder.send(refund)
            return
        gateway = await self._gateways.of(refund.gateway_account_id)
        try:
            said = await gateway.read_refund(
                processor_ref=refund.processor_ref,
                refund_id=refund.id,
                payment_ref=refund.payment_ref,
            )
        except OutcomeUnknown:
            await self._later(refund, self._silence(refund, gateway))
            return
        if said is not None:
            state = await self._settler.refund(refund.id, said)
            if state is RefundState.PENDING:
                await self._later(refund)
        elif refund.state is RefundState.PENDING:
            await self._later(refund)
        elif self._key_lives(refund, gateway):
            if await self._refunder.send(refund) is RefundState.UNKNOWN:
                await self._later(refund, self._silence(refund, gateway))
        else:
            # "None" may mean that the processor can't say: a refund is never sent twice on that.
            await self._later(refund, self._silence(refund, gateway), stop=True)

    # Both

    def _key_lives(self, row: Payment | Refund, gateway: Gateway) -> bool:
        assert row.first_sent_at is not None
        return self._clock.machine() - row.first_sent_at < gateway.key_life / 2

    def _silence(self, row: Payment | Refund, gateway: Gateway) -> str:
        """A sentence for staff, once sending again is no longer safe."""
        if row.first_sent_at is None or self._key_lives(row, gateway):
            return ""
        sent: datetime = row.first_sent_at
        return (
            f"{gateway.name.capitalize()} has not said what became of {row.id}, sent on"
            f" {sent:%Y-%m-%d %H:%M} UTC. It is too late to send it again safely: look for"
            f" {row.id} in {gateway.name.capitalize()}'s dashboard."
        )

    async def _later(
        self, row: Payment | Refund, sentence: str = "", *, stop: bool = False
    ) -> None:
        """Set the next look, unless somebody settled the row meanwhile."""
        due_at = None if stop else self._clock.machine() + wait_s(row.tries)
        kind = type(row)
        async with self._db.transaction() as tx:
            changes: dict[str, object] = {"due_at": due_at}
            if sentence:
                changes["needs_person"] = sentence
            await tx.execute(
                update(kind).where(kind.id == row.id, kind.due_at.is_not(None)).values(**changes)
            )


def _nothing(payment: Payment, *, cancelled: bool) -> Snapshot:
    """What a processor says that has no such payment."""
    zero = Money.zero(payment.currency)
    return Snapshot(
        processor_ref="",
        payment_id=payment.id,
        standing=Standing.CANCELLED if cancelled else Standing.FAILED,
        amount=payment.amount,
        captured=zero,
        refunded=zero,
        decline=None if cancelled else Decline.ABANDONED,
    )

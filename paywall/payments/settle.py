"""What processors say becomes our state: rows and their consequences in one transaction.

Snapshots arrive late, twice and out of order. A payment only moves along its table, a later
standing never goes back to an earlier one, and consequences follow from a row's own step, so
each happens once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import select

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.group import GroupCommit
from paywall.payments.consequences import Consequences
from paywall.payments.kept_cards import keep_cards
from paywall.payments.port import NoStep, RefundSnapshot, RefundStanding, Snapshot, Standing
from paywall.payments.tables import (
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)

PAYMENT_STATES: Mapping[Standing, PaymentState] = {
    Standing.PENDING: PaymentState.PENDING,
    Standing.AUTHORISED: PaymentState.AUTHORISED,
    Standing.CAPTURED: PaymentState.CAPTURED,
    Standing.FAILED: PaymentState.FAILED,
    Standing.CANCELLED: PaymentState.CANCELLED,
    Standing.REVERSED: PaymentState.REVERSED,
}
REFUND_STATES: Mapping[RefundStanding, RefundState] = {
    RefundStanding.PENDING: RefundState.PENDING,
    RefundStanding.SUCCEEDED: RefundState.SUCCEEDED,
    RefundStanding.FAILED: RefundState.FAILED,
}
SOON = timedelta(seconds=5)
# Webhooks tell of changes; asking is what remains when one is lost.
NO_MONEY = (PaymentState.FAILED, PaymentState.CANCELLED, PaymentState.REVERSED)
_OPEN = frozenset({PaymentState.PENDING, PaymentState.AUTHORISED})
FIRST_LOOK = timedelta(minutes=2)
FEE_LOOK = timedelta(minutes=10)


class News(StrEnum):
    """What a snapshot changed that others must hear of."""

    CAPTURED = "captured"
    FEE = "fee"
    FAILED = "failed"
    REVERSED = "reversed"


def apply(payment: Payment, said: Snapshot, now: datetime) -> list[News]:
    """Move a payment to what its processor says. Pure but for the row; [] when nothing is new."""
    if not _fits(payment, said):
        payment.needs_person = (
            f"The processor's {said.processor_ref} says {said.amount.decimal()}"
            f" {said.amount.currency} for {said.payment_id or 'no reference'}; this payment is"
            f" {payment.amount.decimal()} {payment.currency}. Compare them in its dashboard."
        )
        return []
    if said.standing is Standing.PENDING and not said.processor_ref:
        if payment.state is PaymentState.PENDING:
            payment.decline = said.decline  # one try of the payer's; the next may succeed
        return []
    if _is_another(payment, said):
        return []
    target = PAYMENT_STATES[said.standing]
    news: list[News] = []
    if target in PAYMENT_TRANSITIONS[payment.state]:
        news += _step(payment, said, target, now)
    elif target is not payment.state:
        return []  # older than what we know
    elif said.decline is not None:
        payment.decline = said.decline
    payment.processor_ref = said.processor_ref or payment.processor_ref
    payment.customer_ref = said.customer_ref or payment.customer_ref
    payment.mandate_ref = said.mandate_ref or payment.mandate_ref
    payment.method = said.method[:80] or payment.method
    payment.method_kind = said.means.kind[:24] or payment.method_kind
    payment.card_brand = said.means.brand[:24] or payment.card_brand
    payment.card_expires_at = said.means.expires_at or payment.card_expires_at
    payment.next_step = (
        "" if isinstance(said.next, NoStep) else msgspec.json.encode(said.next).decode()
    )
    if payment.state is PaymentState.CAPTURED:
        payment.captured_minor = max(payment.captured_minor, said.captured.minor)
        if payment.fee_minor is None and said.fee is not None:
            payment.fee_minor = said.fee.minor
            payment.due_at = None
            news.append(News.FEE)
        if said.refunded.minor > payment.refunded_minor and payment.due_at is None:
            # Somebody gave money back at the processor. Its own webhook usually says more; what
            # it does not say, the reconciler adopts.
            payment.due_at = now + FIRST_LOOK
    return news


def _fits(payment: Payment, said: Snapshot) -> bool:
    """Whether this can be about the payment at all."""
    if said.payment_id not in ("", payment.id):
        return False
    if said.amount_told and said.amount != payment.amount:
        return False
    return not said.captured or said.captured <= payment.amount


def _step(payment: Payment, said: Snapshot, target: PaymentState, now: datetime) -> list[News]:
    before = payment.state
    payment.move(target)
    payment.settled_at = now
    payment.tries = 0
    payment.needs_person = ""
    payment.request = ""
    payment.decline = said.decline
    # What reads as failed may be payable at the processor until it is called off there.
    if target is not PaymentState.FAILED or payment.asked == "capture":
        payment.asked = payment.asked if target in _OPEN else ""
    payment.due_at = _next_look(payment, said, now)
    if target is PaymentState.CAPTURED:
        return [News.CAPTURED]
    if target in _OPEN or before in (PaymentState.FAILED, PaymentState.CANCELLED):
        return []
    if before is not PaymentState.CAPTURED:
        return [News.FAILED]
    payment.needs_person = (
        "The processor could not collect this payment after it had told that it did. The order's"
        " access is suspended and the books are corrected: settle it with the buyer."
    )
    return [News.REVERSED]


def _is_another(payment: Payment, said: Snapshot) -> bool:
    """Whether this is a second payment under our reference.

    The key's life was outlived, or the first reference was that of a session in which the payer
    pays. If it took money while ours did, a person must send one of the two back.
    """
    if payment.processor_ref in (None, said.processor_ref) or not said.processor_ref:
        return False
    if payment.state in (PaymentState.FAILED, PaymentState.CANCELLED, PaymentState.PENDING):
        return said.standing not in (Standing.AUTHORISED, Standing.CAPTURED, Standing.REVERSED)
    if said.standing is Standing.CAPTURED:
        payment.needs_person = (
            f"The processor charged twice for this payment: {payment.processor_ref} and "
            f"{said.processor_ref}. Refund the second in its dashboard."
        )
    return True


def _next_look(payment: Payment, said: Snapshot, now: datetime) -> datetime | None:
    match payment.state:
        case PaymentState.PENDING | PaymentState.AUTHORISED:
            return now + FIRST_LOOK
        case PaymentState.CAPTURED:
            return None if said.fee is not None else now + FEE_LOOK
        case PaymentState.FAILED if payment.asked:
            return now + SOON
        case _:
            return None


def apply_refund(refund: Refund, said: RefundSnapshot, now: datetime) -> RefundState | None:
    """Move a refund to what its processor says; the new state if it succeeded or failed now."""
    target = REFUND_STATES[said.standing]
    if said.amount != refund.amount:
        refund.needs_person = (
            f"The processor's refund {said.processor_ref} is {said.amount.decimal()}"
            f" {said.amount.currency}; ours is {refund.amount.decimal()} {refund.currency}."
        )
        return None
    if target not in REFUND_TRANSITIONS[refund.state]:
        return None
    refund.move(target)
    refund.processor_ref = said.processor_ref or refund.processor_ref
    refund.failure = said.failure[:200]
    refund.tries = 0
    refund.needs_person = ""
    refund.due_at = now + FIRST_LOOK if target is RefundState.PENDING else None
    if target is RefundState.SUCCEEDED:
        refund.succeeded_at = now
    return target if target is not RefundState.PENDING else None


async def lock_payments(tx: Tx, ids: Sequence[str]) -> dict[str, Payment]:
    """The rows, locked in the order of their ids so that two settlers never wait crosswise."""
    if not ids:
        return {}
    query = select(Payment).where(Payment.id.in_(sorted(set(ids)))).order_by(Payment.id)
    rows = await tx.scalars(query.with_for_update().execution_options(populate_existing=True))
    return {row.id: row for row in rows}


class Settler:
    """The only writer of what processors said. Concurrent callers share a transaction."""

    def __init__(self, db: Database, clock: Clock, consequences: Consequences) -> None:
        self._db = db
        self._clock = clock
        self.consequences = consequences
        self._payments: GroupCommit[tuple[str, Snapshot], PaymentState] = GroupCommit(self._flush)

    async def payment(self, payment_id: str, said: Snapshot) -> PaymentState:
        """Settle one payment; its state afterwards. Waiting callers are settled together."""
        return await self._payments.submit((payment_id, said))

    async def _flush(
        self, items: Sequence[tuple[str, Snapshot]]
    ) -> Sequence[PaymentState | Exception]:
        try:
            async with self._db.transaction() as tx:
                rows = await self.payments_in(tx, items, self._clock.machine())
            return [rows[payment_id].state for payment_id, _ in items]
        except DatabaseAway as error:
            return [error] * len(items)
        except Exception as error:  # noqa: BLE001 - handed to its caller, or tried one by one
            if len(items) == 1:
                return [error]
        # One that can't be carried out must not hold up the others that came with it.
        return [(await self._flush([item]))[0] for item in items]

    async def payments_in(
        self, tx: Tx, items: Sequence[tuple[str, Snapshot]], now: datetime
    ) -> dict[str, Payment]:
        """Settle payments in the caller's transaction; unknown ids are left out of the answer."""
        rows = await lock_payments(tx, [payment_id for payment_id, _ in items])
        heard: dict[News, dict[str, Payment]] = defaultdict(dict)
        for payment_id, said in items:
            if payment_id in rows:
                for news in apply(rows[payment_id], said, now):
                    heard[news][payment_id] = rows[payment_id]
        await tx.flush()
        if failed := _still(heard[News.FAILED], *NO_MONEY):
            await self.consequences.failed(tx, failed, now)
        if captured := list(heard[News.CAPTURED].values()):
            await self.consequences.captured(tx, captured, now)
            await keep_cards(tx, captured, now)
        if told := list(heard[News.FEE].values()):
            await self.consequences.fees_told(tx, told, now)
        if reversed_ := list(heard[News.REVERSED].values()):
            await self.consequences.reversed(tx, reversed_, now)
        return rows

    async def refund(self, refund_id: str, said: RefundSnapshot) -> RefundState:
        """Settle one refund; its state afterwards."""
        async with self._db.transaction() as tx:
            rows = await self.refunds_in(tx, [(refund_id, said)], self._clock.machine())
        return rows[refund_id].state

    async def refunds_in(
        self, tx: Tx, items: Sequence[tuple[str, RefundSnapshot]], now: datetime
    ) -> dict[str, Refund]:
        """Settle refunds in the caller's transaction. A failed one frees its reservation."""
        ids = sorted({refund_id for refund_id, _ in items})
        owners = await tx.scalars(select(Refund.payment_id).where(Refund.id.in_(ids)))
        payments = await lock_payments(tx, list(owners))
        query = select(Refund).where(Refund.id.in_(ids)).order_by(Refund.id).with_for_update()
        fresh = query.execution_options(populate_existing=True)
        rows = {row.id: row for row in await tx.scalars(fresh)}
        heard: dict[RefundState, dict[str, Refund]] = defaultdict(dict)
        for refund_id, said in items:
            row = rows.get(refund_id)
            state = apply_refund(row, said, now) if row is not None else None
            if row is None or state is None:
                continue
            heard[state][refund_id] = row
            if state is RefundState.FAILED:
                payments[row.payment_id].refunded_minor -= row.amount_minor
        await tx.flush()
        if done := list(heard[RefundState.SUCCEEDED].values()):
            await self.consequences.refunded(tx, done, now)
        if failed := list(heard[RefundState.FAILED].values()):
            await self.consequences.refund_failed(tx, failed, now)
        return rows


def _still(heard: Mapping[str, Payment], *states: PaymentState) -> list[Payment]:
    """Those that were not captured after all by a later snapshot of the same batch."""
    return [payment for payment in heard.values() if payment.state in states]

"""Webhooks in: verified, stored once, answered; handled afterwards from rows (law 6).

Order and duplicates do not matter. An item's own snapshot may be old by the time it is handled,
so it is believed only where an old one can do no harm; else the processor is read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx, insert_into, wake
from infra.kernel.group import GroupCommit
from infra.kernel.ids import new_id
from paywall.payments.claims import claim, wait_s
from paywall.payments.credentials import Gateways
from paywall.payments.disputes import settle_disputes
from paywall.payments.foreign import adopt_refund
from paywall.payments.kept_cards import mandate_of, settle_mandates
from paywall.payments.port import (
    DisputeChanged,
    Gateway,
    Inbound,
    InboxItem,
    MandateChanged,
    MandateSnapshot,
    PaymentChanged,
    RefundChanged,
    RefundSnapshot,
    RefundStanding,
    Snapshot,
    Standing,
)
from paywall.payments.settle import Settler, lock_payments
from paywall.payments.tables import (
    GatewayAccount,
    InboxRow,
    InboxState,
    Payment,
    PaymentState,
    Refund,
)

AT_ONCE = 100
# A webhook may overtake the commit of what it speaks of, or find the processor down.
GIVE_UP = timedelta(days=3)
# Adyen repeats for up to 30 days, Stripe for three.
KEPT_FOR = timedelta(days=90)
log = structlog.get_logger(__name__)


class NotCapturedYet(Exception):
    """Money is said to have gone back of a payment that took none, as far as can be known now."""


class Meaning:
    """What a batch of items comes down to, ready for one transaction."""

    def __init__(self) -> None:
        self.payments: list[tuple[str, Snapshot]] = []
        self.refunds: list[tuple[str, RefundSnapshot]] = []
        self.foreign: list[tuple[str, RefundSnapshot]] = []  # (payment id, told)
        self.disputes: list[tuple[str, DisputeChanged]] = []
        self.mandates: list[tuple[str, MandateSnapshot]] = []  # (account id, told)
        self.touched: set[str] = set()  # payments to lock, all at once and in order


class Inbox:
    """`receive` answers the processor; `tick` handles what was stored."""

    def __init__(self, db: Database, clock: Clock, gateways: Gateways, settler: Settler) -> None:
        self._db = db
        self._clock = clock
        self._gateways = gateways
        self._settler = settler
        self._store: GroupCommit[dict[str, Any], bool] = GroupCommit(self._keep)

    async def receive(self, hook_token: str, inbound: Inbound) -> int:
        """How many items were new. NotFound for an unknown address, BadSignature for a bad one.

        When it returns, the items are on disk and the processor may be told so.
        """
        account = await self._gateways.account_of_hook(hook_token)
        gateway = await self._gateways.of(account.id)
        now = self._clock.machine()
        items = gateway.verify(inbound, now)
        new = [await self._store.submit(_row(account, item, now)) for item in items]
        return sum(new)

    async def _keep(self, rows: Sequence[dict[str, Any]]) -> Sequence[bool | Exception]:
        try:
            return await self._insert(rows)
        except DatabaseAway as error:
            return [error] * len(rows)
        except Exception as error:  # noqa: BLE001 - handed to its caller, or tried one by one
            if len(rows) == 1:
                return [error]
        # What one venue's processor signed may be more than a column holds; the others' is stored.
        return [(await self._keep([row]))[0] for row in rows]

    async def _insert(self, rows: Sequence[dict[str, Any]]) -> Sequence[bool]:
        # One statement must not meet the same key twice: the first of a group speaks for all.
        first = {(row["gateway_account_id"], row["natural_key"]): row for row in reversed(rows)}
        table = InboxRow.__table__
        # Rows are given to execute and not to values(), so that the statement is compiled once.
        async with self._db.transaction() as tx:
            statement = insert_into(tx, table).on_conflict_do_nothing().returning(table.c.id)
            found = await (await tx.connection()).execute(statement, list(first.values()))
            stored = set(found.scalars())
            wake(tx, "payments")
        return [row["id"] in stored for row in rows]

    async def tick(self) -> int:
        """Handle what is due; how many items were taken. Any number of workers may tick."""
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            rows = await claim(tx, InboxRow, now, AT_ONCE)
        if not rows:
            return 0
        try:
            await self._handle(rows)
        except DatabaseAway:
            raise  # their leases bring them back
        except Exception:  # noqa: BLE001 - tried again one by one, where each failure is noted
            for row in rows:
                await self._alone(row)
        return len(rows)

    async def _alone(self, row: InboxRow) -> None:
        try:
            await self._handle([row])
        except Exception as error:
            log.warning("inbox_item_failed", item=row.id, kind=row.kind, exc_info=True)
            async with self._db.transaction() as tx:
                kept = await tx.get_one(InboxRow, row.id)
                if kept.state is not InboxState.NEW:
                    return
                kept.failure = f"{type(error).__name__}: {error}"[:200]
                if self._clock.machine() - kept.received_at > GIVE_UP:
                    kept.move(InboxState.STUCK)
                    kept.due_at = None
                else:
                    kept.due_at = self._clock.machine() + wait_s(kept.tries)

    async def _handle(self, rows: Sequence[InboxRow]) -> None:
        """Read what must be read, then settle everything and mark it done in one transaction."""
        meaning = Meaning()
        by_account: dict[str, list[InboxRow]] = defaultdict(list)
        for row in rows:
            by_account[row.gateway_account_id].append(row)
        for account_id, theirs in by_account.items():
            await self._understand(account_id, theirs, meaning)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            await lock_payments(tx, list(meaning.touched))
            await self._settler.payments_in(tx, meaning.payments, now)
            for payment_id, told in meaning.foreign:
                adopted = await adopt_refund(tx, payment_id, told, now)
                if adopted is not None:
                    meaning.refunds.append((adopted, told))
            await self._settler.refunds_in(tx, meaning.refunds, now)
            await settle_disputes(tx, meaning.disputes, self._settler.consequences, now)
            await settle_mandates(tx, meaning.mandates, now)
            ids = [row.id for row in rows]
            for row in await tx.scalars(select(InboxRow).where(InboxRow.id.in_(ids))):
                if row.state is InboxState.NEW:
                    row.move(InboxState.DONE)
                    row.due_at = None
                    row.failure = ""

    async def _understand(
        self, account_id: str, rows: Sequence[InboxRow], meaning: Meaning
    ) -> None:
        gateway = await self._gateways.of(account_id)
        changes = [change for row in rows for change in gateway.interpret(_item(row))]
        payments = await self._payments(account_id, changes)
        meaning.touched |= {payment.id for payment in payments.values()}
        for change in changes:
            match change:
                case PaymentChanged():
                    payment = payments.get(change.payment_id) or payments.get(change.processor_ref)
                    if payment is not None:
                        said = await _truth(gateway, payment, change)
                        if said is not None:
                            meaning.payments.append((payment.id, said))
                case RefundChanged():
                    await self._refund(gateway, account_id, change, payments, meaning)
                case DisputeChanged():
                    payment = payments.get(change.payment_id) or payments.get(change.payment_ref)
                    if payment is not None:
                        if change.moved:
                            await self._capture_first(gateway, payment, meaning)
                        meaning.disputes.append((payment.id, change))
                case MandateChanged():
                    await self._mandate(gateway, account_id, change, meaning)

    async def _payments(self, account_id: str, changes: Sequence[Any]) -> dict[str, Payment]:
        """Payments of this account by our id and by the processor's. Never another account's."""
        ids = {c.payment_id for c in changes if getattr(c, "payment_id", "")}
        refs = {
            c.processor_ref if isinstance(c, PaymentChanged) else c.payment_ref
            for c in changes
            if isinstance(c, PaymentChanged | RefundChanged | DisputeChanged)
        } - {""}
        query = select(Payment).where(
            Payment.gateway_account_id == account_id,
            Payment.id.in_(ids) | Payment.processor_ref.in_(refs),
        )
        async with self._db.read() as tx:
            rows = list(await tx.scalars(query))
        by_ref = {row.processor_ref: row for row in rows if row.processor_ref is not None}
        return by_ref | {row.id: row for row in rows}

    async def _refund(
        self,
        gateway: Gateway,
        account_id: str,
        change: RefundChanged,
        payments: dict[str, Payment],
        meaning: Meaning,
    ) -> None:
        async with self._db.read() as tx:
            refund = await _our_refund(tx, account_id, change)
        if refund is None:
            payment = payments.get(change.payment_id) or payments.get(change.payment_ref)
            if payment is not None:
                foreign = change.snapshot or await gateway.read_refund(
                    processor_ref=change.processor_ref,
                    refund_id=change.refund_id,
                    payment_ref=change.payment_ref,
                )
                if foreign is not None and foreign.standing is not RefundStanding.FAILED:
                    await self._capture_first(gateway, payment, meaning)
                    meaning.foreign.append((payment.id, foreign))
            return
        said = change.snapshot or await gateway.read_refund(
            processor_ref=refund.processor_ref or change.processor_ref,
            refund_id=refund.id,
            payment_ref=refund.payment_ref,
        )
        if said is not None:
            meaning.touched.add(refund.payment_id)
            meaning.refunds.append((refund.id, said))

    async def _mandate(
        self, gateway: Gateway, account_id: str, change: MandateChanged, meaning: Meaning
    ) -> None:
        said = change.snapshot
        if said is None:
            async with self._db.read() as tx:
                mandate = await mandate_of(tx, account_id, change.mandate_id)
            if mandate is None:
                return
            said = await gateway.read_mandate(
                setup_ref=change.setup_ref or mandate.setup_ref, mandate_id=change.mandate_id
            )
        if said is not None:
            meaning.mandates.append((account_id, said))

    async def _capture_first(self, gateway: Gateway, payment: Payment, meaning: Meaning) -> None:
        """Money that goes back had come in: the webhook that says so may arrive later."""
        if payment.state in (PaymentState.CAPTURED, PaymentState.REVERSED):
            return
        said = await gateway.read(processor_ref=payment.processor_ref or "", payment_id=payment.id)
        if said is None or said.standing is not Standing.CAPTURED:
            raise NotCapturedYet(payment.id)
        meaning.payments.append((payment.id, said))


async def prune_inbox(db: Database, now: datetime, limit: int = 1000) -> int:
    """Drop handled items older than KEPT_FOR, at most `limit`; how many went. Stuck ones stay.

    No processor repeats a webhook after so long, so that nothing is handled a second time.
    """
    old = (
        select(InboxRow.id)
        .where(InboxRow.state == InboxState.DONE, InboxRow.received_at < now - KEPT_FOR)
        .limit(limit)
    )
    async with db.transaction() as tx:
        gone = await tx.execute(
            delete(InboxRow)
            .where(InboxRow.id.in_(old))
            .returning(InboxRow.id)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())


async def _truth(gateway: Gateway, payment: Payment, change: PaymentChanged) -> Snapshot | None:
    """The item's snapshot where it can't mislead, else what the processor says now.

    Captured money stays captured, whenever it is told; and a payment that is still open moves
    forward only. But an old "authorised" must not wake a payment that was cancelled since. What
    we closed by ourselves because its processor can't be asked is open to whatever it says.
    """
    said = change.snapshot
    mute = gateway.abandoned_after is not None and payment.state is PaymentState.FAILED
    over = payment.state in (PaymentState.FAILED, PaymentState.CANCELLED) and not mute
    if said is not None and (said.standing in (Standing.CAPTURED, Standing.REVERSED) or not over):
        return said
    return await gateway.read(
        processor_ref=change.processor_ref or payment.processor_ref or "", payment_id=payment.id
    )


async def _our_refund(tx: Tx, account_id: str, change: RefundChanged) -> Refund | None:
    """By the processor's own id first: Adyen may name the payment where our id should be."""
    theirs = select(Refund).where(Refund.gateway_account_id == account_id)
    refund: Refund | None = None
    if change.processor_ref:
        named = theirs.where(Refund.processor_ref == change.processor_ref)
        refund = await tx.scalar(named.limit(1))
    if refund is None:
        refund = await tx.scalar(theirs.where(Refund.id == change.refund_id))
    return refund


def _row(account: GatewayAccount, item: InboxItem, now: Any) -> dict[str, Any]:
    return {
        "id": new_id("inb"),
        "venue_id": account.venue_id,
        "gateway_account_id": account.id,
        "natural_key": item.natural_key,
        "kind": item.kind[:80],
        "payload": item.payload,
        "state": InboxState.NEW,
        "due_at": now,
        "tries": 0,
        "failure": "",
        "received_at": now,
    }


def _item(row: InboxRow) -> InboxItem:
    return InboxItem(natural_key=row.natural_key, kind=row.kind, payload=row.payload)

"""Starting a payment: the intent is committed, then the processor is called, then the outcome.

The caller adds the intent to its own transaction (with the order), commits, and then sends it.
A process that dies in between leaves a row that the reconciler finds by its `due_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import update

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.payments.credentials import Gateways
from paywall.payments.port import (
    Decline,
    GatewayRefused,
    NextStep,
    NoStep,
    OutcomeUnknown,
    Snapshot,
    Standing,
    StartPayment,
)
from paywall.payments.settle import Settler
from paywall.payments.tables import GatewayAccount, Payment, PaymentState

# Longer than any adapter's time-out, so that the reconciler does not ask while we still wait.
GRACE = timedelta(seconds=30)
SOON = timedelta(seconds=5)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One payment to be made. Text goes to the processor; `return_url` carries no secret.

    In `return_url` the text `{payment_id}` is replaced by the payment's id.
    """

    order_id: str
    account: GatewayAccount
    amount: Money
    description: str
    return_url: str
    email: str
    locale: str = "en"
    country: str = ""
    customer_ref: str = ""
    mandate_ref: str = ""
    save_for_later: bool = False
    capture_later: bool = False
    metadata: dict[str, str] = {}


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a start: UNKNOWN means that the payer is asked to wait, never to pay again."""

    payment_id: str
    state: PaymentState
    next: NextStep
    decline: Decline | None = None


def intend(
    tx: Tx, wanted: Sequence[Wanted], now: datetime, *, later: bool = False
) -> list[Payment]:
    """Add intents to the caller's transaction; after its commit, `Starter.send` each.

    With `later` nobody sends them but the reconciler, at its next tick: for runs that charge
    many people.
    """
    rows = []
    for want in wanted:
        assert want.amount.minor > 0, "nothing to pay needs no payment"
        payment_id = new_id("pay")
        request = StartPayment(
            payment_id=payment_id,
            amount=want.amount,
            description=want.description,
            return_url=want.return_url.replace("{payment_id}", payment_id),
            email=want.email,
            locale=want.locale,
            country=want.country,
            customer_ref=want.customer_ref,
            mandate_ref=want.mandate_ref,
            save_for_later=want.save_for_later,
            capture_later=want.capture_later,
            metadata={"order_id": want.order_id} | want.metadata,
        )
        rows.append(
            Payment(
                id=payment_id,
                venue_id=want.account.venue_id,
                order_id=want.order_id,
                gateway_account_id=want.account.id,
                test=want.account.test,
                amount_minor=want.amount.minor,
                currency=want.amount.currency,
                # Between this commit and the call nothing is written again: a row that says
                # SENT may have been sent or not, and is treated as if it was.
                state=PaymentState.CREATED if later else PaymentState.SENT,
                processor_ref=None,
                request=msgspec.json.encode(request).decode(),
                first_sent_at=None if later else now,
                due_at=now if later else now + GRACE,
                captured_minor=0,
                refunded_minor=0,
                disputed_minor=0,
                capture_minor=0,
                tries=0,
                created_at=now,
            )
        )
    tx.add_all(rows)
    return rows


class Starter:
    """Calls the processor for a committed intent and commits what it answered."""

    def __init__(self, db: Database, clock: Clock, gateways: Gateways, settler: Settler) -> None:
        self._db = db
        self._clock = clock
        self._gateways = gateways
        self._settler = settler

    async def send(self, payment: Payment) -> Started:
        """The payment's next step. Also used to send the same again within the key's life."""
        request = msgspec.json.decode(payment.request, type=StartPayment)
        gateway = await self._gateways.of(payment.gateway_account_id)
        try:
            said = await gateway.start(request)
        except OutcomeUnknown:
            await self._unknown(payment.id)
            return Started(payment_id=payment.id, state=PaymentState.UNKNOWN, next=NoStep())
        except GatewayRefused as refused:
            said = refusal(payment, refused)
        state = await self._settler.payment(payment.id, said)
        # A webhook may have been faster than this answer: its step is over then.
        waits = state is PaymentState.PENDING
        return Started(
            payment_id=payment.id,
            state=state,
            next=said.next if waits else NoStep(),
            decline=said.decline if state is PaymentState.FAILED else None,
        )

    async def _unknown(self, payment_id: str) -> None:
        """Only a row that nobody has settled meanwhile (by webhook) becomes UNKNOWN."""
        async with self._db.transaction() as tx:
            await tx.execute(
                update(Payment)
                .where(Payment.id == payment_id, Payment.state == PaymentState.SENT)
                .values(state=PaymentState.UNKNOWN, due_at=self._clock.machine() + SOON)
            )


def refusal(payment: Payment, refused: GatewayRefused) -> Snapshot:
    """The processor did nothing: for us a payment that failed."""
    zero = Money.zero(payment.currency)
    return Snapshot(
        processor_ref=payment.processor_ref or "",
        payment_id=payment.id,
        standing=Standing.FAILED,
        amount=payment.amount,
        captured=zero,
        refunded=zero,
        decline=refused.decline or Decline.OTHER,
    )

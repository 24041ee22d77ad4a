"""The port to payment processors. Owned here; adapters implement it; no vendor's word gets past it.

Law 5 (intent, call, outcome): the caller has committed a row whose id is `payment_id` or
`refund_id` before it calls; that id is the idempotency key and our reference at the processor.
A time-out or a broken connection raises `OutcomeUnknown`, never a failure. Every network method
refuses to run inside a database transaction (`infra.kernel.db.refuse_inside_transaction`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from infra.kernel.errors import Problem
from infra.kernel.money import Money


class Standing(StrEnum):
    """Where a payment stands at the processor, in our words."""

    PENDING = "pending"  # created; the payer has still to act, or the method is slow
    AUTHORISED = "authorised"  # reserved, not yet captured
    CAPTURED = "captured"  # the money is ours
    FAILED = "failed"  # declined or expired; cancel it before another is started
    CANCELLED = "cancelled"
    REVERSED = "reversed"  # told as captured before, and the money was not to be had after all


class Decline(StrEnum):
    """Why a payer's bank said no; pages explain each in the reader's language."""

    CARD_DECLINED = "card_declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    AUTHENTICATION_FAILED = "authentication_failed"  # 3-D Secure not passed
    EXPIRED_CARD = "expired_card"
    INCORRECT_CVC = "incorrect_cvc"
    FRAUD_SUSPECTED = "fraud_suspected"
    METHOD_UNAVAILABLE = "method_unavailable"
    ABANDONED = "abandoned"  # the payer left or took too long
    OTHER = "other"


class StartPayment(msgspec.Struct, frozen=True, kw_only=True):
    """What a processor needs to begin. `payment_id` is idempotency key and our reference."""

    payment_id: str
    amount: Money
    description: str
    return_url: str  # where the payer comes back to; carries no secret
    email: str
    locale: str = "en"  # BCP 47
    country: str = ""  # ISO 3166-1 alpha-2 of the payer, if known
    customer_ref: str = ""  # processor's id of the payer, if one was made before
    save_for_later: bool = False  # ask for a mandate (subscriptions, presales)
    mandate_ref: str = ""  # charge this mandate now, with the payer absent
    capture_later: bool = False  # only authorise; `capture` or `cancel` follows
    metadata: dict[str, str] = {}


class Redirect(msgspec.Struct, frozen=True, tag="redirect"):
    """Send the payer to a page of the processor's."""

    url: str


class Element(msgspec.Struct, frozen=True, tag="element"):
    """Show the processor's own card form in our page. `params` is public, made for the browser.

    stripe: client_secret, publishable_key.
    adyen: session_id, session_data, client_key, environment.
    """

    gateway: str
    params: dict[str, str]


class NoStep(msgspec.Struct, frozen=True, tag="none"):
    """The payer has nothing to do."""


NextStep = Redirect | Element | NoStep


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What it was paid with, as far as the processor tells. Never a number."""

    kind: str = ""  # card, sepa_debit, paypal, ideal ...
    brand: str = ""  # of a card: visa, mastercard ...
    expires_at: datetime | None = None  # the end of the card's last month


def card_end(year: int | None, month: int | None) -> datetime | None:
    """The moment at which a card's last month is over; None for what is no month."""
    if year is None or month is None or not (2000 <= year < 2100 and 1 <= month <= 12):
        return None
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the processor says of one payment now.

    With an empty `processor_ref` it is about one try of the payer's, of which only `decline` is
    told; the payment itself goes on. With `amount_told` false the amount is that of a step
    (a capture, a cancellation), not the payment's.
    """

    processor_ref: str  # the processor's id of the payment
    payment_id: str  # our reference as the processor holds it; empty when it does not say
    standing: Standing
    amount: Money
    captured: Money
    refunded: Money
    fee: Money | None = None  # None: not told yet
    decline: Decline | None = None
    method: str = ""  # for people: "Visa ···· 4242"
    customer_ref: str = ""
    mandate_ref: str = ""
    next: NextStep = NoStep()
    means: Means = Means()
    amount_told: bool = True


class RefundStanding(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class StartRefund(msgspec.Struct, frozen=True, kw_only=True):
    """`refund_id` is idempotency key and reference; amount may be less than what was captured."""

    refund_id: str
    payment_id: str
    processor_ref: str
    amount: Money
    reason: str = ""


class RefundSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    processor_ref: str  # the processor's id of the refund
    refund_id: str
    standing: RefundStanding
    amount: Money
    failure: str = ""


class DisputeStanding(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class StartMandate(msgspec.Struct, frozen=True, kw_only=True):
    """Set a card up for later charges without charging it now."""

    mandate_id: str
    email: str
    return_url: str
    currency: str
    locale: str = "en"
    country: str = ""
    customer_ref: str = ""


class MandateSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    mandate_id: str
    setup_ref: str
    mandate_ref: str  # empty until the payer has finished
    customer_ref: str
    ready: bool
    decline: Decline | None = None
    next: NextStep = NoStep()


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook request as it arrived: raw bytes, header names in lower case."""

    headers: dict[str, str]
    body: bytes


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """One verified item of a webhook. `natural_key` is unique at its source (law 6)."""

    natural_key: str
    kind: str  # the processor's word: payment_intent.succeeded, AUTHORISATION
    payload: dict[str, Any]  # only what the signature covers


class PaymentChanged(msgspec.Struct, frozen=True, kw_only=True, tag="payment"):
    """A payment may have moved. With a snapshot the item itself is the truth, else read it."""

    processor_ref: str
    payment_id: str
    snapshot: Snapshot | None = None


class RefundChanged(msgspec.Struct, frozen=True, kw_only=True, tag="refund"):
    refund_id: str
    processor_ref: str  # of the refund
    snapshot: RefundSnapshot | None = None
    payment_ref: str = ""
    payment_id: str = ""


class DisputeChanged(msgspec.Struct, frozen=True, kw_only=True, tag="dispute"):
    dispute_ref: str
    payment_ref: str
    payment_id: str
    standing: DisputeStanding
    amount: Money
    reason: str = ""
    fee: Money | None = None  # all fees of the dispute so far; None: not told
    evidence_due_at: datetime | None = None
    moved: bool = True
    """Money has been taken or given back. False for inquiries and warnings, which only ask."""


class MandateChanged(msgspec.Struct, frozen=True, kw_only=True, tag="mandate"):
    mandate_id: str
    setup_ref: str
    snapshot: MandateSnapshot | None = None


Change = PaymentChanged | RefundChanged | DisputeChanged | MandateChanged


class OutcomeUnknown(Exception):
    """Nobody can say whether the processor did it. Ask by `read`, later; never call it failed."""


class GatewayRefused(Exception):
    """The processor answered that it did nothing, and why; a retry of the same can't help."""

    def __init__(self, message: str, *, decline: Decline | None = None) -> None:
        super().__init__(message)
        self.decline = decline


class BadSignature(Problem):
    """A webhook that its source did not sign for us, or too long ago."""

    status = 400
    code = "bad_signature"
    title = "The webhook's signature does not match"


class Gateway(Protocol):
    """One merchant account at one processor. Implementations hold credentials, never log them."""

    name: str  # "sandbox", "stripe", "adyen"
    test: bool  # credentials of the processor's test environment
    key_life: timedelta  # documented life of an idempotency key
    can_read_by_reference: bool  # `read` finds a payment by our id alone
    abandoned_after: timedelta | None
    """For processors that can't be asked about a payment that nobody finished: when it is over.

    Elsewhere None, and `read` tells. Money that comes later all the same is honoured."""

    async def start(self, intent: StartPayment) -> Snapshot:
        """Create the payment; the payer's next step is in `snapshot.next`.

        The same payment_id within key_life returns the same payment.
        """
        ...

    async def read(self, *, processor_ref: str, payment_id: str, hint: str = "") -> Snapshot | None:
        """What became of it; None when the processor has no such payment (or can't say).

        `hint` is what the payer's browser brought back from the processor (Adyen's
        sessionResult). It comes from outside: only the processor's answer to it is believed.
        """
        ...

    async def capture(self, *, processor_ref: str, payment_id: str, amount: Money) -> Snapshot:
        """Take an authorised amount, or part of it."""
        ...

    async def cancel(self, *, processor_ref: str, payment_id: str) -> Snapshot:
        """Release a payment that was not captured."""
        ...

    async def refund(self, intent: StartRefund) -> RefundSnapshot: ...

    async def read_refund(
        self, *, processor_ref: str, refund_id: str, payment_ref: str
    ) -> RefundSnapshot | None: ...

    async def set_up(self, intent: StartMandate) -> MandateSnapshot: ...

    async def read_mandate(self, *, setup_ref: str, mandate_id: str) -> MandateSnapshot | None: ...

    def verify(self, inbound: Inbound, now: datetime) -> list[InboxItem]:
        """The items of a webhook whose signatures are right, else BadSignature. Pure."""
        ...

    def interpret(self, item: InboxItem) -> list[Change]:
        """What an item means in our words; [] for kinds that mean nothing to us. Pure."""
        ...

    async def close(self) -> None: ...

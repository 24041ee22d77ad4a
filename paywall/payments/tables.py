"""Rows of payments: merchant accounts at processors, payments, refunds, disputes, the inbox.

All times here are machine time (DESIGN law 2): what happens at a processor happens today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
from infra.kernel.money import Money
from infra.kernel.states import move
from paywall.payments.port import Decline, DisputeStanding, NextStep, NoStep


class AccountState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # takes no new payment; webhooks, refunds and reads go on
    CLOSED = "closed"  # takes nothing and is asked nothing


ACCOUNT_TRANSITIONS: Mapping[AccountState, frozenset[AccountState]] = {
    AccountState.ACTIVE: frozenset({AccountState.PAUSED, AccountState.CLOSED}),
    AccountState.PAUSED: frozenset({AccountState.ACTIVE, AccountState.CLOSED}),
    AccountState.CLOSED: frozenset(),
}


class GatewayAccount(Base):
    """A venue's merchant account at one processor, and which payments are routed to it."""

    __tablename__ = "gateway_account"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    gateway: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(80), default="")
    test: Mapped[bool] = mapped_column(Boolean)
    credentials: Mapped[str] = mapped_column(Text)
    """Sealed JSON; only `credentials.Gateways` opens it."""
    public: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What a browser may know, such as a publishable key."""
    countries: Mapped[list[str]] = mapped_column(JSON, default=list)  # empty: every country
    currencies: Mapped[list[str]] = mapped_column(JSON, default=list)  # empty: every currency
    priority: Mapped[int] = mapped_column(Integer, default=100)  # the lowest that fits wins
    hook_token: Mapped[str] = mapped_column(String(64), unique=True)
    """Names the account in the address that its webhooks are sent to. The signature proves."""
    state: Mapped[AccountState] = mapped_column(EnumText(AccountState), default=AccountState.ACTIVE)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    def move(self, to: AccountState) -> None:
        move(self, to, ACCOUNT_TRANSITIONS)


class PaymentState(StrEnum):
    CREATED = "created"  # committed, waiting for the reconciler to send it
    SENT = "sent"  # committed and perhaps sent; nobody has answered yet
    UNKNOWN = "unknown"  # sent, and the answer was lost
    PENDING = "pending"  # the payer has still to act, or the method is slow
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REVERSED = "reversed"  # captured, and then the money was not to be had after all


_LATE_SUCCESS = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURED})
_ANSWERS = frozenset(
    {
        PaymentState.PENDING,
        PaymentState.AUTHORISED,
        PaymentState.CAPTURED,
        PaymentState.FAILED,
        PaymentState.CANCELLED,
        PaymentState.REVERSED,
    }
)
PAYMENT_TRANSITIONS: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.CREATED: frozenset({PaymentState.SENT, PaymentState.CANCELLED}),
    PaymentState.SENT: _ANSWERS | {PaymentState.UNKNOWN},
    PaymentState.UNKNOWN: _ANSWERS,
    PaymentState.PENDING: _ANSWERS - {PaymentState.PENDING},
    PaymentState.AUTHORISED: _ANSWERS - {PaymentState.PENDING, PaymentState.AUTHORISED},
    PaymentState.CAPTURED: frozenset({PaymentState.REVERSED}),
    # Money that comes after all is honoured: the books and the order must hear of it.
    PaymentState.FAILED: _LATE_SUCCESS | {PaymentState.CANCELLED, PaymentState.REVERSED},
    PaymentState.CANCELLED: _LATE_SUCCESS | {PaymentState.REVERSED},
    PaymentState.REVERSED: frozenset(),
}


class Payment(Base):
    """One attempt to take one order's money. Its id is idempotency key and reference outside."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("gateway_account_id", "processor_ref"),
        CheckConstraint("amount_minor > 0", name="positive"),
        CheckConstraint("captured_minor between 0 and amount_minor", name="captured_within"),
        CheckConstraint("refunded_minor >= 0 and disputed_minor >= 0", name="not_negative"),
        # Law 3: what goes back never exceeds what came in, whoever asks at once.
        CheckConstraint("refunded_minor + disputed_minor <= captured_minor", name="back_within"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    order_id: Mapped[str] = mapped_column(String(32), index=True)
    gateway_account_id: Mapped[str] = mapped_column(String(32))
    test: Mapped[bool] = mapped_column(Boolean)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[PaymentState] = mapped_column(EnumText(PaymentState))
    processor_ref: Mapped[str | None] = mapped_column(String(255))
    customer_ref: Mapped[str] = mapped_column(String(255), default="")
    mandate_ref: Mapped[str] = mapped_column(String(255), default="")
    method: Mapped[str] = mapped_column(String(80), default="")
    decline: Mapped[Decline | None] = mapped_column(EnumText(Decline))
    captured_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_minor: Mapped[int | None] = mapped_column(BigInteger)  # in the payment's currency
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """Given back or reserved for a refund on its way; a failed refund is taken off again."""
    disputed_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """Held by banks in open disputes, or lost in closed ones."""
    request: Mapped[str] = mapped_column(Text, default="")
    """The StartPayment as sent, to send the same again; emptied once the processor answered."""
    next_step: Mapped[str] = mapped_column(Text, default="")
    asked: Mapped[str] = mapped_column(String(8), default="")  # "", "cancel" or "capture"
    capture_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    first_sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    """When the reconciler looks again; null: nothing is open."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    needs_person: Mapped[str] = mapped_column(String(400), default="")
    """A plain sentence for staff when only a person can settle it."""
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    """When its processor last told a new state; null where none has answered yet."""
    method_kind: Mapped[str] = mapped_column(String(24), default="", server_default="")
    """`card`, `sepa_debit`, `paypal` ...; empty where its processor has not told."""
    card_brand: Mapped[str] = mapped_column(String(24), default="", server_default="")
    card_expires_at: Mapped[datetime | None]
    """The end of the card's last month."""

    def move(self, to: PaymentState) -> None:
        move(self, to, PAYMENT_TRANSITIONS)

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @property
    def amount(self) -> Money:
        return self.money(self.amount_minor)

    @property
    def captured(self) -> Money:
        return self.money(self.captured_minor)

    @property
    def refundable(self) -> Money:
        """What can still be given back."""
        return self.money(self.captured_minor - self.refunded_minor - self.disputed_minor)

    @property
    def fee(self) -> Money | None:
        return None if self.fee_minor is None else self.money(self.fee_minor)

    @property
    def next(self) -> NextStep:
        if not self.next_step:
            return NoStep()
        return msgspec.json.decode(self.next_step, type=NextStep)  # type: ignore[no-any-return]


def _due(table: str) -> Index:
    """Only rows with something open are in it, so that a tick costs what is due."""
    where = Base.metadata.tables[table].c.due_at.is_not(None)
    column = Base.metadata.tables[table].c.due_at
    return Index(f"ix_{table}_due_at", column, postgresql_where=where, sqlite_where=where)


_due("payment")


class RefundState(StrEnum):
    CREATED = "created"
    SENT = "sent"
    UNKNOWN = "unknown"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_REFUND_ANSWERS = frozenset({RefundState.PENDING, RefundState.SUCCEEDED, RefundState.FAILED})
REFUND_TRANSITIONS: Mapping[RefundState, frozenset[RefundState]] = {
    RefundState.CREATED: frozenset({RefundState.SENT}),
    RefundState.SENT: _REFUND_ANSWERS | {RefundState.UNKNOWN},
    RefundState.UNKNOWN: _REFUND_ANSWERS,
    RefundState.PENDING: frozenset({RefundState.SUCCEEDED, RefundState.FAILED}),
    # A bank may send a refund back days later ("a refund can fail after it succeeded",
    # https://docs.stripe.com/refunds#failed-refunds, read 2026-11).
    RefundState.SUCCEEDED: frozenset({RefundState.FAILED}),
    RefundState.FAILED: frozenset(),
}


class Refund(Base):
    """One giving back of part or all of a payment. Its amount is reserved on the payment first."""

    __tablename__ = "refund"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="positive"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    order_id: Mapped[str] = mapped_column(String(32), index=True)
    payment_id: Mapped[str] = mapped_column(String(32), index=True)
    gateway_account_id: Mapped[str] = mapped_column(String(32))
    payment_ref: Mapped[str] = mapped_column(String(255))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[RefundState] = mapped_column(EnumText(RefundState))
    processor_ref: Mapped[str] = mapped_column(String(255), default="", index=True)
    failure: Mapped[str] = mapped_column(String(200), default="")
    succeeded_at: Mapped[datetime | None]
    """Set once money went back; a refund that failed later had been posted and is reversed."""
    first_sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    needs_person: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]

    def move(self, to: RefundState) -> None:
        move(self, to, REFUND_TRANSITIONS)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


_due("refund")

DISPUTE_TRANSITIONS: Mapping[DisputeStanding, frozenset[DisputeStanding]] = {
    DisputeStanding.OPEN: frozenset({DisputeStanding.WON, DisputeStanding.LOST}),
    # A bank may take the money a second time. OPEN: only where an inquiry was over without a loss
    # and grew into a dispute after all.
    DisputeStanding.WON: frozenset({DisputeStanding.LOST, DisputeStanding.OPEN}),
    DisputeStanding.LOST: frozenset(),
}


class Dispute(Base):
    """A payer's bank takes money back; one row per dispute of the processor's."""

    __tablename__ = "dispute"
    __table_args__ = (UniqueConstraint("gateway_account_id", "dispute_ref"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    order_id: Mapped[str] = mapped_column(String(32), index=True)
    payment_id: Mapped[str] = mapped_column(String(32), index=True)
    gateway_account_id: Mapped[str] = mapped_column(String(32))
    dispute_ref: Mapped[str] = mapped_column(String(255))
    state: Mapped[DisputeStanding] = mapped_column(EnumText(DisputeStanding))
    moved: Mapped[bool] = mapped_column(Boolean, default=True)
    """Whether it ever moved money; an inquiry only asks, and may grow into a dispute."""
    asked_minor: Mapped[int] = mapped_column(BigInteger)
    counted_minor: Mapped[int] = mapped_column(BigInteger)
    """What is held against the payment: no more than was left of it when the dispute came."""
    fee_minor: Mapped[int | None] = mapped_column(BigInteger)
    """All of the processor's fees so far, as told and posted; null: not told."""
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(120), default="")
    evidence_due_at: Mapped[datetime | None]
    needs_person: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]

    def move(self, to: DisputeStanding) -> None:
        move(self, to, DISPUTE_TRANSITIONS)

    @property
    def amount(self) -> Money:
        """What counts against the payment."""
        return Money(self.counted_minor, self.currency)


class MandateState(StrEnum):
    SENT = "sent"  # committed, perhaps sent, nobody has answered yet
    UNKNOWN = "unknown"  # sent, and the answer was lost
    PENDING = "pending"  # the payer has still to act, or their payment has
    READY = "ready"  # it can be charged
    FAILED = "failed"  # refused, or never finished
    REVOKED = "revoked"  # taken back by its payer; final


_MANDATE_ANSWERS = frozenset(
    {MandateState.PENDING, MandateState.READY, MandateState.FAILED, MandateState.REVOKED}
)
MANDATE_TRANSITIONS: Mapping[MandateState, frozenset[MandateState]] = {
    MandateState.SENT: _MANDATE_ANSWERS | {MandateState.UNKNOWN},
    MandateState.UNKNOWN: _MANDATE_ANSWERS,
    MandateState.PENDING: _MANDATE_ANSWERS - {MandateState.PENDING},
    MandateState.READY: frozenset({MandateState.REVOKED}),
    # A payer may finish after we stopped waiting.
    MandateState.FAILED: frozenset({MandateState.READY, MandateState.REVOKED}),
    MandateState.REVOKED: frozenset(),
}


class Mandate(Base):
    """A customer's card kept at one processor. Its id is idempotency key and reference there."""

    __tablename__ = "mandate"
    __table_args__ = (
        Index("ix_mandate_customer", "venue_id", "customer_id"),
        CheckConstraint("state <> 'ready' or mandate_ref <> ''", name="ready_has_ref"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(String(32))
    gateway_account_id: Mapped[str] = mapped_column(String(32))
    test: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[MandateState] = mapped_column(EnumText(MandateState))
    payment_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    """The payment whose card is kept; empty where it was set up on its own."""
    setup_ref: Mapped[str] = mapped_column(String(255), default="")
    mandate_ref: Mapped[str] = mapped_column(String(255), default="")
    """What is charged; with `customer_ref`, the payer's id at the processor."""
    customer_ref: Mapped[str] = mapped_column(String(255), default="")
    method: Mapped[str] = mapped_column(String(80), default="")
    decline: Mapped[Decline | None] = mapped_column(EnumText(Decline))
    request: Mapped[str] = mapped_column(Text, default="")
    """The StartMandate as sent; emptied once the processor answered."""
    next_step: Mapped[str] = mapped_column(Text, default="")
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    first_sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]

    def move(self, to: MandateState) -> None:
        move(self, to, MANDATE_TRANSITIONS)

    @property
    def next(self) -> NextStep:
        if not self.next_step:
            return NoStep()
        return msgspec.json.decode(self.next_step, type=NextStep)  # type: ignore[no-any-return]


_due("mandate")


class InboxState(StrEnum):
    NEW = "new"
    DONE = "done"
    STUCK = "stuck"  # tried for days; a person must look


INBOX_TRANSITIONS: Mapping[InboxState, frozenset[InboxState]] = {
    InboxState.NEW: frozenset({InboxState.DONE, InboxState.STUCK}),
    InboxState.STUCK: frozenset({InboxState.NEW, InboxState.DONE}),
    InboxState.DONE: frozenset(),
}


class InboxRow(Base):
    """One verified item of a webhook, stored once and handled from here (law 6)."""

    __tablename__ = "payment_inbox"
    __table_args__ = (
        UniqueConstraint("gateway_account_id", "natural_key"),
        Index("ix_payment_inbox_state_received", "state", "received_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    gateway_account_id: Mapped[str] = mapped_column(String(32))
    natural_key: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[InboxState] = mapped_column(EnumText(InboxState))
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[str] = mapped_column(String(200), default="")
    received_at: Mapped[datetime]

    def move(self, to: InboxState) -> None:
        move(self, to, INBOX_TRANSITIONS)


_due("payment_inbox")

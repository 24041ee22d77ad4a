"""Rows of orders and their lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
from infra.kernel.money import Money
from infra.kernel.states import move


class OrderState(StrEnum):
    OPEN = "open"  # places are held, payment has not come
    PAID = "paid"
    EXPIRED = "expired"  # the hold ran out unpaid
    CANCELLED = "cancelled"  # the buyer or the venue gave it up unpaid
    UNSERVED = "unserved"  # paid too late to be served; the money is on its way back
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


ORDER_TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.OPEN: frozenset(
        {OrderState.PAID, OrderState.EXPIRED, OrderState.CANCELLED, OrderState.UNSERVED}
    ),
    OrderState.EXPIRED: frozenset({OrderState.PAID, OrderState.UNSERVED}),
    OrderState.CANCELLED: frozenset({OrderState.PAID, OrderState.UNSERVED}),
    OrderState.PAID: frozenset({OrderState.PARTLY_REFUNDED, OrderState.REFUNDED}),
    OrderState.UNSERVED: frozenset({OrderState.REFUNDED, OrderState.PARTLY_REFUNDED}),
    # Back again where a bank returned a refund days later.
    OrderState.PARTLY_REFUNDED: frozenset(
        {OrderState.REFUNDED, OrderState.PAID, OrderState.UNSERVED}
    ),
    OrderState.REFUNDED: frozenset(
        {OrderState.PARTLY_REFUNDED, OrderState.PAID, OrderState.UNSERVED}
    ),
}


class Unserved(StrEnum):
    """Why an order that was paid could not be served."""

    SOLD_OUT = "sold_out"  # the last place went to somebody else
    CODE_USED_UP = "code_used_up"  # its coupon was given back and used by somebody else
    CANCELLED = "cancelled"  # the event will not take place
    OVER = "over"  # everything that it would open has ended
    TESTS_ENDED = "tests_ended"  # a test order whose venue takes real money by now


class Order(Base):
    """One purchase at one venue. Amounts include tax and are in `currency`."""

    __tablename__ = "order"
    __table_args__ = (
        Index("ix_order_venue_created", "venue_id", "created_at"),
        Index("ix_order_venue_email", "venue_id", "email"),
        CheckConstraint("total_minor >= 0", name="not_negative"),
        CheckConstraint("refunded_minor between 0 and total_minor", name="refund_within"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(String(32), index=True)
    account_id: Mapped[str] = mapped_column(String(32), index=True)
    email: Mapped[str] = mapped_column(String(254))
    state: Mapped[OrderState] = mapped_column(EnumText(OrderState))
    test: Mapped[bool] = mapped_column(Boolean)
    channel: Mapped[str] = mapped_column(String(12))  # web | api
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(Integer, default=0)
    total_minor: Mapped[int]
    tax_minor: Mapped[int]
    tax_bps: Mapped[int]
    platform_fee_bps: Mapped[int]
    """The installation's share as it was when the order was made."""
    refunded_minor: Mapped[int] = mapped_column(Integer, default=0)
    """Given back, or lost to a bank in a dispute."""
    coupon_code: Mapped[str] = mapped_column(String(40), default="")
    payment_id: Mapped[str] = mapped_column(String(32), default="")
    """The payment that paid it; empty for free orders and for money taken elsewhere."""
    unserved_why: Mapped[Unserved | None] = mapped_column(EnumText(Unserved))
    """Set with the state UNSERVED, and kept when the money is back."""
    external_reference: Mapped[str] = mapped_column(String(80), default="")
    """For a payment taken elsewhere: the till's or bank's own reference."""
    locale: Mapped[str] = mapped_column(String(8), default="en")
    country: Mapped[str] = mapped_column(String(2), default="")
    terms_accepted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    """Since when staff keep its access closed, whatever becomes of its money."""
    source: Mapped[str] = mapped_column(String(8), default="", server_default="")
    """How the buyer came to the venue's pages for it; empty: nobody knows, or they said no."""
    campaign: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The campaign whose link it was."""

    def move(self, to: OrderState) -> None:
        move(self, to, ORDER_TRANSITIONS)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)


class OrderLine(Base):
    """What was bought, with its name and price as they were then."""

    __tablename__ = "order_line"
    __table_args__ = (UniqueConstraint("order_id", "offer_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    order_id: Mapped[str] = mapped_column(String(32), index=True)
    offer_id: Mapped[str] = mapped_column(String(32), index=True)
    price_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(320))
    quantity: Mapped[int]
    unit_minor: Mapped[int]
    total_minor: Mapped[int]

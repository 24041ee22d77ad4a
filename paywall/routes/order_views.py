"""How orders, their money and their access look in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from infra.kernel.money import Money
from paywall.catalogue.tables import Mode
from paywall.checkout.place_orders import Placed
from paywall.checkout.tables import Order, OrderLine, Unserved
from paywall.http.views import MoneyView, money, utc, utc_or_none
from paywall.payments.tables import Dispute, Payment, Refund


class LineView(msgspec.Struct, frozen=True):
    """What was bought, as it was named and priced then."""

    offer_id: str
    price_id: str
    name: str
    quantity: int
    unit: MoneyView
    total: MoneyView


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase. Every amount includes tax; `tax` is the part of `total` that is tax."""

    id: str
    venue_id: str
    customer_id: str
    email: str
    state: Annotated[str, Meta(description="open, paid, expired, cancelled, unserved, ...")]
    test: bool
    channel: str
    lines: list[LineView]
    subtotal: MoneyView
    discount: MoneyView
    total: MoneyView
    tax: MoneyView
    tax_bps: int
    refunded: MoneyView
    unserved_why: Annotated[
        Unserved | None, Meta(description="Why it was paid and could not be served.")
    ]
    coupon: str
    external_reference: str
    created_at: datetime
    paid_at: datetime | None


def order_view(order: Order, line: OrderLine) -> OrderView:
    def amount(minor: int) -> MoneyView:
        return MoneyView(minor, order.currency)

    return OrderView(
        id=order.id,
        venue_id=order.venue_id,
        customer_id=order.customer_id,
        email=order.email,
        state=order.state.value,
        test=order.test,
        channel=order.channel,
        lines=[
            LineView(
                line.offer_id,
                line.price_id,
                line.name,
                line.quantity,
                amount(line.unit_minor),
                amount(line.total_minor),
            )
        ],
        subtotal=amount(order.subtotal_minor),
        discount=amount(order.discount_minor),
        total=amount(order.total_minor),
        tax=amount(order.tax_minor),
        tax_bps=order.tax_bps,
        refunded=amount(order.refunded_minor),
        unserved_why=order.unserved_why,
        coupon=order.coupon_code,
        external_reference=order.external_reference,
        created_at=utc(order.created_at),
        paid_at=utc_or_none(order.paid_at),
    )


def placed_view(placed: Placed) -> OrderView:
    """A paid order in the moment it was written; the same as `order_view` reads it later."""
    request, quote, venue = placed.request, placed.quote, placed.shelf.venue
    return OrderView(
        id=placed.order_id,
        venue_id=venue.id,
        customer_id=placed.customer_id,
        email=request.email,
        state="paid",
        test=venue.mode is Mode.TEST,
        channel=request.channel,
        lines=[
            LineView(
                quote.offer_id,
                quote.price_id,
                f"{placed.shelf.title} · {placed.shelf.offer.name}",
                quote.quantity,
                money(quote.unit),
                money(quote.total),
            )
        ],
        subtotal=money(quote.subtotal),
        discount=money(quote.discount),
        total=money(quote.total),
        tax=money(quote.tax),
        tax_bps=quote.tax_bps,
        refunded=MoneyView(0, quote.total.currency),
        unserved_why=None,
        coupon=quote.coupon_code,
        external_reference=request.external_reference,
        created_at=utc(placed.now),
        paid_at=utc(placed.now),
    )


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to take the order's money. `needs_person` says what only staff can settle."""

    id: str
    state: str
    amount: MoneyView
    captured: MoneyView
    refunded: MoneyView
    disputed: MoneyView
    fee: MoneyView | None
    method: str
    decline: str | None
    processor_ref: str | None
    needs_person: str
    created_at: datetime


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back. pending and unknown settle by themselves."""

    id: str
    payment_id: str
    state: str
    amount: MoneyView
    reason: str
    failure: str
    needs_person: str
    created_at: datetime


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A payer's bank took money back."""

    id: str
    payment_id: str
    state: str
    amount: MoneyView
    reason: str
    evidence_due_at: datetime | None
    created_at: datetime


class OrderMoneyView(msgspec.Struct, frozen=True):
    """Everything that happened to an order's money."""

    payments: list[PaymentView]
    refunds: list[RefundView]
    disputes: list[DisputeView]


def payment_view(payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id,
        state=payment.state.value,
        amount=money(payment.amount),
        captured=money(payment.captured),
        refunded=money(payment.money(payment.refunded_minor)),
        disputed=money(payment.money(payment.disputed_minor)),
        fee=None if payment.fee is None else money(payment.fee),
        method=payment.method,
        decline=None if payment.decline is None else payment.decline.value,
        processor_ref=payment.processor_ref,
        needs_person=payment.needs_person,
        created_at=utc(payment.created_at),
    )


def refund_view(refund: Refund) -> RefundView:
    return RefundView(
        id=refund.id,
        payment_id=refund.payment_id,
        state=refund.state.value,
        amount=money(refund.amount),
        reason=refund.reason,
        failure=refund.failure,
        needs_person=refund.needs_person,
        created_at=utc(refund.created_at),
    )


def dispute_view(dispute: Dispute) -> DisputeView:
    return DisputeView(
        id=dispute.id,
        payment_id=dispute.payment_id,
        state=dispute.state.value,
        amount=money(Money(dispute.asked_minor, dispute.currency)),
        reason=dispute.reason,
        evidence_due_at=utc_or_none(dispute.evidence_due_at),
        created_at=utc(dispute.created_at),
    )

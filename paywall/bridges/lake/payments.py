"""Payments of the lake: attempts that came to an end, refunds, and what banks took back."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Select, func, select

from infra.kernel.db import Tx, padded
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Row, Source, page_of
from paywall.checkout.tables import Order
from paywall.payments.tables import Dispute, Payment, PaymentState, Refund, RefundState

_ENDED = (PaymentState.CAPTURED, PaymentState.FAILED, PaymentState.REVERSED)


async def attempts(tx: Tx, source: Source, after: str) -> Page:
    """What was taken or declined. A payment called off is no attempt that failed."""
    told = func.coalesce(Payment.settled_at, Payment.created_at)
    query = (
        select(Payment, Order.customer_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.venue_id == source.venue_id, Payment.id > after)
        .where(Payment.test.is_(not source.live), Payment.state.in_(_ENDED))
        .order_by(Payment.id)
        .limit(ROWS_A_PAGE)
    )
    if source.since is not None:
        query = query.where(told >= source.since)
    found = (await tx.execute(query)).all()
    tries = await _tries(tx, [payment.order_id for payment, _ in found])
    rows: list[Row] = []
    for payment, customer_id in found:
        at = source.at(payment.settled_at or payment.created_at)
        attempt = 1 + tries[payment.order_id].index(payment.id)
        declined = payment.state is PaymentState.FAILED
        minor = payment.amount_minor if declined else payment.captured_minor
        row = _row(payment, source.person(customer_id), "", minor) | {
            "event_at": at,
            "known_at": at,
            "decline": payment.decline.value if declined and payment.decline else "",
            "attempt": attempt,
            "method": payment.method_kind or payment.method.split(" ")[0].lower(),
            "brand": payment.card_brand,
            "card_expires_at": payment.card_expires_at,
        }
        rows.append(_said(row, "declined" if declined else "captured"))
        if payment.state is PaymentState.REVERSED:  # captured, and then it was not to be had
            rows.append(_said(row, "disputed"))
    return page_of(rows, [payment.id for payment, _ in found])


async def refunds(tx: Tx, source: Source, after: str) -> Page:
    """Money that went back to the payer."""
    query = _of_payment(Refund, source).where(
        Refund.id > after, Refund.state == RefundState.SUCCEEDED
    )
    if source.since is not None:
        query = query.where(Refund.succeeded_at >= source.since)
    found = (await tx.execute(query.order_by(Refund.id).limit(ROWS_A_PAGE))).all()
    rows = [
        _row(payment, source.person(customer_id), refund.id, refund.amount_minor)
        | {"event_at": source.at(refund.succeeded_at), "known_at": source.at(refund.succeeded_at)}
        | {"outcome": "refunded"}
        for refund, payment, customer_id in found
    ]
    return page_of(rows, [refund.id for refund, *_ in found])


async def disputes(tx: Tx, source: Source, after: str) -> Page:
    """Money that a bank took back, while it looks into it or for good."""
    query = _of_payment(Dispute, source).where(Dispute.id > after, Dispute.moved.is_(True))
    if source.since is not None:
        query = query.where(Dispute.created_at >= source.since)
    found = (await tx.execute(query.order_by(Dispute.id).limit(ROWS_A_PAGE))).all()
    rows = [
        _row(payment, source.person(customer_id), dispute.id, dispute.counted_minor)
        | {"event_at": source.at(dispute.created_at), "known_at": source.at(dispute.created_at)}
        | {"outcome": "disputed"}
        for dispute, payment, customer_id in found
    ]
    return page_of(rows, [dispute.id for dispute, *_ in found])


def _of_payment(model: Any, source: Source) -> Select[Any]:
    return (
        select(model, Payment, Order.customer_id)
        .join(Payment, Payment.id == model.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(model.venue_id == source.venue_id, Payment.test.is_(not source.live))
    )


def _row(payment: Payment, person: str, fact_id: str, minor: int) -> Row:
    return {
        "fact_id": fact_id,
        "origin": "paywall",
        "person": person,
        "payment_id": payment.id,
        "order_id": payment.order_id,
        "amount_minor": minor,
        "currency": payment.currency,
    }


def _said(row: Row, outcome: str) -> Row:
    return row | {"fact_id": f"{row['payment_id']}:{outcome}", "outcome": outcome}


async def _tries(tx: Tx, orders: list[str]) -> dict[str, list[str]]:
    query = select(Payment.order_id, Payment.id).where(Payment.order_id.in_(padded(orders)))
    found: dict[str, list[str]] = defaultdict(list)
    for row in await tx.execute(query.order_by(Payment.id)):
        found[row.order_id].append(row.id)
    return found


PAGES = (attempts, refunds, disputes)

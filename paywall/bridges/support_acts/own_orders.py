"""A person's own orders at one venue, as acts look at them."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.checkout.announce import PaidOrder
from paywall.checkout.tables import Order, OrderLine, OrderState
from support_bot.acts import Person

SERVED = (OrderState.PAID, OrderState.PARTLY_REFUNDED)


async def own_orders(tx: Tx, person: Person, limit: int = 5) -> list[tuple[Order, OrderLine]]:
    """Paid orders of this account at this venue, the latest first."""
    query = (
        select(Order, OrderLine)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(
            Order.account_id == person.account_id,
            Order.venue_id == person.venue_id,
            Order.state.in_(SERVED),
        )
        .order_by(Order.id.desc())
        .limit(limit)
    )
    return [(order, line) for order, line in await tx.execute(query)]


async def own_order(tx: Tx, person: Person, order_id: str) -> tuple[Order, OrderLine] | None:
    """One of them, None where it is not this person's or no longer paid."""
    query = (
        select(Order, OrderLine)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(
            Order.id == order_id,
            Order.account_id == person.account_id,
            Order.venue_id == person.venue_id,
            Order.state.in_(SERVED),
        )
    )
    row = (await tx.execute(query)).first()
    return None if row is None else (row[0], row[1])


def as_paid(order: Order, line: OrderLine) -> PaidOrder:
    """The order as its receipt tells it."""
    assert order.paid_at is not None
    return PaidOrder(
        order_id=order.id, line_id=line.id, offer_id=line.offer_id, venue_id=order.venue_id,
        customer_id=order.customer_id, email=order.email, locale=order.locale, test=order.test,
        total=order.total, tax=order.tax, platform_fee_bps=order.platform_fee_bps,
        at=order.paid_at, source="", cause_id=order.payment_id or order.id,
    )  # fmt: skip

"""Reading orders: one, or a page of them; a venue's own, or a person's own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.sql.elements import ColumnElement

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.paging import Place, Slice, Wanted
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.payments.tables import Dispute, Payment, Refund

Row = tuple[Order, OrderLine]


async def of_venue(
    tx: Tx,
    venue_id: str,
    wanted: Wanted,
    *,
    test: bool,
    state: OrderState | None = None,
    email: str = "",
    offer_id: str = "",
    made_from: datetime | None = None,
    made_until: datetime | None = None,
) -> Slice[Row]:
    """The venue's orders, newest first; made inside [made_from, made_until) of business time.

    Test orders and real ones are never in one list (law 13).
    """
    where: list[ColumnElement[bool]] = [Order.venue_id == venue_id, Order.test == test]
    if state is not None:
        where.append(Order.state == state)
    if email:
        where.append(Order.email == email)
    if offer_id:
        where.append(OrderLine.offer_id == offer_id)
    if made_from is not None:
        where.append(Order.created_at >= made_from)
    if made_until is not None:
        where.append(Order.created_at < made_until)
    return await _page(tx, where, wanted)


async def of_account(tx: Tx, account_id: str, wanted: Wanted) -> Slice[Row]:
    """What a person bought at every venue, newest first."""
    return await _page(tx, [Order.account_id == account_id], wanted)


async def _page(tx: Tx, where: list[ColumnElement[bool]], wanted: Wanted) -> Slice[Row]:
    if wanted.after is not None:
        where.append(Order.id < wanted.after.id)
    query = (
        select(Order, OrderLine)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(*where)
        .order_by(Order.id.desc())
        .limit(wanted.limit + 1)
    )
    rows = [(order, line) for order, line in await tx.execute(query)]
    more = Place(None, rows[wanted.limit - 1][0].id) if len(rows) > wanted.limit else None
    return Slice(rows[: wanted.limit], more)


async def one(tx: Tx, order_id: str, *, venue_id: str = "", account_id: str = "") -> Row:
    """One order of this venue or this person, or NotFound."""
    assert venue_id or account_id, "say whose order may be seen"
    query = (
        select(Order, OrderLine)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.id == order_id)
    )
    if venue_id:
        query = query.where(Order.venue_id == venue_id)
    if account_id:
        query = query.where(Order.account_id == account_id)
    row = (await tx.execute(query)).first()
    if row is None:
        raise NotFound("order")
    return row[0], row[1]


async def money_of(tx: Tx, order_id: str) -> tuple[list[Payment], list[Refund], list[Dispute]]:
    """Every payment, refund and dispute of an order, oldest first."""
    payments = await tx.scalars(
        select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)
    )
    refunds = await tx.scalars(
        select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)
    )
    disputes = await tx.scalars(
        select(Dispute).where(Dispute.order_id == order_id).order_by(Dispute.id)
    )
    return list(payments), list(refunds), list(disputes)

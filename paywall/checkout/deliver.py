"""What being paid means: postings and grants, in the transaction that marks the order paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from entitlements.grants import NewGrant, give
from infra.kernel.db import Tx
from paywall.checkout import tell
from paywall.checkout.announce import Announcer, PaidOrder
from paywall.checkout.shelf import Shelf, grant_for, load_shelves
from paywall.checkout.tables import Order, OrderLine
from paywall.ledger.movements import Movement, charge_sides, fee_sides, post


async def deliver(
    tx: Tx,
    paid: Sequence[PaidOrder],
    announcer: Announcer,
    *,
    machine_now: datetime,
    shelves: dict[str, Shelf] | None = None,
) -> None:
    """Book every order's money and open what it bought. One statement each for the whole batch."""
    if shelves is None:
        shelves = await load_shelves(tx, (order.offer_id for order in paid))
    await post(tx, [movement for order in paid for movement in _movements(order)])
    served = [order for order in paid if order.serve]
    wanted = [_grant(order, shelves[order.offer_id]) for order in served]
    grants = [grant for grant in wanted if grant is not None]
    given = zip(await give(tx, grants, machine_now), grants, strict=True)
    await announcer.paid(tx, served, shelves, machine_now, tell.grants_issued(list(given)))


def _grant(order: PaidOrder, shelf: Shelf) -> NewGrant | None:
    return grant_for(
        shelf,
        customer_id=order.customer_id,
        order_id=order.order_id,
        line_id=order.line_id,
        bought_at=order.at,
    )


def _movements(order: PaidOrder) -> list[Movement]:
    sides = [
        ("charge", charge_sides(order.source, order.total, order.tax, order.platform_fee_bps)),
        ("fee", fee_sides(order.source, order.fee) if order.fee else []),
    ]
    return [
        Movement(
            venue_id=order.venue_id,
            test=order.test,
            kind=kind,
            order_id=order.order_id,
            cause_id=order.cause_id,
            at=order.at,
            sides=parts,
        )
        for kind, parts in sides
        if parts
    ]


async def orders_with_lines(tx: Tx, order_ids: Sequence[str]) -> list[tuple[Order, OrderLine]]:
    """The orders, locked until the transaction ends, each with its line; sorted by id."""
    query = (
        select(Order, OrderLine)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.id.in_(sorted(set(order_ids))))
        .order_by(Order.id)
        .with_for_update(of=Order)
    )
    return [(order, line) for order, line in await tx.execute(query)]

"""Orders of the lake, a row a line: as they were made, paid, and given back."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from infra.kernel.db import Tx, padded
from infra.kernel.money import Money
from offers.tables import Offer
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Row, Source, page_of
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.payments.tables import Refund, RefundState

_BACK = (OrderState.PARTLY_REFUNDED, OrderState.REFUNDED)


async def lines(tx: Tx, source: Source, after: str) -> Page:
    """Each line as it was at each step whose moment was written down, and as it is now."""
    query = (
        select(OrderLine, Order, Offer.kind, Offer.scope_kind, Offer.scope_id)
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(Offer, Offer.id == OrderLine.offer_id)
        .where(
            OrderLine.venue_id == source.venue_id,
            OrderLine.id > after,
            Order.test.is_(not source.live),
        )
        .order_by(OrderLine.id)
        .limit(ROWS_A_PAGE)
    )
    found = (await tx.execute(query)).all()
    orders = {order.id: order for _, order, *_ in found}
    weights = await _lines(tx, list(orders))
    refunds = await _refunds(tx, source, list(orders))
    rows: list[Row] = []
    for line, order, kind, scope_kind, scope_id in found:
        row = {
            "fact_id": line.id,
            "origin": "paywall",
            "person": source.person(order.customer_id),
            "order_id": order.id,
            "concert_id": scope_id if scope_kind == "event" else "",
            "offer_id": line.offer_id,
            "offer_kind": kind or "",
            "offer_name": line.name,
            "quantity": line.quantity,
            "total_minor": _part(order, order.total_minor, weights[order.id], line.id),
            "list_minor": line.total_minor,
            "refunded_minor": 0,
            "currency": order.currency,
            "coupon": order.coupon_code,
            "channel": order.channel,
            "source": order.source,
            "campaign": order.campaign,
        }
        rows += _life(row, line.id, order, weights[order.id], refunds.get(order.id, []))
    return page_of(rows, [line.id for line, *_ in found])


def _life(
    row: Row,
    line_id: str,
    order: Order,
    weights: dict[str, int],
    refunds: list[tuple[datetime, int]],
) -> list[Row]:
    """The versions of a line, oldest first; the last one says what its order says today."""
    now = row | {
        "event_at": order.paid_at or order.created_at,
        "refunded_minor": _part(order, order.refunded_minor, weights, line_id),
        "state": order.state.value,
        "known_at": None,
    }
    steps: list[Row] = []
    if order.paid_at is None or order.paid_at > order.created_at:
        made = {"event_at": order.created_at, "known_at": order.created_at, "state": "open"}
        steps.append(row | made)
    if order.paid_at is not None:
        state = "unserved" if order.unserved_why is not None else "paid"
        paid = {"event_at": order.paid_at, "known_at": order.paid_at, "state": state}
        steps.append(row | paid)
        for at, back in refunds:
            whole = back >= order.total_minor
            given_back = {
                "known_at": max(at, order.paid_at),
                "refunded_minor": _part(order, min(back, order.total_minor), weights, line_id),
                "state": (OrderState.REFUNDED if whole else OrderState.PARTLY_REFUNDED).value,
            }
            steps.append(steps[-1] | given_back)
    same = ("event_at", "refunded_minor", "state")
    if steps and all(steps[-1][name] == now[name] for name in same):
        return steps
    return [*steps, now]


def _part(order: Order, minor: int, weights: dict[str, int], line_id: str) -> int:
    """What a line bears of an order's amount: by what each line cost, summing to the whole."""
    if minor == 0 or not any(weights.values()):
        return 0
    parts = Money(minor, order.currency).split(list(weights.values()))
    return parts[list(weights).index(line_id)].minor


async def _lines(tx: Tx, orders: list[str]) -> dict[str, dict[str, int]]:
    query = select(OrderLine.order_id, OrderLine.id, OrderLine.total_minor)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    named = query.where(OrderLine.order_id.in_(padded(orders))).order_by(OrderLine.id)
    for row in await tx.execute(named):
        found[row.order_id][row.id] = row.total_minor
    return found


async def _refunds(
    tx: Tx, source: Source, orders: list[str]
) -> dict[str, list[tuple[datetime, int]]]:
    """When money went back, and how much had by then."""
    query = select(Refund.order_id, Refund.succeeded_at, Refund.amount_minor).where(
        Refund.order_id.in_(padded(orders)), Refund.state == RefundState.SUCCEEDED
    )
    found: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    rows: Any = await tx.execute(query.order_by(Refund.succeeded_at, Refund.id))
    for row in rows:
        before = found[row.order_id][-1][1] if found[row.order_id] else 0
        found[row.order_id].append((source.at(row.succeeded_at), before + row.amount_minor))
    return found


PAGES = (lines,)

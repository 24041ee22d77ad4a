"""What a venue took, by day and currency. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from sqlalchemy import and_, case, func, select

from infra.kernel.db import Tx
from infra.kernel.money import Money
from paywall.checkout.tables import Order

# A payment may come days after its order was made (slow methods); the index is on the making.
_SLOWEST = timedelta(days=31)


class Takings(msgspec.Struct, frozen=True):
    """Orders paid inside one stretch, in one currency, before refunds."""

    orders: int
    gross: Money


async def takings(
    tx: Tx, venue_id: str, edges: Sequence[datetime], *, test: bool
) -> dict[str, list[Takings]]:
    """By currency, one entry for each [edges[i], edges[i + 1]); one statement.

    Edges are business time, as `paid_at` is.
    """
    assert len(edges) > 1, "a stretch has two edges"
    columns = []
    for start, end in pairwise(edges):
        inside = and_(Order.paid_at >= start, Order.paid_at < end)
        columns.append(func.sum(case((inside, Order.total_minor), else_=0)))
        columns.append(func.sum(case((inside, 1), else_=0)))
    query = (
        select(Order.currency, *columns)
        .where(
            Order.venue_id == venue_id,
            Order.test == test,
            Order.created_at >= edges[0] - _SLOWEST,
            Order.paid_at >= edges[0],
            Order.paid_at < edges[-1],
        )
        .group_by(Order.currency)
        .order_by(Order.currency)
    )
    found: dict[str, list[Takings]] = {}
    for currency, *figures in await tx.execute(query):
        found[currency] = [
            Takings(int(count), Money(int(minor), currency))
            for minor, count in zip(figures[::2], figures[1::2], strict=True)
        ]
    return found

"""Capacity: taken by one atomic statement, so that it is never oversold (law 8).

The pool's row is hot: callers touch it last in their transaction, in the order of offer ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import or_, select, update

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict
from offers.tables import Hold, HoldState, Pool


class SoldOut(Conflict):
    """No such number of places is left."""

    code = "sold_out"


async def take(tx: Tx, wanted: Mapping[str, int]) -> list[str]:
    """Take this many places of each offer, or raise SoldOut and take none (the caller rolls back).

    Returns the offers whose last place went with this.

    The crowd of one offer shares a statement: `wanted` sums the places of all its buyers.
    """
    full = []
    for offer_id in sorted(wanted):
        quantity = wanted[offer_id]
        if quantity == 0:
            continue
        taken = await tx.execute(
            update(Pool)
            .where(
                Pool.offer_id == offer_id,
                or_(Pool.capacity.is_(None), Pool.taken + quantity <= Pool.capacity),
            )
            .values(taken=Pool.taken + quantity)
            .returning(Pool.taken, Pool.capacity)
        )
        pool = taken.first()
        if pool is None:
            raise SoldOut("This offer is sold out.", offer_id=offer_id)
        if pool.taken == pool.capacity:
            full.append(offer_id)
    return full


async def give_back(tx: Tx, freed: Mapping[str, int]) -> None:
    for offer_id in sorted(freed):
        await tx.execute(
            update(Pool).where(Pool.offer_id == offer_id).values(taken=Pool.taken - freed[offer_id])
        )


async def places_left(tx: Tx, offer_ids: Sequence[str]) -> dict[str, int | None]:
    """How many are left now, None for no limit; a display figure that a sale may overtake."""
    if not offer_ids:
        return {}
    rows = await tx.execute(
        select(Pool.offer_id, Pool.capacity, Pool.taken).where(Pool.offer_id.in_(offer_ids))
    )
    return {o: None if capacity is None else capacity - taken for o, capacity, taken in rows}


async def orders_due(tx: Tx, now: datetime, limit: int = 200) -> list[str]:
    """Orders with a hold whose lease has run out, the oldest first."""
    due = (
        select(Hold.order_id)
        .where(Hold.state == HoldState.HELD, Hold.due_at <= now)
        .order_by(Hold.due_at)
        .limit(limit)
    )
    return sorted(set(await tx.scalars(due)))


async def release_due(tx: Tx, order_ids: Sequence[str], now: datetime) -> list[str]:
    """Free the places of these orders' holds whose lease has run out; the ids of their orders."""
    due = (
        select(Hold.id)
        .where(Hold.order_id.in_(order_ids), Hold.state == HoldState.HELD, Hold.due_at <= now)
        .order_by(Hold.id)
        .with_for_update()
    )
    ids = (await tx.scalars(due)).all()
    return await release(tx, ids) if ids else []


async def release(tx: Tx, hold_ids: Sequence[str]) -> list[str]:
    """Free the places of these holds where they are held or sold; the ids of their orders."""
    changed = (
        await tx.execute(
            update(Hold)
            .where(Hold.id.in_(hold_ids), Hold.state != HoldState.RELEASED)
            .values(state=HoldState.RELEASED, due_at=None)
            .returning(Hold.order_id, Hold.offer_id, Hold.quantity)
        )
    ).all()
    freed: Counter[str] = Counter()
    for _, offer_id, quantity in changed:
        freed[offer_id] += quantity
    await give_back(tx, freed)
    return sorted({order_id for order_id, _, _ in changed})


async def release_orders(tx: Tx, order_ids: Sequence[str]) -> None:
    """Free whatever places these orders have."""
    ids = (await tx.scalars(select(Hold.id).where(Hold.order_id.in_(order_ids)))).all()
    if ids:
        await release(tx, ids)


class Sold(msgspec.Struct, frozen=True):
    """What became of a sale: orders that came too late, and offers that are full by it."""

    too_late: set[str]
    full: dict[str, str]
    """By offer, the order that took its last place."""


async def sell(tx: Tx, order_ids: Sequence[str]) -> Sold:
    """Turn the holds of paid orders into sold places.

    A hold that ran out before the money came takes its places again if they are still free. One
    that can't stays released, and its order came too late.
    """
    holds = (
        await tx.execute(
            select(Hold.id, Hold.order_id, Hold.offer_id, Hold.quantity, Hold.state)
            .where(Hold.order_id.in_(order_ids))
            .order_by(Hold.id)
            .with_for_update()
        )
    ).all()
    held = [row.id for row in holds if row.state is HoldState.HELD]
    if held:
        await tx.execute(
            update(Hold).where(Hold.id.in_(held)).values(state=HoldState.SOLD, due_at=None)
        )
    sold = Sold(set(), {})
    for row in holds:
        if row.state is not HoldState.RELEASED:
            continue
        try:
            full = await take(tx, {row.offer_id: row.quantity})
        except SoldOut:
            sold.too_late.add(row.order_id)
        else:
            await tx.execute(update(Hold).where(Hold.id == row.id).values(state=HoldState.SOLD))
            sold.full.update(dict.fromkeys(full, row.order_id))
    return sold

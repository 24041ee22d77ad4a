"""Orders that nobody paid: their places and coupons go to somebody else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from infra.kernel.db import Database
from offers import coupons, places
from paywall.checkout.tables import Order, OrderState
from paywall.checkout.tell import order_expired
from paywall.notices.emission import emit
from paywall.notices.outbox import Outbox
from paywall.payments.finish import call_off


async def expire_due(db: Database, outbox: Outbox, now: datetime) -> int:
    """Release holds that ran out (machine time) and close their orders; how many there were.

    Their payments are called off at the processor, by the reconciler. One that comes in all the
    same is served while places are left, else sent back.
    """
    async with db.transaction() as tx:
        # Orders first, as whoever takes their payment does: else the two wait for each other.
        query = (
            select(Order.id)
            .where(Order.id.in_(await places.orders_due(tx, now)))
            .order_by(Order.id)
            .with_for_update(skip_locked=True)
        )
        due = list(await tx.scalars(query))
        order_ids = await places.release_due(tx, due, now) if due else []
        if order_ids:
            closed = await tx.execute(
                update(Order)
                .where(Order.id.in_(order_ids), Order.state == OrderState.OPEN)
                .values(state=OrderState.EXPIRED)
                .returning(Order.venue_id, Order.id)
            )
            told = [order_expired(venue_id, order_id) for venue_id, order_id in closed]
            await emit(outbox, tx, told, now)
            await coupons.give_back(tx, order_ids, now)
            await call_off(tx, order_ids, now)
    return len(order_ids)

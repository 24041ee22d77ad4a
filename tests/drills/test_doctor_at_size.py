"""How long the doctor takes over a hundred thousand paid orders."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from infra.kernel.clock import SystemClock
from infra.kernel.ids import new_id
from paywall.checkout.announce import Announcer
from paywall.checkout.deliver import deliver
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.place_orders import paid_order, place, take_places
from tests.stories.hall import URL, Hall
from tests.stories.test_money import on_air

pytestmark = pytest.mark.drill
ORDERS = int(os.environ.get("PAYWALL_TEST_ORDERS", "100000"))


async def sold(hall: Hall, requests: Sequence[OrderRequest]) -> None:
    now = hall.clock.machine()
    announcer = Announcer(hall.parts.outbox, URL)
    async with hall.db.transaction() as tx:
        placed = await place(tx, requests, paid=True, machine_now=now)
        shelves = {item.shelf.offer.id: item.shelf for item in placed}
        paid = [paid_order(item) for item in placed]
        await deliver(tx, paid, announcer, machine_now=now, shelves=shelves)
        await take_places(tx, placed)


async def test_the_doctor_looks_at_many_orders(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    watch = SystemClock()
    begun = watch.monotonic()
    for start in range(0, ORDERS, 1000):
        batch = [
            OrderRequest(
                order_id=new_id("ord"),
                venue_id=hall.venue_id,
                offer_id=offer_id,
                email=f"b{n}@example.org",
            )
            for n in range(start, min(start + 1000, ORDERS))
        ]
        await sold(hall, batch)
    written = watch.monotonic()
    await hall.healthy()
    took = watch.monotonic() - written
    print(
        f"drill doctor: ok, {ORDERS} orders written in {written - begun:.0f} s,"
        f" examined in {took:.1f} s, no random choice"
    )

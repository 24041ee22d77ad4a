"""A paid order in one call: the money was taken elsewhere (a till, a bank transfer, a partner).

Waiting calls share a transaction (group commit, law 8), so that a crowd at many tills is served
at the speed of batches; a lone call is served at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Problem
from infra.kernel.group import GroupCommit
from paywall.catalogue.tables import Mode
from paywall.checkout.announce import Announcer, PaidOrder
from paywall.checkout.deliver import deliver
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.place_orders import Placed, place, take_places


class SellDirectly:
    """The use case. One per process; what it keeps is only who is waiting."""

    def __init__(self, db: Database, clock: Clock, announcer: Announcer) -> None:
        self._db = db
        self._clock = clock
        self._announcer = announcer
        self._group: GroupCommit[OrderRequest, Placed] = GroupCommit(self._flush, max_size=64)

    async def sell(self, request: OrderRequest) -> Placed:
        """Write the order as paid with its grant and books, or raise the Problem that stops it."""
        return await self._group.submit(request)

    async def _flush(self, requests: Sequence[OrderRequest]) -> list[Placed | Exception]:
        try:
            async with self._db.transaction() as tx:
                return list(await self._write(tx, requests))
        except Problem as error:
            if len(requests) == 1:
                return [error]
        # One of the crowd can't have it; place them one by one so that only that one is refused.
        return [(await self._flush([request]))[0] for request in requests]

    async def _write(self, tx: Tx, requests: Sequence[OrderRequest]) -> list[Placed]:
        now = self._clock.machine()
        placed = await place(tx, requests, paid=True, machine_now=now)
        shelves = {item.shelf.offer.id: item.shelf for item in placed}
        await deliver(
            tx, [_paid(item) for item in placed], self._announcer,
            machine_now=now, shelves=shelves,
        )  # fmt: skip
        await take_places(tx, placed)
        return placed


def _paid(item: Placed) -> PaidOrder:
    venue = item.shelf.venue
    return PaidOrder(
        order_id=item.order_id,
        line_id=item.line_id,
        offer_id=item.quote.offer_id,
        venue_id=venue.id,
        customer_id=item.customer_id,
        email=item.request.email,
        locale=item.request.locale,
        test=venue.mode is Mode.TEST,
        total=item.quote.total,
        tax=item.quote.tax,
        platform_fee_bps=venue.platform_fee_bps,
        at=item.now,
        source="external",
        cause_id=item.order_id,
    )

"""A paid order in one call: the money was taken elsewhere (a till, a bank transfer, a partner).

Waiting calls share a transaction (group commit, law 8), so that a crowd at many tills is served
at the speed of batches; a lone call is served at once. The call's idempotency key is claimed and
finished in the same transaction as its order, so the two can't disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.group import GroupCommit
from infra.kernel.idempotency import (
    Claim,
    Claimed,
    Finish,
    Kept,
    Verdict,
    claim_many,
    store_many,
)
from infra.kernel.seal import Sealer
from paywall.checkout.announce import Announcer
from paywall.checkout.deliver import deliver
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.place_orders import Placed, paid_order, place, take_places


class DirectSale(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `keep` makes the answer that is kept under the claim's key."""

    request: OrderRequest
    claim: Claim
    keep: Callable[[Placed], Kept]


class Sold(msgspec.Struct, frozen=True):
    """The order was written now, and this is its answer."""

    kept: Kept


class SellDirectly:
    """The use case. One per process; what it keeps is only who is waiting."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer, announcer: Announcer) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._announcer = announcer
        self._group: GroupCommit[DirectSale, Sold | Claimed] = GroupCommit(self._flush, max_size=64)

    async def sell(self, sale: DirectSale) -> Sold | Claimed:
        """Write the order as paid with its grant and books; Claimed when the key was used before.

        Raises the Problem that stops the order; then nothing was written, the key included.
        """
        return await self._group.submit(sale)

    async def _flush(self, sales: Sequence[DirectSale]) -> list[Sold | Claimed | Exception]:
        try:
            async with self._db.transaction() as tx:
                return list(await self._write(tx, sales))
        except DatabaseAway as error:
            return [error] * len(sales)
        except Exception as error:  # noqa: BLE001 - handed to its caller, or tried one by one
            if len(sales) == 1:
                return [error]
        # One of the crowd can't have it; place them one by one so that only that one is refused.
        return [(await self._flush([sale]))[0] for sale in sales]

    async def _write(self, tx: Tx, sales: Sequence[DirectSale]) -> list[Sold | Claimed]:
        now = self._clock.machine()
        claimed = await claim_many(tx, self._sealer, [sale.claim for sale in sales], now)
        mine = [n for n, claim in enumerate(claimed) if claim.verdict is Verdict.RUN]
        outcomes: list[Sold | Claimed] = list(claimed)
        if not mine:
            return outcomes
        placed = await place(tx, [sales[n].request for n in mine], paid=True, machine_now=now)
        shelves = {item.shelf.offer.id: item.shelf for item in placed}
        paid = [paid_order(item) for item in placed]
        await deliver(tx, paid, self._announcer, machine_now=now, shelves=shelves)
        finishes = []
        for n, item in zip(mine, placed, strict=True):
            kept = sales[n].keep(item)
            outcomes[n] = Sold(kept)
            claim = sales[n].claim
            finishes.append(
                Finish(actor=claim.actor, key=claim.key, attempt=claimed[n].attempt, kept=kept)
            )
        await store_many(tx, self._sealer, finishes)
        await take_places(tx, placed, self._announcer, now)
        return outcomes

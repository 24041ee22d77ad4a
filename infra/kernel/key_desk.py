"""Idempotency keys of many waiting requests, claimed and kept together: two commits for a crowd."""

from __future__ import annotations

from collections.abc import Sequence

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.group import GroupCommit
from infra.kernel.idempotency import Claim, Claimed, Finish, claim_many, store_many
from infra.kernel.seal import Sealer


class KeyDesk:
    """One per process. A request alone is served at once; those that wait share a transaction."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._claims: GroupCommit[Claim, Claimed] = GroupCommit(self._claim)
        self._finishes: GroupCommit[Finish, None] = GroupCommit(self._store)

    async def claim(self, claim: Claim) -> Claimed:
        """The verdict on one claim, committed."""
        return await self._claims.submit(claim)

    async def store(self, finish: Finish) -> None:
        """Keep one answer; it is on disk when this returns."""
        await self._finishes.submit(finish)

    async def _claim(self, claims: Sequence[Claim]) -> list[Claimed | Exception]:
        try:
            async with self._db.transaction() as tx:
                return list(await claim_many(tx, self._sealer, claims, self._clock.machine()))
        except DatabaseAway as error:
            return [error] * len(claims)
        except Exception as error:  # noqa: BLE001 - handed to its caller, or tried one by one
            if len(claims) == 1:
                return [error]
        return [(await self._claim([claim]))[0] for claim in claims]

    async def _store(self, finishes: Sequence[Finish]) -> list[Exception | None]:
        try:
            async with self._db.transaction() as tx:
                # In the order of the key, as claims are: two batches never wait crosswise.
                ordered = sorted(finishes, key=lambda finish: (finish.actor, finish.key))
                await store_many(tx, self._sealer, ordered)
                return [None] * len(finishes)
        except DatabaseAway as error:
            return [error] * len(finishes)
        except Exception as error:  # noqa: BLE001 - as above
            if len(finishes) == 1:
                return [error]
        return [(await self._store([finish]))[0] for finish in finishes]

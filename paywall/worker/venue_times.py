"""Business time for jobs: what is due is asked once for each distinct offset of venues' clocks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.catalogue.tables import Venue


def at_each_venue_time(
    db: Database, clock: Clock, run: Callable[[datetime, int], Awaitable[int]]
) -> Callable[[datetime], Awaitable[int]]:
    """A Job's `run` out of `run(business_now, offset_s)`, which handles the venues of that offset.

    Nearly always there is one offset, 0; a test-mode venue whose clock was advanced adds its own.
    """

    async def run_each(_machine_now: datetime) -> int:
        async with db.read() as tx:
            offsets = (await tx.execute(select(Venue.clock_offset_s).distinct())).scalars().all()
        return sum([await run(clock.now(offset), offset) for offset in sorted(offsets)])

    return run_each

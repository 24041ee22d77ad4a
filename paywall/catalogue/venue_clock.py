"""Moving a test-mode venue's business time forward (law 2)."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from paywall.catalogue.tables import Mode, Venue

MAX_OFFSET_S = 20 * 366 * 24 * 3600


async def advance(tx: Tx, slug: str, seconds: int) -> int:
    """Add to the venue's offset; the new offset in seconds. Live venues refuse."""
    venue = await tx.scalar(select(Venue).where(Venue.slug == slug).with_for_update())
    if venue is None:
        raise NotFound("venue")
    if venue.mode is not Mode.TEST:
        raise Conflict(f"{venue.name} is live; only a test-mode venue's clock can be moved.")
    if seconds <= 0:
        raise Invalid("seconds", "Say how far to move: --days, --hours or --minutes above 0.")
    if venue.clock_offset_s + seconds > MAX_OFFSET_S:
        raise Invalid("seconds", "A venue's clock may run at most twenty years ahead.")
    venue.clock_offset_s += seconds
    venue.version += 1
    await tx.flush()
    return venue.clock_offset_s

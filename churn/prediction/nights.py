"""Runs of scoring: one at a time and venue, under a lease that a dead run loses."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, update

from churn.prediction.tables import Night
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict
from infra.kernel.ids import new_id

LEASE = timedelta(hours=3)
"""Longer than the longest run on a broadcaster's numbers; a dead one is then begun anew."""
BETWEEN_TRAININGS = timedelta(days=6, hours=12)
"""A week, though a night may begin a little earlier than the last."""
AGAIN_AFTER = timedelta(minutes=15)
AGAIN_MOST = timedelta(days=1)


class Scoring(Conflict):
    """Somebody scores this venue's people at the moment."""

    code = "scoring_running"


async def begin(tx: Tx, venue_id: str, now: datetime) -> Night:
    """Take the venue's run, or Scoring where another has it."""
    if await tx.get(Night, venue_id) is None:
        tx.add(Night(venue_id=venue_id, notes={}))
        await tx.flush()
    lease = new_id("run")
    taken = await tx.execute(
        update(Night)
        .where(
            Night.venue_id == venue_id,
            or_(Night.lease_until.is_(None), Night.lease_until <= now),
        )
        .values(lease=lease, lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 0:  # type: ignore[attr-defined]
        raise Scoring("This venue's people are being scored at the moment. Try again in a while.")
    night = await tx.get_one(Night, venue_id, populate_existing=True)
    return night


def training_is_due(night: Night, now: datetime) -> bool:
    """A week after the last training, or when there was none."""
    return night.trained_at is None or now - night.trained_at >= BETWEEN_TRAININGS


async def trained(tx: Tx, begun: Night, began_at: datetime, notes: dict[str, str]) -> None:
    """Models were trained; `notes` say by cause why there is none."""
    night = await _held(tx, begun)
    if night is not None:
        night.trained_at, night.notes = began_at, notes


async def finish(tx: Tx, begun: Night, began_at: datetime) -> None:
    """Everybody is scored. Nothing happens if another has taken over."""
    night = await _held(tx, begun)
    if night is not None:
        night.lease, night.lease_until, night.not_before, night.tries = "", None, None, 0
        night.done_at = began_at


async def release(tx: Tx, begun: Night) -> None:
    """The run ended without scores: somebody else may have the venue at once."""
    night = await _held(tx, begun)
    if night is not None:
        night.lease, night.lease_until = "", None


async def put_off(tx: Tx, venue_id: str, now: datetime) -> None:
    """A night failed: tried again after a quarter of an hour, then twice that ... up to a day."""
    night = await tx.get(Night, venue_id)
    if night is None:
        night = Night(venue_id=venue_id, notes={}, tries=0)
        tx.add(night)
    night.not_before = now + min(AGAIN_MOST, AGAIN_AFTER * 2 ** min(night.tries, 8))
    night.tries += 1


async def _held(tx: Tx, begun: Night) -> Night | None:
    night = await tx.get(Night, begun.venue_id)
    return night if night is not None and night.lease == begun.lease else None

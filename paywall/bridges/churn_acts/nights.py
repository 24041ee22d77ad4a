"""The nightly measurement, seen from the worker: what is due is started as a process of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from churn.triggers.tables import Trigger
from infra.kernel.db import Database
from paywall.bridges.lake.night import Spawn
from paywall.catalogue.tables import Venue

log = structlog.get_logger("paywall.actions")

AGAIN = timedelta(hours=1)
"""A child that fails or dies is followed by another after this; one that ends well sets a day."""


class Measurements:
    """A Job's `run`: one venue whose actions are to be measured, then the next."""

    def __init__(self, db: Database, spawn: Spawn) -> None:
        self._db = db
        self._spawn = spawn

    async def run(self, now: datetime) -> int:
        slug = await self._claim(now)
        if slug is None:
            return 0
        code = await self._spawn(slug)
        if code:
            log.warning("actions not measured, tried again later", venue=slug, code=code)
        return 1

    async def _claim(self, now: datetime) -> str | None:
        """A venue with a started action whose measurement is due; taken by putting it off."""
        due = (
            select(Trigger.venue_id)
            .where(Trigger.measure_at <= now)
            .order_by(Trigger.measure_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        async with self._db.transaction() as tx:
            venue_id = await tx.scalar(due)
            if venue_id is None:
                return None
            await tx.execute(
                update(Trigger)
                .where(Trigger.venue_id == venue_id, Trigger.measure_at <= now)
                .values(measure_at=now + AGAIN)
                .execution_options(synchronize_session=False)
            )
            return await tx.scalar(select(Venue.slug).where(Venue.id == venue_id))

"""The job `actions`: people drawn, acts carried out, outcomes read, venue by venue's own time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from churn.ports import Acts
from churn.triggers.carry_out import carry_out, due_touches, follow, venues_at_work
from churn.triggers.draw import draw_batch, due_triggers
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.catalogue.tables import Venue


async def work(db: Database, clock: Clock, acts: Acts, machine_now: datetime) -> int:
    """One batch of everything that is due; how many rows were worked on.

    Several workers may do this at once, and each may die anywhere: every step is a transaction
    that takes its row first.
    """
    async with db.read() as tx:
        at_work = await venues_at_work(tx)
        offsets = (
            await tx.execute(select(Venue.id, Venue.clock_offset_s).where(Venue.id.in_(at_work)))
        ).all()
    by_offset: dict[int, list[str]] = {}
    for venue_id, offset_s in offsets:
        by_offset.setdefault(offset_s, []).append(venue_id)
    done = 0
    for offset_s, venue_ids in sorted(by_offset.items()):
        done += await _work_at(db, acts, clock.now(offset_s), machine_now, venue_ids)
    return done


async def _work_at(
    db: Database, acts: Acts, now: datetime, machine_now: datetime, venue_ids: list[str]
) -> int:
    async with db.read() as tx:
        triggers = await due_triggers(tx, now, venue_ids)
    done = 0
    for trigger_id in triggers:
        done += await draw_batch(db, acts, trigger_id, now=now, machine_now=machine_now)
    async with db.read() as tx:
        touches = await due_touches(tx, now, venue_ids)
    for touch_id in touches:
        done += await carry_out(db, acts, touch_id, now=now, machine_now=machine_now)
    return done + await follow(db, acts, now, venue_ids)

"""Measuring actions: the facts' arms judged and kept, with what the next draws learn from it.

Runs in a process of its own (`paywall measure actions`): it imports Arrow and DuckDB.
"""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select

from churn.effect_arms import arms
from churn.effects import Arm, Effect, Verdict, judge
from churn.lake import Facts, Lake
from churn.triggers.tables import ActionEffect, Trigger
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from paywall.catalogue.tables import Venue

EVERY = timedelta(hours=24)


class Measured(msgspec.Struct, frozen=True):
    """One action as it was judged now."""

    trigger_id: str
    name: str
    verdict: Verdict


async def measure(db: Database, clock: Clock, root: str, venue: Venue) -> list[Measured]:
    """Judge every action of the venue that was ever started, and write a row for each.

    Reading the lake takes seconds, so no transaction is open meanwhile.
    """
    now = clock.now(venue.clock_offset_s)
    facts = Facts.of_lake(Lake(root), venue.id, now)
    found = await asyncio.to_thread(arms, facts)
    measured = []
    async with db.transaction() as tx:
        query = (
            select(Trigger)
            .where(Trigger.venue_id == venue.id, Trigger.started_at.is_not(None))
            .order_by(Trigger.id)
            .with_for_update()
        )
        for trigger in await tx.scalars(query):
            nobody = (Arm(0, 0), Arm(0, 0))
            effect = judge(*found.get((trigger.id, trigger.currency), nobody))
            tx.add(row_of(trigger, effect, now))
            trigger.measured_bps = measured_uplift_bps(effect)
            trigger.measure_at = clock.machine() + EVERY
            measured.append(Measured(trigger.id, trigger.name, effect.verdict))
        await tx.flush()
    return measured


def measured_uplift_bps(effect: Effect) -> int | None:
    """Share of those who would have left whom the action keeps, in basis points; None: not known.

    The difference in the share kept, divided by the share of the held out who left: what a chance
    of leaving has to be multiplied by. 0 where it was found to change little.
    """
    if effect.verdict is Verdict.TOO_EARLY:
        return None
    if effect.verdict is Verdict.NO_DIFFERENCE:
        return 0
    left = 1 - effect.held_out.kept / effect.held_out.people
    share = effect.kept.value / left if left else math.copysign(1, effect.kept.value)
    return round(max(-1.0, min(1.0, share)) * 10_000)


def row_of(trigger: Trigger, effect: Effect, now: datetime) -> ActionEffect:
    """The measurement as a row; amounts that have no bound yet are null."""

    def share(arm: Arm) -> float:
        return arm.kept / arm.people if arm.people else 0.0

    def minor(amount: float) -> int | None:
        return round(amount) if math.isfinite(amount) else None

    kept, money = effect.kept, effect.money
    return ActionEffect(
        id=new_id("eff"),
        venue_id=trigger.venue_id,
        trigger_id=trigger.id,
        as_of=now,
        after_days=effect.terms.horizon_days,
        months=effect.terms.months,
        treated=effect.treated.people,
        held_out=effect.held_out.people,
        kept_treated=share(effect.treated),
        kept_held_out=share(effect.held_out),
        effect=kept.value,
        low=kept.low,
        high=kept.high,
        money_minor=round(money.kept.value),
        money_low_minor=minor(money.kept.low),
        money_high_minor=minor(money.kept.high),
        cost_minor=money.cost_minor,
        currency=trigger.currency,
        verdict=effect.verdict,
        more_people=effect.more_people,
    )

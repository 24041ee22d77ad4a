"""What an action did and changed, read from its rows: reach, spend, the latest measurement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, select

from churn.triggers.budget import month_of
from churn.triggers.tables import ActionEffect, Arm, Assignment, Spend, Touch, TouchState
from infra.kernel.db import Tx


class Reached(msgspec.Struct, kw_only=True):
    """Counts of one trigger since it began, and what it cost this month and in all."""

    treated: int = 0
    held_out: int = 0
    touches: dict[str, int] = {}
    reasons: dict[str, int] = {}
    month_minor: int = 0
    total_minor: int = 0

    @property
    def acted(self) -> int:
        """Touches that were done or may have been."""
        return sum(self.touches.get(state, 0) for state in ("doing", "done", "failed", "unknown"))


async def reached(tx: Tx, trigger_ids: Sequence[str], now: datetime) -> dict[str, Reached]:
    """Of each trigger, in four statements for any number of them."""
    found = {trigger_id: Reached() for trigger_id in trigger_ids}
    arms = (
        select(Assignment.trigger_id, Assignment.arm, func.count())
        .where(Assignment.trigger_id.in_(trigger_ids))
        .group_by(Assignment.trigger_id, Assignment.arm)
    )
    for trigger_id, arm, count in (await tx.execute(arms)).all():
        if arm is Arm.TREATED:
            found[trigger_id].treated = count
        else:
            found[trigger_id].held_out = count
    states = (
        select(Touch.trigger_id, Touch.state, Touch.reason, func.count())
        .where(Touch.trigger_id.in_(trigger_ids))
        .group_by(Touch.trigger_id, Touch.state, Touch.reason)
    )
    for trigger_id, state, reason, count in (await tx.execute(states)).all():
        one = found[trigger_id]
        one.touches[state.value] = one.touches.get(state.value, 0) + count
        if state is TouchState.SKIPPED:
            one.reasons[reason] = one.reasons.get(reason, 0) + count
    spends = select(Spend).where(Spend.trigger_id.in_(trigger_ids))
    for row in await tx.scalars(spends):
        found[row.trigger_id].total_minor += row.spent_minor
        if row.month == month_of(now):
            found[row.trigger_id].month_minor = row.spent_minor
    return found


async def latest_effects(tx: Tx, trigger_ids: Sequence[str]) -> dict[str, ActionEffect]:
    """The newest measurement of each trigger that has one."""
    newest = (
        select(ActionEffect.trigger_id, func.max(ActionEffect.id).label("id"))
        .where(ActionEffect.trigger_id.in_(trigger_ids))
        .group_by(ActionEffect.trigger_id)
        .subquery()
    )
    rows = await tx.scalars(select(ActionEffect).join(newest, newest.c.id == ActionEffect.id))
    return {row.trigger_id: row for row in rows}


async def touches_of(tx: Tx, venue_id: str, trigger_id: str, *, limit: int = 50) -> list[Touch]:
    """The latest touches of a trigger, newest first."""
    query = (
        select(Touch)
        .where(Touch.venue_id == venue_id, Touch.trigger_id == trigger_id)
        .order_by(Touch.id.desc())
        .limit(limit)
    )
    return list(await tx.scalars(query))

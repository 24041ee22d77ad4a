"""A trigger's budget of a month: spent by one atomic statement, so that it is never exceeded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from churn.triggers.tables import Spend, Trigger
from infra.kernel.db import Tx, insert_into


def month_of(now: datetime) -> str:
    return now.strftime("%Y-%m")


async def spend(tx: Tx, trigger: Trigger, now: datetime) -> bool:
    """Take the cost of one act out of this month's budget; False, and nothing, where it won't go.

    The condition stands in the UPDATE itself, so that of two workers with room for one act left
    one finds no row.
    """
    row = {
        "trigger_id": trigger.id, "month": month_of(now), "venue_id": trigger.venue_id,
        "spent_minor": 0, "acts": 0,
    }  # fmt: skip
    await tx.execute(insert_into(tx, Spend).values(row).on_conflict_do_nothing())
    taken = await tx.execute(
        update(Spend)
        .where(
            Spend.trigger_id == trigger.id,
            Spend.month == month_of(now),
            Spend.spent_minor + trigger.cost_minor <= trigger.budget_minor,
        )
        .values(spent_minor=Spend.spent_minor + trigger.cost_minor, acts=Spend.acts + 1)
        .returning(Spend.acts)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


async def spent(tx: Tx, trigger_id: str, now: datetime) -> int:
    """What this month has cost so far."""
    query = select(Spend.spent_minor).where(
        Spend.trigger_id == trigger_id, Spend.month == month_of(now)
    )
    return await tx.scalar(query) or 0

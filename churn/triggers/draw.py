"""Drawing: who meets a running trigger's condition now is put into an arm, once a round.

A batch is one transaction, and what is unique in the database is unique after any crash: a killed
worker's batch was committed whole or not at all, and its trigger is still due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from churn.ports import Acts
from churn.triggers.arms import arm_of
from churn.triggers.budget import spent
from churn.triggers.tables import (
    Arm,
    Assignment,
    Touch,
    TouchState,
    Trigger,
    TriggerState,
)
from churn.triggers.who import P, Plain, eligible, judge, plain, reach_of
from infra.kernel.db import Database, Tx, add_rows
from infra.kernel.ids import new_id

EVERY = timedelta(hours=1)
"""How often a trigger's people are looked through; what is known of them changes nightly."""
BATCH = 200
PATIENCE = timedelta(days=14)
"""For so long an act waits for quiet hours, an open case or a pause to pass."""


async def due_triggers(tx: Tx, now: datetime, venue_ids: Sequence[str]) -> list[str]:
    """Running triggers of these venues whose people are to be looked through, oldest first."""
    query = (
        select(Trigger.id)
        .where(
            Trigger.state == TriggerState.RUNNING,
            Trigger.due_at <= now,
            Trigger.venue_id.in_(venue_ids),
        )
        .order_by(Trigger.due_at)
        .limit(50)
    )
    return list(await tx.scalars(query))


async def draw_batch(
    db: Database, acts: Acts, trigger_id: str, *, now: datetime, machine_now: datetime
) -> int:
    """Draw the next people of one trigger; how many were looked at, 0 when the round is over.

    The trigger's row is the lock: a second worker skips it (SQLite: waits, and finds it not due).
    """
    async with db.transaction() as tx:
        trigger = await tx.scalar(
            select(Trigger)
            .where(
                Trigger.id == trigger_id,
                Trigger.state == TriggerState.RUNNING,
                Trigger.due_at <= now,
            )
            .with_for_update(skip_locked=True)
        )
        if trigger is None:
            return 0
        room = await _room(tx, trigger, now)
        query = eligible(trigger, acts, now).where(P.person > trigger.cursor).limit(BATCH)
        found = [plain(row) for row in (await tx.execute(query)).all()] if room else []
        last = await _draw(tx, acts, trigger, found, room, now=now, machine_now=machine_now)
        if last == BATCH:
            trigger.cursor = found[-1].person
        else:
            # The end of the list, or of the budget's room: then the next hour goes on from here.
            trigger.cursor = found[last - 1].person if 0 < last < len(found) else ""
            trigger.due_at = now + EVERY
        await tx.flush()
        return last


async def _room(tx: Tx, trigger: Trigger, now: datetime) -> int:
    """How many more this month's budget bears, what is planned counted as spent.

    Without room nobody is drawn, into neither arm: held out of an act that nobody gets, a person
    would say nothing about it.
    """
    if trigger.cost_minor == 0:
        return BATCH
    planned = await tx.scalar(
        select(func.count()).where(
            Touch.trigger_id == trigger.id, Touch.state == TouchState.PLANNED
        )
    )
    left = trigger.budget_minor - await spent(tx, trigger.id, now)
    return max(0, left // trigger.cost_minor - (planned or 0))


async def _draw(
    tx: Tx, acts: Acts, trigger: Trigger, found: Sequence[Plain], room: int, *, now: datetime,
    machine_now: datetime,
) -> int:  # fmt: skip
    """Draw in order until `room` people are to be treated; how many of the list are dealt with."""
    reach = await reach_of(tx, acts, trigger.venue_id, found)
    rounds = await _rounds(tx, trigger.id, [one.person for one in found]) if found else {}
    assignments: list[dict[str, Any]] = []
    touches: list[dict[str, Any]] = []
    dealt_with = 0
    for one in found:
        if len(touches) == room:
            break
        dealt_with += 1
        if judge(trigger, one, reach.get(one.customer_id or "")) is not None:
            continue
        arm = arm_of(trigger.seed, one.person, trigger.holdout_bps)
        row = _assignment(trigger, one, arm, rounds.get(one.person, 0) + 1, now, machine_now)
        assignments.append(row)
        if arm is Arm.TREATED:
            touches.append(_touch(trigger, row, now, machine_now))
    await add_rows(tx, Assignment, assignments)
    await add_rows(tx, Touch, touches)
    return dealt_with


async def _rounds(tx: Tx, trigger_id: str, people: Sequence[str]) -> dict[str, int]:
    query = (
        select(Assignment.person, func.max(Assignment.round).label("last"))
        .where(Assignment.trigger_id == trigger_id, Assignment.person.in_(people))
        .group_by(Assignment.person)
    )
    return {row.person: row.last for row in await tx.execute(query)}


def _assignment(
    trigger: Trigger, one: Plain, arm: Arm, number: int, now: datetime, machine_now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id("asg"),
        "venue_id": trigger.venue_id,
        "trigger_id": trigger.id,
        "person": one.person,
        "customer_id": one.customer_id,
        "round": number,
        "arm": arm,
        "act": trigger.act["type"],
        "cost_minor": trigger.cost_minor if arm is Arm.TREATED else 0,
        "month_minor": round(one.month_minor),
        "currency": trigger.currency,
        "trigger_version": trigger.version,
        "at": now,
        "created_at": machine_now,
    }


def _touch(
    trigger: Trigger, assignment: dict[str, Any], now: datetime, machine_now: datetime
) -> dict[str, Any]:
    due_at = now + timedelta(seconds=trigger.delay_s)
    return {
        "id": new_id("tch"),
        "venue_id": trigger.venue_id,
        "trigger_id": trigger.id,
        "assignment_id": assignment["id"],
        "person": assignment["person"],
        "customer_id": assignment["customer_id"],
        "state": TouchState.PLANNED,
        "reason": "",
        "due_at": due_at,
        "give_up_at": due_at + PATIENCE,
        "acted_at": None,
        "cost_minor": 0,
        "given": {},
        "created_at": machine_now,
    }

"""Carrying out: a planned touch is checked once more, paid from the budget, and done, together.

Checks, budget, everything that follows (outbox rows, coupon, grant, task) and the touch's new state
are one transaction, so that no crash can do a thing twice or lose track of it. What then leaves the
house is the outbox's work; `follow` reads what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from churn.ports import Acts, CanNotDo, Doing, Outcome, Reach
from churn.tables import PersonToday
from churn.triggers import acts as acts_of
from churn.triggers import quiet
from churn.triggers.budget import spend
from churn.triggers.tables import Touch, TouchState, Trigger, TriggerState
from churn.triggers.who import P, Why, candidates, consent_lacks, reached_lately
from infra.kernel.db import Database, Tx

CASE_AGAIN = timedelta(hours=12)
FOLLOW_AGAIN = timedelta(minutes=2)
BATCH = 50


async def due_touches(tx: Tx, now: datetime, venue_ids: Sequence[str]) -> list[str]:
    """Planned touches of running triggers that are due, oldest first."""
    query = (
        select(Touch.id)
        .join(Trigger, Trigger.id == Touch.trigger_id)
        .where(
            Touch.state == TouchState.PLANNED,
            Touch.due_at <= now,
            Touch.venue_id.in_(venue_ids),
            Trigger.state == TriggerState.RUNNING,
        )
        .order_by(Touch.due_at, Touch.id)
        .limit(BATCH)
    )
    return list(await tx.scalars(query))


async def carry_out(
    db: Database, acts: Acts, touch_id: str, *, now: datetime, machine_now: datetime
) -> bool:
    """Do it, put it off, or skip it with the reason; False where another worker has it."""
    try:
        async with db.transaction() as tx:
            return await _carry_out(tx, acts, touch_id, now=now, machine_now=machine_now)
    except CanNotDo as refusal:
        # Rolled back with everything that was written for it, the budget included.
        return await _skip(db, touch_id, refusal.reason, now)


async def _carry_out(
    tx: Tx, acts: Acts, touch_id: str, *, now: datetime, machine_now: datetime
) -> bool:
    touch = await _locked(tx, touch_id)
    if touch is None or touch.due_at > now:
        return False
    trigger = await tx.get_one(Trigger, touch.trigger_id)
    if trigger.state is not TriggerState.RUNNING:
        return False
    person = await tx.get(PersonToday, (touch.venue_id, touch.person))
    country = "" if person is None else getattr(person, "country", None) or ""
    found = await acts.reach(tx, touch.venue_id, {touch.customer_id: country})
    reach = found.get(touch.customer_id)
    still = (
        await tx.execute(candidates(trigger, acts, now).where(P.person == touch.person))
    ).first()
    reason = await _why_not(tx, trigger, touch, reach, now, still=still is not None)
    if reason:
        _settle(touch, TouchState.SKIPPED, reason)
        await tx.flush()
        return True
    assert reach is not None
    assert still is not None
    later = _later(trigger, reach, now, waits=bool(still.open_case))
    if later is not None:
        if later > touch.give_up_at:
            _settle(touch, TouchState.SKIPPED, "given_up")
        touch.due_at = later
        await tx.flush()
        return True
    if not await spend(tx, trigger, now):
        _settle(touch, TouchState.SKIPPED, "budget")
        await tx.flush()
        return True
    given = await acts.do(tx, _doing(trigger, touch, person, now, machine_now))
    touch.acted_at, touch.cost_minor, touch.given = now, trigger.cost_minor, given.ids
    touch.move(TouchState.DOING if given.travels else TouchState.DONE)
    touch.due_at = now + FOLLOW_AGAIN
    await tx.flush()
    return True


async def _locked(tx: Tx, touch_id: str) -> Touch | None:
    return await tx.scalar(
        select(Touch)
        .where(Touch.id == touch_id, Touch.state == TouchState.PLANNED)
        .with_for_update(skip_locked=True)
    )


async def _why_not(
    tx: Tx, trigger: Trigger, touch: Touch, reach: Reach | None, now: datetime, *, still: bool
) -> str:
    """What does not hold any more, at the moment of doing; empty: everything does."""
    if reach is None:
        return Why.NO_CUSTOMER
    lacks = consent_lacks(trigger, reach)
    if lacks is not None:
        return lacks
    if not still:
        return "no_longer"
    if await tx.scalar(select(reached_lately(trigger, touch.person, now))):
        return Why.RESTING
    return ""


def _later(trigger: Trigger, reach: Reach, now: datetime, *, waits: bool) -> datetime | None:
    """When to try again where it has to wait: an open case, quiet hours."""
    if trigger.not_during_case and waits:
        return now + CASE_AGAIN
    moment = quiet.next_moment(now, reach.zone, trigger.quiet_from, trigger.quiet_until)
    return None if moment == now else moment


def _doing(
    trigger: Trigger, touch: Touch, person: PersonToday | None, now: datetime,
    machine_now: datetime,
) -> Doing:  # fmt: skip
    def known(name: str) -> Any:
        return getattr(person, name, None)

    return Doing(
        touch_id=touch.id,
        trigger_id=trigger.id,
        trigger_name=trigger.name,
        venue_id=touch.venue_id,
        customer_id=touch.customer_id,
        act=acts_of.read(trigger.act),
        plan=known("plan") or "",
        facts={
            "occasion": trigger.occasion,
            "risk": known("risk"),
            "payment_risk": known("payment_risk"),
            "reasons": known("reasons") or [],
        },
        now=now,
        machine_now=machine_now,
    )


def _settle(touch: Touch, to: TouchState, reason: str) -> None:
    touch.move(to)
    touch.reason = reason


async def _skip(db: Database, touch_id: str, reason: str, now: datetime) -> bool:
    async with db.transaction() as tx:
        touch = await _locked(tx, touch_id)
        if touch is None:
            return False
        _settle(touch, TouchState.SKIPPED, reason[:32])
        touch.due_at = now
        await tx.flush()
    return True


_ENDS = {
    Outcome.SENT: (TouchState.DONE, ""),
    Outcome.FAILED: (TouchState.FAILED, "refused"),
    Outcome.UNKNOWN: (TouchState.UNKNOWN, "unknown"),
    Outcome.REFUSED: (TouchState.SKIPPED, Why.OPTED_OUT.value),
}


async def follow(db: Database, acts: Acts, now: datetime, venue_ids: Sequence[str]) -> int:
    """Write down what became of mails and webhooks that were on their way; how many ended."""
    async with db.transaction() as tx:
        touches = (
            await tx.scalars(
                select(Touch)
                .where(
                    Touch.state == TouchState.DOING,
                    Touch.due_at <= now,
                    Touch.venue_id.in_(venue_ids),
                )
                .order_by(Touch.due_at, Touch.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
        ).all()
        outcomes = await acts.became(tx, [touch.id for touch in touches]) if touches else {}
        ended = 0
        for touch in touches:
            outcome = outcomes.get(touch.id, Outcome.UNKNOWN)
            if outcome is Outcome.WAITING:
                # The longer it takes, the less often it is asked for.
                waited = now - (touch.acted_at or now)
                touch.due_at = now + max(FOLLOW_AGAIN, waited / 4)
                continue
            _settle(touch, *_ENDS[outcome])
            ended += 1
        await tx.flush()
    return ended


async def venues_at_work(tx: Tx) -> list[str]:
    """Venues with a running action or with something on its way."""
    running = select(Trigger.venue_id).where(Trigger.state == TriggerState.RUNNING)
    # Both states are named so that the small index of what is open serves.
    is_open = Touch.state.in_((TouchState.PLANNED, TouchState.DOING))
    doing = select(Touch.venue_id).where(is_open, Touch.state == TouchState.DOING)
    return sorted(set(await tx.scalars(running.union(doing))))

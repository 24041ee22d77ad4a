"""Triggers made, changed, started, paused and ended. Functions of somebody's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta
from sqlalchemy import func, select, update

from churn.triggers import acts as acts_of
from churn.triggers import conditions, occasions, quiet
from churn.triggers.acts import Act
from churn.triggers.conditions import All, Condition
from churn.triggers.tables import Touch, TouchState, Trigger, TriggerState
from infra.kernel.bounds import UNSET, Ask, MoneyAsk, Name, Unset, changes
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.ids import new_secret
from infra.kernel.paging import Slice, Wanted, slice_of

TRIGGERS_MAX = 100
DAY_S = 86_400

Occasion = Annotated[
    str,
    Meta(
        max_length=32,
        description="When: "
        + ", ".join(f"`{one.name}` ({one.meaning})" for one in occasions.OCCASIONS)
        + ".",
        examples=["silent"],
    ),
]
Level = Annotated[
    float,
    Meta(
        ge=0,
        le=365,
        description="The occasion's number, days or a share from 0 to 1; the usual one if null: "
        + ", ".join(
            f"`{one.name}` {one.level:g}" for one in occasions.OCCASIONS if one.level is not None
        )
        + ".",
    ),
]
Wall = Annotated[str, Meta(max_length=5, description="HH:MM, or empty.", examples=["21:00"])]
Days = Annotated[int, Meta(ge=1, le=730)]
RestDays = Annotated[int, Meta(ge=0, le=365)]
DelayS = Annotated[int, Meta(ge=0, le=30 * DAY_S)]
Bps = Annotated[int, Meta(ge=0, le=10_000)]
HoldoutBps = Annotated[int, Meta(ge=1000, le=2000, description="1000 to 2000: 10 to 20 %.")]
Months = Annotated[int, Meta(ge=1, le=36)]


class NewTrigger(Ask, frozen=True, kw_only=True):
    """An action to define: when (`occasion`), who, what (`act`), how often, for how much."""

    name: Name
    occasion: Occasion
    level: Level | None = None
    who: Condition = All()
    act: Act
    delay_s: DelayS = 0
    again_after_days: Days | None = None
    rest_days: RestDays = 7
    quiet_from: Wall = "21:00"
    quiet_until: Wall = "09:00"
    not_during_case: bool = True
    cost: MoneyAsk
    budget: MoneyAsk
    value_months: Months = 6
    uplift_bps: Bps = 1000
    holdout_bps: HoldoutBps = 1500


class TriggerEdit(Ask, frozen=True, kw_only=True):
    """What to change; absent members stay. Once started, the hold-out and the kind of act stay."""

    name: Name | Unset = UNSET
    occasion: Occasion | Unset = UNSET
    level: Level | Unset | None = UNSET
    who: Condition | Unset = UNSET
    act: Act | Unset = UNSET
    delay_s: DelayS | Unset = UNSET
    again_after_days: Days | Unset | None = UNSET
    rest_days: RestDays | Unset = UNSET
    quiet_from: Wall | Unset = UNSET
    quiet_until: Wall | Unset = UNSET
    not_during_case: bool | Unset = UNSET
    cost: MoneyAsk | Unset = UNSET
    budget: MoneyAsk | Unset = UNSET
    value_months: Months | Unset = UNSET
    uplift_bps: Bps | Unset = UNSET
    holdout_bps: HoldoutBps | Unset = UNSET


_PLAIN = (
    "name", "occasion", "level", "delay_s", "again_after_days", "rest_days", "quiet_from",
    "quiet_until", "not_during_case", "value_months", "uplift_bps", "holdout_bps",
)  # fmt: skip


def draft_of(venue_id: str, trigger_id: str, new: NewTrigger, now: datetime) -> Trigger:
    """The row that this would be, checked and not stored: what a preview looks at."""
    trigger = Trigger(
        id=trigger_id,
        venue_id=venue_id,
        state=TriggerState.DRAFT,
        who=conditions.stored(new.who),
        act=acts_of.stored(new.act),
        currency=new.cost.currency,
        cost_minor=new.cost.amount,
        budget_minor=new.budget.amount,
        measured_bps=None,
        seed=new_secret(),
        due_at=None,
        measure_at=None,
        cursor="",
        created_at=now,
        started_at=None,
        ended_at=None,
        version=1,
        **{field: getattr(new, field) for field in _PLAIN},
    )
    _same_currency(new.cost, new.budget)
    check(trigger)
    return trigger


def _same_currency(cost: MoneyAsk, budget: MoneyAsk) -> None:
    if cost.currency != budget.currency:
        raise Invalid("budget", "Cost and budget are in one currency.")


def check(trigger: Trigger) -> None:
    """Invalid where the parts don't fit each other."""
    occasions.check(trigger.occasion, trigger.level)
    conditions.check(conditions.read(trigger.who))
    contractual = occasions.OCCASION[trigger.occasion].contractual
    acts_of.check(acts_of.read(trigger.act), contractual=contractual)
    quiet.check(trigger.quiet_from, trigger.quiet_until)


async def create(
    tx: Tx, venue_id: str, trigger_id: str, new: NewTrigger, *, now: datetime
) -> Trigger:
    """Store it as a draft; the one that is there, if it was made before."""
    known = await tx.get(Trigger, trigger_id)
    if known is not None and known.venue_id == venue_id:
        return known
    trigger = draft_of(venue_id, trigger_id, new, now)
    count = select(func.count()).where(
        Trigger.venue_id == venue_id, Trigger.state != TriggerState.ENDED
    )
    if (await tx.scalar(count) or 0) >= TRIGGERS_MAX:
        raise Conflict(f"A venue has {TRIGGERS_MAX} actions at most; end one first.")
    tx.add(trigger)
    await tx.flush()
    return trigger


async def get(tx: Tx, venue_id: str, trigger_id: str, *, lock: bool = False) -> Trigger:
    query = select(Trigger).where(Trigger.id == trigger_id, Trigger.venue_id == venue_id)
    trigger = await tx.scalar(query.with_for_update() if lock else query)
    if trigger is None:
        raise NotFound("action")
    return trigger


async def listed(tx: Tx, venue_id: str, wanted: Wanted) -> Slice[Trigger]:
    """The venue's actions, newest first, ended ones too."""
    query = select(Trigger).where(Trigger.venue_id == venue_id)
    return await slice_of(tx, query, wanted, id_column=Trigger.id)


async def edit(
    tx: Tx, venue_id: str, trigger_id: str, version: int, wanted: TriggerEdit
) -> Trigger:
    """StaleEdit when somebody was faster; Conflict on what a started action may not change."""
    trigger = await get(tx, venue_id, trigger_id, lock=True)
    if trigger.version != version:
        raise StaleEdit("Somebody changed this action meanwhile. Read it again.")
    asked = changes(wanted)
    _may_change(trigger, asked)
    for field in _PLAIN:
        if field in asked:
            setattr(trigger, field, asked[field])
    if "who" in asked:
        trigger.who = conditions.stored(asked["who"])
    if "act" in asked:
        trigger.act = acts_of.stored(asked["act"])
    cost = asked.get("cost") or MoneyAsk(trigger.cost_minor, trigger.currency)
    budget = asked.get("budget") or MoneyAsk(trigger.budget_minor, trigger.currency)
    if "cost" in asked and "budget" in asked:
        trigger.currency = cost.currency
    _same_currency(cost, budget)
    trigger.cost_minor, trigger.budget_minor = cost.amount, budget.amount
    check(trigger)
    trigger.version += 1
    await tx.flush()
    return trigger


def _may_change(trigger: Trigger, asked: dict[str, Any]) -> None:
    if trigger.state is TriggerState.ENDED:
        raise Conflict("This action has ended. Make a new one.", code="ended")
    if trigger.started_at is None:
        return
    why = "It has begun: what was measured so far would mean nothing. Make a new action."
    if asked.get("holdout_bps", trigger.holdout_bps) != trigger.holdout_bps:
        raise Conflict(why, field="holdout_bps", code="already_started")
    if "act" in asked and acts_of.kind_of(asked["act"]) != trigger.act["type"]:
        raise Conflict(why, field="act", code="already_started")
    both = {asked[name].currency for name in ("cost", "budget") if name in asked}
    if both - {trigger.currency}:
        raise Conflict(why, field="cost", code="already_started")


async def start(tx: Tx, trigger: Trigger, *, now: datetime, machine_now: datetime) -> None:
    """Begin, or go on after a pause. What it points at was checked by the caller (`Acts.check`)."""
    check(trigger)
    trigger.move(TriggerState.RUNNING)
    trigger.started_at = trigger.started_at or now
    trigger.measure_at = trigger.measure_at or machine_now
    trigger.due_at = now
    trigger.version += 1
    await tx.flush()


async def pause(tx: Tx, trigger: Trigger) -> None:
    """Draw nobody and do nothing; what is planned waits, and is checked again when it goes on."""
    trigger.move(TriggerState.PAUSED)
    trigger.due_at = None
    trigger.version += 1
    await tx.flush()


async def end(tx: Tx, trigger: Trigger, *, now: datetime) -> None:
    """For good: what is planned is not done any more."""
    trigger.move(TriggerState.ENDED)
    trigger.due_at = None
    trigger.ended_at = now
    trigger.version += 1
    await tx.execute(
        update(Touch)
        .where(Touch.trigger_id == trigger.id, Touch.state == TouchState.PLANNED)
        .values(state=TouchState.SKIPPED, reason="ended", due_at=now + timedelta(0))
        .execution_options(synchronize_session=False)
    )
    await tx.flush()

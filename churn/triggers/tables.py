"""Rows of actions: triggers, who was drawn into which arm, what was done, what it cost, tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Float,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from churn.effects import Verdict
from infra.kernel.db import Base, EnumText
from infra.kernel.states import move

SIMULATED = "sim_"
"""Ids of actions that only a simulated audience met begin so, and nothing else does."""


class TriggerState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"  # draws nobody and does nothing; what is planned waits
    ENDED = "ended"


TRIGGER_TRANSITIONS: Mapping[TriggerState, frozenset[TriggerState]] = {
    TriggerState.DRAFT: frozenset({TriggerState.RUNNING, TriggerState.ENDED}),
    TriggerState.RUNNING: frozenset({TriggerState.PAUSED, TriggerState.ENDED}),
    TriggerState.PAUSED: frozenset({TriggerState.RUNNING, TriggerState.ENDED}),
    TriggerState.ENDED: frozenset(),
}


class Trigger(Base):
    """One action of a venue: an occasion, a condition, an act and its limits.

    Times are the venue's business time. `who` and `act` hold what `conditions` and `acts` read.
    """

    __tablename__ = "churn_trigger"
    __table_args__ = (
        Index("ix_churn_trigger_due", "state", "due_at"),
        # Without a group that gets nothing, nobody ever learns what an action changes.
        CheckConstraint("holdout_bps between 1000 and 2000", name="holdout"),
        CheckConstraint("cost_minor >= 0 and budget_minor >= 0", name="money"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(160))
    state: Mapped[TriggerState] = mapped_column(EnumText(TriggerState), default=TriggerState.DRAFT)
    occasion: Mapped[str] = mapped_column(String(32))
    level: Mapped[float | None] = mapped_column(Float)
    """The occasion's number: days, or a chance; None: its usual one."""
    who: Mapped[dict[str, Any]] = mapped_column(JSON)
    act: Mapped[dict[str, Any]] = mapped_column(JSON)
    delay_s: Mapped[int] = mapped_column(Integer, default=0)
    again_after_days: Mapped[int | None] = mapped_column(Integer)
    """The same person at most once in so many days; None: once."""
    rest_days: Mapped[int] = mapped_column(Integer, default=7)
    """Nobody whom any action reached within so many days."""
    quiet_from: Mapped[str] = mapped_column(String(5), default="")
    quiet_until: Mapped[str] = mapped_column(String(5), default="")
    """Wall-clock times between which nothing is done, such as 21:00 and 09:00; empty: none."""
    not_during_case: Mapped[bool] = mapped_column(default=True)
    currency: Mapped[str] = mapped_column(String(3))
    cost_minor: Mapped[int] = mapped_column(Integer, default=0)
    """What doing it once costs the venue."""
    budget_minor: Mapped[int] = mapped_column(Integer, default=0)
    """What it may cost in a calendar month, in the venue's business time and UTC."""
    value_months: Mapped[int] = mapped_column(Integer, default=6)
    """For how many months somebody who is kept is counted."""
    uplift_bps: Mapped[int] = mapped_column(Integer, default=1000)
    """Assumed share of leavers whom it keeps, until `measured_bps` is there."""
    measured_bps: Mapped[int | None] = mapped_column(Integer)
    """The same as measured against the held out; only where the measurement is sure of its sign."""
    holdout_bps: Mapped[int] = mapped_column(Integer, default=1500)
    seed: Mapped[str] = mapped_column(String(64))
    """Draws the arms: they differ between triggers and never change within one."""
    due_at: Mapped[datetime | None]
    """When its people are looked through next; None while it does not run."""
    measure_at: Mapped[datetime | None] = mapped_column(index=True)
    """When what it changed is measured next, in machine time; None before the first start."""
    cursor: Mapped[str] = mapped_column(String(32), default="")
    """The last person of the round that is under way."""
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)

    @property
    def simulated(self) -> bool:
        """Nobody real met it: it shows what a measured action looks like."""
        return self.id.startswith(SIMULATED)

    def move(self, to: TriggerState) -> None:
        move(self, to, TRIGGER_TRANSITIONS)


class Arm(StrEnum):
    TREATED = "treated"
    HELD_OUT = "held_out"  # gets nothing, so that the difference can be seen


class Assignment(Base):
    """A person met a trigger's condition and was drawn into an arm. Never edited."""

    __tablename__ = "churn_assignment"
    __table_args__ = (
        UniqueConstraint("trigger_id", "person", "round"),
        Index("ix_churn_assignment_venue_id", "venue_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    trigger_id: Mapped[str] = mapped_column(String(32))
    person: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(String(32), index=True)
    round: Mapped[int] = mapped_column(Integer)
    """1 for the first time, 2 when the person meets the condition again ..."""
    arm: Mapped[Arm] = mapped_column(EnumText(Arm))
    act: Mapped[str] = mapped_column(String(16))
    cost_minor: Mapped[int] = mapped_column(Integer)
    """What the act costs; 0 for the held out."""
    month_minor: Mapped[int] = mapped_column(Integer)
    """What the person brought a month then."""
    currency: Mapped[str] = mapped_column(String(3))
    trigger_version: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    created_at: Mapped[datetime]
    """Machine time."""


class TouchState(StrEnum):
    PLANNED = "planned"  # to be done at due_at, if everything still holds then
    DOING = "doing"  # its rows are written; the mail or webhook is on its way
    DONE = "done"
    SKIPPED = "skipped"  # something did not hold any more; `reason` says what
    FAILED = "failed"  # refused for good
    UNKNOWN = "unknown"  # may have arrived; never sent again


TOUCH_TRANSITIONS: Mapping[TouchState, frozenset[TouchState]] = {
    TouchState.PLANNED: frozenset({TouchState.DOING, TouchState.DONE, TouchState.SKIPPED}),
    TouchState.DOING: frozenset(
        {TouchState.DONE, TouchState.SKIPPED, TouchState.FAILED, TouchState.UNKNOWN}
    ),
    TouchState.DONE: frozenset(),
    TouchState.SKIPPED: frozenset(),
    TouchState.FAILED: frozenset(),
    TouchState.UNKNOWN: frozenset(),
}

_OPEN = text("state in ('planned', 'doing')")


class Touch(Base):
    """What is done for one treated person of one round. Business time, but for `created_at`."""

    __tablename__ = "churn_touch"
    __table_args__ = (
        Index("ix_churn_touch_due", "due_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_churn_touch_person", "venue_id", "person", "acted_at"),
        Index("ix_churn_touch_trigger", "trigger_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    trigger_id: Mapped[str] = mapped_column(String(32))
    assignment_id: Mapped[str] = mapped_column(String(32), unique=True)
    person: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(String(32), index=True)
    state: Mapped[TouchState] = mapped_column(EnumText(TouchState), default=TouchState.PLANNED)
    reason: Mapped[str] = mapped_column(String(32), default="")
    due_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    """Whoever can't be reached by then is left alone."""
    acted_at: Mapped[datetime | None]
    cost_minor: Mapped[int] = mapped_column(Integer, default=0)
    given: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Ids of what was given: a coupon's, a grant's, a task's."""
    created_at: Mapped[datetime]

    def move(self, to: TouchState) -> None:
        move(self, to, TOUCH_TRANSITIONS)


class Spend(Base):
    """What a trigger cost in one month. Raised by one atomic statement (`budget`)."""

    __tablename__ = "churn_spend"
    __table_args__ = (CheckConstraint("spent_minor >= 0", name="not_negative"),)

    trigger_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    """YYYY-MM."""
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    spent_minor: Mapped[int] = mapped_column(Integer, default=0)
    acts: Mapped[int] = mapped_column(Integer, default=0)


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


TASK_TRANSITIONS: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.DONE, TaskState.DROPPED}),
    TaskState.DONE: frozenset({TaskState.OPEN}),
    TaskState.DROPPED: frozenset({TaskState.OPEN}),
}


class Task(Base):
    """Something that a person of the venue does for a customer, such as a call."""

    __tablename__ = "churn_task"
    __table_args__ = (Index("ix_churn_task_venue_state", "venue_id", "state", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    trigger_id: Mapped[str] = mapped_column(String(32), index=True)
    touch_id: Mapped[str] = mapped_column(String(32), unique=True)
    customer_id: Mapped[str] = mapped_column(String(32), index=True)
    title: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(2000), default="")
    state: Mapped[TaskState] = mapped_column(EnumText(TaskState), default=TaskState.OPEN)
    outcome: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(32), default="")

    def move(self, to: TaskState) -> None:
        move(self, to, TASK_TRANSITIONS)


class ActionEffect(Base):
    """One measurement of an action: treated against held out, with its interval."""

    __tablename__ = "churn_action_effect"
    __table_args__ = (Index("ix_churn_action_effect_trigger", "trigger_id", "as_of"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    trigger_id: Mapped[str] = mapped_column(String(32))
    as_of: Mapped[datetime]
    after_days: Mapped[int] = mapped_column(Integer)
    """How long after the draw it is asked whether the person is still there."""
    treated: Mapped[int] = mapped_column(Integer)
    held_out: Mapped[int] = mapped_column(Integer)
    """People in each arm whose time is over, so that they can be judged."""
    kept_treated: Mapped[float] = mapped_column(Float)
    kept_held_out: Mapped[float] = mapped_column(Float)
    """Shares, 0 to 1."""
    effect: Mapped[float] = mapped_column(Float)
    low: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)
    """Difference of the shares and its 95 % interval."""
    months: Mapped[int] = mapped_column(Integer)
    money_minor: Mapped[int] = mapped_column(BigInteger)
    money_low_minor: Mapped[int | None] = mapped_column(BigInteger)
    money_high_minor: Mapped[int | None] = mapped_column(BigInteger)
    """Money kept in so many months over all the treated, with its interval; costs not taken off.
    Null: no bound can be given yet."""
    cost_minor: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    verdict: Mapped[Verdict] = mapped_column(EnumText(Verdict))
    more_people: Mapped[int] = mapped_column(Integer)
    """How many more have to be judged before something can be said, if things go on as now."""

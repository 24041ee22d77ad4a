"""Rows of the models: trainings with their cards, the models' bytes, past scores, nightly runs.

Read by web workers: nothing of learning is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Date, Float, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from churn.prediction.causes import Cause
from infra.kernel.db import Base, EnumText


class ModelState(StrEnum):
    CURRENT = "current"
    """Its scores are in use; at most one of a venue and cause."""
    REFUSED = "refused"
    """Clearly worse than the one in use, which stayed."""
    REPLACED = "replaced"
    """Was in use before."""


TRANSITIONS: Mapping[ModelState, frozenset[ModelState]] = {
    ModelState.CURRENT: frozenset({ModelState.REPLACED}),
    ModelState.REPLACED: frozenset({ModelState.CURRENT}),
    ModelState.REFUSED: frozenset({ModelState.CURRENT}),
}


class ModelRecord(Base):
    """One training: what it learned from, what it is worth, and whether it is in use."""

    __tablename__ = "churn_model"
    __table_args__ = (Index("ix_churn_model_venue_cause", "venue_id", "cause", "trained_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    cause: Mapped[Cause] = mapped_column(EnumText(Cause))
    state: Mapped[ModelState] = mapped_column(EnumText(ModelState))
    trained_at: Mapped[datetime]
    learned_from: Mapped[datetime]
    learned_until: Mapped[datetime]
    judged_from: Mapped[datetime]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    """For pages: see `churn.prediction.card.figures_of`."""
    card: Mapped[str] = mapped_column(Text)
    """Markdown, for analysts."""


class ModelFile(Base):
    """A model's bytes (`churn.prediction.packing`). Gone when it is too old to go back to."""

    __tablename__ = "churn_model_file"

    model_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class PastScore(Base):
    """What was said of a person on a day. Kept: each of the last eight days, then one a week."""

    __tablename__ = "churn_past_score"
    __table_args__ = (Index("ix_churn_past_score_day", "venue_id", "day"),)

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    risk: Mapped[float | None] = mapped_column(Float)
    payment_risk: Mapped[float | None] = mapped_column(Float)


class Night(Base):
    """A venue's scores: when they were made, and who makes them now. All times are machine time."""

    __tablename__ = "churn_night"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    lease: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime | None]
    """A run is under way; after this its process is taken for dead."""
    not_before: Mapped[datetime | None]
    """After a failure: when it is tried again."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    """Runs that failed since the last good one."""
    done_at: Mapped[datetime | None]
    """When the run that made today's scores began."""
    trained_at: Mapped[datetime | None]
    notes: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """By cause: why the last training made no model, for analysts."""

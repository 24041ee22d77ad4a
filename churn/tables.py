"""Rows of churn that the pages read: who the pseudonyms are, and what is known of each today."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from churn.feature_list import FEATURES, SCORES, FeatureKind
from infra.kernel.db import Base


class Person(Base):
    """The way from a pseudonym of the lake back to somebody: only the database knows it.

    A person that an import brought has `external_id` and, until they are a customer here, no
    `customer_id`. Erasing a person deletes the row and sets `Erased`.
    """

    __tablename__ = "churn_person"
    __table_args__ = (Index("ix_churn_person_customer", "customer_id"),)

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    customer_id: Mapped[str | None] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]


class Erased(Base):
    """A pseudonym that no run may write and every run has to take out of the lake."""

    __tablename__ = "churn_erased"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class PersonToday(Base):
    """One person's features and scores as of the last refresh, a column each (see below)."""

    __tablename__ = "churn_person_today"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    customer_id: Mapped[str | None] = mapped_column(String(32), index=True)
    as_of: Mapped[datetime]
    currency: Mapped[str] = mapped_column(String(3), default="")
    reasons: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Contributions to `risk`, the largest first: {"feature", "value", "points"} points of 100."""
    model_id: Mapped[str] = mapped_column(String(32), default="")


for _feature in (*FEATURES, *SCORES):
    _kind = String(64) if _feature.kind is FeatureKind.CATEGORY else Float()
    setattr(PersonToday, _feature.name, mapped_column(_kind, nullable=True))
PERSON_TODAY = PersonToday.__table__
Index("ix_churn_person_today_risk", PERSON_TODAY.c.venue_id, PERSON_TODAY.c.risk)

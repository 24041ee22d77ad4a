"""Rows of visits: a customer's, and the numbers of everybody else's. Times are machine time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base


class Visit(Base):
    """A signed-in customer came to the venue's pages; one at most each half hour of the clock."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("venue_id", "customer_id", "half_hour"),
        Index("ix_visit_customer", "customer_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(String(32))
    half_hour: Mapped[int] = mapped_column(Integer)
    """Whole half hours since 1970, UTC."""
    at: Mapped[datetime] = mapped_column(index=True)
    page: Mapped[str] = mapped_column(String(12))
    event_id: Mapped[str] = mapped_column(String(32), default="")
    source: Mapped[str] = mapped_column(String(8), default="")
    campaign: Mapped[str] = mapped_column(String(80), default="")
    device: Mapped[str] = mapped_column(String(8), default="")
    country: Mapped[str] = mapped_column(String(2), default="")


class VisitCount(Base):
    """How many strangers came to one page in one way in half an hour. There is no row of anyone."""

    __tablename__ = "visit_count"
    __table_args__ = (
        UniqueConstraint(
            "venue_id", "half_hour", "page", "event_id", "source", "campaign", "device", "country",
            name="uq_visit_count_way",
        ),
        CheckConstraint("visits > 0", name="positive"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    half_hour: Mapped[int] = mapped_column(Integer, index=True)
    page: Mapped[str] = mapped_column(String(12))
    event_id: Mapped[str] = mapped_column(String(32), default="")
    source: Mapped[str] = mapped_column(String(8), default="")
    campaign: Mapped[str] = mapped_column(String(80), default="")
    device: Mapped[str] = mapped_column(String(8), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    visits: Mapped[int] = mapped_column(Integer)

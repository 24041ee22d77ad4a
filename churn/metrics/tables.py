"""Figures as of the last refresh, as pages read them, and the rows behind each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base


class MetricValue(Base):
    """One value of a figure. The row's key is the figure's split: `dimension` is empty without."""

    __tablename__ = "churn_metric_value"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    figure: Mapped[str] = mapped_column(String(32), primary_key=True)
    definition: Mapped[str] = mapped_column(String(32), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    """`2026-03` in the venue's zone; of cohorts, the month of the first payment."""
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(120), primary_key=True)
    label: Mapped[str] = mapped_column(String(200), default="")
    value: Mapped[float | None]
    """Minor units for money, 0 to 1 for a share, else as the figure's unit says."""
    low: Mapped[float | None]
    high: Mapped[float | None]
    count: Mapped[int]


class MetricRows(Base):
    """The rows behind one value, or one part of it: JSON lines, deflated, at most so many.

    `total` is how many there are, `kept` how many of them are in `content`. Figures that are made
    of the same rows share them (`definitions.ROWS_OF`).
    """

    __tablename__ = "churn_metric_rows"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    figure: Mapped[str] = mapped_column(String(32), primary_key=True)
    definition: Mapped[str] = mapped_column(String(32), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(120), primary_key=True)
    total: Mapped[int]
    kept: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class MetricRun(Base):
    """When a venue's figures were last computed."""

    __tablename__ = "churn_metric_run"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    as_of: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))

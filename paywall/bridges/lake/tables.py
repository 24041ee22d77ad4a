"""Rows of the lake's runs: how far each venue's facts are exported, and when the next night is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base


class VenueLake(Base):
    """One venue's standing in the lake. All times are machine time."""

    __tablename__ = "venue_lake"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    root: Mapped[str] = mapped_column(String(500), default="")
    """Where the facts are; another place begins anew."""
    live: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether what is there is of real money; tests are never beside it."""
    run: Mapped[int] = mapped_column(Integer, default=0)
    """The last number given to a run. It names the run's files and is never given again."""
    anew: Mapped[bool] = mapped_column(Boolean, default=True)
    """The run in hand clears what earlier runs wrote; stays true until it is done."""
    lease: Mapped[str] = mapped_column(String(32), default="")
    """Who exports; a run goes on only while it holds this."""
    lease_until: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    """When the last run that was finished began: all that was committed by then is in the lake."""
    done_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(index=True)
    """The next night, or the next try after a failure."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    """Nights that failed since the last good one."""
    rows: Mapped[int] = mapped_column(Integer, default=0)
    """What the last finished run wrote."""

"""Rows of the books. Postings are added, never edited or deleted: triggers refuse it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.append_only import append_only
from infra.kernel.db import Base


class Posting(Base):
    """One side of a movement. Debits are positive, credits negative; a movement sums to zero."""

    __tablename__ = "posting"
    __table_args__ = (Index("ix_posting_account", "venue_id", "account", "currency"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    movement_id: Mapped[str] = mapped_column(String(32), index=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    test: Mapped[bool] = mapped_column(Boolean)
    kind: Mapped[str] = mapped_column(String(24))
    account: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    minor: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[str] = mapped_column(String(32), index=True)
    cause_id: Mapped[str] = mapped_column(String(64))
    """The payment, refund or dispute that it explains."""
    at: Mapped[datetime]


append_only(Posting.metadata.tables[Posting.__tablename__])

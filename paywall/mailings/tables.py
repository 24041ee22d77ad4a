"""Rows of what became of marketing mails. Times are machine time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base


class MailClick(Base):
    """A link of one mail to one person was followed. `at` is null while only machines did."""

    __tablename__ = "mail_click"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The mail's own, in the outbox."""
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    customer_id: Mapped[str] = mapped_column(String(32), index=True)
    template: Mapped[str] = mapped_column(String(64))
    action_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    at: Mapped[datetime | None] = mapped_column(index=True)
    """When the person first did; counted once."""
    seen_at: Mapped[datetime]
    """The last time that anybody or anything did."""
    seen_link: Mapped[int] = mapped_column(Integer)
    """Which link of the mail that was."""

"""Rows of notices: the outbox and the tenants' webhook endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
from infra.kernel.states import move


class OutboxKind(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


class OutboxState(StrEnum):
    WAITING = "waiting"  # to be sent at due_at
    SENDING = "sending"  # leased by a worker until lease_until
    SENT = "sent"
    FAILED = "failed"  # refused for good, or every try is used up
    UNKNOWN = "unknown"  # may have arrived, twice over; a person decides


OUTBOX_TRANSITIONS: Mapping[OutboxState, frozenset[OutboxState]] = {
    OutboxState.WAITING: frozenset({OutboxState.SENDING}),
    # SENDING to SENDING: the lease of a killed worker ran out and another took the row over.
    OutboxState.SENDING: frozenset(OutboxState),
    # Replay: a person, or the venue's program, asks for it again.
    OutboxState.SENT: frozenset({OutboxState.WAITING}),
    OutboxState.FAILED: frozenset({OutboxState.WAITING}),
    OutboxState.UNKNOWN: frozenset({OutboxState.WAITING}),
}

_STILL_TO_DO = text("state in ('waiting', 'sending')")


class OutboxRow(Base):
    """An effect that leaves the database, written in the transaction of its cause (law 6).

    All its times are machine time: they steer sending, not business.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        # The same cause never sends the same thing to the same recipient twice.
        UniqueConstraint("kind", "cause_id", "recipient", "template"),
        # Holds only what is still to be done, so it stays small while the table grows.
        Index(
            "ix_outbox_due", "kind", "due_at",
            postgresql_where=_STILL_TO_DO, sqlite_where=_STILL_TO_DO,
        ),
        Index("ix_outbox_venue_recipient", "venue_id", "recipient", "id"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    """A venue's id, or 'installation'."""
    kind: Mapped[OutboxKind] = mapped_column(EnumText(OutboxKind))
    recipient: Mapped[str] = mapped_column(String(254))
    """A mail address, or a webhook endpoint's id."""
    template: Mapped[str] = mapped_column(String(64))
    """A mail template's name, or a webhook event's kind."""
    locale: Mapped[str] = mapped_column(String(8), default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed: Mapped[str] = mapped_column(Text, default="")
    """Secrets of the data (a log-in link's token), sealed, and wiped once nothing is left to do."""
    attachment: Mapped[str] = mapped_column(String(64), default="")
    cause_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[OutboxState] = mapped_column(EnumText(OutboxState), default=OutboxState.WAITING)
    due_at: Mapped[datetime]
    """When somebody has to look at the row next: the next try, or the end of the lease."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    """Times the row was leased since it was written or replayed."""
    unknowns: Mapped[int] = mapped_column(Integer, default=0)
    """Of these, how often the outcome stayed unknown."""
    lease_until: Mapped[datetime | None]
    lease: Mapped[str] = mapped_column(String(32), default="")
    """Who holds it: an outcome counts only under the lease it was worked with."""
    last_error: Mapped[str] = mapped_column(String(500), default="")
    answer_status: Mapped[int | None]
    answer_excerpt: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    def move(self, to: OutboxState) -> None:
        move(self, to, OUTBOX_TRANSITIONS)


class EndpointState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


ENDPOINT_TRANSITIONS: Mapping[EndpointState, frozenset[EndpointState]] = {
    EndpointState.ENABLED: frozenset({EndpointState.DISABLED}),
    EndpointState.DISABLED: frozenset({EndpointState.ENABLED}),
}


class WebhookEndpoint(Base):
    """An address of a venue's that hears what happens."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (Index("ix_webhook_endpoint_venue_state", "venue_id", "state"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    url: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(String(200), default="")
    kinds: Mapped[list[str]] = mapped_column(JSON)
    """Event kinds it wants; empty: all of them, the ones to come included."""
    secret_sealed: Mapped[str] = mapped_column(Text)
    old_secret_sealed: Mapped[str] = mapped_column(Text, default="")
    old_secret_until: Mapped[datetime | None]
    state: Mapped[EndpointState] = mapped_column(
        EnumText(EndpointState), default=EndpointState.ENABLED
    )
    failures: Mapped[int] = mapped_column(Integer, default=0)
    """Failed tries since the last success."""
    failing_since: Mapped[datetime | None]
    disabled_reason: Mapped[str] = mapped_column(String(300), default="")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    def move(self, to: EndpointState) -> None:
        move(self, to, ENDPOINT_TRANSITIONS)

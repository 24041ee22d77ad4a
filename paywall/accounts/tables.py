"""Rows of people: accounts, log-in sessions, customers, memberships, API keys, consents, audit.

The ways to prove oneself (passkeys, links, codes) are in `proofs.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.append_only import append_only
from infra.kernel.db import Base, EnumText
from infra.kernel.states import move
from paywall.accounts.roles import Role


class Account(Base):
    """One person's log-in in an installation, found by its normalised address."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    email_proven_at: Mapped[datetime | None]
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    name: Mapped[str] = mapped_column(String(120), default="")
    locale: Mapped[str] = mapped_column(String(8), default="")
    totp_sealed: Mapped[str] = mapped_column(Text, default="")
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(Integer, default=0)
    """The time step of the last code accepted (RFC 6238): no code at or before it counts again."""
    created_at: Mapped[datetime]
    city: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """Where they live, if they care to say."""


class AuthSession(Base):
    """A signed-in browser or app. Only a hash of its secret is kept."""

    __tablename__ = "auth_session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    strong_until: Mapped[datetime | None]
    """Until when the passkey or code given in this session counts as strong (12 hours)."""
    fresh_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(String(200), default="")


class Customer(Base):
    """An account at one venue, made by the first act there."""

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("venue_id", "account_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    account_id: Mapped[str] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime]


class Membership(Base):
    """A role of an account at a venue, or at the installation (venue_id 'installation')."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("venue_id", "account_id", "role"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    account_id: Mapped[str] = mapped_column(String(32), index=True)
    role: Mapped[Role] = mapped_column(EnumText(Role))
    created_at: Mapped[datetime]


class ApiKey(Base):
    """A venue's key for its own programs: `pwk_test_<secret>`; only a hash is kept."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(80))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    shown: Mapped[str] = mapped_column(String(24))  # the first characters, to recognise it by
    scopes: Mapped[str] = mapped_column(Text)  # space-separated permissions
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class InvitationState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


INVITATION_TRANSITIONS: Mapping[InvitationState, frozenset[InvitationState]] = {
    InvitationState.PENDING: frozenset({InvitationState.ACCEPTED, InvitationState.REVOKED}),
    InvitationState.ACCEPTED: frozenset(),
    InvitationState.REVOKED: frozenset(),
}


class Invitation(Base):
    """A role offered to an address at a venue or the installation. Past expires_at it is void."""

    __tablename__ = "invitation"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    role: Mapped[Role] = mapped_column(EnumText(Role))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[InvitationState] = mapped_column(
        EnumText(InvitationState), default=InvitationState.PENDING
    )
    invited_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    def move(self, to: InvitationState) -> None:
        move(self, to, INVITATION_TRANSITIONS)


class Consent(Base):
    """One yes or no of a person to a purpose at a venue (or the installation). Never edited."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_account_purpose_venue", "account_id", "purpose", "venue_id"),
        Index("ix_consent_venue_purpose", "venue_id", "purpose"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(String(32))
    granted: Mapped[bool] = mapped_column(Boolean)
    source: Mapped[str] = mapped_column(String(32))
    wording: Mapped[str] = mapped_column(String(64))
    """Version of the text the person saw, such as "checkout-2026-11"."""
    actor: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what to what, and when. Never edited, never deleted; holds ids, not addresses."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_venue_id_id", "venue_id", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


append_only(Base.metadata.tables["consent"])
append_only(Base.metadata.tables["audit_entry"])

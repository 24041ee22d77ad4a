"""Rows of people: accounts, log-in sessions, customers, memberships, API keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
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
    created_at: Mapped[datetime]


class AuthSession(Base):
    """A signed-in browser or app. Only a hash of its secret is kept."""

    __tablename__ = "auth_session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    strong: Mapped[bool] = mapped_column(Boolean, default=False)
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
    """A venue's key for its own programs: `pw_test_<id part>_<secret>`; only a hash is kept."""

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

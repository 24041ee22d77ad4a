"""Rows of entitlements: grants, playback sessions, denials, event epochs, signing keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Float, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from entitlements.ports import Kind
from infra.kernel.db import Base, EnumText
from infra.kernel.states import move


class ScopeKind(StrEnum):
    EVENT = "event"
    SEASON = "season"


class GrantState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"  # a dispute is open; may come back
    REVOKED = "revoked"  # refunded, or taken back by the venue; final


GRANT_TRANSITIONS: Mapping[GrantState, frozenset[GrantState]] = {
    GrantState.ACTIVE: frozenset({GrantState.SUSPENDED, GrantState.REVOKED}),
    GrantState.SUSPENDED: frozenset({GrantState.ACTIVE, GrantState.REVOKED}),
    GrantState.REVOKED: frozenset(),
}


class Grant(Base):
    """The right of one customer to watch one event, or every event of a season.

    The window [starts_at, ends_at) is business time and hard. `play_window_s` shortens replays to
    so many seconds from the first play; live never uses it up.
    """

    __tablename__ = "grant"
    __table_args__ = (
        Index("ix_grant_customer_scope", "customer_id", "scope_id"),
        # Paying an order twice by accident of programming can't give twice.
        Index("uq_grant_order_source", "order_id", "source_key", unique=True),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("opens_live OR opens_replay", name="opens_something"),
        CheckConstraint("play_window_s > 0", name="play_window_positive"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    customer_id: Mapped[str] = mapped_column(String(32))
    scope_kind: Mapped[ScopeKind] = mapped_column(EnumText(ScopeKind))
    scope_id: Mapped[str] = mapped_column(String(32))
    opens_live: Mapped[bool]
    opens_replay: Mapped[bool]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    play_window_s: Mapped[int | None] = mapped_column(Integer)
    first_played_at: Mapped[datetime | None]
    order_id: Mapped[str | None] = mapped_column(String(32))
    """None for a grant that was given away and not bought."""
    source_key: Mapped[str] = mapped_column(String(64), default="")
    """Which part of the order it came from; unique inside one order (`<line>:<n>`)."""
    state: Mapped[GrantState] = mapped_column(EnumText(GrantState), default=GrantState.ACTIVE)
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime]

    def move(self, to: GrantState) -> None:
        move(self, to, GRANT_TRANSITIONS)


class Transport(StrEnum):
    """How a player carries its token: a header it can set, or the path it fetches."""

    HEADER = "header"
    PATH = "path"


class PlaybackSession(Base):
    """One player's permission to fetch one event's media. All times are machine time.

    Open while `ended_at` is null. An ended session is always on the denylist as long as a token
    of it could live: both are written by the same statements (`entitlements.sessions`).
    """

    __tablename__ = "playback_session"
    __table_args__ = (
        Index("ix_playback_session_event_silent", "event_id", "silent_at"),
        Index("ix_playback_session_silent_at", "silent_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The token's `sid`: 128 random bits in base64url, 22 characters."""
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    customer_id: Mapped[str] = mapped_column(String(32), index=True)
    event_id: Mapped[str] = mapped_column(String(32))
    grant_id: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    transport: Mapped[Transport] = mapped_column(EnumText(Transport))
    device_id: Mapped[str] = mapped_column(String(64), default="")
    path_prefix: Mapped[str] = mapped_column(String(200))
    """The token's `pth`, kept so that a renewal opens exactly what was opened before."""
    started_at: Mapped[datetime]
    until_at: Mapped[datetime]
    """The right's own end; no token of the session outlives it."""
    token_until_at: Mapped[datetime]
    """The latest `exp` given out; a denial is kept until then."""
    last_beat_at: Mapped[datetime]
    silent_at: Mapped[datetime | None]
    """When a client that doesn't beat is cut off (lease + grace); null once ended."""
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str] = mapped_column(String(32), default="")
    watched_s: Mapped[float] = mapped_column(Float, default=0.0)
    position_s: Mapped[float] = mapped_column(Float, default=0.0)
    startup_ms: Mapped[float | None] = mapped_column(Float)
    """From pressing play to the first picture, as the player measured it; null: not measured."""
    rebuffer_s: Mapped[float | None] = mapped_column(Float)
    """Seconds spent waiting in the midst of it; null: not measured."""
    failed: Mapped[bool | None] = mapped_column(Boolean)
    """The player says that no picture ever came; null: it says nothing of it."""


class Denial(Base):
    """A session whose tokens no edge may accept any more. Edges poll these by `created_at`."""

    __tablename__ = "playback_denial"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The session's id (sid)."""
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    until_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)


class EventEpoch(Base):
    """Tokens of the event minted under a lower epoch are void at every edge."""

    __tablename__ = "playback_event_epoch"

    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    min_epoch: Mapped[int] = mapped_column(Integer)


class KeyState(StrEnum):
    NEXT = "next"  # in the JWKS, not yet used
    ACTIVE = "active"  # signs
    PREVIOUS = "previous"  # signs no more, still in the JWKS
    RETIRED = "retired"  # out of the JWKS; its private half is erased


KEY_TRANSITIONS: Mapping[KeyState, frozenset[KeyState]] = {
    KeyState.NEXT: frozenset({KeyState.ACTIVE, KeyState.RETIRED}),
    KeyState.ACTIVE: frozenset({KeyState.PREVIOUS, KeyState.RETIRED}),
    KeyState.PREVIOUS: frozenset({KeyState.RETIRED}),
    KeyState.RETIRED: frozenset(),
}


class SigningKey(Base):
    """One ES256 key pair of the installation. All times are machine time."""

    __tablename__ = "entitlement_signing_key"
    __table_args__ = (
        # Two processes that rotate at once: the second one's insert fails, and nothing else.
        Index(
            "uq_entitlement_signing_key_state",
            "state",
            unique=True,
            sqlite_where=text("state IN ('next', 'active')"),
            postgresql_where=text("state IN ('next', 'active')"),
        ),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    """The `kid`."""
    state: Mapped[KeyState] = mapped_column(EnumText(KeyState))
    sealed: Mapped[str] = mapped_column(Text)
    """PKCS 8 DER under the master secret; empty once retired."""
    public_jwk: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]
    usable_at: Mapped[datetime]
    active_at: Mapped[datetime | None]
    drop_at: Mapped[datetime | None]
    """When a previous key leaves the JWKS."""

    def move(self, to: KeyState) -> None:
        move(self, to, KEY_TRANSITIONS)


class EdgeGroupKey(Base):
    """The generation of one edge group's keys; raised when that group's key leaked."""

    __tablename__ = "playback_edge_group"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    generation: Mapped[int] = mapped_column(Integer)

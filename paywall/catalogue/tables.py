"""Rows of venues and what they put on: seasons, events, streams, replays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
from infra.kernel.states import move


class Mode(StrEnum):
    TEST = "test"
    LIVE = "live"


class Venue(Base):
    """The tenant that sells. Its clock may be ahead of ours only in test mode."""

    __tablename__ = "venue"
    __table_args__ = (
        CheckConstraint("mode = 'test' or clock_offset_s = 0", name="live_clock_stands"),
        CheckConstraint("clock_offset_s >= 0", name="clock_forward"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    legal_name: Mapped[str] = mapped_column(String(160), default="")
    address: Mapped[str] = mapped_column(Text, default="")
    vat_number: Mapped[str] = mapped_column(String(32), default="")
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    about_md: Mapped[str] = mapped_column(Text, default="")
    mode: Mapped[Mode] = mapped_column(EnumText(Mode), default=Mode.TEST)
    clock_offset_s: Mapped[int] = mapped_column(Integer, default=0)
    country: Mapped[str] = mapped_column(String(2))
    timezone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(8), default="en")
    currency: Mapped[str] = mapped_column(String(3))
    accent: Mapped[str] = mapped_column(String(7), default="#e0a458")
    vat_bps: Mapped[int] = mapped_column(Integer, default=0)
    """VAT contained in every price, in basis points; what applies is the venue's own statement."""
    platform_fee_bps: Mapped[int] = mapped_column(Integer, default=0)
    """The installation's share of each sale, in basis points of the amount with tax."""
    terms_url: Mapped[str] = mapped_column(String(500), default="")
    player_origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Other sites whose pages may play this venue's concerts: https://app.example.org."""
    live_since: Mapped[datetime | None]
    """Machine time at which tests ended and real money began; what was said before is a test."""
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Season(Base):
    """A dated series of events."""

    __tablename__ = "season"
    __table_args__ = (UniqueConstraint("venue_id", "slug"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(160))
    about_md: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class EventState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


EVENT_TRANSITIONS: Mapping[EventState, frozenset[EventState]] = {
    EventState.DRAFT: frozenset({EventState.PUBLISHED, EventState.CANCELLED}),
    EventState.PUBLISHED: frozenset({EventState.DRAFT, EventState.CANCELLED}),
    EventState.CANCELLED: frozenset(),
}


class Event(Base):
    """One concert. Times are UTC; `timezone` says how the hall reads them."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("venue_id", "slug"),
        Index("ix_event_venue_starts", "venue_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    season_id: Mapped[str | None] = mapped_column(String(32), index=True)
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(160))
    subtitle: Mapped[str] = mapped_column(String(200), default="")
    about_md: Mapped[str] = mapped_column(Text, default="")
    city: Mapped[str] = mapped_column(String(80), default="")
    """Where the hall stands, in its own words; empty: nobody said."""
    timezone: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    doors_s: Mapped[int] = mapped_column(Integer, default=1800)
    """How many seconds before the start players may already connect."""
    state: Mapped[EventState] = mapped_column(EnumText(EventState), default=EventState.DRAFT)
    poster_seed: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)
    artist: Mapped[str] = mapped_column(String(160), default="", server_default="")
    """Who plays, as figures name them; pages show the event's own name."""
    genre: Mapped[str] = mapped_column(String(60), default="", server_default="")

    def move(self, to: EventState) -> None:
        move(self, to, EVENT_TRANSITIONS)

    @property
    def doors_at(self) -> datetime:
        """From when players may connect."""
        return self.starts_at - timedelta(seconds=self.doors_s)


class Stream(Base):
    """Where an event's live picture comes from.

    `source` is a folder name under the installation's media folder (`local`: the embedded encoder
    or anything that writes HLS there) or the address of a playlist (`pull`), fetched by us.
    """

    __tablename__ = "stream"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    event_id: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    kind: Mapped[str] = mapped_column(String(8))  # local | pull
    source: Mapped[str] = mapped_column(String(500))
    ingest_key_hash: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Replay(Base):
    """An event's recording, watchable inside [available_from, available_until)."""

    __tablename__ = "replay"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    event_id: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(8))  # local | pull
    source: Mapped[str] = mapped_column(String(500))
    available_from: Mapped[datetime]
    available_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

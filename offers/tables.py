"""Rows of what is for sale: offers, immutable prices, capacity pools, holds, coupons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
from infra.kernel.money import Money
from infra.kernel.states import move


class OfferKind(StrEnum):
    """What kind of thing is sold. The kinds sold today; the vocabulary has more."""

    STREAM_TICKET = "stream_ticket"
    REPLAY = "replay"
    SEASON_PASS = "season_pass"  # noqa: S105 - no password


class OfferState(StrEnum):
    DRAFT = "draft"
    ON_SALE = "on_sale"
    PAUSED = "paused"
    ARCHIVED = "archived"


OFFER_TRANSITIONS: Mapping[OfferState, frozenset[OfferState]] = {
    OfferState.DRAFT: frozenset({OfferState.ON_SALE, OfferState.ARCHIVED}),
    OfferState.ON_SALE: frozenset({OfferState.PAUSED, OfferState.ARCHIVED}),
    OfferState.PAUSED: frozenset({OfferState.ON_SALE, OfferState.ARCHIVED}),
    OfferState.ARCHIVED: frozenset(),
}


class Offer(Base):
    """Something for sale. `scope_id` is an event's id, or a season's for a season pass."""

    __tablename__ = "offer"
    __table_args__ = (Index("ix_offer_scope", "scope_id", "state"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[OfferKind] = mapped_column(EnumText(OfferKind))
    scope_kind: Mapped[str] = mapped_column(String(8))  # event | season
    scope_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(160))
    about_md: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[OfferState] = mapped_column(EnumText(OfferState), default=OfferState.DRAFT)
    on_sale_from: Mapped[datetime | None]
    on_sale_until: Mapped[datetime | None]
    replay_window_s: Mapped[int] = mapped_column(Integer, default=0)
    """stream_ticket: how long after the event's end its replay stays open."""
    play_window_s: Mapped[int] = mapped_column(Integer, default=0)
    """replay: how long it stays open from the first play."""
    hard_end_at: Mapped[datetime | None]
    """replay: when it closes whatever was played."""
    max_per_order: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    def move(self, to: OfferState) -> None:
        move(self, to, OFFER_TRANSITIONS)


class Price(Base):
    """What an offer costs in one currency inside [valid_from, valid_until). Never edited.

    A new price replaces an old one by starting later; where windows overlap, the latest start
    wins, and among equal starts the last one made.
    """

    __tablename__ = "price"
    __table_args__ = (CheckConstraint("minor >= 0", name="not_negative"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    offer_id: Mapped[str] = mapped_column(String(32), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    minor: Mapped[int]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


class Pool(Base):
    """Places of one offer. The hot row: `taken` counts running holds and sold places together."""

    __tablename__ = "pool"
    __table_args__ = (
        CheckConstraint("taken >= 0", name="not_negative"),
        CheckConstraint("capacity is null or taken <= capacity", name="never_oversold"),
    )

    offer_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    capacity: Mapped[int | None]
    taken: Mapped[int] = mapped_column(Integer, default=0)


class HoldState(StrEnum):
    HELD = "held"
    SOLD = "sold"
    RELEASED = "released"


HOLD_TRANSITIONS: Mapping[HoldState, frozenset[HoldState]] = {
    HoldState.HELD: frozenset({HoldState.SOLD, HoldState.RELEASED}),
    HoldState.SOLD: frozenset({HoldState.RELEASED}),  # refunded: the place is free again
    HoldState.RELEASED: frozenset({HoldState.SOLD}),  # paid late, and a place was still free
}


class Hold(Base):
    """Places kept for one order, until `due_at` while it is unpaid."""

    __tablename__ = "hold"
    __table_args__ = (
        UniqueConstraint("order_id", "offer_id"),
        Index("ix_hold_due", "state", "due_at"),
        CheckConstraint("quantity > 0", name="positive"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    offer_id: Mapped[str] = mapped_column(String(32), index=True)
    order_id: Mapped[str] = mapped_column(String(32), index=True)
    quantity: Mapped[int]
    state: Mapped[HoldState] = mapped_column(EnumText(HoldState))
    due_at: Mapped[datetime | None]
    """Machine time: a lease, so it does not move with a test venue's clock."""

    def move(self, to: HoldState) -> None:
        move(self, to, HOLD_TRANSITIONS)


class Coupon(Base):
    """A code that lowers an order: by `percent_bps`, or by `minor` of `currency`; never both."""

    __tablename__ = "coupon"
    __table_args__ = (
        UniqueConstraint("venue_id", "code"),
        CheckConstraint("percent_bps between 0 and 10000", name="percent"),
        CheckConstraint("(percent_bps > 0) <> (minor > 0)", name="one_kind"),
        CheckConstraint("max_uses is null or used <= max_uses", name="never_overused"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    code: Mapped[str] = mapped_column(String(40))  # upper case
    percent_bps: Mapped[int] = mapped_column(Integer, default=0)
    minor: Mapped[int] = mapped_column(Integer, default=0)
    currency: Mapped[str] = mapped_column(String(3), default="")
    offer_id: Mapped[str | None] = mapped_column(String(32))  # None: every offer of the venue
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    max_uses: Mapped[int | None]
    max_per_customer: Mapped[int] = mapped_column(Integer, default=1)
    used: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)


class CouponUse(Base):
    """One order's use of a coupon; `released_at` when the order came to nothing."""

    __tablename__ = "coupon_use"
    __table_args__ = (UniqueConstraint("order_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    coupon_id: Mapped[str] = mapped_column(String(32), index=True)
    order_id: Mapped[str] = mapped_column(String(32))
    email: Mapped[str] = mapped_column(String(254), index=True)
    released_at: Mapped[datetime | None]

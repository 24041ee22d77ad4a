"""What a checkout must know of an offer: the offer, its prices, its venue, and what it opens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import BindParameter, and_, bindparam, select

from entitlements.grants import NewGrant
from entitlements.tables import ScopeKind
from infra.kernel.db import Database, Tx, padded
from infra.kernel.group import GroupCommit
from offers.tables import Offer, OfferKind, OfferState, Pool, Price
from paywall.catalogue.tables import Event, EventState, Replay, Season, Venue

FAR = timedelta(days=365 * 10)
"""How long "without an end" is kept open; a grant's window has an end by construction."""


# Built once: a crowd asks for them all the time, and building costs more than sending.
_WANTED: BindParameter[str] = bindparam("offers", expanding=True)
_SHELVES = (
    select(Offer, Venue, Pool.capacity, Pool.taken, Event, Season, Replay.available_until)
    .join(Venue, Venue.id == Offer.venue_id)
    .join(Pool, Pool.offer_id == Offer.id)
    .outerjoin(Event, and_(Offer.scope_kind == "event", Event.id == Offer.scope_id))
    .outerjoin(Season, and_(Offer.scope_kind == "season", Season.id == Offer.scope_id))
    .outerjoin(Replay, and_(Offer.scope_kind == "event", Replay.event_id == Offer.scope_id))
    .where(Offer.id.in_(_WANTED))
)
_PRICES = select(Price).where(Price.offer_id.in_(_WANTED))


class Opens(msgspec.Struct, frozen=True, kw_only=True):
    """What buying an offer opens, in business time."""

    scope_kind: ScopeKind
    scope_id: str
    live: bool
    replay: bool
    until: datetime
    play_window_s: int | None = None


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """One offer with everything that its sale needs, as read at one moment."""

    offer: Offer
    prices: list[Price]
    venue: Venue
    title: str
    """The event's or season's name."""
    event: Event | None
    season: Season | None
    capacity: int | None
    taken: int
    replay_until: datetime | None

    @property
    def left(self) -> int | None:
        return None if self.capacity is None else self.capacity - self.taken

    @property
    def cancelled(self) -> bool:
        return self.event is not None and self.event.state is EventState.CANCELLED


class Shelves:
    """Shelves for those who only look. One per process; a crowd's looks share two statements."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._group: GroupCommit[str, Shelf | None] = GroupCommit(self._look, max_size=128)

    async def of(self, offer_id: str) -> Shelf | None:
        """One offer's shelf as it stands after this call; None for an unknown id."""
        return await self._group.submit(offer_id)

    async def _look(self, offer_ids: Sequence[str]) -> list[Shelf | Exception | None]:
        async with self._db.read() as tx:
            found = await load_shelves(tx, offer_ids)
        return [found.get(offer_id) for offer_id in offer_ids]


async def load_shelves(tx: Tx, offer_ids: Iterable[str]) -> dict[str, Shelf]:
    """The shelves of these offers in two statements; unknown ids are left out."""
    wanted = padded(offer_ids)
    if not wanted:
        return {}
    prices: dict[str, list[Price]] = {}
    rows = (await tx.execute(_SHELVES, {"offers": wanted})).all()
    for price in await tx.scalars(_PRICES, {"offers": wanted}):
        prices.setdefault(price.offer_id, []).append(price)
    shelves = {}
    for offer, venue, capacity, taken, event, season, replay_until in rows:
        shelves[offer.id] = Shelf(
            offer=offer,
            prices=prices.get(offer.id, []),
            venue=venue,
            title=event.name if event is not None else season.name if season is not None else "",
            event=event,
            season=season,
            capacity=capacity,
            taken=taken,
            replay_until=replay_until,
        )
    return shelves


async def load_shown(tx: Tx, scope_ids: Iterable[str]) -> dict[str, Shelf]:
    """The shelves of what is shown for sale for these events and seasons."""
    shown = Offer.state.in_((OfferState.ON_SALE, OfferState.PAUSED))
    query = select(Offer.id).where(Offer.scope_id.in_(sorted(set(scope_ids))), shown)
    return await load_shelves(tx, await tx.scalars(query))


def opens(shelf: Shelf, bought_at: datetime) -> Opens:
    """What the offer opens when it is bought now, and until when.

    stream_ticket: live, and the replay for `replay_window_s` after the event's end.
    replay: `play_window_s` from the first play, with a hard end.
    season_pass: every event of the season, live and replay, until the season ends.
    """
    offer, event, season = shelf.offer, shelf.event, shelf.season
    if offer.kind is OfferKind.SEASON_PASS:
        assert season is not None
        return Opens(
            scope_kind=ScopeKind.SEASON,
            scope_id=season.id,
            live=True,
            replay=True,
            until=season.ends_at,
        )
    assert event is not None
    if offer.kind is OfferKind.STREAM_TICKET:
        return Opens(
            scope_kind=ScopeKind.EVENT,
            scope_id=event.id,
            live=True,
            replay=offer.replay_window_s > 0,
            until=event.ends_at + timedelta(seconds=offer.replay_window_s),
        )
    ends = [at for at in (offer.hard_end_at, shelf.replay_until) if at is not None]
    return Opens(
        scope_kind=ScopeKind.EVENT,
        scope_id=event.id,
        live=False,
        replay=True,
        until=min(ends, default=bought_at + FAR),
        play_window_s=offer.play_window_s or None,
    )


def grant_for(
    shelf: Shelf, *, customer_id: str, order_id: str, line_id: str, bought_at: datetime
) -> NewGrant | None:
    """The grant that this purchase gives; None when what it would open is already over."""
    opened = opens(shelf, bought_at)
    if opened.until <= bought_at:
        return None
    return NewGrant(
        venue_id=shelf.venue.id,
        customer_id=customer_id,
        scope_kind=opened.scope_kind,
        scope_id=opened.scope_id,
        starts_at=bought_at,
        ends_at=opened.until,
        opens_live=opened.live,
        opens_replay=opened.replay,
        play_window_s=opened.play_window_s,
        order_id=order_id,
        source_key=f"{line_id}:0",
    )

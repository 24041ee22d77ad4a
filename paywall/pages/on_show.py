"""What pages show of an event: its phase, what is for sale, and what the reader owns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import select

from entitlements.grants import Refused
from entitlements.ports import Kind
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from offers.quote import Availability, availability, pick_currency, price_now
from offers.tables import Offer, OfferKind
from paywall.accounts.principal import Principal
from paywall.accounts.tables import Customer
from paywall.bridges.entitlements import OVERRUN, Playback, Stage, load_stages
from paywall.catalogue.tables import Event, EventState, Replay, Venue
from paywall.checkout.shelf import Opens, Shelf, load_shown, opens

SHOWN = (EventState.PUBLISHED, EventState.CANCELLED)
FEW = 20
"""Up to so many places left are told; more are nobody's hurry."""


class Phase(StrEnum):
    AHEAD = "ahead"
    LIVE = "live"
    OVER = "over"
    REPLAY = "replay"  # over, and its recording can be watched
    CANCELLED = "cancelled"


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One offer as it stands for this reader now."""

    shelf: Shelf
    state: Availability
    price: Money | None
    was: Money | None
    opens: Opens

    @property
    def offer(self) -> Offer:
        return self.shelf.offer

    @property
    def is_open(self) -> bool:
        return self.state is Availability.OPEN


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One event on a page, with its sales. `now` is the venue's business time."""

    event: Event
    venue: Venue
    replay: Replay | None
    sales: list[Sale]
    now: datetime

    @property
    def phase(self) -> Phase:
        return phase_of(self.event, self.replay, self.now)

    @property
    def doors_at(self) -> datetime:
        return self.event.starts_at - timedelta(seconds=self.event.doors_s)

    @property
    def main(self) -> Sale | None:
        """What the page's one button sells: the ticket before and during, the replay after."""
        if self.phase in (Phase.AHEAD, Phase.LIVE):
            return best(self.sales, OfferKind.STREAM_TICKET)
        if self.phase is Phase.REPLAY:
            return best(self.sales, OfferKind.REPLAY) or best(self.sales, OfferKind.STREAM_TICKET)
        return None


def phase_of(event: Event, replay: Replay | None, now: datetime) -> Phase:
    if event.state is EventState.CANCELLED:
        return Phase.CANCELLED
    if now < event.starts_at:
        return Phase.AHEAD
    if now < event.ends_at:
        return Phase.LIVE
    until = replay.available_until if replay is not None else None
    if replay is None or now < replay.available_from or (until is not None and now >= until):
        return Phase.OVER
    return Phase.REPLAY


def sale_of(shelf: Shelf, currency: str, now: datetime) -> Sale:
    """Pure: what the offer costs this reader now, or why it can't be bought."""
    chosen = pick_currency(shelf.prices, currency, shelf.venue.currency, now)
    price = price_now(shelf.prices, chosen, now)
    opened = opens(shelf, now)
    state = availability(shelf.offer, price, shelf.left, now)
    if state is Availability.OPEN and (shelf.cancelled or opened.until <= now):
        state = Availability.OVER
    return Sale(
        shelf=shelf,
        state=state,
        price=None if price is None else price.amount,
        was=_was(shelf, chosen, now, None if price is None else price.amount),
        opens=opened,
    )


def _was(shelf: Shelf, currency: str, now: datetime, amount: Money | None) -> Money | None:
    """The dearest earlier price that this one replaced, such as a pass that falls in mid-season."""
    before = [
        p.amount
        for p in shelf.prices
        if p.currency == currency and p.valid_until is not None and p.valid_until <= now
    ]
    dearest = max(before, key=lambda money: money.minor, default=None)
    if amount is None or dearest is None or dearest.minor <= amount.minor:
        return None
    return dearest


_ORDER = (
    Availability.OPEN,
    Availability.NOT_YET,
    Availability.SOLD_OUT,
    Availability.OVER,
    Availability.PAUSED,
    Availability.NO_PRICE,
)


def best(sales: Iterable[Sale], kind: OfferKind) -> Sale | None:
    """The sale of this kind that gets a reader furthest: open ones first, then the cheapest."""

    def rank(sale: Sale) -> tuple[int, int, str]:
        minor = sale.price.minor if sale.price is not None else 0
        return _ORDER.index(sale.state), minor, sale.offer.id

    fitting = [s for s in sales if s.offer.kind is kind and s.state is not Availability.PAUSED]
    return min(fitting, key=rank, default=None)


async def show(
    tx: Tx, pairs: Sequence[tuple[Event, Venue]], currency: str, machine_now: datetime
) -> list[Shown]:
    """These events with their sales, in order; four statements for any number of events."""
    if not pairs:
        return []
    event_ids = [event.id for event, _ in pairs]
    seasons = {event.season_id for event, _ in pairs if event.season_id}
    shelves = list((await load_shown(tx, [*event_ids, *seasons])).values())
    replays = {
        replay.event_id: replay
        for replay in await tx.scalars(
            select(Replay).where(Replay.event_id.in_(event_ids)).order_by(Replay.id)
        )
    }
    shown = []
    for event, venue in pairs:
        now = machine_now + timedelta(seconds=venue.clock_offset_s)
        mine = [s for s in shelves if s.offer.scope_id in (event.id, event.season_id)]
        shown.append(
            Shown(
                event=event,
                venue=venue,
                replay=replays.get(event.id),
                sales=[sale_of(shelf, currency, now) for shelf in mine],
                now=now,
            )
        )
    return shown


async def venue_by_slug(tx: Tx, slug: str) -> Venue:
    venue: Venue | None = await tx.scalar(select(Venue).where(Venue.slug == slug))
    if venue is None:
        raise NotFound("venue")
    return venue


class Owned(msgspec.Struct, frozen=True):
    """What a reader may do with an event by what they bought."""

    live: bool = False  # now
    replay: bool = False  # now
    later: bool = False  # bought, and not open yet
    until: datetime | None = None

    @property
    def anything(self) -> bool:
        return self.live or self.replay or self.later


async def customer_id(tx: Tx, principal: Principal, venue_id: str) -> str:
    """The reader as this venue's customer; empty for strangers and unproven addresses."""
    if not principal.account_id or not principal.email_proven:
        return ""
    query = select(Customer.id).where(
        Customer.venue_id == venue_id, Customer.account_id == principal.account_id
    )
    return await tx.scalar(query) or ""


async def owned(
    tx: Tx, playback: Playback, principal: Principal, event: Event, public_url: str
) -> Owned:
    """Asked the way the player will be: by the same grants and the same windows."""
    whom = await customer_id(tx, principal, event.venue_id)
    stage = (await load_stages(tx, [event.id], public_url)).get(event.id)
    if not whom or stage is None:
        return Owned()
    return await _owned(tx, playback, whom, stage)


async def _owned(tx: Tx, playback: Playback, whom: str, stage: Stage) -> Owned:
    answers = [await playback.may_watch(tx, whom, stage, kind) for kind in (Kind.LIVE, Kind.REPLAY)]
    live, replay = (None if isinstance(one, Refused) else one for one in answers)
    allowed = live or replay
    later = any(
        isinstance(one, Refused) and one.code in ("not_yet", "not_available") for one in answers
    )
    return Owned(
        live=live is not None,
        replay=replay is not None,
        later=later and allowed is None,
        until=None if allowed is None else allowed.window.end,
    )


def still_on(event: Event, now: datetime) -> bool:
    """A concert may run over: its picture stays open a while after the announced end."""
    return event.starts_at <= now < event.ends_at + OVERRUN

"""Offers put on sale and taken off: made, priced, changed. Each in the caller's transaction.

Whether an offer's event exists and can be delivered is the caller's to say: a leaf knows only ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import func, select, update

from infra.kernel.bounds import (
    UNSET,
    Ask,
    Id,
    Markdown,
    Moment,
    MoneyAsk,
    Name,
    Unset,
    changes,
)
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.ids import new_id
from infra.kernel.paging import Slice, Wanted, slice_of
from offers.tables import Offer, OfferKind, OfferState, Pool, Price

PRICES_MAX = 200
"""Prices of one offer, past ones too: replaced ones stay for the orders that used them."""

Capacity = Annotated[int, Meta(ge=0, le=10_000_000, description="Places; null for no limit.")]
# One purchase opens one account's players, so a second piece in the same order would open nothing.
PerOrder = Annotated[int, Meta(ge=1, le=1)]
ReplayWindow = Annotated[
    int, Meta(ge=0, le=366 * 86400, description="stream_ticket: seconds of replay after the end.")
]
PlayWindow = Annotated[
    int, Meta(ge=0, le=366 * 86400, description="replay: seconds from the first play.")
]


class NotDeliverable(Conflict):
    """The offer can't go on sale yet; `missing` lists what to do first."""

    code = "not_deliverable"


class NewPrice(MoneyAsk, frozen=True):
    """What the offer costs inside [valid_from, valid_until); an absent end is open.

    Where windows of one currency overlap, the latest start wins, then the last one made.
    """

    valid_from: Moment | None = None
    valid_until: Moment | None = None


class NewOffer(Ask, frozen=True):
    """Something for sale. `scope_id` is an event's id; for a season pass a season's."""

    kind: OfferKind
    scope_id: Id
    name: Name
    about_md: Markdown = ""
    on_sale_from: Moment | None = None
    on_sale_until: Moment | None = None
    capacity: Capacity | None = None
    max_per_order: PerOrder = 1
    replay_window_s: ReplayWindow = 0
    play_window_s: PlayWindow = 0
    hard_end_at: Moment | None = None
    prices: Annotated[list[NewPrice], Meta(max_length=50)] = msgspec.field(default_factory=list)


class OfferEdit(Ask, frozen=True):
    """What to change; absent members stay. What a ticket opens can change only in a draft."""

    name: Name | Unset = UNSET
    about_md: Markdown | Unset = UNSET
    on_sale_from: Moment | Unset | None = UNSET
    on_sale_until: Moment | Unset | None = UNSET
    capacity: Capacity | Unset | None = UNSET
    max_per_order: PerOrder | Unset = UNSET
    replay_window_s: ReplayWindow | Unset = UNSET
    play_window_s: PlayWindow | Unset = UNSET
    hard_end_at: Moment | Unset | None = UNSET


_TERMS = frozenset({"replay_window_s", "play_window_s", "hard_end_at"})


async def create(tx: Tx, venue_id: str, offer_id: str, new: NewOffer, *, now: datetime) -> Offer:
    """Make a draft with its prices and places; the one that is there, if it was made before.

    The caller has checked that the scope exists at this venue. `now` is machine time.
    """
    known = await tx.get(Offer, offer_id)
    if known is not None and known.venue_id == venue_id:
        return known
    offer = Offer(
        id=offer_id,
        venue_id=venue_id,
        kind=new.kind,
        scope_kind="season" if new.kind is OfferKind.SEASON_PASS else "event",
        scope_id=new.scope_id,
        name=new.name,
        about_md=new.about_md,
        state=OfferState.DRAFT,
        on_sale_from=new.on_sale_from,
        on_sale_until=new.on_sale_until,
        replay_window_s=new.replay_window_s,
        play_window_s=new.play_window_s,
        hard_end_at=new.hard_end_at,
        max_per_order=new.max_per_order,
        created_at=now,
        version=1,
    )
    check_terms(offer)
    tx.add(offer)
    tx.add(Pool(offer_id=offer_id, venue_id=venue_id, capacity=new.capacity, taken=0))
    for price in new.prices:
        tx.add(_price(offer, new_id("prc"), price, now))
    await tx.flush()
    return offer


def check_terms(offer: Offer) -> None:
    """What a kind must say, and may not; Invalid names the field and the remedy."""
    if offer.kind is OfferKind.REPLAY:
        if not offer.play_window_s:
            raise Invalid("play_window_s", "Say for how many seconds from the first play it opens.")
        if offer.hard_end_at is None:
            raise Invalid("hard_end_at", "Say when the replay closes, whatever was played.")
    else:
        if offer.play_window_s:
            raise Invalid("play_window_s", "Only a replay opens from its first play. Leave it 0.")
        if offer.hard_end_at is not None:
            raise Invalid("hard_end_at", "Only a replay has a hard end. Leave it out.")
    if offer.kind is not OfferKind.STREAM_TICKET and offer.replay_window_s:
        raise Invalid("replay_window_s", "Only a stream ticket has it. Leave it 0.")
    starts, ends = offer.on_sale_from, offer.on_sale_until
    if starts is not None and ends is not None and ends <= starts:
        raise Invalid("on_sale_until", "It must lie after on_sale_from: move it later.")


async def get(tx: Tx, venue_id: str, offer_id: str, *, lock: bool = False) -> Offer:
    query = select(Offer).where(Offer.id == offer_id, Offer.venue_id == venue_id)
    offer = await tx.scalar(query.with_for_update() if lock else query)
    if offer is None:
        raise NotFound("offer")
    return offer


async def listed(
    tx: Tx,
    venue_id: str,
    wanted: Wanted,
    *,
    scope_id: str = "",
    state: OfferState | None = None,
) -> Slice[Offer]:
    """The venue's offers, newest first."""
    query = select(Offer).where(Offer.venue_id == venue_id)
    if scope_id:
        query = query.where(Offer.scope_id == scope_id)
    if state is not None:
        query = query.where(Offer.state == state)
    return await slice_of(tx, query, wanted, id_column=Offer.id)


async def pools_of(tx: Tx, offer_ids: Sequence[str]) -> dict[str, Pool]:
    if not offer_ids:
        return {}
    pools = await tx.scalars(select(Pool).where(Pool.offer_id.in_(offer_ids)))
    return {pool.offer_id: pool for pool in pools}


async def edit(tx: Tx, venue_id: str, offer_id: str, version: int, wanted: OfferEdit) -> Offer:
    """Change the offer; the hot row of its places is touched last."""
    offer = await get(tx, venue_id, offer_id, lock=True)
    if offer.version != version:
        raise StaleEdit("Somebody changed this offer meanwhile. Read it again.")
    if offer.state is OfferState.ARCHIVED:
        raise Conflict("An archived offer can't be changed. Make a new one.")
    values = changes(wanted)
    capacity = values.pop("capacity", UNSET)
    frozen = sorted(_TERMS & values.keys())
    if frozen and offer.state is not OfferState.DRAFT:
        raise Conflict(
            f"{frozen[0]} can't change once the offer was on sale. Archive it and make a new one.",
            field=frozen[0],
            code="terms_fixed",
        )
    for field, value in values.items():
        setattr(offer, field, value)
    check_terms(offer)
    offer.version += 1
    await tx.flush()
    if capacity is not UNSET:
        await set_capacity(tx, offer_id, capacity)
    return offer


async def set_capacity(tx: Tx, offer_id: str, capacity: int | None) -> None:
    """Set how many places there are, never below what is taken (one atomic statement)."""
    changed = await tx.execute(
        update(Pool)
        .where(
            Pool.offer_id == offer_id,
            Pool.taken <= capacity if capacity is not None else Pool.taken >= 0,
        )
        .values(capacity=capacity)
        .returning(Pool.taken)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        taken = await tx.scalar(select(Pool.taken).where(Pool.offer_id == offer_id))
        raise Conflict(
            f"{taken} places are taken already. Set the capacity to {taken} or more.",
            field="capacity",
            code="below_taken",
            taken=taken,
        )


async def prices_of(tx: Tx, offer_ids: Sequence[str]) -> dict[str, list[Price]]:
    """Every price of these offers, oldest first."""
    prices: dict[str, list[Price]] = {offer_id: [] for offer_id in offer_ids}
    if offer_ids:
        query = select(Price).where(Price.offer_id.in_(offer_ids)).order_by(Price.id)
        for price in await tx.scalars(query):
            prices[price.offer_id].append(price)
    return prices


async def add_price(
    tx: Tx, venue_id: str, offer_id: str, price_id: str, new: NewPrice, *, now: datetime
) -> Price:
    """Add a price; none is ever changed. The one that is there, if it was made before."""
    known = await tx.get(Price, price_id)
    if known is not None and known.venue_id == venue_id:
        return known
    offer = await get(tx, venue_id, offer_id, lock=True)
    if offer.state is OfferState.ARCHIVED:
        raise Conflict("An archived offer takes no new price. Make a new offer.")
    count = await tx.scalar(select(func.count()).where(Price.offer_id == offer_id))
    if (count or 0) >= PRICES_MAX:
        raise Conflict(f"An offer has at most {PRICES_MAX} prices. Make a new offer.")
    price = _price(offer, price_id, new, now)
    tx.add(price)
    offer.version += 1
    await tx.flush()
    return price


def _price(offer: Offer, price_id: str, new: NewPrice, now: datetime) -> Price:
    starts, ends = new.valid_from, new.valid_until
    if starts is not None and ends is not None and ends <= starts:
        raise Invalid("valid_until", "It must lie after valid_from: move it later.")
    return Price(
        id=price_id,
        venue_id=offer.venue_id,
        offer_id=offer.id,
        currency=new.currency,
        minor=new.amount,
        valid_from=starts,
        valid_until=ends,
        created_at=now,
    )


async def publish(tx: Tx, venue_id: str, offer_id: str, missing: Sequence[str]) -> Offer:
    """Put it on sale, or raise NotDeliverable with everything that is missing first.

    `missing` are the caller's sentences on the event and its pictures; the price is checked here.
    """
    offer = await get(tx, venue_id, offer_id, lock=True)
    todo = list(missing)
    if await tx.scalar(select(Price.id).where(Price.offer_id == offer_id).limit(1)) is None:
        todo.append("Add a price.")
    if todo:
        raise NotDeliverable(f"This can't go on sale yet. {' '.join(todo)}", missing=todo)
    return await _moved(tx, offer, OfferState.ON_SALE)


async def pause(tx: Tx, venue_id: str, offer_id: str) -> Offer:
    """Stop selling for now; who has bought keeps what they have."""
    return await _moved(tx, await get(tx, venue_id, offer_id, lock=True), OfferState.PAUSED)


async def archive(tx: Tx, venue_id: str, offer_id: str) -> Offer:
    """Stop selling for good."""
    return await _moved(tx, await get(tx, venue_id, offer_id, lock=True), OfferState.ARCHIVED)


async def _moved(tx: Tx, offer: Offer, to: OfferState) -> Offer:
    offer.move(to)
    offer.version += 1
    await tx.flush()
    return offer

"""Offers of a venue, for its staff: what is sold, at which prices, how many, and when."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from infra.kernel.bounds import Id, Moment, changes
from infra.kernel.db import Tx
from infra.kernel.paging import Slice
from offers import sale
from offers.tables import Offer, OfferKind, OfferState, Pool, Price
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.bridges.offers import check_scope, missing_for
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import MoneyView, money, utc, utc_or_none

READ = {"permission": Permission.CATALOGUE_READ}
WRITE = {"permission": Permission.OFFERS_WRITE}

OfScope = Annotated[
    str, QueryParameter(max_length=32, description="Only for this event or season.")
]
InState = Annotated[OfferState | None, QueryParameter(description="Only offers in this state.")]


class PriceView(msgspec.Struct, frozen=True, kw_only=True):
    """A price, valid inside [valid_from, valid_until); null is open."""

    id: Id
    price: MoneyView
    valid_from: Moment | None
    valid_until: Moment | None
    created_at: Moment


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as its staff see it. `taken` counts running checkouts and sold places."""

    id: Id
    kind: OfferKind
    scope_id: Id
    name: str
    about_md: str
    state: OfferState
    on_sale_from: Moment | None
    on_sale_until: Moment | None
    capacity: int | None
    taken: int
    max_per_order: int
    replay_window_s: int
    play_window_s: int
    hard_end_at: Moment | None
    prices: list[PriceView]
    created_at: Moment
    version: int


def price_view(price: Price) -> PriceView:
    return PriceView(
        id=price.id,
        price=money(price.amount),
        valid_from=utc_or_none(price.valid_from),
        valid_until=utc_or_none(price.valid_until),
        created_at=utc(price.created_at),
    )


def view(offer: Offer, pool: Pool, prices: list[Price]) -> OfferView:
    return OfferView(
        id=offer.id,
        kind=offer.kind,
        scope_id=offer.scope_id,
        name=offer.name,
        about_md=offer.about_md,
        state=offer.state,
        on_sale_from=utc_or_none(offer.on_sale_from),
        on_sale_until=utc_or_none(offer.on_sale_until),
        capacity=pool.capacity,
        taken=pool.taken,
        max_per_order=offer.max_per_order,
        replay_window_s=offer.replay_window_s,
        play_window_s=offer.play_window_s,
        hard_end_at=utc_or_none(offer.hard_end_at),
        prices=[price_view(price) for price in prices],
        created_at=utc(offer.created_at),
        version=offer.version,
    )


async def _views(tx: Tx, offers: list[Offer]) -> list[OfferView]:
    ids = [offer.id for offer in offers]
    pools = await sale.pools_of(tx, ids)
    prices = await sale.prices_of(tx, ids)
    return [view(offer, pools[offer.id], prices[offer.id]) for offer in offers]


async def _shown(tx: Tx, offer: Offer) -> OfferView:
    # A bulk statement may have changed the pool behind the session's back.
    tx.expire_all()
    await tx.refresh(offer)
    return (await _views(tx, [offer]))[0]


@post("/v1/venues/{venue_id:str}/offers", opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[sale.NewOffer],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[OfferView]:
    """Make an offer, as a draft, with its first prices.

    stream_ticket opens the live picture of an event, and its replay for replay_window_s after the
    end. replay opens the recording for play_window_s from the first play, until hard_end_at.
    season_pass opens every event of a season, live and replay, until the season ends.
    """

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            await check_scope(act.tx, venue_id, data.kind, data.scope_id)
            offer = await sale.create(
                act.tx, venue_id, resume.resource_id, data, now=act.machine_now
            )
            await act.note("offer.created", offer.id)
            shown = await _shown(act.tx, offer)
        return Answer(201, shown, {"ETag": etag(shown.version)})

    return await once(request, parts, principal, "ofr", run)


@get("/v1/venues/{venue_id:str}/offers", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    scope_id: OfScope = "",
    offer_state: InState = None,
) -> Response[Page[OfferView]]:
    """List the venue's offers, newest first."""
    async with look_at(parts, venue_id) as look:
        rows = await sale.listed(
            look.tx, venue_id, wanted(limit, cursor), scope_id=scope_id, state=offer_state
        )
        views = Slice(await _views(look.tx, rows.rows), rows.more)
    return page_of(request, views, lambda shown: shown)


@get("/v1/venues/{venue_id:str}/offers/{offer_id:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], offer_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[OfferView]:
    """Read one offer with all of its prices."""
    async with look_at(parts, venue_id) as look:
        shown = await _shown(look.tx, await sale.get(look.tx, venue_id, offer_id))
    return tagged(shown, shown.version)


@patch("/v1/venues/{venue_id:str}/offers/{offer_id:str}", opt={**WRITE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    offer_id: FromPath[str],
    data: JSONBody[sale.OfferEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[OfferView]:
    """Change an offer. Capacity can't fall below what is taken; terms change only in a draft."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        offer = await sale.edit(act.tx, venue_id, offer_id, version, data)
        await act.note("offer.changed", offer.id, fields=sorted(changes(data)))
        shown = await _shown(act.tx, offer)
    return tagged(shown, shown.version)


@post(
    "/v1/venues/{venue_id:str}/offers/{offer_id:str}/prices",
    opt={**WRITE, "idempotent": "accepted"},
)
async def add_price(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    offer_id: FromPath[str],
    data: JSONBody[sale.NewPrice],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[PriceView]:
    """Add a price. Prices are never changed: a later start replaces an earlier one."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            price = await sale.add_price(
                act.tx, venue_id, offer_id, resume.resource_id, data, now=act.machine_now
            )
            await act.note("price.added", price.id, offer_id=offer_id, minor=price.minor)
        return Answer(201, price_view(price))

    return await once(request, parts, principal, "prc", run)


@post(
    "/v1/venues/{venue_id:str}/offers/{offer_id:str}/publish",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def publish(
    venue_id: FromPath[str],
    offer_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[OfferView]:
    """Put an offer on sale, first or again. 409 `not_deliverable` lists what is missing."""
    async with act_at(parts, principal, venue_id) as act:
        missing = await missing_for(act.tx, await sale.get(act.tx, venue_id, offer_id))
        offer = await sale.publish(act.tx, venue_id, offer_id, missing)
        await act.note("offer.published", offer.id)
        shown = await _shown(act.tx, offer)
    return tagged(shown, shown.version, status=200)


@post(
    "/v1/venues/{venue_id:str}/offers/{offer_id:str}/pause",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def pause(
    venue_id: FromPath[str],
    offer_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[OfferView]:
    """Stop selling an offer for now."""
    async with act_at(parts, principal, venue_id) as act:
        offer = await sale.pause(act.tx, venue_id, offer_id)
        await act.note("offer.paused", offer.id)
        shown = await _shown(act.tx, offer)
    return tagged(shown, shown.version, status=200)


@post(
    "/v1/venues/{venue_id:str}/offers/{offer_id:str}/archive",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def archive(
    venue_id: FromPath[str],
    offer_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[OfferView]:
    """Stop selling an offer for good. Who has bought keeps what they have."""
    async with act_at(parts, principal, venue_id) as act:
        offer = await sale.archive(act.tx, venue_id, offer_id)
        await act.note("offer.archived", offer.id)
        shown = await _shown(act.tx, offer)
    return tagged(shown, shown.version, status=200)

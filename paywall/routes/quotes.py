"""What an offer costs this visitor now, what it opens and until when. Nothing is kept or held."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from entitlements.tables import ScopeKind
from infra.kernel.bounds import Ask, CouponText, Currency, Id, Moment
from infra.kernel.errors import NotFound
from offers import coupons
from offers.quote import Availability, Quote, availability, pick_currency, price_now
from offers.quote import quote as quote_of
from offers.tables import Coupon, OfferKind, OfferState
from paywall.accounts.limits import COUPON_PER_NETWORK, enforce, network
from paywall.catalogue import storefront
from paywall.checkout.shelf import Shelf, load_shown, opens
from paywall.http.client_address import client_address
from paywall.http.parts import Parts
from paywall.http.views import MoneyView, money, utc

FEW = 20
"""From here on the exact number of places left is told; above it, only that there are some."""


class QuoteAsk(Ask, frozen=True):
    """`currency` is the visitor's wish: the venue's own is used where it has no price."""

    offer_id: Id
    quantity: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    currency: Currency | None = None
    coupon: CouponText = None


class TaxView(msgspec.Struct, frozen=True):
    """The tax inside the total, not on top of it."""

    rate_bps: int
    included: MoneyView


class CostView(msgspec.Struct, frozen=True, kw_only=True):
    """Unit price times quantity, less the coupon, with the tax that is inside."""

    price_id: Id
    unit: MoneyView
    subtotal: MoneyView
    discount: MoneyView
    total: MoneyView
    tax: TaxView
    coupon: str | None


class OpensView(msgspec.Struct, frozen=True, kw_only=True):
    """What it opens, until when; a replay closes play_window_s after its first play."""

    scope_kind: ScopeKind
    scope_id: Id
    live: bool
    replay: bool
    until: Moment
    play_window_s: int | None


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """A quote at one moment. `cost` is null where there is no price now."""

    offer_id: Id
    venue_id: Id
    kind: OfferKind
    name: str
    title: str
    quantity: int
    availability: Availability
    places_left: int | None
    cost: CostView | None
    opens: OpensView
    at: Moment


class QuoteList(msgspec.Struct, frozen=True):
    """All of them: an event has few offers, so there are no pages."""

    data: list[QuoteView]


Wish = Annotated[
    Currency | None,
    QueryParameter(description="Prices in this currency, where the offer has one in it."),
]


@post("/v1/quotes", opt={"public": True, "errors": (404,)}, status_code=200)
async def ask(
    request: Request[Any, Any, Any], data: JSONBody[QuoteAsk], parts: NamedDependency[Parts]
) -> QuoteView:
    """Ask what an offer costs now. Nothing is held: the price may change until checkout."""
    code = (data.coupon or "").strip()
    if code:
        address = client_address(request.scope, parts.settings.trusted_proxies)
        await enforce(parts.limiter, (COUPON_PER_NETWORK, network(address)))
    shelf = await parts.shelves.of(data.offer_id)
    if shelf is None or shelf.offer.state in {OfferState.DRAFT, OfferState.ARCHIVED}:
        raise NotFound("offer")
    coupon = None
    if code:
        async with parts.db.read() as tx:
            coupon = await coupons.find(tx, shelf.venue.id, code)
    now = parts.clock.now(shelf.venue.clock_offset_s)
    return _quoted(shelf, data.currency or "", data.quantity, coupon, now)


@get("/v1/catalogue/events/{event_id:str}/offers", opt={"public": True})
async def of_event(
    event_id: FromPath[str], parts: NamedDependency[Parts], currency: Wish = None
) -> QuoteList:
    """What a viewer can buy for a published event, each offer with its price for one now.

    Its own tickets and replays, and the passes of its season, the cheapest first.
    """
    async with parts.db.read() as tx:
        event, venue = await storefront.event(tx, event_id)
        scopes = [event.id, event.season_id] if event.season_id else [event.id]
        shelves = (await load_shown(tx, scopes)).values()
    now = parts.clock.now(venue.clock_offset_s)
    views = [_quoted(shelf, currency or "", 1, None, now) for shelf in shelves]
    return QuoteList(sorted(views, key=_cheapest_first))


def _cheapest_first(view: QuoteView) -> tuple[bool, int, str]:
    return view.cost is None, 0 if view.cost is None else view.cost.total.amount, view.offer_id


def _quoted(
    shelf: Shelf, wish: str, quantity: int, coupon: Coupon | None, now: datetime
) -> QuoteView:
    currency = pick_currency(shelf.prices, wish, shelf.venue.currency, now)
    price = price_now(shelf.prices, currency, now)
    cost = None
    if price is not None:
        cost = quote_of(
            shelf.offer,
            price,
            quantity=quantity,
            tax_bps=shelf.venue.vat_bps,
            coupon=coupon,
            now=now,
        )
    state = availability(shelf.offer, price, shelf.left, now, quantity)
    if state is Availability.OPEN and (shelf.cancelled or opens(shelf, now).until <= now):
        state = Availability.OVER
    return _view(shelf, quantity, state, cost, now)


def _view(
    shelf: Shelf, quantity: int, state: Availability, cost: Quote | None, now: datetime
) -> QuoteView:
    opened = opens(shelf, now)
    left = shelf.left
    return QuoteView(
        offer_id=shelf.offer.id,
        venue_id=shelf.venue.id,
        kind=shelf.offer.kind,
        name=shelf.offer.name,
        title=shelf.title,
        quantity=quantity,
        availability=state,
        places_left=left if left is not None and left <= FEW else None,
        cost=None if cost is None else _cost(cost),
        opens=OpensView(
            scope_kind=opened.scope_kind,
            scope_id=opened.scope_id,
            live=opened.live,
            replay=opened.replay,
            until=utc(opened.until),
            play_window_s=opened.play_window_s,
        ),
        at=utc(now),
    )


def _cost(cost: Quote) -> CostView:
    return CostView(
        price_id=cost.price_id,
        unit=money(cost.unit),
        subtotal=money(cost.subtotal),
        discount=money(cost.discount),
        total=money(cost.total),
        tax=TaxView(cost.tax_bps, money(cost.tax)),
        coupon=cost.coupon_code or None,
    )

"""Orders are placed in batches: everything they need is read together and written together.

A batch is one transaction. When one order of it can't be had (sold out, coupon used up) the whole
batch rolls back and its orders are placed one by one, so that only the one is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from infra.kernel.db import Tx, add_rows
from infra.kernel.ids import new_id
from offers import coupons, places
from offers.quote import Quote
from offers.tables import Coupon, Hold, HoldState
from paywall.accounts.customers import accounts_for, customers_for
from paywall.catalogue.tables import Mode
from paywall.checkout import tell
from paywall.checkout.announce import Announcer, PaidOrder
from paywall.checkout.order_requests import OrderRequest, weigh
from paywall.checkout.shelf import Shelf, load_shelves
from paywall.checkout.tables import Order, OrderLine, OrderState

HOLD_LIFE = timedelta(minutes=15)
"""How long places are kept for a running checkout; 3-D Secure and a bank's app fit in."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it was written."""

    order_id: str
    line_id: str
    customer_id: str
    account_id: str
    request: OrderRequest
    quote: Quote
    shelf: Shelf
    now: datetime
    """Business time of the order's venue."""
    paid: bool
    """Nothing is left to pay: the money was taken elsewhere, or the order is free."""


async def place(
    tx: Tx, requests: Sequence[OrderRequest], *, paid: bool, machine_now: datetime
) -> list[Placed]:
    """Write the orders with their lines and places: open, or already paid where `paid` or free.

    Raises the Problem of the first order that can't be had; the caller rolls back. The pools,
    which are hot, are touched last: after this only cheap inserts may follow in the transaction.
    """
    shelves = await load_shelves(tx, (request.offer_id for request in requests))
    # Coupons are locked in the order of their codes, so that two batches never wait crosswise.
    weighed = {
        request.order_id: await _weigh(tx, request, shelves, machine_now, paid=paid)
        for request in sorted(requests, key=lambda r: (r.venue_id, r.coupon.strip().upper()))
    }
    placed = [weighed[request.order_id] for request in requests]
    account_ids = await accounts_for(tx, [request.email for request in requests], machine_now)
    pairs = [(r.venue_id, account_ids[r.email]) for r in requests]
    customer_ids = await customers_for(tx, pairs, machine_now)
    complete = [
        msgspec.structs.replace(item, account_id=pair[1], customer_id=customer_ids[pair])
        for item, pair in zip(placed, pairs, strict=True)
    ]
    await add_rows(tx, Order, [_order_row(item) for item in complete])
    await add_rows(tx, OrderLine, [_line_row(item) for item in complete])
    due_at = machine_now + HOLD_LIFE
    await add_rows(tx, Hold, [_hold_row(item, due_at) for item in complete])
    return complete


async def take_places(
    tx: Tx, placed: Sequence[Placed], announcer: Announcer, machine_now: datetime
) -> None:
    """The last statement of a batch: all its places, offer by offer, in one update each.

    Only who takes the last place has one thing more to do: tell the venue.
    """
    wanted: Counter[str] = Counter()
    for item in placed:
        wanted[item.quote.offer_id] += item.quote.quantity
    full = await places.take(tx, wanted)
    if full:
        last = {item.quote.offer_id: item for item in placed}
        told = [
            tell.sold_out(last[offer_id].shelf.venue.id, offer_id, last[offer_id].order_id)
            for offer_id in full
        ]
        await announcer.tell(tx, told, machine_now)


async def _weigh(
    tx: Tx,
    request: OrderRequest,
    shelves: dict[str, Shelf],
    machine_now: datetime,
    *,
    paid: bool,
) -> Placed:
    shelf = shelves.get(request.offer_id)
    now = machine_now
    coupon: Coupon | None = None
    if shelf is not None:
        now = machine_now + timedelta(seconds=shelf.venue.clock_offset_s)
        if request.coupon:
            coupon = await coupons.find(tx, request.venue_id, request.coupon)
    quote = weigh(request, shelf, coupon, now)
    assert shelf is not None
    if coupon is not None:
        await coupons.use(tx, coupon, order_id=request.order_id, email=request.email)
    return Placed(
        order_id=request.order_id,
        line_id=new_id("lin"),
        customer_id="",
        account_id="",
        request=request,
        quote=quote,
        shelf=shelf,
        now=now,
        paid=paid or not quote.total,
    )


def _order_row(item: Placed) -> dict[str, Any]:
    request, quote, venue = item.request, item.quote, item.shelf.venue
    return {
        "id": item.order_id,
        "venue_id": venue.id,
        "customer_id": item.customer_id,
        "account_id": item.account_id,
        "email": request.email,
        "state": OrderState.PAID if item.paid else OrderState.OPEN,
        "test": venue.mode is Mode.TEST,
        "channel": request.channel,
        "currency": quote.total.currency,
        "subtotal_minor": quote.subtotal.minor,
        "discount_minor": quote.discount.minor,
        "total_minor": quote.total.minor,
        "tax_minor": quote.tax.minor,
        "tax_bps": quote.tax_bps,
        "platform_fee_bps": venue.platform_fee_bps,
        "coupon_code": quote.coupon_code,
        "external_reference": request.external_reference,
        "locale": request.locale,
        "country": request.country,
        "source": request.source,
        "campaign": request.campaign,
        "terms_accepted_at": item.now if request.terms_accepted else None,
        "created_at": item.now,
        "paid_at": item.now if item.paid else None,
    }


def _line_row(item: Placed) -> dict[str, Any]:
    shelf, quote = item.shelf, item.quote
    return {
        "id": item.line_id,
        "venue_id": shelf.venue.id,
        "order_id": item.order_id,
        "offer_id": shelf.offer.id,
        "price_id": quote.price_id,
        "name": f"{shelf.title} · {shelf.offer.name}",
        "quantity": quote.quantity,
        "unit_minor": quote.unit.minor,
        "total_minor": quote.total.minor,
    }


def _hold_row(item: Placed, due_at: datetime) -> dict[str, Any]:
    return {
        "id": new_id("hld"),
        "venue_id": item.shelf.venue.id,
        "offer_id": item.quote.offer_id,
        "order_id": item.order_id,
        "quantity": item.quote.quantity,
        "state": HoldState.SOLD if item.paid else HoldState.HELD,
        "due_at": None if item.paid else due_at,
    }


def paid_order(item: Placed) -> PaidOrder:
    """A placed order for which nothing is left to pay, for `deliver`."""
    venue = item.shelf.venue
    return PaidOrder(
        order_id=item.order_id,
        line_id=item.line_id,
        offer_id=item.quote.offer_id,
        venue_id=venue.id,
        customer_id=item.customer_id,
        email=item.request.email,
        locale=item.request.locale,
        test=venue.mode is Mode.TEST,
        total=item.quote.total,
        tax=item.quote.tax,
        platform_fee_bps=venue.platform_fee_bps,
        at=item.now,
        source="external",
        cause_id=item.order_id,
    )

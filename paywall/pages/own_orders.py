"""Which order pages a reader may see, and everything those pages read at once."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import func, select

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from offers.tables import Hold, HoldState
from paywall.accounts.tables import Account
from paywall.checkout.shelf import Shelf, load_shelves
from paywall.checkout.tables import Order, OrderLine
from paywall.pages.order_cookie import orders_of
from paywall.pages.site import AnyRequest, Site
from paywall.payments.tables import GatewayAccount, Payment, Refund, RefundState


class OrderPage(msgspec.Struct, kw_only=True):
    """One order with what its pages show. `owner`: signed in as its proven account."""

    order: Order
    line: OrderLine
    shelf: Shelf
    payment: Payment | None
    account: GatewayAccount | None
    held_until: datetime | None
    proven: bool
    """The order's address was proven at some time, by somebody."""
    owner: bool
    paid_twice: Money | None
    """What came in a second time for the same order, and goes back."""
    now: datetime


async def read_order(request: AnyRequest, site: Site, order_id: str) -> OrderPage:
    """The order, if this reader owns it or this browser made it; else as if it weren't there."""
    principal = site.visit(request).principal
    async with site.parts.db.read() as tx:
        order = await tx.get(Order, order_id)
        owner = (
            order is not None
            and principal.is_person
            and principal.email_proven
            and order.account_id == principal.account_id
        )
        if order is None or not (owner or order_id in orders_of(request, site.parts)):
            # A stranger is asked to log in, whether or not there is such an order.
            principal.require_person()
            raise NotFound("order")
        return await _page(tx, site, order, owner=owner)


async def _page(tx: Tx, site: Site, order: Order, *, owner: bool) -> OrderPage:
    lines = await tx.scalars(select(OrderLine).where(OrderLine.order_id == order.id))
    line = lines.one()
    shelf = (await load_shelves(tx, [line.offer_id]))[line.offer_id]
    payment = await _payment(tx, order)
    account = None
    if payment is not None:
        account = await tx.get(GatewayAccount, payment.gateway_account_id)
    held = select(Hold.due_at).where(Hold.order_id == order.id, Hold.state == HoldState.HELD)
    proven = select(Account.email_proven_at).where(Account.id == order.account_id)
    return OrderPage(
        order=order,
        line=line,
        shelf=shelf,
        payment=payment,
        account=account,
        held_until=await tx.scalar(held),
        proven=await tx.scalar(proven) is not None,
        owner=owner,
        paid_twice=await _paid_twice(tx, order),
        now=site.parts.clock.now(shelf.venue.clock_offset_s),
    )


async def _payment(tx: Tx, order: Order) -> Payment | None:
    """The payment that paid it, else the latest try."""
    query = select(Payment).where(Payment.order_id == order.id)
    if order.payment_id:
        query = query.where(Payment.id == order.payment_id)
    payment: Payment | None = await tx.scalar(query.order_by(Payment.id.desc()).limit(1))
    return payment


async def _paid_twice(tx: Tx, order: Order) -> Money | None:
    if not order.payment_id:
        return None
    returned = select(func.sum(Refund.amount_minor)).where(
        Refund.order_id == order.id,
        Refund.payment_id != order.payment_id,
        Refund.state != RefundState.FAILED,
    )
    minor = await tx.scalar(returned)
    return Money(int(minor), order.currency) if minor else None

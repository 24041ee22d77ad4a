"""Buying online: the order and the payment's intent are committed, then the processor is called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, NotFound, Problem
from infra.kernel.group import GroupCommit
from offers.tables import Hold, HoldState
from paywall.catalogue.tables import Venue
from paywall.checkout.announce import Announcer
from paywall.checkout.deliver import deliver
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.place_orders import HOLD_LIFE, Placed, paid_order, place, take_places
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.payments.finish import Finisher
from paywall.payments.port import Decline, NextStep, NoStep
from paywall.payments.routing import route
from paywall.payments.start import Started, Starter, Wanted, intend
from paywall.payments.tables import GatewayAccount, Payment, PaymentState

WAITING = frozenset(
    {
        PaymentState.CREATED,
        PaymentState.SENT,
        PaymentState.UNKNOWN,
        PaymentState.PENDING,
        PaymentState.AUTHORISED,
    }
)
"""A payment that may still bring money; no second one is started beside it."""


HELD_AT_MOST = timedelta(hours=1)
"""However often a declined card is tried again, a place is not kept from others for longer."""


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """Where a checkout stands after a call: what the buyer does next, if anything."""

    order_id: str
    order_state: OrderState
    payment_id: str = ""
    payment_state: PaymentState | None = None
    next: NextStep = NoStep()
    decline: Decline | None = None


class OrderClosed(Conflict):
    """The order can't be paid any more."""

    code = "order_closed"


class _Opened(msgspec.Struct, frozen=True):
    placed: Placed
    payment: Payment | None


class Buy:
    """The use case of a web checkout. One per process; keeps only who is waiting."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        announcer: Announcer,
        starter: Starter,
        finisher: Finisher,
        public_url: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._announcer = announcer
        self._starter = starter
        self._finisher = finisher
        self._public_url = public_url
        self._group: GroupCommit[OrderRequest, _Opened] = GroupCommit(self._flush, max_size=64)

    async def buy(self, request: OrderRequest) -> Checkout:
        """Place the order and start its payment; the same order_id again goes on where it was."""
        try:
            opened = await self._group.submit(request)
        except _AlreadyPlaced:
            return await self.resume(request.order_id)
        if opened.payment is None:
            return Checkout(order_id=request.order_id, order_state=OrderState.PAID)
        return await self._send(request.order_id, opened.payment)

    async def resume(self, order_id: str, *, test_card: str = "") -> Checkout:
        """Go on with an order that exists: its running payment, or a new one after a decline.

        `test_card` is for the sandbox alone: it pays without its page.

        A declined payment is called off at its processor before the next is started: where the
        payer could still pay it, they would pay twice.
        """
        declined = await self._declined(order_id)
        if declined is not None:
            await self._finisher.cancel(declined)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            order = await tx.get(Order, order_id, with_for_update=True)
            if order is None:
                raise NotFound("order")
            payment = await _latest_payment(tx, order_id)
            running = payment is not None and payment.state in WAITING
            if order.state is not OrderState.OPEN or running:
                return _standing(order, payment)
            payment = await self._new_payment(tx, order, now, test_card)
        return await self._send(order_id, payment)

    async def _declined(self, order_id: str) -> str | None:
        """The order's last payment, if it failed and its processor may take it all the same."""
        async with self._db.read() as tx:
            payment = await _latest_payment(tx, order_id)
            order = await tx.get(Order, order_id)
        if payment is None or order is None or order.state is not OrderState.OPEN:
            return None
        called = payment.state is not PaymentState.FAILED or payment.processor_ref is None
        return None if called else payment.id

    async def standing(self, order_id: str) -> Checkout:
        """Where an order stands, as our rows say."""
        async with self._db.read() as tx:
            order = await tx.get(Order, order_id)
            if order is None:
                raise NotFound("order")
            return _standing(order, await _latest_payment(tx, order_id))

    async def _new_payment(self, tx: Tx, order: Order, now: datetime, test_card: str) -> Payment:
        first = await tx.scalar(
            select(func.min(Payment.created_at)).where(Payment.order_id == order.id)
        )
        until = min(now + HOLD_LIFE, (first or now) + HELD_AT_MOST)
        held = None
        if until > now:
            held = await tx.scalar(
                update(Hold)
                .where(Hold.order_id == order.id, Hold.state == HoldState.HELD)
                .values(due_at=until)
                .returning(Hold.id)
            )
        if held is None:
            raise OrderClosed("Your place was kept for 15 minutes. Start the purchase again.")
        venue = await tx.get_one(Venue, order.venue_id)
        account = await route(
            tx,
            venue_id=order.venue_id,
            mode=venue.mode,
            currency=order.currency,
            country=order.country,
        )
        name = await tx.scalar(select(OrderLine.name).where(OrderLine.order_id == order.id))
        wanted = self._wanted(order.id, account, order, str(name), test_card)
        return intend(tx, [wanted], now)[0]

    def _wanted(
        self,
        order_id: str,
        account: GatewayAccount,
        order: Order | Placed,
        name: str,
        test_card: str,
    ) -> Wanted:
        if isinstance(order, Order):
            amount, email, locale, country = order.total, order.email, order.locale, order.country
        else:
            request = order.request
            amount = order.quote.total
            email, locale, country = request.email, request.locale, request.country
        return Wanted(
            order_id=order_id,
            account=account,
            amount=amount,
            description=name,
            return_url=f"{self._public_url}/orders/{order_id}/payment",
            email=email,
            locale=locale,
            country=country,
            metadata=_sandbox_card(test_card, account),
        )

    async def _send(self, order_id: str, payment: Payment) -> Checkout:
        started: Started = await self._starter.send(payment)
        state = OrderState.PAID if started.state is PaymentState.CAPTURED else OrderState.OPEN
        return Checkout(
            order_id=order_id,
            order_state=state,
            payment_id=payment.id,
            payment_state=started.state,
            next=started.next,
            decline=started.decline,
        )

    async def _flush(self, requests: Sequence[OrderRequest]) -> list[_Opened | Exception]:
        try:
            async with self._db.transaction() as tx:
                return list(await self._write(tx, requests))
        except DatabaseAway as error:
            return [error] * len(requests)
        except (IntegrityError, Problem) as error:
            # A form that is sent again finds its own place taken and its own coupon used.
            if len(requests) == 1:
                return [_AlreadyPlaced() if await self._exists(requests[0].order_id) else error]
        except Exception as error:  # noqa: BLE001 - handed to its caller, or tried one by one
            if len(requests) == 1:
                return [error]
        return [(await self._flush([request]))[0] for request in requests]

    async def _exists(self, order_id: str) -> bool:
        async with self._db.read() as tx:
            return await tx.get(Order, order_id) is not None

    async def _write(self, tx: Tx, requests: Sequence[OrderRequest]) -> list[_Opened]:
        now = self._clock.machine()
        placed = await place(tx, requests, paid=False, machine_now=now)
        shelves = {item.shelf.offer.id: item.shelf for item in placed}
        free = [paid_order(item) for item in placed if item.paid]
        if free:
            await deliver(tx, free, self._announcer, machine_now=now, shelves=shelves)
        accounts: dict[tuple[str, str, str], GatewayAccount] = {}
        payments: dict[str, Payment] = {}
        wanted = [
            self._wanted(
                item.order_id,
                await self._account(tx, item, accounts),
                item,
                _name(item),
                item.request.test_card,
            )
            for item in placed
            if not item.paid
        ]
        for payment in intend(tx, wanted, now):
            payments[payment.order_id] = payment
        await tx.flush()
        await take_places(tx, placed, self._announcer, now)
        return [_Opened(item, payments.get(item.order_id)) for item in placed]

    async def _account(
        self, tx: Tx, item: Placed, known: dict[tuple[str, str, str], GatewayAccount]
    ) -> GatewayAccount:
        venue, currency = item.shelf.venue, item.quote.total.currency
        key = (venue.id, currency, item.request.country)
        if key not in known:
            known[key] = await route(
                tx,
                venue_id=venue.id,
                mode=venue.mode,
                currency=currency,
                country=item.request.country,
            )
        return known[key]


class _AlreadyPlaced(Exception):
    """The order of this id exists: the form was sent twice."""


def _sandbox_card(card: str, account: GatewayAccount) -> dict[str, str]:
    return {"sandbox_card": card} if card and account.gateway == "sandbox" else {}


def _name(item: Placed) -> str:
    return f"{item.shelf.title} · {item.shelf.offer.name}"


async def _latest_payment(tx: Tx, order_id: str) -> Payment | None:
    query = select(Payment).where(Payment.order_id == order_id).order_by(Payment.id.desc())
    payment: Payment | None = await tx.scalar(query.limit(1))
    return payment


def _standing(order: Order, payment: Payment | None) -> Checkout:
    return Checkout(
        order_id=order.id,
        order_state=order.state,
        payment_id=payment.id if payment else "",
        payment_state=payment.state if payment else None,
        next=payment.next if payment else NoStep(),
        decline=payment.decline if payment else None,
    )

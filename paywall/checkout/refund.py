"""Giving an order's money back, and stopping access without moving money."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select

from entitlements.sessions import withdraw
from entitlements.tables import GrantState
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.money import Money
from offers import places
from paywall.accounts.audit import record
from paywall.catalogue.tables import Venue
from paywall.checkout import tell
from paywall.checkout.access import kept_closed
from paywall.checkout.announce import Announcer, RefundFacts
from paywall.checkout.deliver import orders_with_lines
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.ledger.movements import (
    Movement,
    give_back_sides,
    post,
    posted_by_cause,
    posted_by_order,
    shares,
)
from paywall.payments.refund import Refunder, intend_refund
from paywall.payments.settle import lock_payments
from paywall.payments.tables import Refund, RefundState

REFUNDABLE = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED, OrderState.UNSERVED})


class RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `pending` and `unknown` settle by themselves; nobody need ask again."""

    refund_id: str
    order_id: str
    amount: Money
    state: str
    door_closed: bool


class RefundOrder:
    """The use case of the console's refund button and its API."""

    def __init__(
        self, db: Database, clock: Clock, announcer: Announcer, refunder: Refunder
    ) -> None:
        self._db = db
        self._clock = clock
        self._announcer = announcer
        self._refunder = refunder

    async def refund(
        self,
        *,
        refund_id: str,
        venue_id: str,
        order_id: str,
        amount: Money | None,
        reason: str,
        actor: str,
    ) -> RefundAnswer:
        """Give back this much, or all that is left. A whole refund closes the door at once.

        The grant is suspended with the intent and ends for good when the money has gone; should
        the processor refuse, it opens again. A part leaves the access as it is.
        """
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            order, line, at = await self._locked(tx, venue_id, order_id)
            before = await tx.get(Refund, refund_id)
            if before is not None:
                # An earlier attempt under the same key died after this was committed; the
                # reconciler sends what was not sent.
                whole = order.state is OrderState.REFUNDED or before.amount == order.total
                return _answer(before, before.state, whole=whole)
            booked = await posted_by_cause(tx, [refund_id])
            if booked:
                part = Money(-booked["external"], order.currency)
                return _outside_answer(refund_id, order, part)
            part = _amount(order, amount)
            whole = part == order.total - order.refunded
            if whole:
                await withdraw(
                    tx, now, at, to=GrantState.SUSPENDED, reason="refunded", order_ids=[order.id]
                )
            await record(
                tx,
                venue_id=venue_id,
                actor=actor,
                action="order.refund",
                subject=order_id,
                data={"amount": part.minor, "currency": part.currency, "reason": reason},
                now=now,
            )
            if not order.payment_id:
                return await self._refund_outside(
                    tx, order, line, part, reason, refund_id, whole=whole
                )
            refund = await intend_refund(
                tx, order.payment_id, part, now, reason=reason, refund_id=refund_id
            )
        return _answer(refund, await self._refunder.send(refund), whole=whole)

    async def begun(self, tx: Tx, refund_id: str) -> bool:
        """Whether an earlier attempt under this id was committed."""
        return await tx.get(Refund, refund_id) is not None

    async def _refund_outside(
        self,
        tx: Tx,
        order: Order,
        line: OrderLine,
        part: Money,
        reason: str,
        refund_id: str,
        *,
        whole: bool,
    ) -> RefundAnswer:
        """Money that was taken elsewhere goes back elsewhere; here it is booked."""
        now = self._clock.machine()
        offset = await _offset(tx, order.venue_id)
        at = now + timedelta(seconds=offset)
        sale = shares(order.total, order.tax, order.platform_fee_bps)
        posted = await posted_by_order(tx, order.id, "refund")
        back = order.refunded + part
        sides = give_back_sides("external", part, sale, back, posted)
        if sides:
            await post(
                tx,
                [
                    Movement(
                        venue_id=order.venue_id,
                        test=order.test,
                        kind="refund",
                        order_id=order.id,
                        cause_id=refund_id,
                        at=at,
                        sides=sides,
                    )
                ],
            )
        order.refunded_minor += part.minor
        to = OrderState.REFUNDED if whole else OrderState.PARTLY_REFUNDED
        if order.state is not to:
            order.move(to)
        if whole:
            ended = await withdraw(tx, now, at, reason="refunded", order_ids=[order.id])
            told = tell.grants_revoked(
                ended, venue_id=order.venue_id, order_id=order.id, reason="refunded"
            )
            await self._announcer.tell(tx, told, now)
        await tx.flush()
        if whole:
            await places.release_orders(tx, [order.id])
        facts = RefundFacts(
            refund_id=refund_id,
            order_id=order.id,
            venue_id=order.venue_id,
            email=order.email,
            locale=order.locale,
            title=line.name,
            amount=part,
            whole=whole,
            reason=reason,
        )
        await self._announcer.refunded(tx, [facts], now)
        return _outside_answer(refund_id, order, part)

    async def stop_access(self, *, venue_id: str, order_id: str, reason: str, actor: str) -> None:
        """Close the door on an order without moving money; `open_again` undoes it."""
        await self._set_access(venue_id, order_id, GrantState.SUSPENDED, reason, actor)

    async def open_again(self, *, venue_id: str, order_id: str, actor: str) -> None:
        await self._set_access(venue_id, order_id, GrantState.ACTIVE, "", actor)

    async def _set_access(
        self, venue_id: str, order_id: str, to: GrantState, reason: str, actor: str
    ) -> None:
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            order, _, at = await self._locked(tx, venue_id, order_id)
            if to is GrantState.ACTIVE:
                order.stopped_at = None
                why = await kept_closed(tx, order)
                if why:
                    raise Conflict(f"This stays closed: {why}.", code="kept_closed")
            else:
                order.stopped_at = at
            # What staff wrote stays in the audit log: players are told this word, as their code.
            told = "stopped" if to is GrantState.SUSPENDED else ""
            await withdraw(tx, now, at, to=to, reason=told, order_ids=[order.id])
            action = "access.stopped" if to is GrantState.SUSPENDED else "access.opened"
            await record(
                tx,
                venue_id=venue_id,
                actor=actor,
                action=action,
                subject=order_id,
                data={"reason": reason},
                now=now,
            )

    async def _locked(
        self, tx: Tx, venue_id: str, order_id: str
    ) -> tuple[Order, OrderLine, datetime]:
        # The payment first, as whoever settles it does: else the two wait for each other.
        paid_by = select(Order.payment_id).where(Order.id == order_id, Order.payment_id != "")
        await lock_payments(tx, list(await tx.scalars(paid_by)))
        found = await orders_with_lines(tx, [order_id])
        if not found or found[0][0].venue_id != venue_id:
            raise NotFound("order")
        order, line = found[0]
        offset = await _offset(tx, order.venue_id)
        return order, line, self._clock.now(offset)


async def _offset(tx: Tx, venue_id: str) -> int:
    return (await tx.get_one(Venue, venue_id)).clock_offset_s


def _answer(refund: Refund, state: RefundState, *, whole: bool) -> RefundAnswer:
    return RefundAnswer(
        refund_id=refund.id,
        order_id=refund.order_id,
        amount=refund.amount,
        state=state.value,
        door_closed=whole and state is not RefundState.FAILED,
    )


def _outside_answer(refund_id: str, order: Order, part: Money) -> RefundAnswer:
    return RefundAnswer(
        refund_id=refund_id,
        order_id=order.id,
        amount=part,
        state=RefundState.SUCCEEDED.value,
        door_closed=order.state is OrderState.REFUNDED,
    )


def _amount(order: Order, amount: Money | None) -> Money:
    if order.state not in REFUNDABLE:
        raise Conflict(
            f"This order is {order.state.value}; there is nothing to give back.",
            code="not_refundable",
        )
    left = order.total - order.refunded
    if not left:
        raise Conflict("Nothing is left of this order to give back.", code="not_refundable")
    if amount is None:
        part = left
    elif amount.currency != order.currency:
        raise Invalid("amount", f"This order was paid in {order.currency}.")
    else:
        part = amount
    if not 0 < part.minor <= left.minor:
        least = Money(1, left.currency).decimal()
        raise Invalid("amount", f"Give back between {least} and {left.decimal()} {left.currency}.")
    return part

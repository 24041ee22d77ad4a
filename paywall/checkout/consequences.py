"""What checkout does when money moved: it answers the port of payments, in their transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from entitlements.sessions import withdraw
from entitlements.tables import GrantState
from infra.kernel.db import Tx
from infra.kernel.money import Money
from offers import coupons, places
from paywall.catalogue.tables import Mode, Venue
from paywall.checkout import tell
from paywall.checkout.access import give_again, set_door, was_served
from paywall.checkout.announce import Announcer, PaidOrder, RefundFacts
from paywall.checkout.deliver import deliver, orders_with_lines
from paywall.checkout.shelf import Shelf, load_shelves, opens
from paywall.checkout.tables import Order, OrderLine, OrderState, Unserved
from paywall.ledger.movements import (
    Movement,
    dispute_sides,
    dispute_won_sides,
    fee_sides,
    give_back_sides,
    post,
    posted_by_cause,
    shares,
)
from paywall.payments.port import DisputeStanding
from paywall.payments.refund import intend_refund
from paywall.payments.tables import Dispute, Payment, Refund, RefundState

REASONS: Mapping[Unserved, str] = {
    Unserved.SOLD_OUT: "sold out before the payment came",
    Unserved.CODE_USED_UP: "the code was used up before the payment came",
    Unserved.CANCELLED: "the event was cancelled",
    Unserved.OVER: "the payment came after the end",
    Unserved.TESTS_ENDED: "the venue's tests have ended",
}
"""What the refund says that gives the money back."""
SERVABLE = frozenset({OrderState.OPEN, OrderState.EXPIRED, OrderState.CANCELLED})


def processor(payment: Payment) -> str:
    """The ledger account of the processor that holds this payment's money."""
    return f"processor:{payment.gateway_account_id}"


class OrderConsequences:
    """Orders, books, grants, places and notices follow the money, in one transaction with it."""

    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer

    async def captured(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """Paid: sell the places, book, open. What can't be served any more is sent back.

        That is a second payment of one order, a payment of another amount, and one that came
        after the last place or the code went to somebody else, the event was cancelled or all
        was over.
        """
        found = await self._orders(tx, [payment.order_id for payment in payments])
        first: dict[str, Payment] = {}
        surplus: list[Payment] = []
        for payment in sorted(payments, key=lambda p: p.id):
            order = found[payment.order_id][0]
            fits = order.state in SERVABLE and payment.captured_minor == order.total_minor
            if fits and order.id not in first:
                first[order.id] = payment
            else:
                surplus.append(payment)
        shelves = await load_shelves(tx, [found[p.order_id][1].offer_id for p in payments])
        lost = _lost(first, found, shelves, now)
        full = await self._sell(tx, [order_id for order_id in first if order_id not in lost], lost)
        paid = []
        for order_id, payment in first.items():
            order, line, offset = found[order_id]
            at = now + timedelta(seconds=offset)
            served = order_id not in lost
            order.move(OrderState.PAID if served else OrderState.UNSERVED)
            order.unserved_why = lost.get(order_id)
            order.paid_at = at
            order.payment_id = payment.id
            paid.append(_paid(order, line, payment, at, serve=served))
        for payment in surplus:
            order, line, offset = found[payment.order_id]
            at = now + timedelta(seconds=offset)
            paid.append(_paid(order, line, payment, at, serve=False))
        await tx.flush()
        await deliver(tx, paid, self._announcer, machine_now=now, shelves=shelves)
        reasons = {payment.id: "paid twice" for payment in surplus}
        reasons |= {first[order_id].id: REASONS[why] for order_id, why in sorted(lost.items())}
        captured = {payment.id: payment.captured for payment in payments}
        for payment_id, reason in reasons.items():
            await intend_refund(
                tx, payment_id, captured[payment_id], now, reason=reason, later=True
            )
        if lost:
            await places.release_orders(tx, sorted(lost))
            await coupons.give_back(tx, sorted(lost), now)
        told = [
            tell.sold_out(found[order_id][0].venue_id, offer_id, first[order_id].id)
            for offer_id, order_id in full.items()
            if order_id not in lost
        ]
        await self._announcer.tell(tx, told, now)

    async def _sell(
        self, tx: Tx, order_ids: Sequence[str], lost: dict[str, Unserved]
    ) -> dict[str, str]:
        """Sell the places and count the codes of those that can still be served.

        Adds the others to `lost`; by offer, the orders that took a last place.
        """
        if not order_ids:
            return {}
        sold = await places.sell(tx, order_ids)
        lost |= dict.fromkeys(sold.too_late, Unserved.SOLD_OUT)
        kept = [order_id for order_id in order_ids if order_id not in lost]
        used_up = await coupons.take_again(tx, kept) if kept else set()
        lost |= dict.fromkeys(used_up, Unserved.CODE_USED_UP)
        return sold.full

    async def fees_told(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """The processor's fee is the venue's cost."""
        found = await self._orders(tx, [payment.order_id for payment in payments])
        movements = []
        for payment in payments:
            if not payment.fee:
                continue
            order, _, offset = found[payment.order_id]
            sides = fee_sides(processor(payment), payment.fee)
            movements.append(_movement(order, "fee", payment.id, now, offset, sides))
        await post(tx, movements)

    async def failed(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """Nothing moves: the order keeps its places until its hold runs out, for another try."""

    async def reversed(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """The money was not to be had after all: the sale is unbooked, and the door held.

        The order stays as it is, and keeps its place: a person settles it with the buyer.
        """
        found = await self._orders(tx, [payment.order_id for payment in payments])
        for payment in payments:
            order, _, offset = found[payment.order_id]
            left = payment.refundable
            if left:
                await _book_back(
                    tx, order, payment, "uncollected", payment.id, processor(payment), left,
                    now, offset,
                )  # fmt: skip
            if payment.id == order.payment_id:
                at = now + timedelta(seconds=offset)
                await withdraw(
                    tx, now, at, to=GrantState.SUSPENDED, reason="uncollected", order_ids=[order.id]
                )

    async def refunded(self, tx: Tx, refunds: Sequence[Refund], now: datetime) -> None:
        """Book each refund; a whole one ends the grants for good."""
        found = await self._orders(tx, [refund.order_id for refund in refunds])
        facts = []
        ended = []
        for refund in refunds:
            order, line, offset = found[refund.order_id]
            await self._book_refund(tx, order, refund, refund.amount, now, offset)
            whole = False
            if refund.payment_id == order.payment_id:
                whole = _count_back(order, refund.amount)
                if whole:
                    ended.append(order.id)
            facts.append(_facts(order, line, refund, whole=whole))
        await tx.flush()
        await self._end(tx, ended, found, now, "refunded")
        await self._announcer.refunded(tx, facts, now)

    async def refund_failed(self, tx: Tx, refunds: Sequence[Refund], now: datetime) -> None:
        """The money stayed: undo the booking where there was one, and open the door again."""
        found = await self._orders(tx, [refund.order_id for refund in refunds])
        for refund in refunds:
            order, _, offset = found[refund.order_id]
            at = now + timedelta(seconds=offset)
            own = refund.payment_id == order.payment_id
            if refund.succeeded_at is not None:
                await self._book_refund(tx, order, refund, -refund.amount, now, offset)
                if own:
                    await self._take_up_again(tx, order, refund, now)
            await tx.flush()
            if own:
                await set_door(tx, order, now, at)
        failures = [tell.refund_failed(refund) for refund in refunds]
        await self._announcer.tell(tx, failures, now)

    async def _take_up_again(self, tx: Tx, order: Order, refund: Refund, now: datetime) -> None:
        """A give-back came back from the bank: serve the order again, if its place is free.

        Where it can't be served a person must find another way to pay the buyer back.
        """
        had_ended = order.state is OrderState.REFUNDED
        served = await was_served(tx, order.id)
        if had_ended and served:
            served = not await _tests_ended(tx, order) and await self._sell_again(
                tx, order, refund.id, now
            )
        _count_forth(order, refund.amount, served=served)
        if not served:
            refund.needs_person = (
                f"The bank returned the refund of {refund.amount.decimal()} {refund.currency}, and"
                " the order can't be served any more. Pay the buyer back in another way."
            )
        elif had_ended:
            given = await give_again(tx, order, refund.id, now)
            await self._announcer.tell(tx, tell.grants_issued(given), now)

    async def _sell_again(self, tx: Tx, order: Order, cause_id: str, now: datetime) -> bool:
        """Take the place of an order that had given it back; False where none is free."""
        sold = await places.sell(tx, [order.id])
        told = [tell.sold_out(order.venue_id, offer_id, cause_id) for offer_id in sold.full]
        await self._announcer.tell(tx, told, now)
        return not sold.too_late

    async def disputed(self, tx: Tx, disputes: Sequence[Dispute], now: datetime) -> None:
        """The bank holds the money, and we hold the door, until it is decided."""
        found = await self._orders(tx, [dispute.order_id for dispute in disputes])
        payments = await _payments(tx, [dispute.payment_id for dispute in disputes])
        movements = []
        for dispute in disputes:
            order, _, offset = found[dispute.order_id]
            source = processor(payments[dispute.payment_id])
            if dispute.amount:
                sides = dispute_sides(source, dispute.amount)
                movements.append(_movement(order, "dispute", dispute.id, now, offset, sides))
            if dispute.payment_id == order.payment_id:
                at = now + timedelta(seconds=offset)
                await withdraw(
                    tx, now, at, to=GrantState.SUSPENDED, reason="disputed", order_ids=[order.id]
                )
        await post(tx, movements)
        opened = [tell.dispute_told("dispute.opened", dispute) for dispute in disputes]
        await self._announcer.tell(tx, opened, now)

    async def dispute_closed(self, tx: Tx, disputes: Sequence[Dispute], now: datetime) -> None:
        """Won: the money and the grant are back. Lost: booked as given back, the grant ends."""
        found = await self._orders(tx, [dispute.order_id for dispute in disputes])
        payments = await _payments(tx, [dispute.payment_id for dispute in disputes])
        ended = []
        for dispute in disputes:
            order, _, offset = found[dispute.order_id]
            own = dispute.payment_id == order.payment_id
            if dispute.state is DisputeStanding.WON:
                if dispute.amount:
                    sides = dispute_won_sides(
                        processor(payments[dispute.payment_id]), dispute.amount
                    )
                    await post(
                        tx, [_movement(order, "dispute_won", dispute.id, now, offset, sides)]
                    )
                if own:
                    await set_door(tx, order, now, now + timedelta(seconds=offset))
                continue
            await self._book_loss(tx, order, dispute, now, offset)
            if own and dispute.amount:
                _count_back(order, dispute.amount)
            if own:
                ended.append(order.id)
        await tx.flush()
        await self._end(tx, ended, found, now, "dispute_lost")
        closed = [tell.dispute_told("dispute.closed", dispute) for dispute in disputes]
        await self._announcer.tell(tx, closed, now)

    async def dispute_fees_told(
        self, tx: Tx, told: Sequence[tuple[Dispute, int]], now: datetime
    ) -> None:
        """A dispute's fee is the venue's cost; what the processor takes off it later comes back."""
        found = await self._orders(tx, [dispute.order_id for dispute, _ in told])
        payments = await _payments(tx, [dispute.payment_id for dispute, _ in told])
        movements = []
        for dispute, more in told:
            order, _, offset = found[dispute.order_id]
            sides = fee_sides(
                processor(payments[dispute.payment_id]), Money(more, dispute.currency)
            )
            movements.append(_movement(order, "dispute_fee", dispute.id, now, offset, sides))
        await post(tx, movements)

    async def _orders(
        self, tx: Tx, order_ids: Sequence[str]
    ) -> dict[str, tuple[Order, OrderLine, int]]:
        """Locked orders with their line and their venue's clock offset in seconds."""
        pairs = await orders_with_lines(tx, order_ids)
        query = select(Venue.id, Venue.clock_offset_s).where(
            Venue.id.in_({order.venue_id for order, _ in pairs})
        )
        offsets = {row.id: row.clock_offset_s for row in await tx.execute(query)}
        return {order.id: (order, line, offsets[order.venue_id]) for order, line in pairs}

    async def _end(
        self,
        tx: Tx,
        order_ids: Sequence[str],
        found: dict[str, tuple[Order, OrderLine, int]],
        now: datetime,
        reason: str,
    ) -> None:
        """Grants revoked for good, players cut off, places free for others."""
        told = []
        for order_id in order_ids:
            order, _, offset = found[order_id]
            at = now + timedelta(seconds=offset)
            ended = await withdraw(tx, now, at, reason=reason, order_ids=[order_id])
            told += tell.grants_revoked(
                ended, venue_id=order.venue_id, order_id=order_id, reason=reason
            )
        await self._announcer.tell(tx, told, now)
        if order_ids:
            await places.release_orders(tx, order_ids)

    async def _book_refund(
        self, tx: Tx, order: Order, refund: Refund, amount: Money, now: datetime, offset: int
    ) -> None:
        payments = await _payments(tx, [refund.payment_id])
        payment = payments[refund.payment_id]
        kind = "refund" if amount.minor > 0 else "refund_failed"
        source = processor(payment)
        await _book_back(tx, order, payment, kind, refund.id, source, amount, now, offset)

    async def _book_loss(
        self, tx: Tx, order: Order, dispute: Dispute, now: datetime, offset: int
    ) -> None:
        payments = await _payments(tx, [dispute.payment_id])
        payment = payments[dispute.payment_id]
        if dispute.amount:
            await _book_back(
                tx, order, payment, "dispute_lost", dispute.id, "disputed", dispute.amount,
                now, offset,
            )  # fmt: skip


async def _book_back(
    tx: Tx,
    order: Order,
    payment: Payment,
    kind: str,
    cause_id: str,
    source: str,
    amount: Money,
    now: datetime,
    offset: int,
) -> None:
    """Post a give-back (or, negative, its undoing) so that shares follow the running total."""
    causes = await _back_causes(tx, payment.id)
    posted = await posted_by_cause(tx, causes)
    sale = shares(payment.captured, _tax_of(order, payment), order.platform_fee_bps)
    before = sum(posted.get(name, 0) for name in sale)
    back = Money(before, payment.currency) + amount
    sides = give_back_sides(source, amount, sale, back, posted)
    await post(tx, [_movement(order, kind, cause_id, now, offset, sides)])


async def _tests_ended(tx: Tx, order: Order) -> bool:
    """Whether a test order's venue takes real money by now: it gets no place beside real ones."""
    return order.test and (await tx.get_one(Venue, order.venue_id)).mode is Mode.LIVE


async def _back_causes(tx: Tx, payment_id: str) -> list[str]:
    refunds = await tx.scalars(select(Refund.id).where(Refund.payment_id == payment_id))
    disputes = await tx.scalars(select(Dispute.id).where(Dispute.payment_id == payment_id))
    return [*refunds.all(), *disputes.all()]


async def _payments(tx: Tx, payment_ids: Sequence[str]) -> dict[str, Payment]:
    rows = await tx.scalars(select(Payment).where(Payment.id.in_(sorted(set(payment_ids)))))
    return {payment.id: payment for payment in rows}


def _tax_of(order: Order, payment: Payment) -> Money:
    """The tax inside what was captured; the order's own where the amounts agree."""
    if payment.captured_minor == order.total_minor or not order.total_minor:
        return order.tax
    tax, _ = payment.captured.split([order.tax_minor, order.total_minor - order.tax_minor])
    return tax


def _paid(
    order: Order, line: OrderLine, payment: Payment, at: datetime, *, serve: bool
) -> PaidOrder:
    return PaidOrder(
        order_id=order.id,
        line_id=line.id,
        offer_id=line.offer_id,
        venue_id=order.venue_id,
        customer_id=order.customer_id,
        email=order.email,
        locale=order.locale,
        test=order.test,
        total=payment.captured,
        tax=_tax_of(order, payment),
        platform_fee_bps=order.platform_fee_bps,
        at=at,
        source=processor(payment),
        cause_id=payment.id,
        serve=serve,
    )


def _count_back(order: Order, amount: Money) -> bool:
    """Add to what went back of the order; True when that was the last of it."""
    order.refunded_minor += amount.minor
    whole = order.refunded_minor >= order.total_minor
    if whole:
        order.move(OrderState.REFUNDED)
    elif order.state is not OrderState.PARTLY_REFUNDED:
        order.move(OrderState.PARTLY_REFUNDED)
    return whole


def _count_forth(order: Order, amount: Money, *, served: bool) -> None:
    """A give-back that failed after all."""
    order.refunded_minor -= amount.minor
    to = OrderState.PARTLY_REFUNDED if order.refunded_minor else OrderState.PAID
    if not served:
        to = OrderState.UNSERVED
    if order.state is not to:
        order.move(to)


def _lost(
    first: Mapping[str, Payment],
    found: Mapping[str, tuple[Order, OrderLine, int]],
    shelves: Mapping[str, Shelf],
    now: datetime,
) -> dict[str, Unserved]:
    """Orders for which there is nothing left to serve, with the reason."""
    lost = {}
    for order_id in first:
        order, line, offset = found[order_id]
        shelf = shelves[line.offer_id]
        if order.test and shelf.venue.mode is Mode.LIVE:
            lost[order_id] = Unserved.TESTS_ENDED
        elif shelf.cancelled:
            lost[order_id] = Unserved.CANCELLED
        elif opens(shelf, now + timedelta(seconds=offset)).until <= now + timedelta(seconds=offset):
            lost[order_id] = Unserved.OVER
    return lost


def _facts(order: Order, line: OrderLine, refund: Refund, *, whole: bool) -> RefundFacts:
    assert refund.state is RefundState.SUCCEEDED
    return RefundFacts(
        refund_id=refund.id,
        order_id=order.id,
        venue_id=order.venue_id,
        email=order.email,
        locale=order.locale,
        title=line.name,
        amount=refund.amount,
        whole=whole,
        reason=refund.reason,
    )


def _movement(
    order: Order,
    kind: str,
    cause_id: str,
    now: datetime,
    offset: int,
    sides: list[tuple[str, Money]],
) -> Movement:
    return Movement(
        venue_id=order.venue_id,
        test=order.test,
        kind=kind,
        order_id=order.id,
        cause_id=cause_id,
        at=now + timedelta(seconds=offset),
        sides=sides,
    )

"""Give a ticket back within the venue's rule: before the start, unused, whole. Off by default."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from entitlements.tables import Grant
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Problem
from infra.kernel.money import Money
from offers.tables import Offer, OfferKind
from paywall.bridges.support_acts.own_orders import own_order, own_orders
from paywall.bridges.support_words import N_
from paywall.catalogue.tables import Event, EventState, Venue
from paywall.checkout.refund import RefundOrder
from paywall.checkout.tables import Order, OrderLine, OrderState
from support_bot.acts import Confirmed, Person, Preview, Refused
from support_bot.learned import settings_of
from support_bot.ports import Wording


class GiveBack:
    """The rule: a stream ticket, paid in full, never played, until N hours before the start."""

    def __init__(self, db: Database, clock: Clock, wording: Wording, refunds: RefundOrder) -> None:
        self._db = db
        self._clock = clock
        self._wording = wording
        self._refunds = refunds

    def may(self, person: Person) -> bool:
        return bool(person.account_id)

    async def preview(self, person: Person) -> list[Preview]:
        """One for each order that the rule allows, with exactly what comes back."""
        said = self._wording.words(
            person.lang,
            N_(
                "Give back %(title)s. You get %(amount)s where it came from, "
                "and the ticket ends at once."
            ),
        )
        async with self._db.read() as tx:
            return [
                Preview(
                    subject=order.id,
                    text=said
                    % {
                        "title": line.name,
                        "amount": self._wording.money(person.lang, order.total),
                    },
                    facts={"amount": order.total_minor, "currency": order.currency},
                )
                for order, line in await own_orders(tx, person)
                if await self._allowed(tx, order, line)
            ]

    async def _allowed(self, tx: Tx, order: Order, line: OrderLine) -> bool:
        hours = (await settings_of(tx, order.venue_id)).refund_until_h
        if hours is None or order.state is not OrderState.PAID or order.refunded_minor:
            return False
        if not order.total_minor or not order.payment_id:
            return False  # free, or paid elsewhere: the till gives it back
        venue = await tx.get_one(Venue, order.venue_id)
        offer = await tx.get_one(Offer, line.offer_id)
        event = await tx.get(Event, offer.scope_id)
        if offer.kind is not OfferKind.STREAM_TICKET or event is None:
            return False
        used = await tx.scalar(
            select(Grant.id).where(Grant.order_id == order.id, Grant.first_played_at.is_not(None))
        )
        now = self._clock.now(venue.clock_offset_s)
        return used is None and in_time(event, hours, now)

    async def do(self, confirmation: Confirmed) -> str:
        person, words = confirmation.person, self._wording.words
        refund_id = "ref" + confirmation.id[confirmation.id.index("_") :]
        promised = Money(confirmation.facts["amount"], confirmation.facts["currency"])
        async with self._db.read() as tx:
            found = await own_order(tx, person, confirmation.subject)
            allowed = found is not None and await self._allowed(tx, *found)
            begun = await self._refunds.begun(tx, refund_id)
        if not begun and not allowed:
            raise Refused(words(person.lang, N_("This ticket can’t be given back any more.")))
        try:
            # The same id twice is one refund: a press that died is taken up where it was.
            answer = await self._refunds.refund(
                refund_id=refund_id, venue_id=person.venue_id, order_id=confirmation.subject,
                amount=promised, reason="given back by the buyer", actor=person.account_id,
            )  # fmt: skip
        except Problem as problem:
            if problem.code not in ("not_refundable", "invalid"):
                raise
            said = N_("This ticket can’t be given back any more.")
            raise Refused(words(person.lang, said)) from problem
        if answer.state == "failed":
            said = N_("Your bank’s side refused. Nothing has changed; a person can help.")
            raise Refused(words(person.lang, said))
        said = words(person.lang, N_("%(amount)s is on its way back to you."))
        return said % {"amount": self._wording.money(person.lang, answer.amount)}


def in_time(event: Event, hours: int, now: datetime) -> bool:
    """Pure: whether the rule's time before the start is not over yet."""
    ahead = event.starts_at - timedelta(hours=hours)
    return event.state is EventState.PUBLISHED and now < min(ahead, event.doors_at)

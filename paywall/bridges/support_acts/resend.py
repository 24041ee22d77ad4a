"""Mail a ticket and its receipt again: one mail holds both, and goes where the first one went."""

from __future__ import annotations

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.accounts.audit import record
from paywall.bridges.support_acts.own_orders import as_paid, own_order, own_orders
from paywall.bridges.support_words import N_, NOTHING
from paywall.checkout.announce import Announcer
from paywall.checkout.order_number import short_number
from paywall.checkout.shelf import load_shelves
from support_bot.acts import Confirmed, Person, Preview, Refused
from support_bot.ports import Wording


class Resend:
    """To the order's own address, never to one that is typed."""

    def __init__(self, db: Database, clock: Clock, wording: Wording, announcer: Announcer) -> None:
        self._db = db
        self._clock = clock
        self._wording = wording
        self._announcer = announcer

    def may(self, person: Person) -> bool:
        return bool(person.account_id)

    async def preview(self, person: Person) -> list[Preview]:
        """One for each of the latest orders."""
        said = self._wording.words(
            person.lang, N_("Mail the ticket and receipt of %(title)s (%(number)s) to %(email)s.")
        )
        async with self._db.read() as tx:
            return [
                Preview(
                    subject=order.id,
                    text=said
                    % {
                        "title": line.name,
                        "number": short_number(order.id),
                        "email": order.email,
                    },
                )
                for order, line in await own_orders(tx, person)
            ]

    async def do(self, confirmation: Confirmed) -> str:
        person, now = confirmation.person, self._clock.machine()
        async with self._db.transaction() as tx:
            found = await own_order(tx, person, confirmation.subject)
            if found is None:
                raise Refused(self._wording.words(person.lang, NOTHING))
            order, line = found
            shelves = await load_shelves(tx, [line.offer_id])
            await self._announcer.receipt_again(
                tx, as_paid(order, line), shelves[line.offer_id], confirmation.id, now
            )
            await record(
                tx, venue_id=person.venue_id, actor=person.account_id, action="receipt.resent",
                subject=order.id, data={"confirmation": confirmation.id}, now=now,
            )  # fmt: skip
        said = self._wording.words(person.lang, N_("It is on its way to %(email)s."))
        return said % {"email": order.email}

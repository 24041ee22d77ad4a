"""What buyers and venues are told of an order: rows of the outbox, written with their cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from infra.kernel.clock import iso
from infra.kernel.db import Tx
from infra.kernel.money import Money
from paywall.accounts.links import PAGE
from paywall.accounts.mailed_links import issue_links
from paywall.checkout.shelf import Shelf, opens
from paywall.notices.emission import Emission, emit
from paywall.notices.outbox import Notice, Outbox, mail


class PaidOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the moment it is paid, and where the money came in."""

    order_id: str
    line_id: str
    offer_id: str
    venue_id: str
    customer_id: str
    email: str
    locale: str
    test: bool
    total: Money
    tax: Money
    platform_fee_bps: int
    at: datetime
    """Business time of the venue."""
    source: str
    """The ledger account that received it: `processor:<id>` or `external`."""
    cause_id: str
    """The payment, or the order itself where the money was taken elsewhere."""
    fee: Money | None = None
    serve: bool = True
    """False where the money came too late for a place: booked, but nothing is opened."""


class RefundFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that went through, for those who are told of it."""

    refund_id: str
    order_id: str
    venue_id: str
    email: str
    locale: str
    title: str
    amount: Money
    whole: bool
    reason: str


def money_view(money: Money) -> dict[str, Any]:
    """Money as the API and webhooks write it."""
    return {"amount": money.minor, "currency": money.currency}


class Announcer:
    """Writes receipts, refund mails and webhooks into the transaction of their cause."""

    def __init__(self, outbox: Outbox, public_url: str) -> None:
        self._outbox = outbox
        self._public_url = public_url.rstrip("/")

    async def paid(
        self,
        tx: Tx,
        orders: Sequence[PaidOrder],
        shelves: Mapping[str, Shelf],
        machine_now: datetime,
        grants: Sequence[Emission] = (),
    ) -> None:
        """A receipt for each buyer, with a button that logs in, and `order.paid` for each venue.

        What the orders opened is told with them, so that both cost one look for endpoints.
        """
        to = [(order.email, order.locale) for order in orders]
        tokens = await issue_links(tx, to, machine_now)
        mails = [
            self._mail(order, shelves[order.offer_id], token, order.order_id)
            for order, token in zip(orders, tokens, strict=True)
        ]
        await self._outbox.enqueue(tx, mails, machine_now)
        emissions = [
            Emission(
                venue_id=order.venue_id,
                kind="order.paid",
                cause_id=order.order_id,
                data={
                    "order_id": order.order_id,
                    "customer_id": order.customer_id,
                    "offer_id": order.offer_id,
                    "email": order.email,
                    "total": money_view(order.total),
                    "paid_at": iso(order.at),
                },
            )
            for order in orders
        ]
        await emit(self._outbox, tx, [*emissions, *grants], machine_now)

    async def receipt_again(
        self, tx: Tx, order: PaidOrder, shelf: Shelf, cause_id: str, machine_now: datetime
    ) -> None:
        """The same mail once more, to the address that the order was made with.

        The same cause mails it once.
        """
        (token,) = await issue_links(tx, [(order.email, order.locale)], machine_now)
        await self._outbox.enqueue(tx, [self._mail(order, shelf, token, cause_id)], machine_now)

    def _mail(self, order: PaidOrder, shelf: Shelf, token: str, cause_id: str) -> Notice:
        return mail(
            order.venue_id,
            order.email,
            "receipt",
            cause_id,
            self._receipt(order, shelf),
            locale=order.locale,
            attachment=f"receipt:{order.order_id}",
            secrets={"url": self._door(order, token)},
        )

    async def tell(self, tx: Tx, emissions: Sequence[Emission], machine_now: datetime) -> None:
        """Webhooks alone; nothing is asked of the database when there are none to tell."""
        await emit(self._outbox, tx, emissions, machine_now)

    def _receipt(self, order: PaidOrder, shelf: Shelf) -> dict[str, Any]:
        opened = opens(shelf, order.at)
        event = shelf.event
        return {
            "order_id": order.order_id,
            "title": shelf.title,
            "offer_name": shelf.offer.name,
            "offer_kind": shelf.offer.kind.value,
            "total": money_view(order.total),
            "tax": money_view(order.tax),
            "starts_at": iso(event.starts_at) if event is not None else "",
            "timezone": event.timezone if event is not None else shelf.venue.timezone,
            "opens_until": iso(opened.until),
            "paid_at": iso(order.at),
        }

    def _door(self, order: PaidOrder, token: str) -> str:
        """Logs in, and goes on to the order: the mail proves the address as nothing else does."""
        onward = quote(f"/orders/{order.order_id}", safe="")
        return f"{self._public_url}{PAGE}?token={token}&next={onward}"

    async def refunded(self, tx: Tx, facts: Sequence[RefundFacts], machine_now: datetime) -> None:
        """A mail that says how much comes back and why the door closed, and `refund.succeeded`."""
        await self._outbox.enqueue(
            tx,
            [
                mail(
                    fact.venue_id,
                    fact.email,
                    "refund",
                    fact.refund_id,
                    {
                        "order_id": fact.order_id,
                        "title": fact.title,
                        "amount": money_view(fact.amount),
                        "whole": fact.whole,
                        "reason": fact.reason,
                        "url": f"{self._public_url}/orders/{fact.order_id}",
                    },
                    locale=fact.locale,
                )
                for fact in facts
            ],
            machine_now,
        )
        await emit(
            self._outbox,
            tx,
            [
                Emission(
                    venue_id=fact.venue_id,
                    kind="refund.succeeded",
                    cause_id=fact.refund_id,
                    data={
                        "order_id": fact.order_id,
                        "refund_id": fact.refund_id,
                        "amount": money_view(fact.amount),
                        "whole": fact.whole,
                    },
                )
                for fact in facts
            ],
            machine_now,
        )

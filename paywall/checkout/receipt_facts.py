"""Answers notices' port for receipts: what a paid order's receipt says."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from infra.kernel.db import Database
from infra.kernel.money import Money
from paywall.catalogue.tables import Venue
from paywall.checkout.tables import Order, OrderLine
from paywall.notices.receipts import Receipt, ReceiptLine, Seller
from paywall.payments.tables import Payment


class OrderReceipts:
    """The `ReceiptFacts` of `paywall.notices.receipts`."""

    def __init__(self, db: Database, number_of: Callable[[str], str]) -> None:
        """`number_of`: an order's id as people are shown it, the same on pages, mails and here."""
        self._db = db
        self._number_of = number_of

    async def receipt(self, order_id: str) -> Receipt | None:
        """What the order was when it was paid; refunds are told by mails of their own."""
        async with self._db.read() as tx:
            query = (
                select(Order, Venue, Payment.method)
                .join(Venue, Venue.id == Order.venue_id)
                .outerjoin(Payment, Payment.id == Order.payment_id)
                .where(Order.id == order_id)
            )
            found = (await tx.execute(query)).one_or_none()
            lines = (
                await tx.scalars(
                    select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.id)
                )
            ).all()
        if found is None:
            return None
        order, venue, method = found
        if order.paid_at is None:
            return None
        return Receipt(
            order_id=order.id, venue_id=venue.id, number=self._number_of(order.id),
            seller=_seller(venue),
            buyer=order.email, lines=[_line(line, order.currency) for line in lines],
            discount=order.discount, discount_label=order.coupon_code, total=order.total,
            tax=order.tax, tax_bps=order.tax_bps, method=method or order.external_reference,
            paid_at=order.paid_at, timezone=venue.timezone, locale=order.locale, test=order.test,
        )  # fmt: skip


def _seller(venue: Venue) -> Seller:
    return Seller(
        name=venue.name, legal_name=venue.legal_name, address=venue.address,
        vat_number=venue.vat_number, contact_email=venue.contact_email, accent=venue.accent,
    )  # fmt: skip


def _line(line: OrderLine, currency: str) -> ReceiptLine:
    return ReceiptLine(
        name=line.name, detail="", quantity=line.quantity, amount=Money(line.total_minor, currency)
    )

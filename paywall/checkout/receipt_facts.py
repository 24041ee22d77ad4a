"""Answers what receipts ask: the facts of a paid order, as they were when it was paid."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Database
from infra.kernel.money import Money
from paywall.catalogue.tables import Venue
from paywall.checkout.order_number import short_number
from paywall.checkout.tables import Order, OrderLine
from paywall.notices.receipts import Receipt, ReceiptLine, Seller
from paywall.payments.tables import Payment


class OrderReceipts:
    """Implements the notices' ReceiptFacts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def receipt(self, order_id: str) -> Receipt | None:
        """None when there is no such order, or it was never paid."""
        query = (
            select(Order, OrderLine, Venue, Payment.method)
            .join(OrderLine, OrderLine.order_id == Order.id)
            .join(Venue, Venue.id == Order.venue_id)
            .outerjoin(Payment, Payment.id == Order.payment_id)
            .where(Order.id == order_id, Order.paid_at.is_not(None))
        )
        async with self._db.read() as tx:
            row = (await tx.execute(query)).first()
        if row is None:
            return None
        order, line, venue, method = row
        assert order.paid_at is not None
        title, _, detail = line.name.partition(" · ")
        subtotal = Money(order.subtotal_minor, order.currency)
        return Receipt(
            order_id=order.id,
            venue_id=venue.id,
            number=short_number(order.id),
            seller=Seller(
                name=venue.name,
                legal_name=venue.legal_name or venue.name,
                address=venue.address,
                vat_number=venue.vat_number,
                contact_email=venue.contact_email,
                accent=venue.accent,
            ),
            buyer=order.email,
            lines=[ReceiptLine(name=title, detail=detail, quantity=line.quantity, amount=subtotal)],
            discount=order.discount,
            discount_label=order.coupon_code,
            total=order.total,
            tax=order.tax,
            tax_bps=order.tax_bps,
            method=method or order.external_reference,
            paid_at=order.paid_at,
            timezone=venue.timezone,
            locale=order.locale,
            test=order.test,
        )

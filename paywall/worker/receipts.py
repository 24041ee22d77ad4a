"""Receipts as files: made once by the worker, kept, and attached to the mail that tells of them."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from infra.adapters.receipt_pdf import ReceiptLine, ReceiptText, receipt_pdf
from infra.kernel.db import Database
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from paywall.catalogue.tables import Mode, Venue
from paywall.checkout.tables import Order, OrderLine, ReceiptFile
from paywall.notices.ports import Attachment
from paywall.pages.i18n import Catalogues, Translator, negotiate
from paywall.pages.mail_rendering import short_number
from paywall.pages.words import tax_label


class Receipts:
    """Answers the notices' AttachmentSource for `receipt:<order id>`."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def load(self, ref: str, now: datetime) -> Attachment:
        """The receipt's file, made first where it does not exist yet; then always the same."""
        kind, _, order_id = ref.partition(":")
        assert kind == "receipt", f"nobody makes {kind}"
        async with self._db.read() as tx:
            kept = await tx.get(ReceiptFile, order_id)
        data = kept.data if kept is not None else await self._make(order_id, now)
        name = f"receipt-{short_number(order_id)}.pdf"
        return Attachment(name=name, content_type="application/pdf", data=data)

    async def _make(self, order_id: str, now: datetime) -> bytes:
        query = (
            select(Order, OrderLine, Venue)
            .join(OrderLine, OrderLine.order_id == Order.id)
            .join(Venue, Venue.id == Order.venue_id)
            .where(Order.id == order_id)
        )
        async with self._db.read() as tx:
            row = (await tx.execute(query)).first()
        if row is None:
            raise NotFound("order")
        order, line, venue = row
        locale = self._catalogues.translator(negotiate(preferred=order.locale))
        data = await asyncio.to_thread(receipt_pdf, receipt_text(locale, order, line, venue))
        dialect = sqlite if self._db.is_sqlite else postgresql
        values = {"order_id": order_id, "venue_id": venue.id, "data": data, "created_at": now}
        async with self._db.transaction() as tx:
            statement = dialect.insert(ReceiptFile).values(values).on_conflict_do_nothing()
            await tx.execute(statement)
        return data


def receipt_text(locale: Translator, order: Order, line: OrderLine, venue: Venue) -> ReceiptText:
    """The words of an order's receipt, in the buyer's language. Pure."""
    _ = locale.gettext
    unit = Money(line.unit_minor, order.currency)
    name = line.name if line.quantity == 1 else f"{line.quantity} × {line.name}"
    rows = [ReceiptLine(name, locale.money(unit * line.quantity))]
    if order.discount_minor:
        label = _("Code %(code)s") % {"code": order.coupon_code}
        rows.append(ReceiptLine(label, locale.money(-order.discount)))
    rows.append(ReceiptLine(_("Total"), locale.money(order.total), strong=True))
    if order.tax_bps:
        label = _("of which %(tax)s") % {"tax": tax_label(locale, order.tax_bps)}
        rows.append(ReceiptLine(label, locale.money(order.tax)))
    paid_at = order.paid_at or order.created_at
    seller = [venue.legal_name or venue.name, *venue.address.splitlines(), venue.vat_number]
    notes = [_("Test mode: no money moved.")] if venue.mode is Mode.TEST else []
    return ReceiptText(
        title=_("Receipt"),
        seller=[one for one in seller if one],
        buyer=order.email,
        facts=[
            (_("Order"), short_number(order.id)),
            (_("Paid on"), locale.datetime(paid_at, venue.timezone, "full")),
        ],
        lines=rows,
        notes=notes,
    )

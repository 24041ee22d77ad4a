"""What checkout tells the receipt of a paid order."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.kernel.db import Database
from infra.kernel.money import Money
from paywall.checkout.receipt_facts import OrderReceipts
from paywall.checkout.tables import Order, OrderLine, OrderState
from tests.notices.conftest import add_venue

PAID = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


async def add_order(db: Database, *, paid_at: datetime | None = PAID) -> None:
    async with db.transaction() as tx:
        tx.add(
            Order(
                id="ord_1", venue_id="ven_1", customer_id="cus_1", account_id="acc_1",
                email="ada@example.org", state=OrderState.PAID, test=True, channel="api",
                currency="EUR", subtotal_minor=2400, discount_minor=400, total_minor=2000,
                tax_minor=333, tax_bps=2000, platform_fee_bps=0, coupon_code="ÉTÉ",
                external_reference="till 4711", locale="fr", created_at=PAID, paid_at=paid_at,
            )
        )  # fmt: skip
        tx.add(
            OrderLine(
                id="lin_1", venue_id="ven_1", order_id="ord_1", offer_id="off_1",
                price_id="pri_1", name="Stream", quantity=2, unit_minor=1200, total_minor=2400,
            )
        )  # fmt: skip


async def test_a_paid_order_has_a_receipt_whose_numbers_agree(database: Database) -> None:
    await add_venue(database)
    await add_order(database)
    receipt = await OrderReceipts(database).receipt("ord_1")
    assert receipt is not None
    assert (receipt.number, receipt.seller.name, receipt.locale) == ("ORD_1", "La Cigale", "fr")
    lines = sum(line.amount.minor for line in receipt.lines)
    assert lines - receipt.discount.minor == receipt.total.minor
    assert receipt.total == Money(2000, "EUR")
    assert (receipt.method, receipt.discount_label) == ("till 4711", "ÉTÉ")
    assert (receipt.paid_at, receipt.timezone, receipt.test) == (PAID, "Europe/Paris", True)


async def test_an_unpaid_or_unknown_order_has_none(database: Database) -> None:
    await add_venue(database)
    await add_order(database, paid_at=None)
    facts = OrderReceipts(database)
    assert await facts.receipt("ord_1") is None
    assert await facts.receipt("ord_2") is None

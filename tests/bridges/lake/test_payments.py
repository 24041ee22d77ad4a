"""Payments in the lake: what they were made with, as far as the processor told."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from paywall.payments.tables import Payment
from tests.bridges.lake.world import World


async def test_a_cards_kind_brand_and_end_go_along_and_no_number(world: World) -> None:
    await world.order(await world.customer())
    async with world.db.transaction() as tx:
        payment = (await tx.scalars(select(Payment))).one()
        payment.method, payment.method_kind, payment.card_brand = "Visa ···· 4242", "card", "visa"
        payment.card_expires_at = datetime(2026, 12, 1, tzinfo=UTC)
    await world.export()
    (row,) = world.rows("payments")
    assert (row["method"], row["brand"]) == ("card", "visa")
    assert row["card_expires_at"] == datetime(2026, 12, 1, tzinfo=UTC)
    assert "4242" not in str(row)

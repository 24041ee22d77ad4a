"""Every kind of breach that the doctor looks for, planted behind the product's back.

Where a constraint of the database forbids one, it is taken away first: the doctor must also find
what came with a restored backup or a mended table.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from entitlements.tables import Grant, GrantState
from infra.kernel.db import Base, Database
from infra.kernel.ids import new_id
from offers.tables import Pool
from paywall.catalogue.tables import Mode, Venue
from paywall.checkout.tables import Order
from paywall.ledger.tables import Posting
from paywall.payments.tables import GatewayAccount, Payment


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Healthy rows to spoil: orders taken at a till, all different, and one paid by card."""

    now: datetime
    venue_id: str
    offer_id: str
    till: list[str]
    card: str


Plant = Callable[[AsyncConnection, Scene], Awaitable[list[str]]]
"""Spoils something; what the finding has to name."""


class Breach(msgspec.Struct, frozen=True):
    """One kind: the beginning of the doctor's sentence, and how to plant it."""

    sentence: str
    plant: Plant


@asynccontextmanager
async def unchecked(connection: AsyncConnection, table: str, rule: str) -> AsyncIterator[None]:
    """Without a constraint: on SQLite for the block, on PostgreSQL from now on."""
    if connection.dialect.name != "sqlite":
        await connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{rule}"))
        yield
        return
    await connection.execute(text("PRAGMA ignore_check_constraints = ON"))
    try:
        yield
    finally:
        await connection.execute(text("PRAGMA ignore_check_constraints = OFF"))


async def _set(connection: AsyncConnection, table: type[Base], id_: str, **values: Any) -> None:
    await connection.execute(update(table).where(table.__table__.c.id == id_).values(values))


async def _post(connection: AsyncConnection, scene: Scene, minor: int) -> str:
    movement = new_id("mov")
    await connection.execute(
        insert(Posting).values(
            id=new_id("pst"), movement_id=movement, venue_id=scene.venue_id, test=True,
            kind="planted", account="venue", currency="EUR", minor=minor, order_id="",
            cause_id="planted", at=scene.now,
        )
    )  # fmt: skip
    return movement


async def one_sided(connection: AsyncConnection, scene: Scene) -> list[str]:
    """Two halves of one movement booked as two: only the currency's sum is right."""
    return [await _post(connection, scene, 7), await _post(connection, scene, -7)]


async def money_from_nowhere(connection: AsyncConnection, scene: Scene) -> list[str]:
    await _post(connection, scene, 500)
    return ["EUR: 500"]


async def no_grant(connection: AsyncConnection, scene: Scene) -> list[str]:
    order_id = scene.till[0]
    await connection.execute(delete(Grant).where(Grant.order_id == order_id))
    return [order_id]


async def closed_grant(connection: AsyncConnection, scene: Scene) -> list[str]:
    order_id = scene.till[1]
    closed = update(Grant).where(Grant.order_id == order_id).values(state=GrantState.REVOKED)
    await connection.execute(closed)
    return [order_id]


async def other_total(connection: AsyncConnection, scene: Scene) -> list[str]:
    order_id = scene.till[2]
    await connection.execute(
        update(Order).where(Order.id == order_id).values(total_minor=Order.total_minor + 1)
    )
    return [order_id]


async def unbooked_charge(connection: AsyncConnection, scene: Scene) -> list[str]:
    """A captured payment that the books and the order don't know."""
    found = await connection.execute(
        select(Payment.__table__).where(Payment.order_id == scene.card)
    )
    row = dict(found.mappings().one())
    row |= {"id": new_id("pay"), "processor_ref": new_id("ref"), "order_id": new_id("ord")}
    await connection.execute(insert(Payment).values(row))
    return [row["id"]]


async def more_back_than_in(connection: AsyncConnection, scene: Scene) -> list[str]:
    spoiled = (
        update(Payment)
        .where(Payment.order_id == scene.card)
        .values(refunded_minor=Payment.captured_minor + 1)
        .returning(Payment.id)
    )
    async with unchecked(connection, "payment", "back_within"):
        return [str((await connection.execute(spoiled)).scalar_one())]


async def unexplained_refund(connection: AsyncConnection, scene: Scene) -> list[str]:
    await _set(connection, Order, scene.till[3], refunded_minor=1)
    return [scene.till[3]]


async def a_place_too_many(connection: AsyncConnection, scene: Scene) -> list[str]:
    pool = update(Pool).where(Pool.offer_id == scene.offer_id).values(taken=Pool.taken + 1)
    await connection.execute(pool)
    return [scene.offer_id]


async def test_gateway_goes_live(connection: AsyncConnection, scene: Scene) -> list[str]:
    await _set(connection, Venue, scene.venue_id, mode=Mode.LIVE)
    return ["test account"]


async def moved_clock_goes_live(connection: AsyncConnection, scene: Scene) -> list[str]:
    async with unchecked(connection, "venue", "live_clock_stands"):
        await _set(connection, Venue, scene.venue_id, mode=Mode.LIVE, clock_offset_s=3600)
    return ["moved clock"]


async def test_money_for_a_live_order(connection: AsyncConnection, scene: Scene) -> list[str]:
    await _set(connection, Order, scene.card, test=False)
    return [scene.card]


async def for_a_person(connection: AsyncConnection, scene: Scene) -> list[str]:
    await connection.execute(
        update(Payment)
        .where(Payment.order_id == scene.card)
        .values(needs_person="Look it up in the dashboard.")
    )
    return ["Look it up in the dashboard."]


async def broken_seal(connection: AsyncConnection, scene: Scene) -> list[str]:
    spoiled = (
        update(GatewayAccount)
        .where(GatewayAccount.venue_id == scene.venue_id)
        .values(credentials="sealed by somebody else")
        .returning(GatewayAccount.id)
    )
    return [str((await connection.execute(spoiled)).scalar_one())]


GRANT = "Every paid order has its grant"
APART = "Live venues have no test gateway"
BREACHES = [
    Breach("Every movement's postings sum to zero", one_sided),
    Breach("Per currency all postings sum to zero", money_from_nowhere),
    Breach(GRANT, no_grant),
    Breach(GRANT, closed_grant),
    Breach("Every paid order's money is booked once", other_total),
    Breach("No captured payment is left without its order's knowing", unbooked_charge),
    Breach("No payment gave back more than it took", more_back_than_in),
    Breach("What went back of an order is what its refunds", unexplained_refund),
    Breach("Places taken are places held or sold", a_place_too_many),
    Breach(APART, test_gateway_goes_live),
    Breach(APART, moved_clock_goes_live),
    Breach(APART, test_money_for_a_live_order),
    Breach("Nothing about money waits for a person", for_a_person),
    Breach("Sealed credentials open with this master secret", broken_seal),
]


async def planted(db: Database, breach: Breach, scene: Scene) -> list[str]:
    """Plant it and commit; what has to be named."""
    async with db.engine.begin() as connection:
        return await breach.plant(connection, scene)

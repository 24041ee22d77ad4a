"""Coupons under a crowd: limits hold, and an order that came to nothing gives its use back."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from infra.kernel.db import Database
from infra.kernel.errors import Conflict, Invalid
from offers import coupon_codes, coupons
from offers.coupon_codes import NewCoupon
from offers.quote import CouponRefused
from offers.tables import Coupon
from tests.offers.builders import NOW, coupon


async def _use(database: Database, order: str, email: str) -> bool:
    try:
        async with database.transaction() as tx:
            found = await coupons.find(tx, "ven_1", "early")
            await coupons.use(tx, found, order_id=order, email=email)
    except CouponRefused:
        return False
    return True


async def test_a_limited_code_is_never_used_more_often(database: Database) -> None:
    async with database.transaction() as tx:
        tx.add(coupon(percent_bps=1000, max_uses=5))
    used = await asyncio.gather(*(_use(database, f"ord_{n}", f"{n}@x.org") for n in range(40)))
    assert sum(used) == 5


async def test_one_person_uses_it_once_even_at_once(database: Database) -> None:
    async with database.transaction() as tx:
        tx.add(coupon(percent_bps=1000))
    used = await asyncio.gather(*(_use(database, f"ord_{n}", "a@x.org") for n in range(8)))
    assert sum(used) == 1


async def test_an_order_that_came_to_nothing_gives_its_use_back(database: Database) -> None:
    async with database.transaction() as tx:
        tx.add(coupon(percent_bps=1000, max_uses=1))
    assert await _use(database, "ord_1", "a@x.org")
    assert not await _use(database, "ord_2", "b@x.org")
    async with database.transaction() as tx:
        await coupons.give_back(tx, ["ord_1"], NOW)
        await coupons.give_back(tx, ["ord_1"], NOW)
    async with database.read() as tx:
        assert await tx.scalar(select(Coupon.used)) == 0
    assert await _use(database, "ord_2", "a@x.org")


async def test_one_code_is_made_once_by_two_at_once(database: Database) -> None:
    async def make(number: int) -> bool:
        new = NewCoupon(code="early", percent_bps=1000)
        try:
            async with database.transaction() as tx:
                await coupon_codes.create(tx, "ven_1", f"cpn_{number}", new, now=NOW)
        except Conflict as taken:
            return taken.code != "code_taken"
        return True

    assert sum(await asyncio.gather(*(make(n) for n in range(8)))) == 1


@pytest.mark.parametrize(
    "new",
    [
        NewCoupon(code="x12"),
        NewCoupon(code="x12", percent_bps=1000, offer_id="ofr_01k9x4m8z2v7q0n3t5r6s8w1ya"),
        NewCoupon(code="x12", percent_bps=1000, valid_from=NOW, valid_until=NOW),
    ],
)
async def test_a_code_that_makes_no_sense_is_refused(database: Database, new: NewCoupon) -> None:
    with pytest.raises(Invalid):
        async with database.transaction() as tx:
            await coupon_codes.create(tx, "ven_1", "cpn_1", new, now=NOW)


@pytest.mark.parametrize("blank", ["", "   "])
async def test_a_blank_code_is_no_code(database: Database, blank: str) -> None:
    async with database.read() as tx:
        assert await coupons.find(tx, "ven_1", blank) is None

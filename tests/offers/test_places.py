"""Capacity under a crowd: never oversold, and what is freed can be sold again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from infra.kernel.db import Database
from infra.kernel.errors import Conflict
from infra.kernel.group import GroupCommit
from offers import sale
from offers.places import SoldOut, give_back, places_left, take
from offers.tables import Pool
from tests.offers.builders import pool

CROWD = 200
PLACES = 73


async def _pool(database: Database, capacity: int | None, taken: int = 0) -> None:
    async with database.transaction() as tx:
        tx.add(pool(capacity, taken))


async def _taken(database: Database) -> int:
    async with database.read() as tx:
        taken = await tx.scalar(select(Pool.taken).where(Pool.offer_id == "ofr_1"))
    assert taken is not None
    return taken


async def test_two_hundred_at_once_get_exactly_the_places_there_are(database: Database) -> None:
    await _pool(database, PLACES)

    async def buyer() -> bool:
        try:
            async with database.transaction() as tx:
                await take(tx, {"ofr_1": 1})
        except SoldOut:
            return False
        return True

    got = await asyncio.gather(*(buyer() for _ in range(CROWD)))
    assert sum(got) == PLACES
    assert await _taken(database) == PLACES


async def test_a_crowd_that_shares_statements_is_never_oversold(database: Database) -> None:
    await _pool(database, PLACES)

    async def admit(wishes: Sequence[int]) -> list[int | Exception]:
        try:
            async with database.transaction() as tx:
                await take(tx, {"ofr_1": sum(wishes)})
        except SoldOut:
            return [await alone(wish) for wish in wishes]
        return list(wishes)

    async def alone(wish: int) -> int | Exception:
        try:
            async with database.transaction() as tx:
                await take(tx, {"ofr_1": wish})
        except SoldOut as sold_out:
            return sold_out
        return wish

    group: GroupCommit[int, int] = GroupCommit(admit)
    wishes = [1 + number % 3 for number in range(CROWD)]
    outcomes = await asyncio.gather(*(group.submit(w) for w in wishes), return_exceptions=True)
    sold = sum(o for o in outcomes if isinstance(o, int))
    assert sold == await _taken(database) == PLACES


async def test_who_takes_of_two_offers_takes_of_both_or_none(database: Database) -> None:
    async with database.transaction() as tx:
        tx.add(pool(5, offer_id="ofr_1"))
        tx.add(pool(1, offer_id="ofr_2"))

    async def both() -> bool:
        try:
            async with database.transaction() as tx:
                await take(tx, {"ofr_2": 1, "ofr_1": 1})
        except SoldOut:
            return False
        return True

    assert sum(await asyncio.gather(*(both() for _ in range(8)))) == 1
    async with database.read() as tx:
        assert await places_left(tx, ["ofr_1", "ofr_2"]) == {"ofr_1": 4, "ofr_2": 0}


async def test_freed_places_can_be_sold_again(database: Database) -> None:
    await _pool(database, 2, taken=2)
    async with database.transaction() as tx:
        with pytest.raises(SoldOut):
            await take(tx, {"ofr_1": 1})
        await give_back(tx, {"ofr_1": 1})
        await take(tx, {"ofr_1": 1})
    assert await _taken(database) == 2


async def test_capacity_races_with_buyers_and_never_falls_below_taken(database: Database) -> None:
    await _pool(database, 40)

    async def buy() -> None:
        try:
            async with database.transaction() as tx:
                await take(tx, {"ofr_1": 1})
        except SoldOut:
            return

    async def shrink(to: int) -> None:
        try:
            async with database.transaction() as tx:
                await sale.set_capacity(tx, "ofr_1", to)
        except Conflict:
            return

    await asyncio.gather(*(buy() if n % 2 else shrink(40 - n) for n in range(60)))
    async with database.read() as tx:
        row = await tx.scalar(select(Pool))
    assert row is not None
    assert row.capacity is not None
    assert row.taken <= row.capacity

"""Counting: numbers for strangers, a row a half hour for a customer, nothing for who says no."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.accounts.consents import Purpose, Source, Word, record_consents
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.tables import Customer
from paywall.crm.tables import Visit, VisitCount
from paywall.crm.visits import KEPT, PageKind, Seen, Visits, sweep_visits
from tests.bridges.lake.world import World


@pytest.fixture
async def world(database: Database, clock: HandClock, tmp_path: Path) -> World:
    return await World(database, clock, tmp_path).open()


def seen(world: World, **more: Any) -> Seen:
    values = {"venue": "hall", "page": PageKind.EVENT, "event_id": world.event_id}
    return Seen(**(values | {"source": "search", "device": "phone"} | more))


async def rows(world: World, model: Any) -> list[Any]:
    async with world.db.read() as tx:
        return list(await tx.scalars(select(model).order_by(model.id)))


async def account_of(world: World, customer_id: str) -> str:
    async with world.db.read() as tx:
        return (await tx.get_one(Customer, customer_id)).account_id


async def test_a_crowd_of_strangers_is_one_number(world: World) -> None:
    counter = Visits(world.db, world.clock)
    for _ in range(500):
        counter.add(seen(world))
    assert await counter.flush() == 500
    counter.add(seen(world))
    await counter.flush()
    (row,) = await rows(world, VisitCount)
    assert (row.visits, row.source, row.page, row.event_id) == (
        501, "search", "event", world.event_id,
    )  # fmt: skip
    assert await rows(world, Visit) == []


async def test_two_processes_add_to_the_same_number(world: World) -> None:
    for counter in (Visits(world.db, world.clock), Visits(world.db, world.clock)):
        counter.add(seen(world))
        await counter.flush()
    (row,) = await rows(world, VisitCount)
    assert row.visits == 2


async def test_a_customer_has_one_visit_a_half_hour_and_the_first_page_counts(
    world: World,
) -> None:
    account = await account_of(world, await world.customer())
    for page in (PageKind.STOREFRONT, PageKind.EVENT):
        counter = Visits(world.db, world.clock)
        counter.add(seen(world, account_id=account, page=page))
        await counter.flush()
    world.clock.move(minutes=30)
    counter.add(seen(world, account_id=account, source=""))
    await counter.flush()
    first, second = await rows(world, Visit)
    assert (first.page, first.source) == ("storefront", "search")
    assert second.source == ""
    assert await rows(world, VisitCount) == []


async def test_who_said_no_is_in_no_row_and_no_number(world: World) -> None:
    account = await account_of(world, await world.customer())
    word = Word(
        account_id=account, venue_id=INSTALLATION, purpose=Purpose.VISITS, granted=False,
        source=Source.PRIVACY_PAGE, wording="w", at=world.now,
    )  # fmt: skip
    async with world.db.transaction() as tx:
        await record_consents(tx, [word])
    counter = Visits(world.db, world.clock)
    counter.add(seen(world, account_id=account))
    assert await counter.flush() == 0
    assert await rows(world, Visit) == []
    assert await rows(world, VisitCount) == []


async def test_somebody_signed_in_who_is_no_customer_here_is_a_stranger(world: World) -> None:
    counter = Visits(world.db, world.clock)
    counter.add(seen(world, account_id="acc_elsewhere"))
    await counter.flush()
    (row,) = await rows(world, VisitCount)
    assert row.visits == 1


async def test_made_up_venues_and_events_bring_no_row(world: World) -> None:
    counter = Visits(world.db, world.clock)
    counter.add(seen(world, venue="no-such-hall"))
    counter.add(seen(world, event_id="evt_made_up"))
    await counter.flush()
    (row,) = await rows(world, VisitCount)
    assert row.event_id == ""


async def test_a_flood_of_campaigns_can_not_grow_the_table(
    world: World,
) -> None:
    counter = Visits(world.db, world.clock, ways_max=3, rows_a_half_hour=3)
    for turn in range(4):
        for number in range(20):
            counter.add(seen(world, campaign=f"flood {turn} {number}"))
        await counter.flush()
    found = await rows(world, VisitCount)
    assert len(found) <= 4
    assert sum(row.visits for row in found) == 80


async def test_what_could_not_be_written_waits(world: World) -> None:
    counter = Visits(world.db, world.clock)
    counter.add(seen(world))
    async with world.db.transaction():
        with pytest.raises(AssertionError):  # a transaction does not nest
            await counter.flush()
    assert counter.waiting == 1
    assert await counter.flush() == 1


async def test_after_thirteen_months_nothing_is_left(world: World) -> None:
    account = await account_of(world, await world.customer())
    counter = Visits(world.db, world.clock)
    counter.add(seen(world))
    counter.add(seen(world, account_id=account))
    await counter.flush()
    later = world.now + KEPT
    assert await sweep_visits(world.db, later) == 0
    assert await sweep_visits(world.db, later + timedelta(hours=1)) == 2

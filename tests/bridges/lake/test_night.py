"""The night: each venue once, at its own hour, by whichever worker comes first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from paywall.bridges.lake.night import Nights
from paywall.bridges.lake.runs import AGAIN_AFTER, night_after
from paywall.bridges.lake.tables import VenueLake
from tests.bridges.lake.world import World


class Children:
    """What would have been started, and how it ended."""

    def __init__(self, world: World, *, code: int = 0) -> None:
        self.world, self.code = world, code
        self.started: list[str] = []

    async def __call__(self, slug: str) -> int:
        self.started.append(slug)
        if self.code == 0:
            await self.world.export()
        return self.code


async def due(world: World) -> VenueLake:
    async with world.db.read() as tx:
        return await tx.get_one(VenueLake, world.venue.id)


@pytest.mark.parametrize(
    ("zone", "now", "hour"),
    [
        ("Europe/Paris", "2026-11-20T18:00+00:00", "2026-11-21T02"),
        ("Europe/Paris", "2026-07-20T18:00+00:00", "2026-07-21T01"),
        ("Asia/Tokyo", "2026-11-20T17:59+00:00", "2026-11-20T18"),
        ("America/Montreal", "2026-11-20T09:30+00:00", "2026-11-21T08"),
    ],
)
def test_the_night_is_between_three_and_four_where_the_venue_is(
    zone: str, now: str, hour: str
) -> None:
    night = night_after(datetime.fromisoformat(now), zone, "ven_1")
    assert night.strftime("%Y-%m-%dT%H") == hour
    assert night.tzinfo == UTC


async def test_a_venue_is_exported_once_a_night(world: World) -> None:
    await world.a_whole_life()
    children = Children(world)
    nights = Nights(world.db, children)
    assert await nights.run(world.now) == 0  # its first night is still to come
    for _ in range(3):
        world.clock.move(hours=24)
        assert await nights.run(world.now) == 1
        assert await nights.run(world.now) == 0
    assert children.started == ["hall"] * 3
    assert len(world.rows("viewing")) == 1
    assert (await due(world)).tries == 0


async def test_a_night_that_failed_is_tried_again_ever_more_rarely(world: World) -> None:
    children = Children(world, code=1)
    nights = Nights(world.db, children)
    await nights.run(world.now)
    world.clock.move(hours=24)
    waits = []
    for _ in range(9):
        assert await nights.run(world.now) == 1
        waits.append((await due(world)).due_at - world.now)
        world.clock.move(seconds=waits[-1].total_seconds())
    assert waits[:3] == [AGAIN_AFTER, AGAIN_AFTER * 2, AGAIN_AFTER * 4]
    assert waits[-1] == timedelta(days=1)


async def test_two_workers_start_it_once(world: World) -> None:
    children = Children(world)
    await Nights(world.db, children).run(world.now)
    world.clock.move(hours=24)
    both = [Nights(world.db, children).run(world.now) for _ in range(2)]
    await asyncio.gather(*both)
    assert children.started == ["hall"]


async def test_while_a_run_is_at_it_no_other_is_started(world: World) -> None:
    children = Children(world)
    await Nights(world.db, children).run(world.now)
    world.clock.move(hours=24)
    async with world.db.transaction() as tx:
        row = await tx.get_one(VenueLake, world.venue.id)
        row.lease, row.lease_until = "lrn_other", world.now + timedelta(minutes=1)
    assert await Nights(world.db, children).run(world.now) == 0

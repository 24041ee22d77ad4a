"""The worker's night of scores: after each export once, and after a failure not at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from churn.prediction.nights import begin, finish
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.bridges.lake.tables import VenueLake
from paywall.bridges.scores import ScoreNights, due
from paywall.catalogue.tables import Mode, Venue


class Child:
    """Stands for the process that scores: it does, or it fails."""

    def __init__(self, db: Database, clock: HandClock) -> None:
        self.db, self.clock = db, clock
        self.asked: list[str] = []
        self.code = 0

    async def __call__(self, slug: str) -> int:
        self.asked.append(slug)
        if not self.code:
            async with self.db.transaction() as tx:
                night = await begin(tx, "ven_1", self.clock.machine())
            async with self.db.transaction() as tx:
                await finish(tx, night, self.clock.machine())
        return self.code


@pytest.fixture
async def exported(database: Database, clock: HandClock) -> Database:
    now = clock.machine()
    async with database.transaction() as tx:
        for number in (1, 2):
            tx.add(
                Venue(
                    id=f"ven_{number}", slug=f"hall-{number}", name="Hall", mode=Mode.TEST,
                    country="FR", timezone="Europe/Paris", currency="EUR", created_at=now,
                )
            )  # fmt: skip
            done = now - timedelta(minutes=5) if number == 1 else None
            tx.add(VenueLake(venue_id=f"ven_{number}", done_at=done, due_at=now))
    return database


async def test_a_venue_is_scored_once_after_each_export(
    exported: Database, clock: HandClock
) -> None:
    child = Child(exported, clock)
    nights = ScoreNights(exported, child)
    assert [await nights.run(clock.machine()) for _ in range(2)] == [1, 0]
    assert child.asked == ["hall-1"]
    clock.move(days=1)
    async with exported.transaction() as tx:
        (await tx.get_one(VenueLake, "ven_1")).done_at = clock.machine() - timedelta(minutes=5)
    assert await nights.run(clock.machine()) == 1


async def test_a_run_that_is_under_way_is_left_alone(exported: Database, clock: HandClock) -> None:
    async with exported.transaction() as tx:
        await begin(tx, "ven_1", clock.machine())
    assert await due(exported, clock.machine()) is None
    clock.move(hours=4)
    assert await due(exported, clock.machine()) == ("ven_1", "hall-1")


async def test_a_failed_night_is_tried_again_later_and_later(
    exported: Database, clock: HandClock
) -> None:
    child = Child(exported, clock)
    child.code = 1
    nights = ScoreNights(exported, child)
    for minutes in (0, 14, 1, 29, 1):
        clock.move(minutes=minutes)
        assert await nights.run(clock.machine()) == 0
    assert len(child.asked) == 3

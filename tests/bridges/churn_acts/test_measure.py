"""Actions measured from the lake: free weeks that keep people, a code that doesn't."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from churn.effects import Arm as Counted
from churn.effects import Verdict, judge
from churn.lake import Lake
from churn.triggers import results
from churn.triggers.acts import LetterText, Mail
from churn.triggers.arms import arm_of
from churn.triggers.define import NewTrigger, create, start
from churn.triggers.tables import Arm, Assignment, Trigger
from churn.triggers.who import uplift_of
from infra.kernel.bounds import MoneyAsk
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from paywall.bridges.churn_acts.measure import measure, measured_uplift_bps
from paywall.bridges.churn_acts.nights import Measurements
from paywall.catalogue.tables import Venue
from tests.bridges.lake.world import World

PEOPLE = 4000


@pytest.fixture
async def world(database: Database, clock: HandClock, tmp_path: Path) -> World:
    return await World(database, clock, tmp_path).open()


async def drawn(world: World, name: str, leave: dict[Arm, float], seed: int) -> str:
    """An action whose people were drawn 70 days ago, and of whom these shares have left since."""
    venue_id, now = world.venue.id, world.clock.machine()
    chance = random.Random(seed)
    then = now - timedelta(days=70)
    async with world.db.transaction() as tx:
        new = NewTrigger(
            name=name, occasion="silent", act=Mail({"en": LetterText("s", "b")}),
            cost=MoneyAsk(10, "EUR"), budget=MoneyAsk(10_000_000, "EUR"),
        )  # fmt: skip
        trigger = await create(tx, venue_id, new_id("trg"), new, now=then)
        await start(tx, trigger, now=then, machine_now=then)
        rows, facts = [], []
        for number in range(PEOPLE):
            person = f"{name}{number}"
            arm = arm_of(trigger.seed, person, 2000)
            rows.append(
                Assignment(
                    id=new_id("asg"), venue_id=venue_id, trigger_id=trigger.id, person=person,
                    customer_id=new_id("cus"), round=1, arm=arm, act="mail",
                    cost_minor=10 if arm is Arm.TREATED else 0, month_minor=1200, currency="EUR",
                    trigger_version=1, at=then, created_at=then,
                )
            )  # fmt: skip
            facts.append(_fact(person, "started", then - timedelta(days=90)))
            if chance.random() < leave[arm]:
                facts.append(_fact(person, "ended", then + timedelta(days=chance.randint(1, 50))))
        tx.add_all(rows)
    Lake(world.root).write_rows("subscriptions", venue_id, facts, f"import-{name}")
    return trigger.id


def _fact(person: str, change: str, at: Any) -> dict[str, Any]:
    return {
        "fact_id": f"{person}-{change}", "event_at": at, "known_at": at, "origin": "import",
        "person": person, "subscription_id": f"s-{person}", "change": change, "plan": "Live",
        "tier": "premium", "interval_months": 1, "price_minor": 1200, "list_minor": 1200,
        "currency": "EUR",
    }  # fmt: skip


@pytest.mark.slow
async def test_free_weeks_keep_and_a_code_does_not(world: World) -> None:
    weeks = await drawn(world, "weeks", {Arm.TREATED: 0.12, Arm.HELD_OUT: 0.24}, seed=1)
    code = await drawn(world, "code", {Arm.TREATED: 0.24, Arm.HELD_OUT: 0.24}, seed=2)
    harm = await drawn(world, "harm", {Arm.TREATED: 0.30, Arm.HELD_OUT: 0.15}, seed=3)
    done = await world.export()
    assert done.rows["assignments"] == 3 * PEOPLE
    async with world.db.read() as tx:
        venue = await tx.get_one(Venue, world.venue.id)
    measured = await measure(world.db, world.clock, world.root, venue)
    said = {one.trigger_id: one.verdict for one in measured}
    assert said[weeks] is Verdict.HELPED
    assert said[code] in (Verdict.NO_DIFFERENCE, Verdict.TOO_EARLY)
    assert said[harm] is Verdict.HARMED
    async with world.db.read() as tx:
        effects = await results.latest_effects(tx, [weeks, code, harm])
        triggers = {row.id: row for row in await tx.scalars(select(Trigger))}
    helped = effects[weeks]
    assert helped.treated + helped.held_out == PEOPLE
    assert helped.low < 0.12 < helped.high
    assert helped.cost_minor == 10 * helped.treated
    # The next draws count on what was measured: half of those who would leave are kept.
    assert 0.35 < uplift_of(triggers[weeks]) < 0.65
    assert uplift_of(triggers[harm]) < 0, "nothing is worth doing harm"
    assert (await world.export()).rows.get("assignments", 0) == 0


async def test_the_night_is_taken_by_one_worker_and_tried_again_after_a_failure(
    world: World,
) -> None:
    trigger_id = await drawn(world, "one", dict.fromkeys(Arm, 0.1), seed=4)
    codes = [3, 0]
    spawned: list[str] = []

    async def spawn(slug: str) -> int:
        spawned.append(slug)
        return codes.pop(0)

    job = Measurements(world.db, spawn)
    assert await job.run(world.clock.machine()) == 1
    assert await job.run(world.clock.machine()) == 0
    world.clock.move(hours=1, seconds=1)
    assert await job.run(world.clock.machine()) == 1
    assert len(spawned) == 2
    async with world.db.transaction() as tx:  # as the child that ended well leaves it
        later = world.clock.machine() + timedelta(days=1)
        await tx.execute(update(Trigger).where(Trigger.id == trigger_id).values(measure_at=later))
    assert await job.run(world.clock.machine()) == 0


def test_what_is_not_sure_changes_nothing() -> None:
    assert measured_uplift_bps(judge(Counted(20, 10), Counted(20, 9))) is None
    nobody_left = judge(Counted(5000, 4000), Counted(5000, 5000))
    assert measured_uplift_bps(nobody_left) == -10_000

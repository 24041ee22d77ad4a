"""Run the simulated days: `simulate` gives the facts, `worlds` what each action really did."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from churn.simulate import actions, billing, contacts, leaving, rules, seasons, watching
from churn.simulate.people import people as make_people
from churn.simulate.rows import Array, Rows
from churn.simulate.truth import Truth, roc_auc
from churn.simulate.world import World

YEAR_DAYS = 365
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Simulation:
    """The facts, table by table, and the truth about them."""

    tables: dict[str, pa.Table]
    truth: Truth
    days: int

    @property
    def oracle_auc(self) -> float:
        """ROC-AUC of the true chance of asking to leave within 30 days: no model can do better."""
        return roc_auc(*self.truth.judged(self.days))


def simulate(
    seed: int,
    years: float,
    people: int,
    until: datetime,
    *,
    planted: float = 1.0,
    only: Collection[str] | None = None,
    told: Told = lambda _done, _whole: None,
) -> Simulation:
    """The facts of so many people over the years that end at a moment.

    `planted` scales the effects of the actions: 0 makes every action one that changes nothing.
    `only` names the tables to write where not all are wanted; the people are the same.
    `told` hears of days done and days in all.
    """
    world = _world(seed, years, people, until, planted, Rows(seed, only))
    seasons.write_concerts(world.rows, world.calendar, world.start)
    _live(world, told)
    return Simulation(world.rows.tables(world.until_us), world.truth, world.days)


@dataclass(frozen=True)
class Planted:
    """What an action really did to those who met it: the same people, treated and not."""

    action_id: str
    people: int
    kept_treated: float
    kept_held_out: float
    each: Array
    """Of each of them: 1 kept by it, -1 lost by it, 0 neither."""
    who: Array

    @property
    def effect(self) -> float:
        return self.kept_treated - self.kept_held_out


def worlds(
    seed: int, years: float, people: int, until: datetime, *, planted: float = 1.0
) -> dict[str, Planted]:
    """The planted effect of each action, from two worlds with the same dice.

    In one world everybody who meets an action is treated, in the other nobody is. Until somebody
    meets their only action the worlds agree, and nobody's life touches another's, so the
    difference is the effect on just the people of `simulate` with the same seed.
    """
    kept = []
    for forced in (True, False):
        world = _world(seed, years, people, until, planted, Rows(seed, only=()), forced)
        _live(world, lambda _done, _whole: None)
        kept.append(world.truth.kept)
    found = {}
    for number, action in enumerate(rules.ACTIONS):
        if number not in kept[0]:
            continue
        treated, left_alone = kept[0][number], kept[1][number]
        who = np.flatnonzero(treated >= 0)
        each = treated[who].astype(np.int64) - left_alone[who]
        found[action.action_id] = Planted(
            action.action_id, len(who), float(treated[who].mean()),
            float(left_alone[who].mean()), each, who,
        )  # fmt: skip
    return found


def _world(
    seed: int, years: float, count: int, until: datetime, planted: float,
    rows: Rows, forced: bool | None = None,  # noqa: FBT001 - of three values
) -> World:  # fmt: skip
    first = (until - timedelta(days=round(years * YEAR_DAYS))).astimezone(UTC)
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (until - start).days + 1
    calendar = seasons.calendar(start.date(), days, seed)
    return World(
        seed=seed,
        start=start.date(),
        start_us=int(start.timestamp() * 1e6),
        until_us=int(until.timestamp() * 1e6),
        days=days,
        people=make_people(count, days, calendar, seed),
        calendar=calendar,
        rows=rows,
        truth=Truth(),
        planted=planted,
        forced=forced,
        arms=actions.arms(seed, count),
        groups=actions.groups(seed, count),
    )


def _live(world: World, told: Told) -> None:
    for day in range(world.days):
        today = world.today(day)
        watching.feel(world, today)
        contacts.greet(world, today)
        leaving.come(world, today)
        watching.watch(world, today)
        contacts.support(world, today)
        contacts.visit(world, today)
        contacts.news(world, today)
        actions.judge(world, today)
        actions.act(world, today)
        actions.renew_cards(world, today)
        billing.settle(world, today)  # in the night, before anybody thinks of leaving
        leaving.leave(world, today)
        leaving.move(world, today)
        told(day + 1, world.days)

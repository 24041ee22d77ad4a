"""The state of a simulated audience on a day, and the dice of each day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from churn.simulate.people import People
from churn.simulate.rows import NOTHING, Array, Rows
from churn.simulate.rules import Status
from churn.simulate.seasons import DAY_US, HOUR_US, Calendar
from churn.simulate.truth import Truth

NEVER = -10_000
LATER = 10_000_000
DICE = (
    "fade", "fade_ends", "live", "replay", "replay_choice", "replay_again", "live_failed",
    "replay_failed", "case", "unsatisfied", "consent", "update", "leave", "withdraw", "trial",
    "decline", "recover", "move", "enter", "come_back", "ticket", "admission", "reason",
)  # fmt: skip


class State:
    """Arrays with one entry a person; days count from the first of the simulation."""

    def __init__(self, people: People) -> None:
        n = len(people)

        def days(at: int = NEVER) -> Array:
            return np.full(n, at, np.int64)

        self.status = np.full(n, Status.NOT_YET, np.int8)
        self.consents = np.zeros(n, np.bool_)
        self.wander = np.zeros(n)
        self.fading = np.zeros(n, np.bool_)
        self.faded = np.zeros(n)
        self.bad = np.zeros(n)
        self.unsatisfied = np.zeros(n)
        self.watched = days()
        self.card_ends = people.card_ends.copy()
        self.life = np.zeros(n, np.int64)  # subscriptions so far
        self.tier = np.zeros(n, np.int8)
        self.months = np.ones(n, np.int64)
        self.price = np.zeros(n, np.int64)
        self.list = np.zeros(n, np.int64)
        self.began = days()
        self.discount_ends = days(LATER)
        self.discount_ended = days()
        self.rose = days()
        self.trial_ends = days(LATER)
        self.period_ends = days(LATER)
        self.reason = np.zeros(n, np.int8)
        self.invoice = np.zeros(n, np.int64)
        self.invoice_us = np.zeros(n, np.int64)
        self.since_us = np.zeros(n, np.int64)
        self.attempt = np.zeros(n, np.int64)
        self.retry = days(LATER)
        self.left = days()
        self.left_by_payment = np.zeros(n, np.bool_)
        self.action = np.full(n, -1, np.int8)
        self.treated = np.zeros(n, np.bool_)
        self.treated_on = days()
        self.coupon = np.zeros(n, np.bool_)


@dataclass
class Today:
    """One day: its number and its dice, the same in every world of a seed."""

    day: int
    midnight_us: int
    dice: dict[str, Array]
    normal: Array
    interest: Array
    rng: np.random.Generator
    """For what changes nothing later: seconds within the day, lengths, words."""

    def at(self, count: int, first_hour: float = 8, last_hour: float = 23) -> Array:
        """So many random moments of the day."""
        hours = self.rng.uniform(first_hour, last_hour, count)
        return (self.midnight_us + hours * HOUR_US).astype(np.int64)


@dataclass
class World:
    """One run: people, calendar, state, what is written, and what is really true."""

    seed: int
    start: date
    start_us: int
    until_us: int
    days: int
    people: People
    calendar: Calendar
    rows: Rows
    truth: Truth
    planted: float
    """1 plants the effects of `rules.ACTIONS`, 0 none."""
    forced: bool | None
    """All treated, all held out, or as the coin fell."""
    arms: list[Array]
    groups: Array
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(self.people)

    def today(self, day: int) -> Today:
        n = len(self.people)
        rng = np.random.Generator(np.random.SFC64([self.seed, day]))
        dice = rng.random((len(DICE), n), dtype=np.float32)
        return Today(
            day=day,
            midnight_us=self.start_us + day * DAY_US,
            dice=dict(zip(DICE, dice, strict=True)),
            normal=rng.standard_normal(n, dtype=np.float32),
            interest=np.zeros(n),
            rng=np.random.Generator(np.random.SFC64([self.seed, day, 1])),
        )

    def date_us(self, day: Array) -> Array:
        """Midnights of days; nothing for those that don't come."""
        near = (day > NEVER) & (day < LATER)
        return np.where(near, self.start_us + np.where(near, day, 0) * DAY_US, NOTHING)

    def subscription(self, who: Array) -> Array:
        """Numbers of the running subscriptions."""
        numbers: Array = who * 100 + self.state.life[who]
        return numbers

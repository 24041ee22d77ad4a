"""Who asks to leave, who comes, comes back, or moves to another plan."""

from __future__ import annotations

import numpy as np

from churn.simulate import rules
from churn.simulate.billing import list_price, note, start
from churn.simulate.rows import Array
from churn.simulate.rules import Status
from churn.simulate.seasons import DAY_US
from churn.simulate.truth import MONTH_DAYS
from churn.simulate.world import LATER, Today, World


def hazard(world: World, today: Today, who: Array, ahead: int = 0) -> Array:
    """The true daily rate of asking to leave, now, or so many days ahead as things stand.

    Ahead, memories fade, the calendar, discounts and renewals go on; what nobody can know does
    not happen.
    """
    s, p, day = world.state, world.people, today.day + ahead
    sense = np.maximum(p.price_sense[who], -1.0)
    # Whoever is fading fades on.
    fades = np.minimum(rules.FADE_PER_DAY * ahead, rules.FADE_MAX - s.faded[who]) * s.fading[who]
    log = np.log(rules.LEAVE_RATE) + rules.BY_INTEREST * (today.interest[who] - fades)
    log += rules.BY_PRICE_SENSE * p.price_sense[who]
    ended = (day - s.discount_ended[who] < rules.DISCOUNT_FEELS_DAYS) | (
        (s.discount_ends[who] - day < 7) & (day - s.discount_ends[who] < rules.DISCOUNT_FEELS_DAYS)
    )
    log += ended * (rules.DISCOUNT_ENDED + rules.DISCOUNT_ENDED_BY_SENSE * sense)
    rose = day - s.rose[who] < rules.RISE_FEELS_DAYS
    log += rose * (rules.PRICE_ROSE + rules.PRICE_ROSE_BY_SENSE * sense)
    log += rules.BAD_SESSION * np.minimum(s.bad[who], 3) * rules.BAD_MEMORY**ahead
    log += rules.UNSATISFIED * np.minimum(s.unsatisfied[who], 2) * rules.CASE_MEMORY**ahead
    log += rules.NO_CONCERTS * world.calendar.silent[day]
    shown = world.calendar.ahead[today.day][p.favourites[:, who]].any(axis=0)
    log += rules.FAVOURITE_AHEAD * shown
    log += rules.EARLY * (day - s.began[who] < rules.EARLY_DAYS)
    log += rules.IDLE * (day - s.watched[who] > rules.IDLE_DAYS)
    log += _by_period(world, who, day)
    log += _by_action(world, today, who, day)
    return np.asarray(np.exp(log))


def _by_period(world: World, who: Array, day: int) -> Array:
    s = world.state
    # Days to the next renewal; beyond it, a monthly plan renews again a month later.
    to_go = s.period_ends[who] - day
    yearly = s.months[who] == 12
    to_go = np.where(yearly, to_go, to_go % MONTH_DAYS)
    near = to_go <= rules.BEFORE_RENEWAL_DAYS
    far = np.where(to_go > rules.YEARLY_NEAR_DAYS, rules.YEARLY_FAR, rules.YEARLY_NEAR)
    return np.asarray(near * rules.BEFORE_RENEWAL + yearly * far)


def _by_action(world: World, today: Today, who: Array, day: int) -> Array:
    """The planted effects: log terms on the rate of those who were treated."""
    s, p = world.state, world.people
    since = day - s.treated_on[who]
    log = np.zeros(len(who))
    weeks = s.treated[who] & (s.action[who] == rules.FREE_WEEKS)
    weeks &= since < rules.ACTIONS[rules.FREE_WEEKS].days
    log += weeks * (rules.FREE_WEEKS_LOG + rules.FREE_WEEKS_BY_SENSE * p.price_sense[who])
    advice = s.treated[who] & (s.action[who] == rules.PLAN_ADVICE)
    advice &= since < rules.ACTIONS[rules.PLAN_ADVICE].days
    log += advice * (rules.ADVICE_LOG + rules.ADVICE_BY_INTEREST * today.interest[who])
    return world.planted * log


def leave(world: World, today: Today) -> None:
    """Ask to leave, or think better of it."""
    s = world.state
    waiting = (s.status == Status.ASKED) & (s.trial_ends == LATER)
    waiting &= s.period_ends > today.day + 1
    who = np.flatnonzero((s.status == Status.PAID) & (s.began < today.day))
    rate = hazard(world, today, who)
    if today.day % MONTH_DAYS == 0:
        _remember(world, today, who)
    asks = who[today.dice["leave"][who] < 1 - np.exp(-rate)]
    s.reason[asks] = _reason(world, today, asks)
    at = today.at(len(asks), 8, 23.5)
    # What ends at this day's first moment was left the evening before.
    at = at - DAY_US * (s.period_ends[asks] <= today.day)
    _cancel_visits(world, today, asks, at - 90_000_000)
    s.status[asks] = Status.ASKED
    note(world, at, asks, "cancel_asked")
    world.truth.asked.append((today.day, asks))
    # Some look at that page and think it over, the more the nearer they are to going.
    looks = who[today.dice["move"][who] > 1 - np.minimum(rate * 1.2, 0.5)]
    _cancel_visits(world, today, looks, today.at(len(looks)))
    back = np.flatnonzero(waiting & (today.dice["withdraw"] < rules.WITHDRAW_RATE))
    s.status[back] = Status.PAID
    note(world, today.at(len(back)), back, "cancel_withdrawn")


def _remember(world: World, today: Today, who: Array) -> None:
    whole = sum(hazard(world, today, who, ahead) for ahead in range(0, MONTH_DAYS, 3)) * 3
    world.truth.snapshots.append((today.day, who, 1 - np.exp(-np.asarray(whole))))


def _reason(world: World, today: Today, who: Array) -> Array:
    """What the person says: mostly what weighed most, sometimes anything."""
    s, p, day = world.state, world.people, today.day
    price = 0.6 + 0.7 * p.price_sense[who] + 1.2 * (day - s.discount_ended[who] < 45)
    price = price + 1.0 * (day - s.rose[who] < 45)
    content = 0.3 - 0.5 * today.interest[who] + 0.8 * world.calendar.silent[day]
    quality = -1.6 + 1.4 * np.minimum(s.bad[who] + s.unsatisfied[who], 3)
    time = 0.2 + 0.8 * (day - s.watched[who] > 30)
    weights = np.stack([price, content, quality, time, np.full(len(who), -0.2)])
    return np.asarray(np.argmax(weights + today.rng.gumbel(0, 0.8, weights.shape), axis=0))


def _cancel_visits(world: World, today: Today, who: Array, at: Array) -> None:
    world.rows.add(
        "visits", at, person=who, visit_id=world.rows.ids("visit_id", len(who)), page="cancel",
        source="direct", device="web",
    )  # fmt: skip


def come(world: World, today: Today) -> None:
    """New customers, trials of those who only looked or bought, and those who come back."""
    s, p, dice = world.state, world.people, today.dice
    new = p.joins == today.day
    s.status[new] = Status.NONE
    start(world, today, np.flatnonzero(new & (p.begins_as == 1)), status=Status.FREE)
    start(world, today, np.flatnonzero(new & (p.begins_as == 2)), status=Status.TRIAL)
    pull = np.exp(0.5 * today.interest) * world.calendar.pace[today.day]
    fresh = (s.status == Status.NONE) & (s.left < 0) & ~new
    tries = fresh & (dice["enter"] < rules.BUYER_TO_TRIAL * pull)
    start(world, today, np.flatnonzero(tries), status=Status.TRIAL)
    paid_once = s.left > 0
    soon = s.left_by_payment & (today.day - s.left < 30)
    rate = rules.COME_BACK_RATE * pull * np.where(soon, rules.COME_BACK_AFTER_PAYMENT, 1.0)
    back = (s.status == Status.NONE) & paid_once & (s.left < today.day) & (dice["come_back"] < rate)
    # A new card comes with who comes back after a payment failed.
    s.card_ends[back] = np.maximum(s.card_ends[back], today.day + 300)
    start(world, today, np.flatnonzero(back), status=Status.PAID)


def move(world: World, today: Today) -> None:
    """Free to trial on the same subscription; basic to premium and back."""
    s, p, dice = world.state, world.people, today.dice
    pull = np.exp(0.6 * today.interest) * world.calendar.pace[today.day]
    wakes = np.flatnonzero((s.status == Status.FREE) & (dice["enter"] < rules.FREE_TO_TRIAL * pull))
    if len(wakes):
        _leave_free(world, today, wakes)
    paid = (s.status == Status.PAID) & (s.months == 1) & (s.period_ends > today.day)
    paid &= s.began < today.day
    up = np.flatnonzero(paid & (s.tier == 1) & (dice["enter"] < rules.UPGRADE_RATE * pull))
    calm = 1 + np.maximum(p.price_sense, 0)
    down = np.flatnonzero(
        paid & (s.tier == 2) & (dice["enter"] < rules.DOWNGRADE_RATE * calm / pull)
    )
    for who, tier in ((up, 2), (down, 1)):
        s.tier[who] = tier
        fresh = list_price(world, today.day, s.tier[who], s.months[who])
        share = s.price[who] / np.maximum(s.list[who], 1)
        s.list[who] = fresh
        s.price[who] = np.round(fresh * share / 10).astype(np.int64) * 10
        note(world, today.at(len(who)), who, "changed")


def _leave_free(world: World, today: Today, who: Array) -> None:
    """The free plan becomes a trial of a paid one: the same subscription goes on."""
    s, p, day = world.state, world.people, today.day
    s.status[who] = Status.TRIAL
    s.tier[who] = 1 + p.premium[who]
    s.months[who] = np.where(p.yearly[who], 12, 1)
    s.list[who] = s.price[who] = list_price(world, day, s.tier[who], s.months[who])
    s.trial_ends[who] = s.period_ends[who] = day + rules.TRIAL_DAYS
    note(world, today.at(len(who)), who, "trial_started")

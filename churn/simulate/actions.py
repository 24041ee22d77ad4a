"""The planted actions: who meets the condition, what the coin says, what the treated get."""

from __future__ import annotations

import numpy as np

from churn.simulate import rules
from churn.simulate.billing import note
from churn.simulate.contacts import mail
from churn.simulate.people import coin
from churn.simulate.rows import Array, Word
from churn.simulate.rules import Status
from churn.simulate.seasons import DAY_US, HOUR_US
from churn.simulate.world import Today, World

BEGINS_DAY = 60
NIGHTLY_US = 300_000_000


def groups(seed: int, count: int) -> Array:
    """Each person's place among the groups of `rules.GROUPS`."""
    return coin(seed, len(rules.ACTIONS), count)


def arms(seed: int, count: int) -> list[Array]:
    """For each action, who is held out should they meet it."""
    return [
        coin(seed, number, count) < action.held_out for number, action in enumerate(rules.ACTIONS)
    ]


def act(world: World, today: Today) -> None:
    """Everybody who meets an action's condition today and never met one before."""
    if today.day < BEGINS_DAY:
        return
    for number, who in enumerate(_meeting(world, today)):
        if len(who):
            _assign(world, today, number, who)


def _meeting(world: World, today: Today) -> list[Array]:
    s, p, day = world.state, world.people, today.day
    free = (s.action < 0) & (s.status == Status.PAID)
    monthly = free & (s.months == 1)
    settled = day - s.began >= rules.ADVICE_AFTER_DAYS
    idle = (day - s.watched >= rules.ACT_WHEN_IDLE_DAYS) & (day - s.began >= 30)
    conditions = {
        rules.FREE_WEEKS: monthly & idle & s.consents & _grouped(world, rules.FREE_WEEKS),
        rules.COUPON: monthly & idle & s.consents & _grouped(world, rules.COUPON),
        rules.CARD_MAIL: free & (p.method == 0) & (s.card_ends - day == 30),
        rules.PLAN_ADVICE: monthly & settled & _grouped(world, rules.PLAN_ADVICE),
    }
    met, chosen = np.zeros(len(p), np.bool_), []
    for number in (rules.CARD_MAIL, rules.FREE_WEEKS, rules.COUPON, rules.PLAN_ADVICE):
        met_now = conditions[number] & ~met
        met |= met_now
        chosen.append((number, np.flatnonzero(met_now)))
    return [who for _, who in sorted(chosen, key=lambda pair: pair[0])]


def _grouped(world: World, number: int) -> Array:
    low, high = rules.GROUPS[number]
    return (world.groups >= low) & (world.groups < high)


def _assign(world: World, today: Today, number: int, who: Array) -> None:
    s, action = world.state, rules.ACTIONS[number]
    treated = ~world.arms[number][who]
    if world.forced is not None:
        treated = np.full(len(who), world.forced)
    s.action[who], s.treated[who], s.treated_on[who] = number, treated, today.day
    world.truth.met.append((today.day, number, who))
    # By the nightly run: the horizon then ends before anything else happens on its day.
    at = np.full(len(who), today.midnight_us + NIGHTLY_US)
    month = s.price[who] // s.months[who]
    # Two free weeks cost what two weeks of the plan bring.
    cost = np.where(number == rules.FREE_WEEKS, month * 12 * 14 // 365, action.cost_minor)
    world.rows.add(
        "assignments", at, person=who, action_id=action.action_id,
        arm=Word(("held_out", "treated"), treated.astype(np.int64)), act=action.act,
        cost_minor=np.where(treated, cost, 0), month_minor=month, currency="EUR",
    )  # fmt: skip
    given = who[treated]
    if number != rules.PLAN_ADVICE:  # shown in the app: nothing is sent
        mail(world, today, given, at[treated] + 9 * HOUR_US, "action", action.action_id)
    if number == rules.FREE_WEEKS:
        _give_weeks(world, given, at[treated] + HOUR_US)
    elif number == rules.COUPON:
        s.coupon[given] = True


def _give_weeks(world: World, who: Array, at: Array) -> None:
    """The next payment is due two weeks later."""
    s = world.state
    s.period_ends[who] += rules.FREE_WEEKS_DAYS
    note(world, at, who, "changed")
    grant = world.rows.ids("grant_id", len(who))
    world.rows.add(
        "grants", at, person=who, grant_id=grant, fact_id=grant, scope_kind="subscription",
        scope_id=world.subscription(who), starts_at=at,
        ends_at=at + rules.FREE_WEEKS_DAYS * DAY_US, state="active", gift=True,
    )  # fmt: skip


def renew_cards(world: World, today: Today) -> None:
    """Ten days before a card expires it is renewed, or it is not; the mail helps its readers."""
    s, p = world.state, world.people
    due = np.flatnonzero((s.card_ends - today.day == 10) & (s.status >= Status.TRIAL))
    mailed = s.treated[due] & (s.action[due] == rules.CARD_MAIL)
    helps = world.planted * rules.CARD_MAIL_RENEWS * np.minimum(p.opens[due] * 2, 1)
    chance = rules.CARD_RENEWED + (1 - rules.CARD_RENEWED) * mailed * helps
    renewed = due[today.dice["update"][due] < chance]
    s.card_ends[renewed] += rules.CARD_LIFE_DAYS


def judge(world: World, today: Today) -> None:
    """At the horizon, who of those who met an action is kept."""
    day, s = today.day - rules.HORIZON_DAYS, world.state
    if today.midnight_us + NIGHTLY_US > world.until_us:
        return  # the horizon lies beyond what the facts know
    for on, number, who in world.truth.met:
        if on == day:
            kept = (s.status[who] == Status.PAID) | (s.status[who] == Status.OWING)
            world.truth.kept.setdefault(number, np.full(len(world.people), -1, np.int8))[who] = kept

"""Interest from day to day, and what it makes of it: sessions, their quality, single purchases."""

from __future__ import annotations

import numpy as np

from churn.simulate import rules
from churn.simulate.rows import NOTHING, Array, Word
from churn.simulate.rules import Status
from churn.simulate.seasons import DAY_US, HOUR_US
from churn.simulate.world import Today, World

DEVICES = tuple(rules.DEVICES)
RECENT = 10


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def feel(world: World, today: Today) -> None:
    """Move everybody's interest on by a day."""
    state, people = world.state, world.people
    state.wander *= rules.WANDER_KEEPS
    state.wander += rules.WANDER_SD * today.normal
    member = state.status >= Status.TRIAL
    state.fading |= member & (today.dice["fade"] < rules.FADE_BEGINS)
    state.fading &= today.dice["fade_ends"] > rules.FADE_ENDS
    state.faded[state.fading] += rules.FADE_PER_DAY
    state.faded[~state.fading] *= 0.9
    np.minimum(state.faded, rules.FADE_MAX, out=state.faded)
    near = world.calendar.near[today.day][people.favourites].any(axis=0)
    today.interest = people.interest + state.wander - state.faded + rules.FAVOURITE_NEAR * near


def watch(world: World, today: Today) -> None:
    """The evening's concert and recordings, and single tickets for it."""
    state, day = world.state, today.day
    access = (state.status >= Status.TRIAL) + rules.FREE_FACTOR * (state.status == Status.FREE)
    state.bad *= rules.BAD_MEMORY
    concert = int(world.calendar.on[day])
    if concert >= 0:
        chance = sigmoid(
            rules.LIVE_LEVEL + rules.LIVE_BY_INTEREST * today.interest + _liking(world, concert)
        )
        bought = _sell(world, today, concert)
        live = (today.dice["live"] < access * chance) | bought
        who = np.flatnonzero(live)
        _session(world, today, who, np.full(len(who), concert), live=True)
    before = np.flatnonzero(world.calendar.day[: concert if concert >= 0 else None] < day)
    if not len(before):
        return
    rate = rules.REPLAY_RATE * np.exp(rules.REPLAY_BY_INTEREST * today.interest)
    again = today.dice["replay"] < access * (1 - np.exp(-rate))
    who = np.flatnonzero(again)
    back = (today.dice["replay_choice"][who] ** 2 * min(RECENT, len(before))).astype(np.int64)
    _session(world, today, who, before[-1 - back], live=False)


def _liking(world: World, concert: int) -> Array:
    people, calendar = world.people, world.calendar
    genre = rules.GENRE_MATCH * (people.genre == calendar.genre[concert])
    artist = rules.ARTIST_MATCH * (people.favourites == calendar.artist[concert]).any(axis=0)
    return np.asarray(genre + artist)


def _session(world: World, today: Today, who: Array, concert: Array, *, live: bool) -> None:
    """One session each; a bad one is remembered."""
    if not len(who):
        return
    state, people, rng, count = world.state, world.people, today.rng, len(who)
    # What is remembered comes from the day's dice, so that it is the same in every world.
    bad_night = world.calendar.bad[concert] & live
    dice = today.dice["live_failed" if live else "replay_failed"][who]
    failed = dice < np.where(bad_night, rules.FAILED_START_BAD_NIGHT, rules.FAILED_START)
    spread = np.sqrt(2) * _erfinv(2 * np.clip(today.dice["replay_again"][who], 0.001, 0.999) - 1)
    middle = np.where(bad_night, rules.REBUFFER_BAD_NIGHT, rules.REBUFFER_MEDIAN)
    share = middle * np.exp(rules.REBUFFER_SPREAD * spread + people.network[who])
    share = np.minimum(share, 0.5)
    state.bad[who] += failed | (share > rules.BAD_SESSION_SHARE)
    state.watched[who[~failed]] = today.day
    if not world.rows.wants("viewing"):
        return
    minutes = rules.LIVE_MINUTES if live else rules.REPLAY_MINUTES
    watched_s = 60 * minutes * np.exp(rng.normal(-0.25, 0.7, count)) * np.exp(-8 * share)
    longest = (world.calendar.ends_us[concert] - world.calendar.begins_us[concert]) / 1e6
    watched_s = np.where(failed, 0.0, np.minimum(np.maximum(watched_s, 20.0), longest))
    if live:
        begin = world.calendar.begins_us[concert] + (
            rng.exponential(6, count) * 60e6 * rng.choice([-0.5, 1], count)
        ).astype(np.int64)
    else:
        begin = today.at(count, 9, 23.5)
    rebuffer_s = np.where(failed, np.nan, watched_s * share / (1 - share))
    startup = rules.STARTUP_MS_MEDIAN * np.exp(rng.normal(0, 0.45, count) + people.network[who] / 2)
    known = begin + (np.nan_to_num(watched_s + rebuffer_s, nan=15.0) * 1e6).astype(np.int64)
    world.rows.add(
        "viewing",
        begin,
        known=known,
        person=who,
        session_id=world.rows.ids("session_id", count),
        concert_id=concert,
        kind="live" if live else "replay",
        watched_s=np.round(watched_s, 1),
        startup_ms=np.where(failed, np.nan, np.round(startup)),
        rebuffer_s=np.round(rebuffer_s, 2),
        failed=failed,
        device=Word(DEVICES, _device(world, today, who)),
        country=Word(tuple(rules.COUNTRIES), people.country[who]),
    )


def _erfinv(x: Array) -> Array:
    """Winitzki's approximation, within 2e-3: enough to shape a spread."""
    a = 0.147
    log = np.log1p(-x * x)
    first = 2 / (np.pi * a) + log / 2
    return np.asarray(np.sign(x) * np.sqrt(np.sqrt(first * first - log / a) - first))


def _device(world: World, today: Today, who: Array) -> Array:
    other = today.rng.random(len(who)) < rules.OTHER_DEVICE_SHARE
    return np.where(other, today.rng.integers(0, len(DEVICES), len(who)), world.people.device[who])


def _sell(world: World, today: Today, concert: int) -> Array:
    """Stream tickets for those without a subscription, admissions for some; who may watch now."""
    state, people = world.state, world.people
    member = state.status >= Status.TRIAL
    there = state.status != Status.NOT_YET
    liking = 0.8 * today.interest + _liking(world, concert)
    stream = there & ~member & (today.dice["ticket"] < sigmoid(liking - 5.0))
    # A customer became one by buying something.
    fresh = (people.begins_as == 0) & (people.joins >= today.day - 3) & (people.joins <= today.day)
    stream |= there & ~member & fresh & (today.dice["ticket"] < 0.75)
    local = there & (people.country == 0) & (people.city < 2)
    hall = local & (today.dice["admission"] < sigmoid(liking - 5.6))
    price = rules.TICKET_MINOR
    _orders(world, today, np.flatnonzero(stream), concert, "stream_ticket", price)
    _orders(world, today, np.flatnonzero(hall), concert, "admission", rules.ADMISSION_MINOR)
    return np.asarray(stream)


def _orders(world: World, today: Today, who: Array, concert: int, kind: str, price: int) -> None:
    count, rng, rows = len(who), today.rng, world.rows
    if not count or not rows.wants("orders"):
        return
    order, payment = rows.ids("order_id", count), rows.ids("payment_id", count)
    at = world.calendar.begins_us[concert] - (rng.exponential(20, count) * HOUR_US).astype(np.int64)
    at = np.clip(at, today.midnight_us - 3 * DAY_US, None)
    at = np.maximum(at, world.start_us + world.people.joins[who] * DAY_US + HOUR_US * 8)
    coupon = (rng.random(count) < rules.COUPON_SHARE) | world.state.coupon[who]
    world.state.coupon[who] = False
    quantity = np.where((kind == "admission") & (rng.random(count) < 0.55), 2, 1)
    asked = price * quantity
    paid = np.where(coupon, asked - 500, asked)
    refunded = rng.random(count) < rules.REFUND_SHARE
    facts = {
        "person": who, "order_id": order, "fact_id": order,
        "concert_id": np.full(count, concert), "offer_id": np.full(count, concert * 2),
        "offer_kind": kind, "offer_name": "Stream" if kind == "stream_ticket" else "Entrée",
        "quantity": quantity, "total_minor": paid, "list_minor": asked, "currency": "EUR",
        "coupon": Word(("", "SIM5"), coupon.astype(np.int64)), "channel": "web",
    }  # fmt: skip
    rows.add("orders", at, refunded_minor=0, state="paid", **facts)
    money = {"person": who, "order_id": order, "currency": "EUR", "attempt": 1, "method": "card"}
    rows.add(
        "payments", at, payment_id=payment, outcome="captured", amount_minor=paid,
        card_expires_at=card_ends_us(world, who), **money,
    )  # fmt: skip
    if kind == "stream_ticket":
        rows.add(
            "grants", at, person=who, grant_id=(grant := rows.ids("grant_id", count)),
            fact_id=grant, scope_kind="event", scope_id=np.full(count, concert), order_id=order,
            starts_at=at, ends_at=np.full(count, world.calendar.ends_us[concert] + 7 * DAY_US),
            state="active",
        )  # fmt: skip
    back = np.flatnonzero(refunded)
    later = at + (rng.uniform(1, 6, count) * DAY_US).astype(np.int64)
    again = {k: _of(v, back) for k, v in facts.items()}
    rows.add(
        "orders", at[back], known=later[back], refunded_minor=paid[back], state="refunded", **again
    )
    rows.add(
        "payments", later[back], payment_id=rows.ids("payment_id", len(back)), outcome="refunded",
        amount_minor=paid[back], **{k: _of(v, back) for k, v in money.items()},
    )  # fmt: skip


def _of(cell: object, chosen: Array) -> object:
    if isinstance(cell, Word):
        return Word(cell.words, cell.codes[chosen])
    return cell[chosen] if isinstance(cell, np.ndarray) else cell


def card_ends_us(world: World, who: Array) -> Array:
    """The end of the card's last month; nothing for other ways to pay."""
    ends = world.date_us(world.state.card_ends[who])
    return np.where(world.people.method[who] == 0, ends, NOTHING)

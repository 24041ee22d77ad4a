"""Bills: trials that end, renewals, declines and what wins them back, the end of what was paid."""

from __future__ import annotations

import numpy as np

from churn.simulate import rules
from churn.simulate.rows import NOTHING, Array, Word
from churn.simulate.rules import Status
from churn.simulate.seasons import DAY_US
from churn.simulate.watching import card_ends_us, sigmoid
from churn.simulate.world import LATER, Today, World

TIERS = ("free", "basic", "premium")
PLANS = ("Gratuit", "Essentiel", "Premium")
DECLINES = ("insufficient_funds", "do_not_honor", "expired_card")
METHODS = tuple(rules.METHODS)
RISE_YEAR = 1
CHOICE, PAYMENT = 0, 1


def list_price(world: World, day: int, tier: Array, months: Array) -> Array:
    """The list price of an interval on a day."""
    month = np.where(tier == 2, rules.LIST_MINOR[2], rules.LIST_MINOR[1])
    month = month + rules.RISE_MINOR * (day >= rise_day(world))
    return np.asarray(np.where(months == 12, month * rules.YEAR_MONTHS_PAID, month))


def rise_day(world: World) -> int:
    """The first of February of the second year."""
    first = np.datetime64(world.start)
    year = world.start.year + RISE_YEAR + (world.start.month > 2)
    return int((np.datetime64(f"{year}-02-01") - first).astype(int))


def note(world: World, at: Array, who: Array, change: str, *, cause: Array | None = None) -> None:
    """Write how the subscriptions stand after a change."""
    if not len(who) or not world.rows.wants("subscriptions"):
        return
    s = world.state
    reasons = ("", *rules.REASONS)
    ending = change in {"cancel_asked", "ended"}
    caused = np.zeros(len(who), np.int64) if cause is None else cause
    by_choice = ending & ((caused == CHOICE) if change == "ended" else True)
    world.rows.add(
        "subscriptions",
        at,
        person=who,
        subscription_id=world.subscription(who),
        change=change,
        plan=Word(PLANS, s.tier[who]),
        tier=Word(TIERS, s.tier[who]),
        interval_months=s.months[who],
        price_minor=s.price[who],
        list_minor=s.list[who],
        currency="EUR",
        discount_until=world.date_us(s.discount_ends[who]),
        trial_until=world.date_us(s.trial_ends[who]) if change == "trial_started" else NOTHING,
        period_end=world.date_us(s.period_ends[who]),
        cause=Word(("choice", "payment"), caused) if change == "ended" else "",
        reason=Word(reasons, np.where(by_choice, s.reason[who] + 1, 0)),
    )


def start(world: World, today: Today, who: Array, *, status: Status) -> None:
    """A new subscription: free, a trial, or paid at once. Prices are set here."""
    if not len(who):
        return
    s, p, day = world.state, world.people, today.day
    s.life[who] += 1
    s.status[who] = status
    s.began[who] = day
    s.watched[who] = np.maximum(s.watched[who], day)
    free = status is Status.FREE
    s.tier[who] = 0 if free else 1 + p.premium[who]
    s.months[who] = 1 if free else np.where(p.yearly[who], 12, 1)
    s.list[who] = 0 if free else list_price(world, day, s.tier[who], s.months[who])
    discount = p.discount[who] * (s.months[who] == 1) * (s.life[who] <= 2) * (not free)
    s.price[who] = np.round(s.list[who] * (1 - discount) / 10).astype(np.int64) * 10
    s.trial_ends[who] = day + rules.TRIAL_DAYS if status is Status.TRIAL else LATER
    paid_from = np.full(len(who), day + (rules.TRIAL_DAYS if status is Status.TRIAL else 0))
    s.discount_ends[who] = np.where(
        discount > 0, add_months(world, paid_from, p.discount_months[who]), LATER
    )
    s.period_ends[who] = s.trial_ends[who] if status is Status.TRIAL else LATER
    at = today.at(len(who), 9, 22)
    s.since_us[who] = at
    if status is Status.PAID:
        bill(world, today, who, at)
        note(world, at - 1000, who, "started")
    else:
        note(world, at, who, "trial_started" if status is Status.TRIAL else "started")
    world.rows.add(
        "grants", at, person=who, grant_id=_grant(world, who), fact_id=_grant(world, who),
        scope_kind="subscription", scope_id=world.subscription(who), starts_at=at, state="active",
    )  # fmt: skip


def _grant(world: World, who: Array) -> Array:
    return np.asarray(10**9 + world.subscription(who))


def add_months(world: World, day: Array, months: Array) -> Array:
    """The same day of a later month, or that month's last."""
    first = np.datetime64(world.start, "D")
    at = first + day.astype("timedelta64[D]")
    month = at.astype("datetime64[M]")
    of_month = (at - month.astype("datetime64[D]")).astype(np.int64)
    later = month + months.astype("timedelta64[M]")
    length = ((later + 1).astype("datetime64[D]") - later.astype("datetime64[D]")).astype(np.int64)
    end = later.astype("datetime64[D]") + np.minimum(of_month, length - 1).astype("timedelta64[D]")
    return np.asarray((end - first).astype(np.int64))


def bill(world: World, today: Today, who: Array, at: Array) -> None:
    """A new invoice for the next interval, and the first try to take its money."""
    s = world.state
    begins = np.full(len(who), today.day)
    s.period_ends[who] = add_months(world, begins, s.months[who])
    s.invoice[who] = world.rows.ids("invoice_id", len(who))
    s.attempt[who] = 0
    s.invoice_us[who] = at
    _invoice(world, who, at, "issued")
    charge(world, today, who, at + 2_000_000)


def _invoice(world: World, who: Array, known: Array, state: str) -> None:
    if not len(who) or not world.rows.wants("invoices"):
        return
    s = world.state
    total, at = s.price[who], s.invoice_us[who]
    begins = at - at % DAY_US
    world.rows.add(
        "invoices", at, known=known, person=who, invoice_id=s.invoice[who],
        fact_id=s.invoice[who], subscription_id=world.subscription(who), state=state,
        total_minor=total, tax_minor=total - np.round(total / (1 + rules.VAT_BPS / 1e4)),
        currency="EUR", due_at=at, period_start=begins,
        period_end=world.date_us(s.period_ends[who]),
    )  # fmt: skip


def charge(world: World, today: Today, who: Array, at: Array) -> None:
    """Try to take the money; a decline is tried again on days 3, 7 and 14, then it is over."""
    s, p, first = world.state, world.people, world.state.attempt[who] == 0
    expired = (p.method[who] == 0) & (s.card_ends[who] < today.day)
    again = np.where(expired, rules.EXPIRED_RECOVERS, rules.DECLINE_RECOVERS)
    declined = np.where(
        first, expired | (today.dice["decline"][who] < p.declines[who]),
        today.dice["recover"][who] > again,
    )  # fmt: skip
    s.attempt[who] += 1
    renewed = who[expired & ~declined]
    s.card_ends[renewed] = today.day + rules.CARD_LIFE_DAYS
    _payment(world, today, who, at, declined, expired)
    good, bad = ~declined, who[declined]
    s.status[who[good]] = Status.PAID
    s.retry[who[good]] = LATER
    _invoice(world, who[good], at[good], "paid")
    s.status[bad] = Status.OWING
    tries = len(rules.RETRY_AFTER_DAYS)
    wait = np.array((*rules.RETRY_AFTER_DAYS, 1))[np.minimum(s.attempt[bad] - 1, tries)]
    s.retry[bad] = today.day + wait


def _payment(
    world: World, today: Today, who: Array, at: Array, declined: Array, expired: Array
) -> None:
    if not world.rows.wants("payments"):
        return
    s = world.state
    why = np.where(expired, 3, np.where(today.rng.random(len(who)) < 0.7, 1, 2))
    world.rows.add(
        "payments", at, person=who, payment_id=world.rows.ids("payment_id", len(who)),
        invoice_id=s.invoice[who], subscription_id=world.subscription(who),
        outcome=Word(("captured", "declined"), declined.astype(np.int64)),
        decline=Word(("", *DECLINES), np.where(declined, why, 0)), amount_minor=s.price[who],
        currency="EUR", attempt=s.attempt[who], method=Word(METHODS, world.people.method[who]),
        card_expires_at=card_ends_us(world, who),
    )  # fmt: skip


def end(world: World, today: Today, who: Array, at: Array, cause: int) -> None:
    """The subscription is over."""
    if not len(who):
        return
    s = world.state
    note(world, at, who, "ended", cause=np.full(len(who), cause))
    s.status[who] = Status.NONE
    s.left[who] = today.day
    s.left_by_payment[who] = cause == PAYMENT
    s.period_ends[who] = s.trial_ends[who] = s.discount_ends[who] = s.retry[who] = LATER
    world.rows.add(
        "grants", s.since_us[who], known=at, person=who, grant_id=_grant(world, who),
        fact_id=_grant(world, who), scope_kind="subscription", scope_id=world.subscription(who),
        starts_at=s.since_us[who], ends_at=at, state="revoked",
    )  # fmt: skip


def settle(world: World, today: Today) -> None:
    """Everything about money that is due today."""
    s, day = world.state, today.day
    _discounts(world, today)
    over = np.flatnonzero((s.status == Status.ASKED) & (s.period_ends <= day))
    end(world, today, over, _midnight(today, over), CHOICE)
    _trials(world, today)
    due = np.flatnonzero((s.status == Status.PAID) & (s.period_ends <= day))
    if len(due):
        at = _midnight(today, due) + today.rng.integers(3600, 6 * 3600, len(due)) * 1_000_000
        _reprice(world, today, due, at)
        bill(world, today, due, at)
    late = np.flatnonzero((s.status == Status.OWING) & (s.retry <= day))
    if len(late):
        at = _midnight(today, late) + today.rng.integers(7 * 3600, 9 * 3600, len(late)) * 1_000_000
        gone = s.attempt[late] > len(rules.RETRY_AFTER_DAYS)
        lost = late[gone]
        _invoice(world, lost, at[gone], "uncollectible")
        end(world, today, lost, at[gone] + 1_000_000, PAYMENT)
        charge(world, today, late[~gone], at[~gone])


def _midnight(today: Today, who: Array) -> Array:
    return np.full(len(who), today.midnight_us)


def _discounts(world: World, today: Today) -> None:
    s = world.state
    over = np.flatnonzero(
        (s.discount_ends <= today.day) & ((s.status == Status.PAID) | (s.status == Status.OWING))
    )
    s.discount_ended[over] = today.day
    s.discount_ends[over] = LATER
    s.price[over] = s.list[over]
    note(world, _midnight(today, over) + 1, over, "changed")


def _reprice(world: World, today: Today, who: Array, at: Array) -> None:
    """The rise of list prices reaches a person at the next renewal."""
    s = world.state
    fresh = list_price(world, today.day, s.tier[who], s.months[who])
    up = fresh > s.list[who]
    risen, before = who[up], s.list[who][up]
    s.price[risen] = np.round(fresh[up] * s.price[risen] / np.maximum(before, 1) / 10) * 10
    s.list[risen] = fresh[up]
    s.rose[risen] = today.day
    note(world, at[up] - 1_000_000, risen, "changed")


def _trials(world: World, today: Today) -> None:
    """The last day but one decides; who does not stay asks to leave before paying."""
    s, day = world.state, today.day
    near = np.flatnonzero((s.status == Status.TRIAL) & (s.trial_ends == day + 1))
    stays = today.dice["trial"][near] < sigmoid(
        rules.TRIAL_LEVEL + rules.TRIAL_BY_INTEREST * today.interest[near]
    )
    goes = near[~stays]
    s.reason[goes] = today.rng.integers(0, len(rules.REASONS), len(goes))
    s.status[goes] = Status.ASKED
    note(world, today.at(len(goes), 9, 23), goes, "cancel_asked")
    over = np.flatnonzero((s.status == Status.TRIAL) & (s.trial_ends <= day))
    if len(over):
        s.trial_ends[over] = LATER
        s.began[over] = day
        at = _midnight(today, over) + 3_000_000
        s.status[over] = Status.PAID
        bill(world, today, over, at)
        note(world, at - 1000, over, "started")

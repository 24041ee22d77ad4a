"""What each subscription pays when, and what each person pays in all: the ground of the figures.

A month's worth is the price over the months that it covers, rounded to a whole minor unit (half
up) for each subscription; sums of it are exact.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import IntegerValue, Table

from churn.features.moments import past
from churn.features.subscriptions import IN_ORDER, in_spells
from churn.lake import Facts

PREMIUM, PAYING, FREE = 3, 2, 1
"""Ranks of what runs, the best first; 0 is a trial, a pause or an end."""


def states(facts: Facts, discounts: str = "paid") -> Table:
    """A row for each time in which a subscription is as it is: `from_at` until `until_at` (null:
    still), `mrr_minor`, `rank`, and of its first change `change`, `cause`, `reason`, `plan`.

    `discounts`: `paid` takes each off while it runs and ends it on its date even where no change
    says so; `list` disregards those that end on a date.
    """
    return facts.once(f"states_{discounts}", lambda: _states(facts, discounts))


def _states(facts: Facts, discounts: str) -> Table:
    changes = past(facts, "subscriptions").filter(lambda t: t.person != "")
    if discounts == "list":
        changes = changes.mutate(price_minor=_undiscounted(changes))
    changes = in_spells(_with_silent_ends(changes, facts, discounts))
    so_far = {"group_by": ("subscription_id", "spell"), "order_by": IN_ORDER, "rows": (None, 0)}
    began, tried, paused, resumed = (
        (changes.change == name).cast("int64").sum().over(**so_far)
        for name in ("started", "trial_started", "paused", "resumed")
    )
    ended = changes.change == "ended"
    # Late paperwork of what has ended, such as an asking to leave, begins nothing anew.
    begun = (changes.spell == 0) | (began + tried + resumed > 0)
    runs = begun & ~ended & (paused <= resumed)
    # A history that begins in the middle of a life says neither; then it pays.
    pays = runs & ((began > 0) | (tried == 0))
    mrr = ibis.ifelse(pays, month_minor(changes.price_minor, changes.interval_months), 0)
    changes = changes.mutate(
        from_at=changes.event_at,
        until_at=changes.event_at.lead().over(group_by="subscription_id", order_by=IN_ORDER),
        mrr_minor=mrr,
        runs=runs,
        pays=pays,
    )
    rank = ibis.cases(
        (changes.pays & (changes.mrr_minor > 0) & (changes.tier == "premium"), PREMIUM),
        (changes.pays & (changes.mrr_minor > 0), PAYING),
        (changes.pays, FREE),
        else_=0,
    )
    return changes.select(
        "person", "subscription_id", "currency", "from_at", "until_at", "mrr_minor", "plan", "tier",
        "change", "cause", "reason", rank=rank,
    )  # fmt: skip


def month_minor(price: IntegerValue, months: IntegerValue) -> IntegerValue:
    """The price of an interval as a month's, half up, in whole numbers on every engine."""
    months = ibis.greatest(months.fill_null(1), 1)
    return ((2 * price.fill_null(0) + months) // (2 * months)).cast("int64")


def _undiscounted(changes: Table) -> IntegerValue:
    """The price as if no discount that ends on a date ran; never less than what is paid."""
    return ibis.ifelse(
        changes.discount_until.isnull(),
        changes.price_minor,
        ibis.greatest(changes.list_minor, changes.price_minor),
    )


def _with_silent_ends(changes: Table, facts: Facts, discounts: str) -> Table:
    """Adds what comes to pass without a change of its own: a discount's end on its date, and the
    end of what was cancelled, where nothing else came before it."""
    now = ibis.literal(facts.as_of)
    row = ibis.window(group_by="subscription_id", order_by=IN_ORDER)
    with_next = changes.mutate(next_at=changes.event_at.lead().over(row))

    def before_next(name: str) -> Table:
        end = with_next[name]
        undisturbed = with_next.next_at.isnull() | (with_next.next_at > end)
        passed = (end > with_next.event_at) & (end <= now)
        return with_next.filter(passed & undisturbed).mutate(event_at=end, known_at=end)

    cancelled = before_next("period_end").filter(lambda t: t.change == "cancel_asked")
    cancelled = cancelled.mutate(change=ibis.literal("ended"), cause=ibis.literal("choice"))
    whole = changes.union(cancelled.select(*changes.columns))
    if discounts == "list":
        return whole
    dear = before_next("discount_until").filter(
        lambda t: t.change.isin(["started", "changed", "resumed", "cancel_withdrawn"])
    )
    dear = dear.mutate(
        change=ibis.literal("changed"), price_minor=ibis.greatest(dear.list_minor, dear.price_minor)
    )
    return whole.union(dear.select(*changes.columns))


def steps(facts: Facts, discounts: str = "paid", *, by_currency: bool = True) -> Table:
    """Each moment at which what a person pays a month becomes another: `at`, `before`, `after`,
    `delta`, and `first_at`, when the person first paid (in this currency).

    Not by currency, amounts of several are added up, which is good for nothing but whether the
    person pays at all; `currency` is empty then.
    """
    name = f"steps_{discounts}{'_by_currency' if by_currency else ''}"
    return facts.once(name, lambda: _steps(facts, discounts, by_currency=by_currency))


def _steps(facts: Facts, discounts: str, *, by_currency: bool) -> Table:
    state = states(facts, discounts)
    state = state.filter(state.mrr_minor > 0)
    currency = state.currency if by_currency else ibis.literal("")
    up = state.select("person", currency=currency, at=state.from_at, delta=state.mrr_minor)
    down = state.filter(state.until_at.notnull())
    currency = down.currency if by_currency else ibis.literal("")
    down = down.select("person", currency=currency, at=down.until_at, delta=-down.mrr_minor)
    keys = ("person", "currency")
    moved = up.union(down).group_by(*keys, "at").agg(delta=lambda t: t.delta.sum().cast("int64"))
    moved = moved.filter(moved.delta != 0)
    after = moved.delta.sum().over(group_by=keys, order_by="at", rows=(None, 0)).cast("int64")
    first = moved["at"].min().over(group_by=keys)
    moved = moved.mutate(after=after, first_at=first)
    return moved.mutate(before=moved.after - moved.delta)


def lives(facts: Facts) -> Table:
    """Each uninterrupted time of paying of a person: `began_at`, `left_at` (null: still paying)."""
    step = steps(facts, by_currency=False)
    turns = step.filter((step.before == 0) | (step.after == 0))
    left_at = turns["at"].lead().over(group_by="person", order_by="at")
    turns = turns.mutate(left_at=left_at)
    begun = turns.filter(turns.before == 0)
    return begun.select("person", "left_at", "first_at", began_at=begun["at"])

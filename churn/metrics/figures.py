"""Which functions compute which figure, and which rows are behind it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from ibis.expr.types import Table

from churn.lake import Facts
from churn.metrics import conversion, engagement, leaving, mrr, revenue, survival
from churn.metrics.calendar import Calendar
from churn.metrics.definitions import FIGURE, FIGURES

Compute = Callable[[Facts, Calendar, str], Table]
"""(facts, months, the definition's name) -> expression."""


class Computed(msgspec.Struct, frozen=True):
    """`values` has shape.VALUES; `rows` has `month`, mostly `person`, and where the values have
    them `currency` and `dimension`, and what the figure is made of."""

    values: Compute
    rows: Compute


def _subscribed(facts: Facts, calendar: Calendar, definition: str) -> Table:
    return mrr.paying(facts, calendar, definition if definition == "list" else "paid")


def _worth(facts: Facts, calendar: Calendar, definition: str) -> Table:
    if definition == "simple":
        return leaving.leavers(facts, calendar, "start")
    return survival.life_rows(facts, calendar, definition)


COMPUTED: dict[str, Computed] = {
    "mrr": Computed(mrr.mrr, _subscribed),
    "mrr_movements": Computed(mrr.movements, mrr.movement_rows),
    "subscribers": Computed(mrr.subscribers, _subscribed),
    "arpu": Computed(mrr.arpu, _subscribed),
    "subscriber_churn": Computed(leaving.subscriber_churn, leaving.leavers),
    "money_churn": Computed(leaving.money_churn, leaving.money_churn_rows),
    "leaving_by_cause": Computed(leaving.by_cause, leaving.cause_rows),
    "leaving_reasons": Computed(leaving.by_reason, leaving.reason_rows),
    "trial_conversion": Computed(conversion.trials, conversion.trial_rows),
    "free_to_paid": Computed(conversion.free_to_paid, conversion.free_rows),
    "basic_to_premium": Computed(conversion.basic_to_premium, conversion.basic_rows),
    "cohort_retention": Computed(survival.cohorts, survival.cohort_rows),
    "survival": Computed(survival.survival, survival.life_rows),
    "lifetime_value": Computed(survival.lifetime_value, _worth),
    "viewers": Computed(engagement.viewers, engagement.minute_rows),
    "active_days": Computed(engagement.active_days, engagement.day_rows),
    "minutes": Computed(engagement.minutes, engagement.minute_rows),
    "live_share": Computed(engagement.live_share, engagement.minute_rows),
    "event_revenue": Computed(revenue.per_event, revenue.event_rows),
    "stream_revenue": Computed(revenue.per_stream, revenue.stream_rows),
}
assert list(COMPUTED) == [figure.name for figure in FIGURES]


def figure(facts: Facts, calendar: Calendar, name: str, definition: str = "") -> Table:
    """A figure's values. KeyError for an unknown figure or definition."""
    chosen = FIGURE[name].definition(definition)
    return COMPUTED[name].values(facts, calendar, chosen.name)


def rows(facts: Facts, calendar: Calendar, name: str, definition: str = "") -> Table:
    """The rows behind a figure, of the calendar's months."""
    chosen = FIGURE[name].definition(definition)
    return COMPUTED[name].rows(facts, calendar, chosen.name)

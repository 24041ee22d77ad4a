"""Which functions compute which figure, and which rows are behind it."""

from __future__ import annotations

from collections.abc import Callable

from ibis.expr.types import Table

from churn.lake import Facts
from churn.metrics import conversion, engagement, leaving, mrr, revenue, survival
from churn.metrics.calendar import Calendar
from churn.metrics.definitions import FIGURE, rows_of

Compute = Callable[[Facts, Calendar, str], Table]
"""(facts, months, the definition's name) -> expression."""


VALUES: dict[str, Compute] = {
    "mrr": mrr.mrr,
    "mrr_movements": mrr.movements,
    "subscribers": mrr.subscribers,
    "arpu": mrr.arpu,
    "subscriber_churn": leaving.subscriber_churn,
    "money_churn": leaving.money_churn,
    "leaving_by_cause": leaving.by_cause,
    "leaving_reasons": leaving.by_reason,
    "trial_conversion": conversion.trials,
    "free_to_paid": conversion.free_to_paid,
    "basic_to_premium": conversion.basic_to_premium,
    "cohort_retention": survival.cohorts,
    "survival": survival.survival,
    "lifetime_value": survival.lifetime_value,
    "viewers": engagement.viewers,
    "active_days": engagement.active_days,
    "minutes": engagement.minutes,
    "live_share": engagement.live_share,
    "event_revenue": revenue.per_event,
    "stream_revenue": revenue.per_stream,
}
ROWS: dict[str, Compute] = {
    "mrr": mrr.paying,
    "mrr_movements": mrr.movement_rows,
    "subscriber_churn": leaving.leavers,
    "money_churn": leaving.money_churn_rows,
    "leaving_by_cause": leaving.cause_rows,
    "leaving_reasons": leaving.reason_rows,
    "trial_conversion": conversion.trial_rows,
    "free_to_paid": conversion.free_rows,
    "basic_to_premium": conversion.basic_rows,
    "cohort_retention": survival.cohort_rows,
    "survival": survival.life_rows,
    "active_days": engagement.day_rows,
    "minutes": engagement.minute_rows,
    "event_revenue": revenue.event_rows,
    "stream_revenue": revenue.stream_rows,
}


def figure(facts: Facts, calendar: Calendar, name: str, definition: str = "") -> Table:
    """A figure's values (shape.VALUES). KeyError for an unknown figure or definition."""
    chosen = FIGURE[name].definition(definition)
    return VALUES[name](facts, calendar, chosen.name)


def rows(facts: Facts, calendar: Calendar, name: str, definition: str = "") -> Table:
    """The rows behind a figure in the calendar's months: `month`, mostly `person`, `currency` and
    `dimension` where the values have them, and what the figure is made of."""
    of, chosen = rows_of(name, definition)
    return ROWS[of](facts, calendar, chosen)

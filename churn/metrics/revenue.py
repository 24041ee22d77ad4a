"""What events brought: by what was paid for them within a month."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from churn.features.moments import past
from churn.features.payments import BOUGHT
from churn.lake import Facts
from churn.metrics.calendar import Calendar
from churn.metrics.shape import values

STREAMS = ("stream_ticket", "replay")


def event_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Each paid line of an order for an event: `month`, `currency`, `dimension` (the event),
    `label` (its name), `person`, `order_id`, `kind`, `quantity`, `amount`."""
    assert definition == "paywall"
    line = past(facts, "orders").filter(lambda t: t.state.isin(BOUGHT) & (t.concert_id != ""))
    line = line.mutate(month=calendar.month_of(line.event_at))
    line = line.filter(line.month != "")
    concert = facts.table("concerts").group_by("concert_id").agg(label=lambda t: t.name.max())
    named = line.left_join(concert, "concert_id").select(line, concert.label)
    return named.select(
        "month", "currency", "person", "order_id", "quantity", dimension=named.concert_id,
        label=named.label.fill_null(""), kind=named.offer_kind,
        amount=named.total_minor - named.refunded_minor.fill_null(0),
    )  # fmt: skip


def stream_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """The lines that sold watching; `dimension` is the event and the kind."""
    line = event_rows(facts, calendar, definition).filter(lambda t: t.kind.isin(STREAMS))
    return line.mutate(dimension=line.dimension + ibis.literal(" ") + line.kind)


def per_event(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month, currency and event; `count` is how many were sold."""
    return _summed(event_rows(facts, calendar, definition))


def per_stream(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per month, currency, event and kind; `count` is how many were sold."""
    return _summed(stream_rows(facts, calendar, definition))


def _summed(line: Table) -> Table:
    whole = line.group_by("month", "currency", "dimension", "label").agg(
        value=line.amount.sum(), count=line.quantity.fill_null(1).sum()
    )
    return values(whole)

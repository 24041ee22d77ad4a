"""A subscriber year told in rows, and the figures read as dictionaries."""

from __future__ import annotations

from typing import Any

from churn.lake import Facts
from churn.metrics import figures
from churn.metrics.calendar import Calendar
from tests.churn.history import History

ZONE = "Europe/Paris"


def spring(history: History) -> History:
    """Four people from January to April 2026; everything in euro, 10.00 a month unless told.

    ann  10 Jan starts at 10.00; 10 Feb premium at 15.00; leaves 20 Mar, the price
    bea  5 Jan tries; 5 Feb pays 120.00 a year; her card fails for good 15 Apr
    cem  10 Jan free plan; 10 Mar pays basic 10.00
    dot  10 Jan pays 10.00; leaves 31 Jan by choice; is back 2 Mar; leaves 28 Mar, back 30 Mar
    """
    history.change("ann", "2026-01-10", "started")
    history.change("ann", "2026-02-10", "changed", 1500, plan="premium", tier="premium")
    history.change("ann", "2026-03-20", "ended", 1500, cause="choice", reason="price")
    history.change("bea", "2026-01-05", "trial_started", 12000, months=12, trial_until="2026-02-05")
    history.change("bea", "2026-02-05", "started", 12000, months=12)
    history.change("bea", "2026-04-15", "ended", 12000, months=12, cause="payment")
    history.change("cem", "2026-01-10", "started", 0, tier="free")
    history.change("cem", "2026-03-10", "changed", 1000)
    history.change("dot", "2026-01-10", "started")
    history.change("dot", "2026-01-31 12:00", "ended", cause="choice")
    history.change("dot", "2026-03-02", "started")
    history.change("dot", "2026-03-28", "ended", cause="choice", reason="content")
    history.change("dot", "2026-03-30", "started")
    return history


def read(
    facts: Facts, name: str, definition: str = "", *, months: int = 4
) -> dict[tuple[str, ...], float]:
    """value by (month, dimension), by month alone where there is none."""
    calendar = Calendar.until(facts.as_of, ZONE, months)
    found = figures.figure(facts, calendar, name, definition).to_pyarrow().to_pylist()
    return {
        tuple(part for part in (row["month"], row["dimension"]) if part): row["value"]
        for row in found
    }


def rows(facts: Facts, name: str, month: str, definition: str = "") -> list[dict[str, Any]]:
    """The rows behind, in order of person."""
    table = figures.rows(facts, Calendar.month(month, ZONE), name, definition)
    found: list[dict[str, Any]] = table.order_by("person").to_pyarrow().to_pylist()
    return found

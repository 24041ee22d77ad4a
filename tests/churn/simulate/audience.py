"""Simulations for tests, and their facts as a reader finds them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache

import ibis

from churn.lake import SCHEMAS, Facts
from churn.simulate.run import Simulation, simulate

UNTIL = datetime(2026, 11, 22, tzinfo=UTC)
JUDGED = ("assignments", "subscriptions")
"""What the measuring of effects reads."""


@cache
def audience(
    seed: int = 7,
    people: int = 2500,
    years: float = 2.0,
    planted: float = 1.0,
    only: Collection[str] | None = None,
) -> Simulation:
    """One simulation, made once in a process."""
    return simulate(seed, years, people, UNTIL, planted=planted, only=only)


def facts_of(simulation: Simulation, as_of: datetime = UNTIL) -> Facts:
    """Its facts as of a moment, without a lake between."""
    raw = {
        name: ibis.memtable(simulation.tables.get(name, schema.empty_table()))
        for name, schema in SCHEMAS.items()
    }
    return Facts(raw, as_of)

"""Computes a venue's figures from the lake and keeps them, and their rows, for the pages.

Runs in a process of its own: it reads the lake with DuckDB.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import ibis
import msgspec
from ibis.expr.types import Table
from sqlalchemy import delete

from churn.lake import Facts
from churn.metrics import figures
from churn.metrics.calendar import Calendar
from churn.metrics.definitions import FIGURES, rows_of
from churn.metrics.tables import MetricRows, MetricRun, MetricValue
from infra.kernel.db import Database, add_rows

MONTHS = 36
"""So many months have values; an older month is computed by `paywall metrics show --month`."""
MONTHS_OF_ROWS = 13
"""So many months, a year back to the same one, keep their rows."""
ROWS_KEPT = 1_000
"""Rows kept of each value, those with the largest amounts first."""
KEY = ("month", "currency", "dimension")
BATCH = 2_000

Told = Callable[[str, int, int], None]


def quiet(_what: str, _done: int, _total: int) -> None:
    """Tells nobody how far it is."""


class Computed(msgspec.Struct):
    """Every figure in every definition as of a moment: rows of the tables without their venue."""

    as_of: datetime
    zone: str
    values: list[dict[str, Any]]
    behind: list[dict[str, Any]]


async def refresh_metrics(
    facts: Facts, db: Database, venue_id: str, zone: str, told: Told = quiet
) -> int:
    """Every figure in every definition as of the facts' moment, in place of what was there, in one
    transaction; how many values. Run twice it is the same."""
    computed = compute(facts, zone, told)
    await keep(db, venue_id, computed)
    return len(computed.values)


def compute(facts: Facts, zone: str, told: Told = quiet) -> Computed:
    """All figures and their rows; takes seconds to minutes of the engine."""
    everything = [(figure.name, d.name) for figure in FIGURES for d in figure.definitions]
    calendar = Calendar.until(facts.as_of, zone, MONTHS)
    lately = Calendar(zone, calendar.months[-MONTHS_OF_ROWS:])
    done = Computed(facts.as_of, zone, [], [])
    for at, (name, definition) in enumerate(everything):
        told(name, at, len(everything))
        key = {"figure": name, "definition": definition}
        done.values += [{**key, **row} for row in _values(facts, calendar, name, definition)]
        if rows_of(name, definition) == (name, definition):
            table = figures.rows(facts, lately, name, definition)
            done.behind += [{**key, **packed} for packed in pack(table)]
    return done


async def keep(db: Database, venue_id: str, computed: Computed) -> None:
    """In place of what was there, in one transaction."""
    of_venue = {"venue_id": venue_id}
    async with db.transaction() as tx:
        for model in (MetricValue, MetricRows, MetricRun):
            await tx.execute(delete(model).where(model.venue_id == venue_id))
        for model, rows in ((MetricValue, computed.values), (MetricRows, computed.behind)):
            for start in range(0, len(rows), BATCH):
                some = [of_venue | row for row in rows[start : start + BATCH]]
                await add_rows(tx, model, some)
        tx.add(MetricRun(venue_id=venue_id, as_of=computed.as_of, zone=computed.zone))


def _values(
    facts: Facts, calendar: Calendar, name: str, definition: str
) -> Iterator[dict[str, Any]]:
    for row in figures.figure(facts, calendar, name, definition).to_pyarrow().to_pylist():
        row["dimension"] = row["dimension"][:120]
        row["label"] = row["label"][:200]
        for number in ("value", "low", "high"):
            if row[number] is not None and not math.isfinite(row[number]):
                row[number] = None
        yield row


def pack(table: Table) -> list[dict[str, Any]]:
    """The rows by month, currency and dimension: the largest, deflated, and how many there are."""
    for name in KEY:
        if name not in table.columns:
            table = table.mutate(**{name: ibis.literal("")})
    first = [ibis.desc(ibis._.amount.abs())] if "amount" in table.columns else []
    order = [*first, *(name for name in ("person", "order_id") if name in table.columns)]
    place = ibis.row_number().over(group_by=KEY, order_by=order)
    total = table.count().over(group_by=KEY)
    some = table.mutate(place=place, total=total).filter(lambda t: t.place < ROWS_KEPT)
    rows = some.order_by(*KEY, "place").drop("place").to_pyarrow().to_pylist()
    packed = []
    for key, group in groupby(rows, itemgetter(*KEY)):
        kept = list(group)
        lines = b"\n".join(msgspec.json.encode(_line(row)) for row in kept)
        packed.append(
            dict(zip(KEY, key, strict=True))
            | {"dimension": key[2][:120], "total": kept[0]["total"], "kept": len(kept)}
            | {"content": zlib.compress(lines)}
        )
    return packed


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in (*KEY, "total")
    }

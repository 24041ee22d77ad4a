"""What pages and the API read of a venue's figures: the database only, no engine of analytics."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from sqlalchemy import select

from churn.metrics.definitions import FIGURE, rows_of
from churn.metrics.tables import MetricRows, MetricRun, MetricValue
from infra.kernel.db import Tx
from infra.kernel.spreadsheet import csv_text

VALUES_MAX = 5_000
ROWS_MAX = 20_000
COLUMNS = ("month", "currency", "dimension", "label", "value", "low", "high", "count")


class Value(msgspec.Struct, frozen=True):
    """One value of a figure; units and meaning as `definitions.FIGURE` says."""

    month: str
    currency: str
    dimension: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    count: int


class Behind(msgspec.Struct, frozen=True):
    """Rows that a value is made of, of `total`; times are ISO 8601, amounts minor units."""

    columns: list[str]
    rows: list[dict[str, Any]]
    total: int


async def last_run(tx: Tx, venue_id: str) -> MetricRun | None:
    """When the figures were computed; None before the first time."""
    return await tx.get(MetricRun, venue_id)


async def values(
    tx: Tx,
    venue_id: str,
    figure: str,
    definition: str = "",
    *,
    since: str = "",
    until: str = "",
    currency: str = "",
) -> list[Value]:
    """A figure by month, currency and dimension, oldest first, from month to month where told
    (`2026-03`). KeyError for an unknown figure or definition."""
    row = MetricValue
    chosen = FIGURE[figure].definition(definition).name
    query = select(row).where(
        row.venue_id == venue_id, row.figure == figure, row.definition == chosen
    )
    if since:
        query = query.where(row.month >= since)
    if until:
        query = query.where(row.month <= until)
    if currency:
        query = query.where(row.currency.in_((currency, "")))
    query = query.order_by(row.month, row.currency, row.dimension).limit(VALUES_MAX)
    return [Value(*(getattr(found, name) for name in COLUMNS)) for found in await tx.scalars(query)]


async def behind(
    tx: Tx,
    venue_id: str,
    figure: str,
    month: str,
    definition: str = "",
    *,
    currency: str = "",
    dimension: str = "",
) -> Behind:
    """The rows behind a value; of all its currencies or dimensions where none is told.

    Rows that are not parted by currency or dimension, as those of `survival`, stand behind all.
    Kept are thirteen months, and of each value the largest thousand; `total` says of how many.
    """
    of, chosen = rows_of(figure, definition)
    row = MetricRows
    query = select(row).where(
        row.venue_id == venue_id, row.figure == of, row.definition == chosen, row.month == month
    )
    if currency:
        query = query.where(row.currency.in_((currency, "")))
    if dimension:
        query = query.where(row.dimension.in_((dimension, "")))
    query = query.order_by(row.currency, row.dimension)
    found: list[dict[str, Any]] = []
    total = 0
    for part in await tx.scalars(query):
        total += part.total
        key = {"month": month, "currency": part.currency, "dimension": part.dimension}
        key = {name: value for name, value in key.items() if value}
        lines = zlib.decompress(part.content).split(b"\n")[: ROWS_MAX - len(found)]
        found += [{**key, **msgspec.json.decode(line)} for line in lines]
    columns = list(dict.fromkeys(name for one in found for name in one))
    return Behind(columns, found, total)


def values_csv(found: list[Value]) -> str:
    """A figure's values as CSV."""
    return csv_text(COLUMNS, (msgspec.structs.astuple(value) for value in found))


def rows_csv(found: Behind) -> str:
    """A value's rows as CSV."""
    return csv_text(found.columns, ([row.get(c) for c in found.columns] for row in found.rows))

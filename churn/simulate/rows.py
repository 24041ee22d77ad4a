"""Facts gathered as arrays and turned into Arrow tables at the end; no Python loop over rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churn.lake import SCHEMAS
from infra.kernel.facts import BY_NAME, Kind

Array = npt.NDArray[Any]

ORIGIN = "simulated"
NOTHING = np.iinfo(np.int64).min
"""A null among whole numbers and times."""
PREFIX = {
    "subscription_id": "simsub_",
    "invoice_id": "siminv_",
    "payment_id": "simpay_",
    "order_id": "simord_",
    "grant_id": "simgra_",
    "session_id": "simses_",
    "case_id": "simcas_",
    "message_id": "simmsg_",
    "visit_id": "simvis_",
    "concert_id": "simcon_",
    "offer_id": "simoff_",
    "scope_id": "simcon_",
}


class Word:
    """Texts of a column as codes into a short list."""

    def __init__(self, words: tuple[str, ...], codes: Array) -> None:
        self.words, self.codes = words, codes


Cell = Array | Word | str | int | float | bool


class Rows:
    """What happened, table by table. Texts are words, constants, or numbers of ids."""

    def __init__(self, seed: int, only: Collection[str] | None = None) -> None:
        """`only`: tables to keep, all others are dropped as they come."""
        self._only = only
        self._person = f"sim{seed}_"
        self._parts: dict[str, list[tuple[int, dict[str, Cell]]]] = {}
        self._next: dict[str, int] = {}

    def wants(self, table: str) -> bool:
        """Rows of this table are kept; where not, nobody need make them."""
        return self._only is None or table in self._only

    def ids(self, column: str, count: int) -> Array:
        """So many new numbers of a kind of id."""
        first = self._next.get(column, 1)
        self._next[column] = first + count
        return np.arange(first, first + count, dtype=np.int64)

    def add(self, table: str, at: Array, *, known: Any = None, **cells: Any) -> None:
        """Rows that happened at `at` (microseconds since 1970) and were known at once unless told.

        `fact_id` is a running number unless given; a text column given as whole numbers becomes
        ids. A column that is left out is empty or null.
        """
        if not len(at) or not self.wants(table):
            return
        cells.setdefault("fact_id", self.ids(table, len(at)))
        cells |= {"event_at": at, "known_at": at if known is None else known}
        self._parts.setdefault(table, []).append((len(at), cells))

    def tables(self, until_us: int) -> dict[str, pa.Table]:
        """Every table with what was known before a moment, in the order in which it was known."""
        made = {}
        for name, parts in self._parts.items():
            columns = {field.name: self._column(name, field.name, parts) for field in SCHEMAS[name]}
            whole = pa.table(columns, schema=SCHEMAS[name])
            last = pa.scalar(until_us, pa.timestamp("us", tz="UTC"))
            # The future is unknown; concerts alone are known before they happen.
            seen = pc.less_equal(whole["known_at"], last)
            if name != "concerts":
                seen = pc.and_(seen, pc.less_equal(whole["event_at"], last))
            made[name] = whole.filter(seen).sort_by("known_at")
        return made

    def _column(self, table: str, name: str, parts: list[tuple[int, dict[str, Cell]]]) -> pa.Array:
        if name == "origin":
            return _words([(count, ORIGIN) for count, _ in parts])
        kind = next(c.kind for c in BY_NAME[table].columns if c.name == name)
        if kind is Kind.TEXT:
            prefix = self._person if name == "person" else PREFIX.get(name, f"sim_{table}_")
            cells = [(count, part.get(name, "")) for count, part in parts]
            if any(isinstance(cell, np.ndarray) for _, cell in cells):
                return _ids(cells, prefix)
            return _words(cells)
        values = np.concatenate([_numbers(kind, part.get(name), count) for count, part in parts])
        if kind is Kind.NUMBER:
            return pa.array(values, mask=np.isnan(values))
        if kind is Kind.YES:
            return pa.array(values)
        whole = pa.array(values, mask=values == NOTHING)
        return whole.cast(pa.timestamp("us", tz="UTC")) if kind is Kind.TIME else whole


def _numbers(kind: Kind, cell: Any, count: int) -> Array:
    types: Mapping[Kind, Any] = {Kind.NUMBER: np.float64, Kind.YES: np.bool_}
    kept = types.get(kind, np.int64)
    if cell is None:
        cell = np.nan if kind is Kind.NUMBER else False if kind is Kind.YES else NOTHING
    if np.ndim(cell) == 0:
        return np.full(count, cell, dtype=kept)
    return np.asarray(cell, dtype=kept)


def _words(cells: list[tuple[int, Any]]) -> pa.Array:
    """Words and constants of all parts through one list: Arrow is called once a column."""
    known: dict[str, int] = {}
    codes = []
    for count, cell in cells:
        words = cell.words if isinstance(cell, Word) else (cell,)
        own = np.array([known.setdefault(word, len(known)) for word in words], np.int64)
        codes.append(own[cell.codes] if isinstance(cell, Word) else np.full(count, own[0]))
    return pa.array(list(known), pa.string()).take(pa.array(np.concatenate(codes)))


def _ids(cells: list[tuple[int, Any]], prefix: str) -> pa.Array:
    numbers = np.concatenate(
        [np.full(count, NOTHING) if isinstance(cell, str) else cell for count, cell in cells]
    ).astype(np.int64)
    named = pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")
    return pc.if_else(pa.array(numbers == NOTHING), "", named)

"""The shape of a table: which column is a number, date or category, and which is left out and why.

A `Schema` is decided on the rows that a model learns from and applied unchanged to all later rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

import msgspec
import numpy as np
import pandas as pd

from churn.values import (
    as_days,
    as_levels,
    as_numbers,
    date_format,
    decimal_mark,
    is_text,
    looks_coded,
)

NUMBER_SHARE = 0.98
"""So many of the filled values must be numbers, unless the rest are a few words such as `Error`."""
WORDS_MAX = 5
DISTINCT_SHARE_OF_AN_ID = 0.9
ROWS_TO_CALL_AN_ID = 20
TEXT_WORDS = 5
CATEGORY_LEVELS_KNOWN = 50
"""The card names at most so many levels of a column."""

_IDISH = re.compile(
    r"(^|[_\-. ])(id|ids|uuid|guid|msno|rownumber|row_number|email|e-?mail|phone|iban|clientnum)$"
    r"|[a-z](ID|Id|Num|Number|Uuid)$|^(row_name|index|unnamed.*)$",
)


class Kind(StrEnum):
    NUMBER = "number"
    DATE = "date"
    CATEGORY = "category"


class Column(msgspec.Struct, frozen=True):
    """One column that a model may read."""

    name: str
    kind: Kind
    decimal: str = "."
    date_format: str = ""
    levels: int = 0
    """Distinct values among the rows learned from, for a category."""


class LeftOut(msgspec.Struct, frozen=True):
    """One column that no model reads, and why, as a code and as a sentence."""

    name: str
    why: str
    detail: str


class Schema(msgspec.Struct, frozen=True):
    """Columns in their order, and those left out."""

    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def without(self, out: Collection[LeftOut]) -> Schema:
        gone = {column.name for column in out}
        return Schema(
            tuple(column for column in self.columns if column.name not in gone),
            (*self.left_out, *out),
        )

    def of_kind(self, *kinds: Kind) -> list[str]:
        return [column.name for column in self.columns if column.kind in kinds]


class Differences(msgspec.Struct, frozen=True):
    """How later rows differ from the ones learned from."""

    missing: tuple[str, ...] = ()
    """Columns that the model reads and this table lacks: taken as empty."""
    extra: tuple[str, ...] = ()
    """Columns that the model never saw: ignored."""


def read_schema(frame: pd.DataFrame, besides: Collection[str] = ()) -> Schema:
    """Decide each column's kind; leave out ids, free text, and columns with one value or none.

    `besides` are columns that have a part of their own (label, id, treatment). What leaks the
    outcome is judged in `churn.leaks`, because it needs the outcome.
    """
    candidates = [str(name) for name in frame.columns if name not in besides]
    comma_file = _comma_file(frame, candidates)
    kept: list[Column] = []
    out: list[LeftOut] = []
    for name in candidates:
        found = _judge(frame[name], name, comma_file=comma_file)
        if isinstance(found, Column):
            kept.append(found)
        else:
            out.append(found)
    schema = Schema(tuple(kept), tuple(out))
    return schema.without(_doubles(typed(frame, schema)[0]))


def typed(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Differences]:
    """The schema's columns alone, in its order: numbers and days as floats (NaN where there is
    none), categories as text ("" where there is none).

    Columns may come in any order; a missing one is empty in every row, an extra one is ignored.
    """
    by_name = {str(name): name for name in frame.columns}
    made: dict[str, object] = {}
    missing = []
    for column in schema.columns:
        if column.name not in by_name:
            missing.append(column.name)
            made[column.name] = "" if column.kind is Kind.CATEGORY else np.nan
            continue
        made[column.name] = _typed_column(frame[by_name[column.name]], column)
    known = set(schema.names) | {gone.name for gone in schema.left_out}
    extra = tuple(name for name in by_name if name not in known)
    return pd.DataFrame(made, index=frame.index), Differences(tuple(missing), extra)


def _typed_column(values: pd.Series, column: Column) -> object:
    match column.kind:
        case Kind.NUMBER:
            if not is_text(values):
                return as_numbers(values, column.decimal)
            # Another export of the same table may write numbers or dates in another style.
            return as_numbers(values, decimal_mark(values.astype(str), column.decimal)[0])
        case Kind.DATE:
            days = as_days(values, column.date_format)
            if is_text(values) and np.isnan(days).mean() > 0.5:
                again = date_format(values.astype(str), day_first=column.decimal == ",")
                return as_days(values, again) if again else days
            return days
        case Kind.CATEGORY:
            return as_levels(values).astype(object)


def _comma_file(frame: pd.DataFrame, names: list[str]) -> bool:
    """Whether some column can only be read with decimal commas."""
    for name in names:
        if not is_text(frame[name]):
            continue
        sample = frame[name].astype(str).head(2000)
        if sample.str.contains(",", regex=False).any():
            mark, share = decimal_mark(sample, ".")
            if mark == "," and share > 0.9:
                return True
    return False


def _judge(values: pd.Series, name: str, *, comma_file: bool) -> Column | LeftOut:
    if pd.api.types.is_datetime64_any_dtype(values):
        kind, mark, form = Kind.DATE, ".", ""
    elif not is_text(values):
        kind, mark, form = Kind.NUMBER, ".", ""
    else:
        values = values.fillna("").astype(str)
        kind, mark, form = _kind_of_text(values, name, comma_file=comma_file)
    levels = as_levels(values)
    filled = levels[levels != ""]
    distinct = int(filled.nunique())
    if distinct == 0:
        return LeftOut(name, "empty", "No row has a value.")
    if distinct == 1 and len(filled) == len(levels):
        return LeftOut(name, "constant", f"Every row has the value {filled.iloc[0]!r}.")
    # A column filled in for everybody can be an id; a date or a measure with fractions is none.
    if kind is not Kind.DATE and _names_rows(filled, name, kind, distinct):
        return LeftOut(name, "id_like", f"{distinct} different values in {len(filled)} rows.")
    if kind is Kind.CATEGORY and _is_free_text(filled, distinct):
        return LeftOut(name, "free_text", "Sentences, nearly each of them another.")
    return Column(name, kind, mark, form, distinct if kind is Kind.CATEGORY else 0)


def _kind_of_text(values: pd.Series, name: str, *, comma_file: bool) -> tuple[Kind, str, str]:
    form = date_format(values, day_first=comma_file)
    if form and (form != "%Y%m%d" or re.search("date|day|_dt|time", name.lower())):
        return Kind.DATE, ".", form
    mark, share = decimal_mark(values, "," if comma_file else ".")
    if share == 0.0 or looks_coded(values):
        return Kind.CATEGORY, ".", ""
    if share < NUMBER_SHARE:
        levels = as_levels(values)
        rest = levels[(levels != "") & np.isnan(as_numbers(values, mark))]
        numbers = levels.nunique() - rest.nunique()
        if share < 0.5 or rest.nunique() > WORDS_MAX or numbers < 20:
            return Kind.CATEGORY, ".", ""
    return Kind.NUMBER, mark, ""


def _names_rows(filled: pd.Series, name: str, kind: Kind, distinct: int) -> bool:
    share = distinct / len(filled)
    if len(filled) < ROWS_TO_CALL_AN_ID:
        return False
    idish = _IDISH.search(name) is not None or _IDISH.search(name.lower()) is not None
    if kind is Kind.CATEGORY:
        return share >= DISTINCT_SHARE_OF_AN_ID or (idish and share > 0.5)
    if not filled.str.fullmatch(r"[+-]?\d+").all():
        return False
    if idish and share > 0.5:
        return True
    numbers = filled.astype(float)
    counted = numbers.max() - numbers.min() + 1 <= 1.2 * distinct
    long_codes = filled.str.len().nunique() == 1 and len(filled.iloc[0]) >= 7
    return share > 0.99 and len(filled) >= 50 and bool(counted or long_codes)


def _is_free_text(filled: pd.Series, distinct: int) -> bool:
    words = filled.head(2000).str.count(r"\s") + 1
    return distinct / len(filled) > 0.5 and float(words.mean()) >= TEXT_WORDS


def _doubles(table: pd.DataFrame) -> list[LeftOut]:
    """Columns that say the same as an earlier one: equal numbers, or the same groups otherwise.

    Numbers in another unit (minutes and their charge) stay: sums of kindred columns need them.
    """
    seen: dict[bytes, str] = {}
    out = []
    for name in table.columns:
        codes, _ = pd.factorize(table[name], use_na_sentinel=False)
        key = codes.astype(np.int64).tobytes()
        if key in seen and _same(table[name], table[seen[key]]):
            out.append(LeftOut(str(name), "duplicate", f"Says the same as {seen[key]}."))
        else:
            seen.setdefault(key, str(name))
    return out


def _same(one: pd.Series, other: pd.Series) -> bool:
    """Of two columns that part the rows into the same groups."""
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        return bool(np.array_equal(one.to_numpy(), other.to_numpy(), equal_nan=True))
    return True

"""Rows to learn from: people on past dates with what was known of them then, and what came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import ibis
import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table as Expression

from churn.columns import Column, Kind, LeftOut, Schema
from churn.evaluate import Told, no_news
from churn.feature_list import FEATURES, FeatureKind
from churn.lake import Facts
from churn.prediction.causes import DATES_MAX, STEP, WINDOW, Cause
from churn.prediction.outcomes import outcomes

Features = Callable[[Facts], Expression]
"""One row a person: `person` and the columns of FEATURES, as of the facts' moment."""

ROWS_MAX = 200_000
"""Above it people are drawn by a hash of their pseudonym, with all their dates."""
DATES_FOR_SEASONS = 24
"""With fewer dates a column that is the same for everybody names the date, not the season."""


class Rows(msgspec.Struct):
    """Past people-dates of one cause, oldest first. `frame` has person, as_of, left, features."""

    frame: pd.DataFrame
    dates: list[datetime]
    people: int
    """Before any were drawn."""
    drawn: float
    """The share of people that was taken."""


def dates_before(now: datetime, cause: Cause) -> list[datetime]:
    """Midnights whose window has passed, 30 days apart, oldest first."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    latest = day - WINDOW[cause]
    return [latest - STEP * back for back in range(DATES_MAX)][::-1]


def past_rows(
    cause: Cause, facts: Facts, features: Features, now: datetime, told: Told = no_news
) -> Rows:
    """Everything that may be learned from at `now`. The frame is empty where there is nothing."""
    came = []
    dates = dates_before(now, cause)
    for at, date in enumerate(dates):
        told(f"what came ({cause.value})", at, len(dates))
        came.append(_arrow(outcomes(cause, facts, date)).assign(as_of=date))
    whole = pd.concat(came, ignore_index=True)
    everybody = whole["person"].unique()
    share = min(1.0, ROWS_MAX / max(1, len(whole)))
    if share < 1.0:
        everybody = np.array([one for one in everybody if _drawn(str(one), share)])
        whole = whole[whole["person"].isin(everybody)]
        facts = facts.of_people(_people(everybody))
    known = []
    used = sorted(whole["as_of"].unique())
    for at, date in enumerate(used):
        told(f"what was known ({cause.value})", at, len(used))
        mine = whole[whole["as_of"] == date]
        moment = pd.Timestamp(date).to_pydatetime()
        known.append(mine.merge(_known(facts.at(moment), features, mine["person"]), on="person"))
    frame = pd.concat(known, ignore_index=True) if known else whole
    # In one order, whatever the engine's: the same facts teach the same model.
    frame = frame.sort_values(["as_of", "person"], ignore_index=True)
    found = [pd.Timestamp(date).to_pydatetime() for date in used]
    return Rows(frame, found, len(everybody), share)


def known_of(facts: Facts, features: Features, people: Expression | None = None) -> pd.DataFrame:
    """Features of everybody, or of those people, as of the facts' moment."""
    table = features(facts)
    if people is not None:
        table = table.semi_join(people, "person")
    return _arrow(table.select("person", *(feature.name for feature in FEATURES)))


def schema_for(frame: pd.DataFrame, dates: int) -> Schema:
    """The features as columns; left out those without a value, with one alone, and, while there
    are too few dates to tell a season from a date, those that are the same for everybody."""
    columns, out = [], []
    for feature in FEATURES:
        kind = Kind.CATEGORY if feature.kind is FeatureKind.CATEGORY else Kind.NUMBER
        values = frame[feature.name]
        levels = int(values.nunique())
        if levels == 0:
            out.append(LeftOut(feature.name, "empty", "Nothing is known of anybody."))
        elif levels == 1 and values.notna().all():
            out.append(LeftOut(feature.name, "constant", f"Everybody has {values.iloc[0]!r}."))
        elif dates < DATES_FOR_SEASONS and _of_the_date(frame, feature.name):
            detail = f"The same for everybody on a date, and there are {dates} dates alone."
            out.append(LeftOut(feature.name, "date", detail))
        else:
            columns.append(
                Column(feature.name, kind, levels=levels if kind is Kind.CATEGORY else 0)
            )
    return Schema(tuple(columns), tuple(out))


def _of_the_date(frame: pd.DataFrame, name: str) -> bool:
    return bool((frame.groupby("as_of")[name].nunique(dropna=False) <= 1).all())


def _known(facts: Facts, features: Features, people: pd.Series) -> pd.DataFrame:
    return known_of(facts, features, _people(people.to_numpy()))


def _people(names: npt.NDArray[np.object_]) -> Expression:
    return ibis.memtable(pa.table({"person": pa.array(names.tolist(), pa.string())}))


def _drawn(person: str, share: float) -> bool:
    """The same people in every training, whatever their order."""
    number = int.from_bytes(blake2b(person.encode(), digest_size=8).digest())
    return number < share * 2**64


def _arrow(expression: Expression) -> pd.DataFrame:
    """As pandas: numbers as floats with NaN, text as objects with "" for nothing."""
    table = expression.to_pyarrow()
    made = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            made[name] = np.array([v or "" for v in column.to_pylist()], dtype=object)
        elif pa.types.is_null(column.type):
            made[name] = np.full(len(column), np.nan)
        else:
            made[name] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return pd.DataFrame(made)


def split_dates(dates: list[datetime], left: pd.Series, as_of: pd.Series, window: timedelta,
                leavers: int) -> tuple[list[datetime], list[datetime]]:  # fmt: skip
    """(dates to learn from, dates to judge on): the latest, as many as hold so many leavers and
    at most a third; learned from is only what was over when the first of those began."""
    judged: list[datetime] = []
    for date in reversed(dates):
        judged.insert(0, date)
        if left[as_of.isin(judged)].sum() >= leavers or len(judged) * 3 >= len(dates):
            break
    return [date for date in dates if judged and date + window <= judged[0]], judged

"""Rows to learn from: people on past dates with what was known of them then, and what came."""

from __future__ import annotations

from collections.abc import Callable, Collection
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
from churn.prediction.outcomes import first_of, outcomes

Features = Callable[[Facts], Expression]
"""One row a person: `person` and the columns of FEATURES, as of the facts' moment."""

COLUMNS = ["person", *(feature.name for feature in FEATURES)]
ROWS_MAX = 200_000
"""Above it people are drawn by a hash of their pseudonym, with all their dates."""
DATES_FOR_SEASONS = 24
"""With fewer dates a column that is the same for everybody names the date, not the season."""


class Rows(msgspec.Struct):
    """Past people-dates of one cause, oldest first. `frame` has person, as_of, left, features."""

    frame: pd.DataFrame
    dates: list[datetime]
    drawn: float
    """The share of people that was taken."""


def dates_before(now: datetime, causes: Collection[Cause]) -> list[datetime]:
    """Midnights at which all these causes' windows have passed, 30 days apart, oldest first."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    latest = day - max(WINDOW[cause] for cause in causes)
    return [latest - STEP * back for back in range(DATES_MAX)][::-1]


def past_rows(
    causes: Collection[Cause],
    facts: Facts,
    features: Features,
    now: datetime,
    *,
    rows_max: int = ROWS_MAX,
    told: Told = no_news,
) -> dict[Cause, Rows]:
    """Everything that may be learned from at `now`, by cause; what was known of a date is asked
    once for all causes. A frame is empty where there is nothing."""
    firsts = [one for cause in causes if (one := first_of(cause, facts)) is not None]
    dates = [date for date in dates_before(now, causes) if firsts and date > min(firsts)]
    came = [pd.DataFrame({"person": [], "left": [], "as_of": [], "cause": []})]
    for at, date in enumerate(dates):
        told("what came", at, len(dates))
        for cause in causes:
            found = frame_of(outcomes(cause, facts, date).to_pyarrow())
            came.append(found.assign(as_of=date, cause=cause.value))
    whole = pd.concat([part for part in came if len(part)] or came, ignore_index=True)
    people = np.asarray(whole["person"].unique(), dtype=object)
    largest = int(whole["cause"].value_counts().max()) if len(whole) else 0
    share = min(1.0, rows_max / max(1, largest))
    if share < 1.0:
        chosen = np.array([one for one in people if _drawn(str(one), share)], dtype=object)
        whole = whole[whole["person"].isin(chosen)]
        facts = facts.of_people(_people(chosen))
    known = [whole.assign(**{feature.name: np.nan for feature in FEATURES})[:0]]
    for at, date in enumerate(dates):
        told("what was known", at, len(dates))
        mine = whole[whole["as_of"] == date]
        if len(mine):
            then = _known(facts.at(date), features, mine["person"].unique())
            known.append(mine.merge(then, on="person"))
    # In one order, whatever the engine's: the same facts teach the same model.
    frame = pd.concat([part for part in known if len(part)] or known, ignore_index=True)
    frame = frame.sort_values(["as_of", "person"], ignore_index=True)
    return {cause: _rows(frame[frame["cause"] == cause.value], dates, share) for cause in causes}


def _rows(frame: pd.DataFrame, dates: list[datetime], share: float) -> Rows:
    used = [date for date in dates if (frame["as_of"] == date).any()]
    return Rows(frame.drop(columns="cause").reset_index(drop=True), used, share)


def known_of(facts: Facts, features: Features, people: Expression | None = None) -> pd.DataFrame:
    """Features of everybody, or of those people, as of the facts' moment."""
    table = features(facts)
    if people is not None:
        table = table.semi_join(people, "person")
    return frame_of(table.select(COLUMNS).to_pyarrow())


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


def _known(facts: Facts, features: Features, people: npt.NDArray[np.object_]) -> pd.DataFrame:
    return known_of(facts, features, _people(people))


def _people(names: npt.NDArray[np.object_]) -> Expression:
    return ibis.memtable(pa.table({"person": pa.array(names.tolist(), pa.string())}))


def _drawn(person: str, share: float) -> bool:
    """The same people in every training, whatever their order."""
    number = int.from_bytes(blake2b(person.encode(), digest_size=8).digest())
    return number < share * 2**64


def frame_of(table: pa.Table) -> pd.DataFrame:
    """As pandas: numbers as floats with NaN, text as objects with "" for nothing."""
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

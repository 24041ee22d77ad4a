"""Why one person has the score that they have, in words: contributions, not global importances."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.columns import Column, Kind
from churn.pipeline import Model

Floats = npt.NDArray[np.float64]

OTHERS = 12
"""People whose values stand in for a person's own, drawn once with a fixed seed."""
ROWS_AT_ONCE = 2_000
_SURE = 1e-6
_WORTH_SAYING = 0.02
"""Log-odds below which a contribution is no reason."""
_DAYS_SHOWN_AS_DATE = "%Y-%m-%d"


class Reason(msgspec.Struct, frozen=True):
    """One column's part in one person's score."""

    column: str
    value: str
    usual: str
    """What others have: the middle half of numbers, the most frequent category."""
    log_odds: float
    """How much higher the log-odds are than with other people's values in this column."""
    points: float
    """The same in the chance itself, -1..1."""


class Background:
    """Other people, to compare one person with."""

    def __init__(self, table: pd.DataFrame, columns: tuple[Column, ...]) -> None:
        self.columns = columns
        self.others = table.sample(min(OTHERS, len(table)), random_state=11).reset_index(drop=True)
        self.usual = {column.name: _usual(table[column.name], column) for column in columns}


def reasons(
    model: Model, table: pd.DataFrame, background: Background, count: int = 3
) -> list[list[Reason]]:
    """For each row of a typed table, the `count` columns that move its score most, either way.

    A column's contribution is the mean change of the log-odds when the row keeps everything but
    that column, which is replaced by each of a dozen other people's values in turn (an
    interventional leave-one-column-out, the first-order term of Shapley values: Strumbelj and
    Kononenko 2014). It says what the model did, not what would happen if the value were changed.
    """
    told: list[list[Reason]] = []
    for start in range(0, len(table), ROWS_AT_ONCE):
        told += _some(model, table.iloc[start : start + ROWS_AT_ONCE], background, count)
    return told


def _some(
    model: Model, rows: pd.DataFrame, background: Background, count: int
) -> list[list[Reason]]:
    chance = model.chances(rows)
    odds = _log_odds(chance)
    columns = background.columns
    moved = np.zeros((len(rows), len(columns)))
    instead = np.zeros((len(rows), len(columns)))
    for place, column in enumerate(columns):
        others = background.others[column.name]
        times = others.value_counts(dropna=False)
        for value, often in times.items():
            changed = rows.copy()
            changed[column.name] = value
            other = model.chances(changed)
            moved[:, place] += often / len(others) * (odds - _log_odds(other))
            instead[:, place] += often / len(others) * other
    told = []
    order = np.argsort(-np.abs(moved), axis=1)[:, :count]
    for row in range(len(rows)):
        told.append(
            [
                Reason(
                    columns[place].name,
                    shown(rows.iloc[row][columns[place].name], columns[place]),
                    background.usual[columns[place].name],
                    float(moved[row, place]),
                    float(chance[row] - instead[row, place]),
                )
                for place in order[row]
                if abs(moved[row, place]) >= _WORTH_SAYING
            ]
        )
    return told


def _log_odds(chance: Floats) -> Floats:
    sure = np.clip(chance, _SURE, 1 - _SURE)
    return np.asarray(np.log(sure / (1 - sure)))


def in_words(reason: Reason) -> str:
    """`Contract is Month-to-month (most: Two year): +11 points`."""
    return f"{reason.column} is {reason.value} ({reason.usual}): {reason.points * 100:+.0f} points"


def shown(value: object, column: Column) -> str:
    """A typed value as a person writes it."""
    if column.kind is Kind.CATEGORY:
        return str(value) or "empty"
    number = float(value)  # type: ignore[arg-type]
    if np.isnan(number):
        return "empty"
    if column.kind is Kind.DATE:
        return (pd.Timestamp(0) + pd.Timedelta(days=number)).strftime(_DAYS_SHOWN_AS_DATE)
    return f"{number:g}" if abs(number) < 1e6 else f"{number:,.0f}"


def _usual(values: pd.Series, column: Column) -> str:
    if column.kind is Kind.CATEGORY:
        common = values.value_counts()
        return f"most: {shown(common.index[0], column)}"
    filled = values.dropna()
    if filled.empty:
        return "others: empty"
    low, high = (shown(filled.quantile(quarter), column) for quarter in (0.25, 0.75))
    return f"half of people: {low}" if low == high else f"half of people: {low} to {high}"

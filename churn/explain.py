"""Why one person has the score that they have, in words: contributions, not global importances."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.columns import Column, Kind, Schema
from churn.pipeline import Model

Floats = npt.NDArray[np.float64]

OTHERS = 12
"""So many values of a column stand in for a person's own."""
ROWS_AT_ONCE = 100_000
_SURE = 1e-6
WORTH_SAYING = 0.02
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


class Others(msgspec.Struct, frozen=True):
    """What other people have in one column: values with their weights, and the usual in words."""

    values: tuple[str | float | None, ...]
    weights: tuple[float, ...]
    usual: str


Background = dict[str, Others]
"""By column. Each column alone, so that no person's row is kept."""


def background_of(table: pd.DataFrame, schema: Schema) -> Background:
    """Quantiles of numbers and the most frequent levels of categories of a typed table."""
    return {column.name: _others(table[column.name], column) for column in schema.columns}


def _others(values: pd.Series, column: Column) -> Others:
    if column.kind is Kind.CATEGORY:
        shares = values.value_counts(normalize=True).head(OTHERS)
        first = str(shares.index[0]) or "empty"
        usual = f"{shares.iloc[0]:.0%} of people: {first}"
        found: list[str | float | None] = [str(level) for level in shares.index]
        return Others(tuple(found), _shares(shares.to_numpy(dtype=float)), usual)
    filled = values.dropna().to_numpy(dtype=float)
    if not filled.size:
        return Others((None,), (1.0,), "others: empty")
    steps = (np.arange(OTHERS) + 0.5) / OTHERS
    quantiles = np.quantile(filled, steps, method="inverted_cdf")
    cuts, times = np.unique(quantiles, return_counts=True)
    weights = times / OTHERS * len(filled) / len(values)
    found = [float(cut) for cut in cuts]
    if len(filled) < len(values):
        found.append(None)
        weights = np.append(weights, 1 - len(filled) / len(values))
    low, high = (shown(float(np.quantile(filled, q)), column) for q in (0.25, 0.75))
    usual = f"half of people: {low}" if low == high else f"half of people: {low} to {high}"
    return Others(tuple(found), _shares(weights), usual)


def _shares(weights: Floats) -> tuple[float, ...]:
    return tuple(float(weight) for weight in weights / weights.sum())


def reasons(
    model: Model, table: pd.DataFrame, background: Background, count: int = 3
) -> list[list[Reason]]:
    """For each row of a typed table, the `count` columns that move its score most, either way.

    A column's contribution is the mean change of the log-odds when the row keeps everything but
    that column, which takes other people's values in turn (an interventional leave-one-column-out,
    the first-order term of Shapley values: Strumbelj and Kononenko 2014). It says what the model
    did, not what would happen if the value were changed.
    """
    told: list[list[Reason]] = []
    step = max(1, ROWS_AT_ONCE // variants_of(background))
    for start in range(0, len(table), step):
        told += _some(model, table.iloc[start : start + step], background, count)
    return told


def _some(
    model: Model, rows: pd.DataFrame, background: Background, count: int
) -> list[list[Reason]]:
    columns = model.shape.schema.columns
    moved, points = _moves(model, rows, background)
    order = np.argsort(-np.abs(moved), axis=1)[:, :count]
    cells = {column.name: rows[column.name].to_numpy() for column in columns}
    told = []
    for row in range(len(rows)):
        mine = []
        for place in order[row]:
            if abs(moved[row, place]) < WORTH_SAYING:
                continue
            column = columns[place]
            value = shown(cells[column.name][row], column)
            usual = background[column.name].usual
            moves = float(moved[row, place]), float(points[row, place])
            mine.append(Reason(column.name, value, usual, *moves))
        told.append(mine)
    return told


def contributions(
    model: Model, table: pd.DataFrame, background: Background
) -> tuple[Floats, Floats]:
    """Rows x columns of a typed table: what each column does to the log-odds, and to the chance
    itself (-1..1). Both are against other people's values in that column, as in `reasons`."""
    step = max(1, ROWS_AT_ONCE // variants_of(background))
    parts = [
        _moves(model, table.iloc[start : start + step], background)
        for start in range(0, len(table), step)
    ]
    if not parts:
        empty = np.empty((0, len(model.shape.schema.columns)))
        return empty, empty
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def variants_of(background: Background) -> int:
    """How many chances a person's reasons take: their own and one for each stand-in."""
    return 1 + sum(len(others.values) for others in background.values())


def thinned(background: Background, values: int) -> Background:
    """At most so many stand-ins a column, those that stand for most people or the middle ones."""
    return {name: _thin(others, values) for name, others in background.items()}


def _thin(others: Others, count: int) -> Others:
    if len(others.values) <= count:
        return others
    if isinstance(others.values[0], str):
        chosen = list(range(count))
    else:
        ends = np.cumsum(others.weights)
        chosen = sorted({int(np.searchsorted(ends, (n + 0.5) / count)) for n in range(count)})
    weights = np.array([others.weights[place] for place in chosen])
    return Others(tuple(others.values[place] for place in chosen), _shares(weights), others.usual)


def _moves(model: Model, rows: pd.DataFrame, background: Background) -> tuple[Floats, Floats]:
    columns, size = model.shape.schema.columns, len(rows)
    chances = model.chances(_varied(rows, background)).reshape(-1, size)
    chance, odds = chances[0], _log_odds(chances)
    moved, points = np.zeros((size, len(columns))), np.zeros((size, len(columns)))
    at = 1
    for place, column in enumerate(columns):
        weights = np.asarray(background[column.name].weights)
        block = slice(at, at + len(weights))
        moved[:, place] = odds[0] - weights @ odds[block]
        points[:, place] = chance - weights @ chances[block]
        at += len(weights)
    return moved, points


def _varied(rows: pd.DataFrame, background: Background) -> pd.DataFrame:
    """The rows as they are, then once more for each other value of each column."""
    size = len(rows)
    times = variants_of(background)
    made = {}
    at = 1
    for name in rows.columns:
        cells = np.tile(rows[name].to_numpy(), times)
        for value in background[str(name)].values:
            cells[at * size : (at + 1) * size] = np.nan if value is None else value
            at += 1
        made[name] = cells
    return pd.DataFrame(made)


def _log_odds(chance: Floats) -> Floats:
    sure = np.clip(chance, _SURE, 1 - _SURE)
    return np.asarray(np.log(sure / (1 - sure)))


def in_words(reason: Reason) -> str:
    """`tenure is 1 (half of people: 9 to 55): +20 points`; a point is one in a hundred."""
    points = reason.points * 100
    size = f"{points:+.0f}" if abs(points) >= 1 else f"{points:+.1f}"
    return f"{reason.column} is {reason.value} ({reason.usual}): {size} points"


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

"""How far a column's values have moved between two tables: the population stability index."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.columns import Kind, Schema

Floats = npt.NDArray[np.float64]

LARGE = 0.25
"""Above it a column has changed; below 0.1 it has not (Siddiqi 2006, credit scoring's custom)."""
BINS = 10
LEVELS = 20
_LEAST = 1e-4


class Spread(msgspec.Struct, frozen=True):
    """A column's values in few shares: edges of number bins or names of levels. The last share
    is of empty values, and for categories the one before it of all other levels."""

    shares: tuple[float, ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()


def spreads(table: pd.DataFrame, schema: Schema) -> dict[str, Spread]:
    """Every column of a typed table, each by itself."""
    made = {}
    for column in schema.columns:
        values = table[column.name]
        if column.kind is Kind.CATEGORY:
            common = values[values != ""].value_counts().head(LEVELS).index
            empty = Spread((), levels=tuple(str(level) for level in common))
        else:
            filled = values.dropna().to_numpy(dtype=float)
            steps = np.arange(1, BINS) / BINS
            cuts = np.unique(np.quantile(filled, steps)) if filled.size else np.empty(0)
            empty = Spread((), edges=tuple(float(cut) for cut in cuts))
        made[column.name] = msgspec.structs.replace(
            empty, shares=tuple(_shares(values, empty).tolist())
        )
    return made


def _shares(values: pd.Series, spread: Spread) -> Floats:
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float)
        place = np.searchsorted(np.asarray(spread.edges), numbers, side="right")
        place = np.where(np.isnan(numbers), len(spread.edges) + 1, place)
        counts = np.bincount(place, minlength=len(spread.edges) + 2)
    else:
        known = {level: number for number, level in enumerate(spread.levels)}
        places = [
            len(known) + 1 if value == "" else known.get(str(value), len(known)) for value in values
        ]
        counts = np.bincount(places, minlength=len(known) + 2)
    return np.asarray(counts / counts.sum())


def moved(before: dict[str, Spread], table: pd.DataFrame) -> dict[str, float]:
    """PSI = sum (now - before) x ln(now / before) over shares, per column, largest first."""
    found = {}
    for name, spread in before.items():
        if name not in table:
            continue
        was = np.maximum(np.asarray(spread.shares), _LEAST)
        now = np.maximum(_shares(table[name], spread), _LEAST)
        found[name] = float(np.sum((now - was) * np.log(now / was)))
    return dict(sorted(found.items(), key=lambda item: -item[1]))

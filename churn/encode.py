"""Turns a typed table into numbers for linear models and trees; fitted inside each fold only."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

Floats = npt.NDArray[np.float64]

FEW_LEVELS = 30
"""Above so many levels a category is encoded by its smoothed leaving rate, cross-fitted."""
RARE_ROWS = 10
MANY_NUMBERS = 60
"""Above so many number columns each bends at half the knots: lines stay affordable."""
KNOTS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)


class Bends(TransformerMixin, BaseEstimator):
    """Numbers as standardised straight lines that may bend at their quantiles.

    A column becomes its value (clipped to its 1st..99th percentile, so that one huge invoice does
    not steer a model), `max(0, value - knot)` for each distinct knot, and 1 where it is missing.
    With `knots=()` it is a plain standardised value with that flag.
    """

    def __init__(self, knots: tuple[float, ...] = KNOTS) -> None:
        self.knots = knots

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        values = np.asarray(X, dtype=float)
        self.n_features_in_ = values.shape[1]
        self.low_, self.high_, self.middle_ = [], [], []
        self.knots_: list[list[float]] = []
        self.gappy_: list[bool] = []
        for column in values.T:
            filled = column[~np.isnan(column)]
            filled = filled if filled.size else np.zeros(1)
            low, middle, high = (float(q) for q in np.quantile(filled, (0.01, 0.5, 0.99)))
            if low == high:
                low, high = float(filled.min()), float(filled.max())
            knots = np.unique(np.quantile(filled, self.knots)) if self.knots else np.empty(0)
            self.low_.append(low)
            self.high_.append(high)
            self.middle_.append(middle)
            self.knots_.append([float(knot) for knot in knots if low < knot < high])
            self.gappy_.append(bool(np.isnan(column).any()))
        made = self._bent(values)
        self.mean_ = made.mean(axis=0)
        scale = made.std(axis=0)
        self.scale_ = np.where(scale > 1e-12, scale, 1.0)
        return self

    def transform(self, X: pd.DataFrame) -> Floats:
        return np.asarray((self._bent(np.asarray(X, dtype=float)) - self.mean_) / self.scale_)

    def _bent(self, values: Floats) -> Floats:
        made = []
        for place in range(self.n_features_in_):
            column = values[:, place]
            holes = np.isnan(column)
            filled = np.where(holes, self.middle_[place], column)
            filled = np.clip(filled, self.low_[place], self.high_[place])
            made.append(filled)
            made += [np.maximum(0.0, filled - knot) for knot in self.knots_[place]]
            if self.gappy_[place]:
                made.append(holes.astype(float))
        return np.column_stack(made) if made else np.empty((len(values), 0))


class Holes(TransformerMixin, BaseEstimator):
    """Numbers as they are, holes included; a column that is all holes while learning becomes 0.

    Boosted trees take holes, but fail on a column without a single value (scikit-learn 1.9.1), and
    a fold of a sparse table can have one.
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        self.empty_ = [bool(empty) for empty in np.isnan(np.asarray(X, dtype=float)).all(axis=0)]
        return self

    def transform(self, X: pd.DataFrame) -> Floats:
        return np.where(self.empty_, 0.0, np.asarray(X, dtype=float))


def kinds_of(table: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Numbers, categories of few levels, categories of many, in a typed table."""
    numbers = [str(name) for name in table if pd.api.types.is_numeric_dtype(table[name])]
    levels = {str(name): table[name].nunique() for name in table if name not in numbers}
    few = [name for name, count in levels.items() if count <= FEW_LEVELS]
    return numbers, few, [name for name in levels if name not in few]


def for_lines(table: pd.DataFrame, *, bent: bool) -> ColumnTransformer:
    """Encoding for linear models of a table like this one."""
    numbers, few, many = kinds_of(table)
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=min(RARE_ROWS, max(1, len(table) // 50)),
        sparse_output=False,
        drop="if_binary",
    )
    knots = KNOTS if len(numbers) <= MANY_NUMBERS else KNOTS[1::2]
    steps: list[tuple[str, Any, list[str]]] = [
        ("numbers", Bends(knots if bent else ()), numbers),
        ("few", one_hot, few),
        ("many", Pipeline([("rate", _rates()), ("scale", StandardScaler())]), many),
    ]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0.0)


def for_trees(table: pd.DataFrame) -> ColumnTransformer:
    """Encoding for boosted trees, which take holes as they are."""
    numbers, few, many = kinds_of(table)
    steps: list[tuple[str, Any, list[str]]] = [
        ("rates", _rates(), few + many),
        ("numbers", Holes(), numbers),
    ]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0.0)


def _rates() -> TargetEncoder:
    """A level's leaving rate shrunk to the mean, cross-fitted (Micci-Barreca 2001)."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return TargetEncoder(target_type="binary", cv=folds)


def for_effects(table: pd.DataFrame, *, lines: bool) -> ColumnTransformer:
    """Encoding for learning an action's effect, whatever the outcome's unit.

    Levels stay levels: a rate of the outcome says little of a difference in it.
    """
    numbers, few, many = kinds_of(table)
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=RARE_ROWS, sparse_output=False
    )
    folds = KFold(5, shuffle=True, random_state=0)
    rates = TargetEncoder(target_type="continuous", cv=folds)
    steps: list[tuple[str, Any, list[str]]] = [
        ("numbers", Bends(()) if lines else Holes(), numbers),
        ("few", one_hot, few),
        ("many", rates, many),
    ]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0.0)


def for_rules(table: pd.DataFrame) -> ColumnTransformer:
    """Encoding for plain rules: numbers in their own unit, levels as yes and no."""
    numbers, few, many = kinds_of(table)
    levels = OneHotEncoder(
        handle_unknown="ignore", min_frequency=RARE_ROWS, max_categories=FEW_LEVELS,
        sparse_output=False,
    )  # fmt: skip
    steps: list[tuple[str, Any, list[str]]] = [
        ("numbers", SimpleImputer(strategy="median", keep_empty_features=True), numbers),
        ("levels", levels, few + many),
    ]
    return ColumnTransformer(
        [step for step in steps if step[2]], sparse_threshold=0.0, verbose_feature_names_out=False
    )

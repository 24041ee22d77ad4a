"""Several models as one: their log-odds weighted by what they achieve on rows they did not see."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from churn.encode import for_lines, for_trees

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Split = tuple[Ints, Ints]

SURE = 1e-6
"""Chances are kept this far from 0 and 1."""
ROWS_FOR_ONE_SPLIT = 30_000
"""Above so many rows one held-out fifth weighs the models as well as folds would."""
ROWS_FOR_LEAN = 30_000
"""From so many rows on, bent lines say all that straight ones do, and fewer, faster learning small
trees as much as many slow ones: a third of the time for the same ranking (docs/prediction.md)."""
LINES_ROWS = 50_000
"""Some hundred weights of a line are settled by so many rows."""
ROWS_FOR_THREADS = 30_000
"""Below so many rows threads of boosting cost more in waiting than they save."""


class Blend(ClassifierMixin, BaseEstimator):
    """`members` fitted alike; chance = sigmoid(sum of weight x log-odds + shift).

    Weights are at least 0 and, with `shift`, chosen by maximum likelihood on out-of-fold
    predictions (stacking: Wolpert 1992, Breiman 1996), drawn to equal shares by a ridge worth
    `prior_rows` rows. That is a sigmoid calibration (Platt 1999) of all members at once.
    """

    def __init__(
        self, members: list[tuple[str, Any]], folds: int = 5, seed: int = 0, prior_rows: float = 2.0
    ) -> None:
        self.members = members
        self.folds = folds
        self.seed = seed
        self.prior_rows = prior_rows

    def fit(self, X: pd.DataFrame, y: Floats, groups: Ints | None = None) -> Self:
        y = np.asarray(y, dtype=float)
        self.classes_ = np.array([0.0, 1.0])
        splits = inner_splits(y, groups, self.folds, self.seed)
        seen = np.concatenate([judge for _, judge in splits])
        with quiet(len(y)):
            odds = np.empty((len(seen), len(self.members)))
            start = 0
            for learn, judge in splits:
                for place, (_, member) in enumerate(self.members):
                    fitted = self._fitted(member, X.iloc[learn], y[learn])
                    odds[start : start + len(judge), place] = log_odds(fitted, X.iloc[judge])
                start += len(judge)
            self.weights_, self.shift_ = weigh(odds, y[seen], self.prior_rows)
            used = [place for place, weight in enumerate(self.weights_) if weight > 1e-4]
            self.used_ = [self.members[place][0] for place in used]
            self.weights_ = self.weights_[used]
            self.fitted_ = [self._fitted(self.members[place][1], X, y) for place in used]
        return self

    def _fitted(self, member: Any, X: pd.DataFrame, y: Floats) -> Any:
        """Of many rows lines see a part, drawn with both outcomes in their shares."""
        if len(y) > LINES_ROWS and isinstance(member[-1], LogisticRegression):
            some, _ = next(
                StratifiedShuffleSplit(
                    1, train_size=LINES_ROWS, test_size=None, random_state=self.seed
                ).split(np.zeros((len(y), 1)), y)
            )
            X, y = X.iloc[some], y[some]
        return clone(member).fit(X, y)

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        total = np.full(len(X), self.shift_)
        with quiet(len(X)):
            for weight, fitted in zip(self.weights_, self.fitted_, strict=True):
                total += weight * log_odds(fitted, X)
        chance = np.clip(expit(total), SURE, 1 - SURE)
        return np.column_stack([1 - chance, chance])

    def predict(self, X: pd.DataFrame) -> Floats:
        return np.asarray(self.predict_proba(X)[:, 1] > 0.5, dtype=float)


def inner_splits(y: Floats, groups: Ints | None, folds: int, seed: int) -> list[Split]:
    """Stratified folds; by group where one person has several rows; one split of many rows."""
    rows = np.zeros((len(y), 1))
    folds = max(2, min(folds, int(min(y.sum(), len(y) - y.sum()))))
    if groups is not None:
        grouped = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        # People with many rows can leave a fold without either outcome: it can't be judged.
        made = [
            (learn, judge)
            for learn, judge in grouped.split(rows, y, groups)
            if 0 < y[judge].mean() < 1 and 0 < y[learn].mean() < 1
        ]
        return made[:1] if len(y) > ROWS_FOR_ONE_SPLIT else made
    if len(y) > ROWS_FOR_ONE_SPLIT:
        one = StratifiedShuffleSplit(1, test_size=0.2, random_state=seed)
        return list(one.split(rows, y))
    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, y))


def log_odds(fitted: Any, X: pd.DataFrame) -> Floats:
    chance = np.clip(fitted.predict_proba(X)[:, 1], SURE, 1 - SURE)
    return np.asarray(logit(chance))


def weigh(odds: Floats, y: Floats, prior_rows: float) -> tuple[Floats, float]:
    """Weights >= 0 and a shift that make the labels most likely. odds: rows x members."""
    members = odds.shape[1]
    start = np.append(np.full(members, 1 / members), 0.0)

    def loss(point: Floats) -> tuple[float, Floats]:
        sums = odds @ point[:members] + point[members]
        away = point[:members] - 1 / members
        value = float(np.sum(np.logaddexp(0, sums) - y * sums) + prior_rows * np.sum(away**2))
        error = expit(sums) - y
        slope = np.append(odds.T @ error + 2 * prior_rows * away, error.sum())
        return value / len(y), slope / len(y)

    bounds = [(0.0, None)] * members + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:members]), float(found.x[members])


def lines(table: pd.DataFrame, *, bent: bool, strength: float) -> Pipeline:
    """Logistic regression. `strength` is scikit-learn's C: the inverse of the ridge."""
    model = LogisticRegression(C=strength, max_iter=400, tol=1e-4)
    return Pipeline([("encode", for_lines(table, bent=bent)), ("model", model)])


def _trees(table: pd.DataFrame, **shape: Any) -> Pipeline:
    model = HistGradientBoostingClassifier(random_state=0, early_stopping=False, **shape)
    return Pipeline([("encode", for_trees(table)), ("model", model)])


def lines_for(table: pd.DataFrame, folds: int, seed: int = 0) -> Blend:
    """Logistic regression alone, straight and bent: for too few leavers to feed trees."""
    members = [
        ("straight logistic", lines(table, bent=False, strength=0.3)),
        ("bent logistic", lines(table, bent=True, strength=0.1)),
    ]
    return Blend(members, folds=folds, seed=seed, prior_rows=5.0)


def blend_for(table: pd.DataFrame, folds: int, seed: int = 0) -> Blend:
    """The house's blend: straight and bent logistic regression, small and large boosted trees."""
    small = {"learning_rate": 0.05, "max_iter": 250, "max_leaf_nodes": 8, "min_samples_leaf": 20}
    large = {"learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 31, "min_samples_leaf": 20}
    if len(table) > ROWS_FOR_LEAN:
        lean = {**small, "learning_rate": 0.15, "max_iter": 80}
        members = [
            ("bent logistic", lines(table, bent=True, strength=0.1)),
            ("small trees", _trees(table, **lean, l2_regularization=5.0)),
            ("large trees", _trees(table, **large)),
        ]
        return Blend(members, folds=folds, seed=seed)
    members = [
        ("straight logistic", lines(table, bent=False, strength=0.5)),
        ("bent logistic", lines(table, bent=True, strength=0.1)),
        ("small trees", _trees(table, **small, max_features=0.5, l2_regularization=5.0)),
        ("large trees", _trees(table, **large)),
    ]
    return Blend(members, folds=folds, seed=seed)


@contextmanager
def quiet(rows: int) -> Iterator[None]:
    """No warning that a solver stopped early or that a level is new (both are provided for), and
    one thread where more would only wait."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Found unknown categories")
        if rows > ROWS_FOR_THREADS:
            yield
        else:
            with threadpool_limits(1):
                yield

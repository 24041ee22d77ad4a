"""Plain rules for the smallest tables: a few yes/no questions, each worth a number of points."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from churn.encode import for_rules

Floats = npt.NDArray[np.float64]

QUESTIONS = 8
CUTS = (0.1, 0.25, 0.5, 0.75, 0.9)
_SIDE_ROWS = 0.05
"""Each answer must hold for at least this share of the rows."""


class Questions(ClassifierMixin, BaseEstimator):
    """At most `count` questions, one per column, and a small ridge logistic regression over them.

    Picked one by one by how much each tells about leaving (information gain, Quinlan 1986).
    """

    def __init__(self, count: int = QUESTIONS) -> None:
        self.count = count

    def fit(self, X: Floats, y: Floats) -> Self:
        X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
        self.classes_ = np.array([0.0, 1.0])
        best: list[tuple[float, int, float]] = []
        for place in range(X.shape[1]):
            gains = [
                (_gain(X[:, place] > cut, y), place, float(cut))
                for cut in np.unique(np.quantile(X[:, place], CUTS))
            ]
            best.append(max(gains))
        best = sorted((found for found in best if found[0] > 0), reverse=True)[: self.count]
        self.places_ = [place for _, place, _ in best]
        self.cuts_ = [cut for _, _, cut in best]
        base = float(np.log(y.mean() / (1 - y.mean())))
        if best:
            model = LogisticRegression(C=0.3, max_iter=400).fit(self._answers(X), y)
            self.points_ = [float(weight) for weight in model.coef_[0]]
            self.base_ = float(model.intercept_[0])
        else:
            self.points_, self.base_ = [], base
        return self

    def predict_proba(self, X: Floats) -> Floats:
        answers = self._answers(np.asarray(X, dtype=float))
        odds = self.base_ + answers @ np.asarray(self.points_)
        chance = 1 / (1 + np.exp(-odds))
        return np.column_stack([1 - chance, chance])

    def _answers(self, X: Floats) -> Floats:
        return np.asarray(X[:, self.places_] > np.asarray(self.cuts_), dtype=float)


def _gain(yes: npt.NDArray[np.bool_], y: Floats) -> float:
    share = float(yes.mean())
    if not _SIDE_ROWS <= share <= 1 - _SIDE_ROWS:
        return 0.0
    left = _entropy(float(y[yes].mean())) * share + _entropy(float(y[~yes].mean())) * (1 - share)
    return _entropy(float(y.mean())) - left


def _entropy(share: float) -> float:
    if share in {0.0, 1.0}:
        return 0.0
    return float(-share * np.log(share) - (1 - share) * np.log(1 - share))


def rules_for(table: pd.DataFrame) -> Pipeline:
    return Pipeline([("encode", for_rules(table)), ("model", Questions())])


def in_words(fitted: Pipeline) -> list[str]:
    """The fitted questions: `+1.2 if Contract is Month-to-month`."""
    names = [str(name) for name in fitted["encode"].get_feature_names_out()]
    numbers = {
        str(name)
        for step, _, columns in fitted["encode"].transformers_
        if step == "numbers"
        for name in columns
    }
    model: Questions = fitted["model"]
    told = []
    for place, cut, points in zip(model.places_, model.cuts_, model.points_, strict=True):
        name = names[place]
        if name in numbers:
            told.append(f"{points:+.2f} if {name} is above {cut:g}")
        else:
            column, _, level = name.rpartition("_")
            told.append(f"{points:+.2f} if {column} is {level or 'empty'}")
    return told

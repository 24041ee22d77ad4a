"""Learns the difference that an action makes to each person, from a randomised trial."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import Pipeline

from churn.blend import quiet
from churn.encode import for_effects

Floats = npt.NDArray[np.float64]

ARM_MIN = 100
_SHAPE = {"learning_rate": 0.05, "max_leaf_nodes": 8, "random_state": 0, "early_stopping": False}


class Uplifts(msgspec.Struct):
    """What each learner says of the same people; the outcome's own unit, treated less untreated."""

    two_models: Floats
    transformed_outcome: Floats
    response: Floats
    """Not an uplift: the expected outcome, by which a naive campaign would choose people."""

    @property
    def both(self) -> Floats:
        return (self.two_models + self.transformed_outcome) / 2


class Learned:
    """Fitted learners of one trial."""

    def __init__(
        self, arms: list[tuple[Any, Any]], effects: list[Any], outcomes: list[Any]
    ) -> None:
        self._arms = arms
        self._effects = effects
        self._outcomes = outcomes

    def uplifts(self, table: pd.DataFrame) -> Uplifts:
        with quiet(len(table)):
            pairs = [_expected(one, table) - _expected(other, table) for one, other in self._arms]
            effects = [model.predict(table) for model in self._effects]
            outcomes = [_expected(model, table) for model in self._outcomes]
        return Uplifts(*(np.mean(some, axis=0) for some in (pairs, effects, outcomes)))


def learn_uplift(table: pd.DataFrame, outcome: Floats, treated: Floats, *, binary: bool) -> Learned:
    """Two-model learners (Hansotia and Rukstales 2002) and transformed-outcome learners.

    The transformed outcome is the residual form of Nie and Wager (2021): (y - m(x)) / (t - e),
    weighted by (t - e)^2, where m is the expected outcome from folds that did not see the row and
    e the treated share. It has the same mean as y (t - e) / (e (1 - e)) (Athey and Imbens 2016),
    whose spread is too wide for outcomes that few people have.
    """
    with quiet(len(table)):
        arms, outcomes = [], []
        for make in (_straight, _trees):
            one, other = (
                make(table[treated == arm], binary).fit(
                    table[treated == arm], outcome[treated == arm]
                )
                for arm in (1.0, 0.0)
            )
            arms.append((one, other))
            outcomes.append(make(table, binary).fit(table, outcome))
        method = "predict_proba" if binary else "predict"
        folds = KFold(3, shuffle=True, random_state=0)
        said = cross_val_predict(_trees(table, binary), table, outcome, cv=folds, method=method)
        expected = said[:, 1] if binary else said
        away = treated - treated.mean()
        target, weight = (outcome - expected) / away, away**2
        effects = []
        for model in (_straight_effect(table), _tree_effect(table)):
            effects.append(model.fit(table, target, model__sample_weight=weight))
    return Learned(arms, effects, outcomes)


def _expected(model: Any, table: pd.DataFrame) -> Floats:
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(table)[:, 1])
    return np.asarray(model.predict(table))


def _straight(table: pd.DataFrame, binary: bool) -> Pipeline:  # noqa: FBT001 - one of a pair
    model = LogisticRegression(C=0.1, max_iter=400) if binary else Ridge(alpha=len(table) / 100)
    return Pipeline([("encode", for_effects(table, lines=True)), ("model", model)])


def _trees(table: pd.DataFrame, binary: bool) -> Pipeline:  # noqa: FBT001 - one of a pair
    kind = HistGradientBoostingClassifier if binary else HistGradientBoostingRegressor
    leaf = max(50, len(table) // 200)
    model = kind(max_iter=60, min_samples_leaf=leaf, l2_regularization=5.0, **_SHAPE)
    return Pipeline([("encode", for_effects(table, lines=False)), ("model", model)])


def _straight_effect(table: pd.DataFrame) -> Pipeline:
    model = Ridge(alpha=max(50.0, len(table) / 100))
    return Pipeline([("encode", for_effects(table, lines=True)), ("model", model)])


def _tree_effect(table: pd.DataFrame) -> Pipeline:
    leaf = max(100, len(table) // 100)
    model = HistGradientBoostingRegressor(
        max_iter=40, min_samples_leaf=leaf, l2_regularization=5.0, **_SHAPE
    )
    return Pipeline([("encode", for_effects(table, lines=False)), ("model", model)])

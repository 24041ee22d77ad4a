"""Learns who leaves from a typed table: which learner for how many leavers, and the fitted model.

The product's own features and a stranger's CSV pass through here alike: `shape` a frame, then
`learn`. Nothing here knows where the rows came from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.blend import blend_for, lines_for, quiet
from churn.columns import Differences, Schema, typed
from churn.derive import Plan, derive
from churn.problems import TooFewRows
from churn.rules import rules_for

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAVERS_FOR_BLEND = 200
LEAVERS_FOR_LINES = 100
LEAVERS_MIN = 10
FOLDS_INSIDE = 5


class Method(StrEnum):
    BLEND = "blend"
    LOGISTIC = "logistic"
    RULES = "rules"


class Shape(msgspec.Struct, frozen=True):
    """How rows are read before a model sees them; plain data, stored as JSON beside the model."""

    schema: Schema
    plan: Plan

    def read(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Differences]:
        return typed(frame, self.schema)


class Model:
    """A fitted learner and the shape of the tables that it reads."""

    def __init__(self, shape: Shape, method: Method, fitted: Any) -> None:
        self.shape = shape
        self.method = method
        self.fitted = fitted

    def chances(self, table: pd.DataFrame) -> Floats:
        """The chance of leaving of each row of a typed table, 0..1."""
        with quiet(len(table)):
            return np.asarray(self.fitted.predict_proba(derive(table, self.shape.plan))[:, 1])

    def score(self, frame: pd.DataFrame) -> Floats:
        """The chance of leaving of each row of a raw table, columns in any order."""
        return self.chances(self.shape.read(frame)[0])


def method_for(left: Floats) -> tuple[Method, str]:
    """The learner that so many leavers can carry, and the sentence that says so ("" for the blend).

    The rarer outcome counts: 5,000 leavers and 40 who stayed are as few as 40 leavers.
    """
    leavers, stayers = int(left.sum()), int(len(left) - left.sum())
    fewer = min(leavers, stayers)
    who = "leavers" if leavers <= stayers else "people who stayed"
    if fewer < LEAVERS_MIN:
        raise TooFewRows(
            f"There are only {fewer} {who} among {len(left)} rows: at least {LEAVERS_MIN} are "
            "needed, and a few hundred for good scores. Take a longer period.",
            field="label",
        )
    if fewer < LEAVERS_FOR_LINES:
        return Method.RULES, (
            f"Only {fewer} {who}: plain rules instead of a model. From {LEAVERS_FOR_LINES} on it "
            f"is logistic regression, from {LEAVERS_FOR_BLEND} on the full blend."
        )
    if fewer < LEAVERS_FOR_BLEND:
        return Method.LOGISTIC, (
            f"Only {fewer} {who}: logistic regression alone. From {LEAVERS_FOR_BLEND} on it is the "
            "full blend."
        )
    return Method.BLEND, ""


def learn(
    table: pd.DataFrame,
    left: Floats,
    shape: Shape,
    method: Method,
    *,
    groups: Ints | None = None,
    seed: int = 0,
) -> Model:
    """Fit on a typed table. `groups` numbers the people where one has several rows.

    Encodings, imputation, weights and calibration are learned from these rows alone, so a fold
    that calls this leaks nothing.
    """
    wide = derive(table, shape.plan)
    with quiet(len(wide)):
        match method:
            case Method.RULES:
                fitted = rules_for(wide).fit(wide, left)
            case Method.LOGISTIC:
                fitted = lines_for(wide, FOLDS_INSIDE, seed).fit(wide, left, groups)
            case Method.BLEND:
                fitted = blend_for(wide, FOLDS_INSIDE, seed).fit(wide, left, groups)
    return Model(shape, method, fitted)

"""Everybody's scores of today, those of a week before, and each person's reasons."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.columns import Kind
from churn.explain import WORTH_SAYING, contributions, thinned, variants_of
from churn.prediction.training import Kept

Floats = npt.NDArray[np.float64]

REASONS = 5
CHANCES_FOR_REASONS = 10_000_000
"""More people: fewer stand-ins a column, down to one, so that a night stays a night."""
DAYS_A_MONTH = 365.25 / 12
RENEWS_WITHIN_DAYS = 35


class Known(msgspec.Struct):
    """Features of everybody as of a moment, and of whom the models speak."""

    frame: pd.DataFrame
    """`person` and the features."""
    people: frozenset[str]


class Scores(msgspec.Struct):
    """One row a person in each, in one order. NaN where no model speaks of them."""

    person: list[str]
    risk: Floats
    risk_before: Floats
    payment_risk: Floats
    value_month_minor: Floats
    reasons: list[list[dict[str, Any]]]


def score(leaving: Kept | None, payment: Kept | None, today: Known, before: Known) -> Scores:
    """`risk_before` is said by the model of today from what was known a week before, so that a
    new model makes nobody's risk rise. `payment_risk` is for renewals in the next 35 days."""
    frame = today.frame.reset_index(drop=True)
    spoken_of = frame["person"].isin(today.people).to_numpy()
    risk = _chances(leaving, frame, spoken_of)
    renews = frame["renews_in_days"].to_numpy(dtype=float)
    due = spoken_of & ~(renews > RENEWS_WITHIN_DAYS)  # unknown: as if it were soon
    then = before.frame[before.frame["person"].isin(before.people)]
    earlier = _chances(leaving, then, np.ones(len(then), dtype=bool))
    was = pd.Series(earlier, index=then["person"].to_numpy())
    return Scores(
        person=[str(one) for one in frame["person"]],
        risk=risk,
        risk_before=np.where(spoken_of, was.reindex(frame["person"]).to_numpy(), np.nan),
        payment_risk=_chances(payment, frame, due),
        value_month_minor=value_a_month(frame),
        reasons=_reasons(leaving, frame, spoken_of),
    )


def value_a_month(frame: pd.DataFrame) -> Floats:
    """What was paid in the last year by the months of it since they came, at least one."""
    paid = frame["paid_365_minor"].to_numpy(dtype=float)
    days = np.clip(frame["tenure_days"].to_numpy(dtype=float), DAYS_A_MONTH, 365.25)
    return np.asarray(np.round(paid / (np.nan_to_num(days, nan=365.25) / DAYS_A_MONTH)))


def _chances(kept: Kept | None, frame: pd.DataFrame, chosen: npt.NDArray[np.bool_]) -> Floats:
    said = np.full(len(frame), np.nan)
    if kept is not None and chosen.any():
        said[chosen] = kept.model.score(frame[chosen])
    return said


def _reasons(
    kept: Kept | None, frame: pd.DataFrame, chosen: npt.NDArray[np.bool_]
) -> list[list[dict[str, Any]]]:
    """The columns that move a person's risk most, either way, the largest first."""
    told: list[list[dict[str, Any]]] = [[] for _ in range(len(frame))]
    if kept is None or not chosen.any():
        return told
    table, _ = kept.model.shape.read(frame[chosen])
    stand_ins = max(1, CHANCES_FOR_REASONS // (len(table) * len(kept.background)))
    background = thinned(kept.background, stand_ins)
    assert variants_of(background) >= 1 + len(kept.background)
    moved, points = contributions(kept.model, table, background)
    order = np.argsort(-np.abs(moved), axis=1)[:, :REASONS]
    columns = kept.model.shape.schema.columns
    cells = {column.name: table[column.name].to_numpy() for column in columns}
    for row, place in enumerate(np.flatnonzero(chosen)):
        for at in order[row]:
            if abs(moved[row, at]) < WORTH_SAYING:
                break
            column = columns[at]
            cell = cells[column.name][row]
            told[place].append(
                {
                    "feature": column.name,
                    "value": cell if column.kind is Kind.CATEGORY else _number(cell),
                    "points": round(float(points[row, at]) * 100, 1),
                }
            )
    return told


def _number(cell: float) -> float | None:
    return None if np.isnan(cell) else round(float(cell), 4)

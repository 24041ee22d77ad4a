"""Columns that know the outcome: facts written down after somebody left, or the outcome itself."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from churn.columns import Kind, LeftOut, Schema

Floats = npt.NDArray[np.float64]

ALONE_MAX = 0.985
"""ROC-AUC of one column alone above which it is left out. Public churn tables have no honest
column above .93 (2026-11-22); reasons, end dates and copied labels reach .99 and more."""
ALONE_WARN = 0.95
NAMED_MAX = 0.85
"""The same for a column that carries the outcome in its name, such as a score by another model."""
FILLED_ROWS = 30
FILLED_PURE = 0.99
"""Of the rows where a column is filled (or empty), so many left: it is filled in at leaving."""
BINS = 20
_PRIOR_ROWS = 10.0

_OUTCOME_STEMS = frozenset({"churn", "attrit", "cancel", "terminat", "unsubscri"})
_SAYS_NOTHING = frozenset(
    {"label", "value", "flag", "status", "target", "customer", "outcome", "class", "user", "next"}
)


class Suspicion(LeftOut, frozen=True):
    """A column that knows much, and how much it knows alone."""

    roc_auc_alone: float = 0.5


def find_leaks(
    table: pd.DataFrame, schema: Schema, left: Floats, label: str
) -> tuple[list[Suspicion], list[Suspicion]]:
    """Columns to leave out, and columns to look at by hand, by what each knows alone.

    `table` is typed by `schema`; `left` is 1.0 or 0.0. Three rules: it alone ranks leavers nearly
    perfectly; it does so well and is named after the outcome; or it is filled (empty) almost only
    for those who left.
    """
    leaks, suspects = [], []
    stems = _stems(label) | _OUTCOME_STEMS
    for column in schema.columns:
        values = table[column.name]
        alone = roc_auc_alone(values, column.kind, left)
        named = any(stem in column.name.lower() for stem in stems)
        said = f"Alone it ranks leavers with ROC-AUC {alone:.3f}"
        if alone >= ALONE_MAX:
            leaks.append(Suspicion(column.name, "leak", f"{said}: it knows the outcome.", alone))
        elif named and alone >= NAMED_MAX:
            detail = f"{said} and is named after the outcome."
            leaks.append(Suspicion(column.name, "leak", detail, alone))
        elif filled := _filled_at_leaving(values, column.kind, left):
            leaks.append(Suspicion(column.name, "leak", filled, alone))
        elif alone >= ALONE_WARN:
            suspects.append(Suspicion(column.name, "suspect", f"{said}.", alone))
    return leaks, suspects


def roc_auc_alone(values: pd.Series, kind: Kind, left: Floats) -> float:
    """How well one column ranks leavers: bins or levels, each rated by the other half's rows."""
    codes = _codes(values, kind)
    halves = _halves(left)
    rates = np.empty(len(left))
    for half in (0, 1):
        learn, judge = halves != half, halves == half
        size = int(codes.max()) + 1
        rows = np.bincount(codes[learn], minlength=size)
        leavers = np.bincount(codes[learn], weights=left[learn], minlength=size)
        base = left[learn].mean()
        rate = (leavers + base * _PRIOR_ROWS) / (rows + _PRIOR_ROWS)
        # Ranked within each half, so that the halves' different base rates don't matter.
        rates[judge] = pd.Series(rate[codes[judge]]).rank(pct=True).to_numpy()
    best = float(roc_auc_score(left, rates))
    if kind is not Kind.CATEGORY:
        for hole in (-np.inf, np.inf):
            filled = values.fillna(hole).rank().to_numpy()
            forward = float(roc_auc_score(left, filled))
            best = max(best, forward, 1 - forward)
    return best


def _codes(values: pd.Series, kind: Kind) -> npt.NDArray[np.int64]:
    if kind is Kind.CATEGORY:
        return np.asarray(pd.factorize(values)[0], dtype=np.int64)
    binned = pd.qcut(values, BINS, labels=False, duplicates="drop")
    return np.asarray(binned.fillna(-1).to_numpy() + 1, dtype=np.int64)


def _halves(left: Floats) -> npt.NDArray[np.int64]:
    """Every second leaver and every second other, shuffled once with a fixed seed."""
    order = np.random.default_rng(7).permutation(len(left))
    halves = np.empty(len(left), dtype=np.int64)
    for outcome in (0.0, 1.0):
        rows = order[left[order] == outcome]
        halves[rows] = np.arange(len(rows)) % 2
    return halves


def _filled_at_leaving(values: pd.Series, kind: Kind, left: Floats) -> str:
    filled = ((values != "") if kind is Kind.CATEGORY else values.notna()).to_numpy()
    base = left.mean()
    if base > 0.6 or filled.all():
        return ""
    for rows, word in ((filled, "filled"), (~filled, "empty")):
        leavers = int(left[rows].sum())
        pure = leavers / max(1, int(rows.sum()))
        if leavers >= FILLED_ROWS and pure >= FILLED_PURE and leavers >= 0.05 * left.sum():
            return (
                f"{pure:.1%} of the {int(rows.sum())} rows where it is {word} left: "
                "it is written at leaving."
            )
    return ""


def _stems(label: str) -> set[str]:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", label)
    kept = {word.lower() for word in words if len(word) >= 4} - _SAYS_NOTHING
    return {re.sub(r"(ed|er|ing|s)$", "", word) for word in kept}

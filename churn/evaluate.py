"""Judges a learner on rows that it did not learn from: repeated folds, or a second table."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedShuffleSplit

from churn.blend import Split, inner_splits
from churn.figures import NAMES, Figures, ece, figures
from churn.pipeline import Method, Shape, learn

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Told = Callable[[str, int, int], None]
"""Told how far it is: what, done, of how many."""

FOLDS = 5
REPEATS = 2
ROWS_FOR_REPEATS = 20_000
ROWS_FOR_FOLDS = 60_000
DRAWS = 500


class Evaluation(msgspec.Struct, frozen=True):
    """Figures with their spread, and how they were got."""

    how: str
    figures: Figures
    """Mean over the folds, or over the one test table."""
    low: Figures
    high: Figures
    """95 % interval: of the mean over folds (t of the spread between folds, which is too narrow by
    what folds share: Nadeau and Bengio 2003 correct it), or by bootstrap of the test rows."""
    rows: int
    leavers: int


def no_news(what: str, done: int, total: int) -> None:
    """For callers that show no progress."""


def splits_for(left: Floats, groups: Ints | None, seed: int) -> tuple[list[Split], int, str]:
    """Learning and judging rows: 2 x 5 folds, once 5 above 20,000 rows, one held-out fifth above
    60,000. Also the folds per repeat, and the words for it."""
    if len(left) > ROWS_FOR_FOLDS:
        if groups is None:
            held = StratifiedShuffleSplit(1, test_size=0.2, random_state=seed)
            one = list(held.split(np.zeros((len(left), 1)), left))
        else:
            one = inner_splits(left, groups, FOLDS, seed)[:1]
        return one, 1, "one held-out fifth of the rows, stratified"
    repeats = 1 if len(left) > ROWS_FOR_REPEATS else REPEATS
    made: list[Split] = []
    folds = 0
    for repeat in range(repeats):
        some = inner_splits(left, groups, FOLDS, seed + repeat)
        folds = len(some)
        made += some
    kept_together = ", rows of one person kept together" if groups is not None else ""
    return made, folds, f"{repeats} x {folds} stratified folds{kept_together}"


def cross_validate(
    table: pd.DataFrame,
    left: Floats,
    shape: Shape,
    method: Method,
    *,
    groups: Ints | None = None,
    seed: int = 1,
    told: Told = no_news,
) -> tuple[Evaluation, Floats]:
    """Each split learns everything anew from its own rows. Figures are means over the splits.

    Also every row's chance by models that did not see it: NaN where a row was not judged.
    """
    splits, folds, how = splits_for(left, groups, seed)
    passes = np.full((max(1, len(splits) // folds), len(left)), np.nan)
    found: list[Figures] = []
    for done, (learning, judging) in enumerate(splits):
        told("judging on rows not learned from", done, len(splits))
        model = learn(
            table.iloc[learning],
            left[learning],
            shape,
            method,
            groups=None if groups is None else groups[learning],
        )
        chance = model.chances(table.iloc[judging])
        passes[done // folds, judging] = chance
        found.append(figures(left[judging], chance))
    told("judging on rows not learned from", len(splits), len(splits))
    if folds == 1:
        judged = ~np.isnan(passes[0])
        return evaluate_on(left[judged], passes[0, judged], how), passes[0]
    # A fold is too small for bins of its own: this one figure is of each pass's rows together.
    known = ~np.isnan(passes).any(axis=0)
    pooled = float(np.mean([ece(left[known], chance[known]) for chance in passes]))
    return _over_folds(found, folds, how, left, pooled), np.asarray(passes.mean(axis=0))


def evaluate_on(left: Floats, chance: Floats, how: str, seed: int = 5) -> Evaluation:
    """One table's figures; intervals from the bootstrap of leavers and stayers apart."""
    drawn = _bootstrap(left, chance, seed)
    low, high = (np.quantile(drawn, quantile, axis=0) for quantile in (0.025, 0.975))
    return Evaluation(
        how, figures(left, chance), _as_figures(low), _as_figures(high), len(left), int(left.sum())
    )


def _bootstrap(left: Floats, chance: Floats, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    stay, go = np.flatnonzero(left == 0), np.flatnonzero(left == 1)
    draws = DRAWS if len(left) <= ROWS_FOR_REPEATS else 50
    drawn = []
    for _ in range(draws):
        rows = np.concatenate([rng.choice(stay, len(stay)), rng.choice(go, len(go))])
        drawn.append(msgspec.structs.astuple(figures(left[rows], chance[rows])))
    return np.asarray(drawn)


def _over_folds(
    found: list[Figures], folds: int, how: str, left: Floats, pooled_ece: float
) -> Evaluation:
    values = np.asarray([msgspec.structs.astuple(one) for one in found])
    mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
    mean[NAMES.index("ece")] = pooled_ece
    # Nadeau and Bengio 2003: folds share learning rows, so the plain error is too small.
    half = 1.96 * spread * np.sqrt(1 / len(found) + 1 / max(1, folds - 1))
    return Evaluation(
        how,
        _as_figures(mean),
        _as_figures(mean - half),
        _as_figures(mean + half),
        len(left),
        int(left.sum()),
    )


def _as_figures(values: Floats) -> Figures:
    return Figures(**{name: float(value) for name, value in zip(NAMES, values, strict=True)})

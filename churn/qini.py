"""The Qini coefficient: how well a ranking finds the people whom an action moves."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DRAWS = 200


class Interval(msgspec.Struct, frozen=True):
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def curve(score: Floats, outcome: Floats, treated: Floats) -> tuple[Floats, Floats]:
    """People taken from the highest score down, and the extra outcome that treating them brought:
    Y_t(k) - Y_c(k) x N_t(k) / N_c(k) (Radcliffe 2007). Equal scores are one step."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    y, t = outcome[order], treated[order]
    n_t, n_c = np.cumsum(t)[ends], np.cumsum(1 - t)[ends]
    y_t, y_c = np.cumsum(y * t)[ends], np.cumsum(y * (1 - t))[ends]
    extra = y_t - np.divide(y_c * n_t, n_c, out=np.zeros_like(y_c), where=n_c > 0)
    return np.append(0.0, ends + 1.0), np.append(0.0, extra)


def _area(score: Floats, outcome: Floats, treated: Floats) -> float:
    """Between the curve and the straight line of a random ranking."""
    people, extra = curve(score, outcome, treated)
    return float(np.trapezoid(extra, people) - extra[-1] * people[-1] / 2)


def qini(score: Floats, outcome: Floats, treated: Floats) -> float:
    """Area above random over that of a perfect ranking; 0 is random, negative is worse.

    The perfect ranking takes treated people with the outcome first and untreated ones with it
    last, so negative effects count (`qini_auc_score` of scikit-uplift, negative_effect=True). Of
    amounts, whose perfect ranking is not defined, 0/1 of "above 0" makes the denominator and
    amounts are divided by their mean among those above 0.
    """
    if outcome.max() > 1 or outcome.min() < 0:
        some = np.abs(outcome) > 0
        outcome = (
            outcome / max(1e-12, float(np.abs(outcome[some]).mean())) if some.any() else outcome
        )
        perfect = _area(some * (2 * treated - 1), some.astype(float), treated)
    else:
        perfect = _area(outcome * (2 * treated - 1), outcome, treated)
    return _area(score, outcome, treated) / perfect if perfect > 0 else 0.0


def qini_interval(
    score: Floats, outcome: Floats, treated: Floats, folds: Ints, seed: int
) -> Interval:
    """Mean over folds, each person drawn anew within fold and arm for the interval.

    Scores of different folds come from different models, so they are compared within folds only.
    """
    rng = np.random.default_rng(seed)
    cells = [
        [np.flatnonzero((folds == fold) & (treated == arm)) for arm in (0.0, 1.0)]
        for fold in np.unique(folds)
    ]

    def mean(drawn: list[Ints]) -> float:
        return float(np.mean([qini(score[one], outcome[one], treated[one]) for one in drawn]))

    value = mean([np.concatenate(cell) for cell in cells])
    draws = [
        mean([np.concatenate([rng.choice(arm, len(arm)) for arm in cell]) for cell in cells])
        for _ in range(DRAWS)
    ]
    # The bootstrap's own spread around its own middle: drawing people twice shifts its mean.
    low, middle, high = np.quantile(draws, (0.025, 0.5, 0.975))
    return Interval(value, float(value + low - middle), float(value + high - middle))


def effect(outcome: Floats, treated: Floats) -> Interval:
    """Mean outcome of the treated less that of the others, with a normal 95 % interval."""
    one, other = outcome[treated == 1], outcome[treated == 0]
    value = float(one.mean() - other.mean())
    half = 1.96 * float(np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)))
    return Interval(value, value - half, value + half)

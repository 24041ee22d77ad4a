"""What a model is worth, in figures: each with its formula and its source in docs/prediction.md."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = npt.NDArray[np.float64]

ECE_BINS = 10
_SURE = 1e-6


class Figures(msgspec.Struct, frozen=True):
    """One evaluation. Higher is better for the first two and the lift, lower for the rest."""

    roc_auc: float
    pr_auc: float
    brier: float
    log_loss: float
    top_decile_lift: float
    ece: float


NAMES = Figures.__struct_fields__


class Band(msgspec.Struct, frozen=True):
    """People of like score: what was said against what came."""

    low: float
    high: float
    people: int
    said: float
    """Mean chance of leaving."""
    left: float
    """Share that left."""


def figures(left: Floats, chance: Floats) -> Figures:
    """Every figure of one set of rows; both outcomes must occur in it."""
    return Figures(
        roc_auc=float(roc_auc_score(left, chance)),
        pr_auc=float(average_precision_score(left, chance)),
        brier=float(np.mean((chance - left) ** 2)),
        log_loss=float(np.mean(row_log_loss(left, chance))),
        top_decile_lift=top_decile_lift(left, chance),
        ece=ece(left, chance),
    )


def row_log_loss(left: Floats, chance: Floats) -> Floats:
    """-ln of the chance that was given to what came, per row."""
    said = np.clip(chance, _SURE, 1 - _SURE)
    return np.asarray(-(left * np.log(said) + (1 - left) * np.log(1 - said)))


def top_decile_lift(left: Floats, chance: Floats) -> float:
    """Share of leavers in the tenth of people with the highest scores, over the share in all.

    The tenth is rounded to whole people, at least one. People with equal scores at its border
    count by the mean of all who have that score, so that the order of rows does not matter.
    """
    take = max(1, round(len(left) / 10))
    border = np.sort(chance)[-take]
    above, level = chance > border, chance == border
    caught = left[above].sum() + (take - above.sum()) * left[level].mean()
    return float(caught / take / left.mean())


def ece(left: Floats, chance: Floats) -> float:
    """Expected calibration error: bins of equal width, |said - came| weighted by people."""
    bins = np.minimum((chance * ECE_BINS).astype(int), ECE_BINS - 1)
    people = np.bincount(bins, minlength=ECE_BINS)
    said = np.bincount(bins, weights=chance, minlength=ECE_BINS)
    came = np.bincount(bins, weights=left, minlength=ECE_BINS)
    return float(np.abs(said - came).sum() / people.sum())


def bands(left: Floats, chance: Floats, count: int = 10) -> list[Band]:
    """The calibration table: bands of about equally many people."""
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, count + 1)[1:-1]))
    place = np.searchsorted(edges, chance, side="right")
    made = []
    for band in np.unique(place):
        rows = place == band
        made.append(
            Band(
                low=float(chance[rows].min()),
                high=float(chance[rows].max()),
                people=int(rows.sum()),
                said=float(chance[rows].mean()),
                left=float(left[rows].mean()),
            )
        )
    return made

"""What is really true of the simulated people: kept beside the facts and never among them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from churn.simulate.rows import Array

MONTH_DAYS = 30


@dataclass
class Truth:
    """The chances as they were, who asked to leave when, what each action did to each person."""

    asked: list[tuple[int, Array]] = field(default_factory=list)
    """Day, and who asked to leave on it."""
    snapshots: list[tuple[int, Array, Array]] = field(default_factory=list)
    """Day, who paid then, and their true chance to ask within 30 days as things stood."""
    met: list[tuple[int, int, Array]] = field(default_factory=list)
    """Day, action, and who met its condition."""
    kept: dict[int, Array] = field(default_factory=dict)
    """Action -> for each person: 1 kept at the horizon, 0 gone, -1 not met or too late to know."""

    def judged(self, days: int) -> tuple[Array, Array]:
        """True chances and what came of them, over all snapshots whose 30 days have passed."""
        asked = np.concatenate([who + day * 10**7 for day, who in self.asked] or [np.zeros(0)])
        chances, outcomes = [], []
        for day, who, chance in self.snapshots:
            if day + MONTH_DAYS > days:
                continue
            window = (asked >= day * 10**7) & (asked < (day + MONTH_DAYS) * 10**7)
            chances.append(chance)
            outcomes.append(np.isin(who, asked[window].astype(np.int64) % 10**7))
        if not chances:
            return np.zeros(0), np.zeros(0, np.bool_)
        return np.concatenate(chances), np.concatenate(outcomes)


def roc_auc(chance: Array, came: Array) -> float:
    """The share of pairs in which who left had the higher chance; ties count half."""
    order = np.argsort(chance, kind="stable")
    ordered = chance[order]
    _, start, counts = np.unique(ordered, return_index=True, return_counts=True)
    ranks = np.empty(len(chance))
    ranks[order] = np.repeat(start + (counts + 1) / 2, counts)
    left = int(came.sum())
    if left in {0, len(came)}:
        return float("nan")  # nobody to compare with
    return float((ranks[came].sum() - left * (left + 1) / 2) / (left * (len(came) - left)))

"""Whether a score serves some people worse: the same figures by country, language or sex."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from churn.values import as_levels

Floats = npt.NDArray[np.float64]

LOOKED_AT = re.compile(r"^(country|country_?code|language|lang|locale|gender|sex|geography)$")
GROUPS_MAX = 12
PEOPLE_MIN = 50
LEAVERS_MIN = 5


class Group(msgspec.Struct, frozen=True):
    """People with one value in one column."""

    column: str
    value: str
    people: int
    left: float
    """Share that left."""
    said: float
    """Mean chance of leaving that they were given."""
    flagged: float
    """Share of them among the tenth of all people with the highest scores."""
    roc_auc: float | None
    """None where too few left or stayed."""


def by_group(
    frame: pd.DataFrame, left: Floats, chance: Floats, asked: Collection[str] = ()
) -> list[Group]:
    """Groups of at least 50 people of the columns asked for, or of those usually looked at."""
    columns = list(asked) or [name for name in frame if LOOKED_AT.match(str(name).lower())]
    border = np.quantile(chance, 0.9)
    made = []
    for name in columns:
        levels = as_levels(frame[name])
        for value, people in levels.value_counts().head(GROUPS_MAX).items():
            if people < PEOPLE_MIN:
                continue
            rows = (levels == value).to_numpy()
            leavers = left[rows].sum()
            enough = min(leavers, people - leavers) >= LEAVERS_MIN
            made.append(
                Group(
                    column=str(name),
                    value=str(value) or "empty",
                    people=int(people),
                    left=float(left[rows].mean()),
                    said=float(chance[rows].mean()),
                    flagged=float(np.mean(chance[rows] > border)),
                    roc_auc=float(roc_auc_score(left[rows], chance[rows])) if enough else None,
                )
            )
    return made

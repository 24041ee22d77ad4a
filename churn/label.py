"""Who left: reads the outcome column however its answer is spelt."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.problems import UnclearLabel
from churn.values import as_levels

_YES = """
yes y true t 1 oui ja si sí positive
churn churned left leaver leave leaving exited exit lost cancelled canceled cancel attrited
attrition gone terminated closed unsubscribed inactive converted
"""
_NO = """
no n false f 0 -1 non nein negative
retained retain stayed stay stayer staying kept loyal active existing current subscribed
not_churned non-churn nonchurn
"""
POSITIVE = frozenset(_YES.split()) | {"attrited customer", "churned customer"}
NEGATIVE = frozenset(_NO.split()) | {
    "existing customer",
    "not churned",
    "no churn",
    "not churn",
}
SHOWN = 8


class Label(msgspec.Struct, frozen=True):
    """How the outcome was read."""

    column: str
    positive: str
    """The value that means leaving, as the file spells it."""
    rows_without: int
    """Rows whose outcome is missing: nothing is learned from them."""
    others: tuple[str, ...]
    """The values that count as staying."""


def _key(value: str) -> str:
    text = " ".join(value.strip().casefold().split())
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def read_label(
    values: pd.Series, column: str, positive: str = ""
) -> tuple[npt.NDArray[np.float64], Label]:
    """1.0 who left, 0.0 who stayed, NaN where the outcome is missing.

    Letter case and `1.0` for `1` do not matter. With two values and no `positive`, the one that
    plainly means leaving (yes, 1, true, churned ...) is taken. UnclearLabel otherwise, and when
    only one of both outcomes occurs.
    """
    levels = as_levels(values)
    spelled: dict[str, str] = {}
    for value in levels[levels != ""].unique():
        spelled.setdefault(_key(str(value)), str(value))
    if not spelled:
        raise UnclearLabel(
            f"The column {column!r} has no value in any row; name the outcome with --label.",
            field="label",
        )
    wanted = _wanted(spelled, column, positive)
    others = tuple(text for key, text in spelled.items() if key != wanted)
    if not others:
        raise UnclearLabel(
            f"Every row of {column!r} says {spelled[wanted]!r}: a model learns from those who left "
            "and those who stayed. Add rows of the other kind.",
            field="label",
        )
    keys = levels.map(lambda value: _key(value) if value else "")
    left = np.where(keys == "", np.nan, (keys == wanted).astype(float))
    return np.asarray(left, dtype=float), Label(
        column, spelled[wanted], int((keys == "").sum()), others[:50]
    )


def _wanted(spelled: dict[str, str], column: str, positive: str) -> str:
    listed = ", ".join(repr(text) for text in list(spelled.values())[:SHOWN])
    if len(spelled) > SHOWN:
        listed += f" and {len(spelled) - SHOWN} more"
    if positive:
        if _key(positive) in spelled:
            return _key(positive)
        raise UnclearLabel(
            f"No row of {column!r} says {positive!r}. Its values are {listed}: name the one that "
            "means leaving with --positive.",
            field="positive",
        )
    yes = [key for key in spelled if key in POSITIVE]
    no = [key for key in spelled if key in NEGATIVE]
    if len(spelled) == 2 and len(yes) == 1:
        return yes[0]
    if len(spelled) == 2 and len(no) == 1 and not yes:
        return next(key for key in spelled if key != no[0])
    if len(spelled) == 1:
        only = next(iter(spelled.values()))
        raise UnclearLabel(
            f"Every row of {column!r} says {only!r}: a model learns from those who left and those "
            "who stayed. Add rows of the other kind, or name another column with --label.",
            field="label",
        )
    raise UnclearLabel(
        f"The column {column!r} holds {listed}: name the value that means leaving with --positive.",
        field="positive",
    )

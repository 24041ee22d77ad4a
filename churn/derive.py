"""Columns that trees can't add up by themselves: sums of kindred columns, days between dates."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import combinations

import msgspec
import numpy as np
import pandas as pd

from churn.columns import Kind, Schema

FAMILY_MIN = 3
FAMILY_MAX = 24
FAMILIES_MAX = 20
DATES_MAX = 5
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


class Sum(msgspec.Struct, frozen=True):
    """The sum of number columns whose names differ in one word (`day_charge`, `night_charge`)."""

    name: str
    parts: tuple[str, ...]


class DaysBetween(msgspec.Struct, frozen=True):
    name: str
    earlier: str
    later: str


class Plan(msgspec.Struct, frozen=True):
    """What is derived. Read from names and kinds alone, so nothing of the outcome enters."""

    sums: tuple[Sum, ...] = ()
    gaps: tuple[DaysBetween, ...] = ()


def plan_for(schema: Schema) -> Plan:
    families: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in schema.of_kind(Kind.NUMBER):
        words = _WORDS.findall(name)
        for place in range(len(words)) if len(words) > 1 else ():
            families[(*words[:place], "*", *words[place + 1 :])].append(name)
    sums: list[Sum] = []
    for pattern, parts in families.items():
        if FAMILY_MIN <= len(parts) <= FAMILY_MAX and len(sums) < FAMILIES_MAX:
            sums.append(Sum("sum of " + " ".join(pattern), tuple(parts)))
    dates = schema.of_kind(Kind.DATE)[:DATES_MAX]
    gaps = [
        DaysBetween(f"days from {one} to {two}", one, two) for one, two in combinations(dates, 2)
    ]
    return Plan(tuple(sums), tuple(gaps))


def derive(table: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The typed table with the plan's columns added. A sum is NaN where every part is."""
    added: dict[str, object] = {}
    for total in plan.sums:
        parts = table[list(total.parts)].to_numpy(dtype=float)
        holes = np.isnan(parts)
        summed = np.where(holes, 0.0, parts).sum(axis=1)
        added[total.name] = np.where(holes.all(axis=1), np.nan, summed)
    for gap in plan.gaps:
        added[gap.name] = (table[gap.later] - table[gap.earlier]).to_numpy()
    return pd.concat([table, pd.DataFrame(added, index=table.index)], axis=1)

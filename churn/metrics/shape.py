"""The shape that every figure's values have."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import Table

VALUES = ("month", "currency", "dimension", "label", "value", "low", "high", "count")
"""`label` is the dimension in words where it is an id; `low` and `high` are a 95 % interval or
null; `count` is how many people, trials or orders the value is of."""


def values(table: Table, **columns: Any) -> Table:
    """The table as values; what isn't told is empty or null."""
    told: dict[str, Any] = {name: table[name] for name in VALUES if name in table.columns}
    told |= columns
    for name in ("month", "currency", "dimension", "label"):
        told.setdefault(name, ibis.literal(""))
    for name in ("value", "low", "high"):
        told[name] = ibis.null("float64") if name not in told else told[name].cast("float64")
    told["count"] = told["count"].cast("int64")
    return table.select(**{name: told[name] for name in VALUES})

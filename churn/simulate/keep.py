"""Simulated facts in a venue's lake: written under a name of their own, and taken out again."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from churn.lake import Lake
from churn.simulate.run import Simulation
from churn.upkeep import drop_runs

RUN = "simulated-"
"""Files of simulations begin so, and nothing else does; a venue that goes live loses them."""


LAST = "people"
"""Written after all others: where it is, a simulation is whole."""


def write(
    lake: Lake,
    venue_id: str,
    simulation: Simulation,
    seed: int,
    actions: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Write a simulation in place of any former one; rows of each table.

    `actions` gives planted actions other ids: those of their rows in the database.
    """
    forget(lake, venue_id)
    in_order = sorted(simulation.tables.items(), key=lambda named: named[0] == LAST)
    return {
        name: lake.write(name, venue_id, _renamed(rows, actions or {}), f"{RUN}{seed}")
        for name, rows in in_order
    }


def _renamed(rows: pa.Table, actions: Mapping[str, str]) -> pa.Table:
    if "action_id" not in rows.column_names or not actions:
        return rows
    known = rows["action_id"].to_pylist()
    at = rows.schema.get_field_index("action_id")
    renamed = pa.array([actions.get(one, one) for one in known], rows.schema.field(at).type)
    return rows.set_column(at, rows.schema.field(at), renamed)


def forget(lake: Lake, venue_id: str) -> int:
    """Take every simulated file of a venue out of the lake. How many there were."""
    return drop_runs(lake, venue_id, lambda run: run.startswith(RUN))


def is_there(lake: Lake, venue_id: str) -> bool:
    """The venue's lake holds a whole simulation."""
    files = lake.files_of(LAST, venue_id)
    return any(path.rpartition("/")[2].startswith(RUN) for path in files)

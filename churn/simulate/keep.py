"""Simulated facts in a venue's lake: written under a name of their own, and taken out again."""

from __future__ import annotations

from churn.lake import Lake
from churn.simulate.run import Simulation
from infra.kernel.facts import TABLES

RUN = "simulated-"
"""Files of simulations begin so, and nothing else does."""


def write(lake: Lake, venue_id: str, simulation: Simulation, seed: int) -> dict[str, int]:
    """Write a simulation in place of any former one; rows of each table."""
    forget(lake, venue_id)
    return {
        name: lake.write(name, venue_id, table, f"{RUN}{seed}")
        for name, table in simulation.tables.items()
    }


def forget(lake: Lake, venue_id: str) -> int:
    """Take every simulated file of a venue out of the lake. How many there were."""
    found = [
        path.removeprefix("s3://")
        for table in TABLES
        for path in lake.paths(table.name, venue_id)
        if path.rpartition("/")[2].startswith(RUN)
    ]
    for path in found:
        lake.files.delete_file(path)
    return len(found)

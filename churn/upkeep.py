"""Upkeep of the lake: taking people out of its files, and whole runs away."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from churn.lake import Lake
from infra.kernel.facts import OF_PEOPLE, TABLES


def take_out(
    lake: Lake, venue_id: str, people: Iterable[str], still: Callable[[], None] = lambda: None
) -> int:
    """Write every file of the venue that names one of these people again without them.

    Each file is replaced whole, so a kill between two files loses nothing and the next call does
    the rest. `still` is called before each file and may raise. How many rows went.
    """
    gone = pa.array(sorted(set(people)), pa.string())
    if len(gone) == 0:
        return 0
    rows_gone = 0
    for table in sorted(OF_PEOPLE):
        for path in lake.files_of(table, venue_id):
            still()
            person = pq.read_table(path, columns=["person"], filesystem=lake.files)["person"]
            named = pc.is_in(person, value_set=gone)
            count = pc.sum(named).as_py() or 0
            if count == 0:
                continue
            rest = pq.read_table(path, filesystem=lake.files).filter(pc.invert(named))
            lake.replace(path, rest)
            rows_gone += count
    return rows_gone


def drop_months(lake: Lake, table: str, venue_id: str, before: str, run: str) -> int:
    """Delete a table's files of months before this one (`YYYY-MM`) whose run's name begins so.

    How many files.
    """
    dropped = 0
    for path in lake.files_of(table, venue_id):
        folder, name = path.rsplit("/", 2)[1:]
        if folder.removeprefix("month=") < before and name.startswith(run):
            lake.files.delete_file(path)
            dropped += 1
    return dropped


def drop_runs(lake: Lake, venue_id: str, drop: Callable[[str], bool]) -> int:
    """Delete the venue's files whose run's name `drop` accepts. How many files."""
    dropped = 0
    for table in TABLES:
        for path in lake.files_of(table.name, venue_id):
            if drop(path.rsplit("/", 1)[1].removesuffix(".parquet")):
                lake.files.delete_file(path)
                dropped += 1
    return dropped

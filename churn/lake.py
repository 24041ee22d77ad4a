"""The lake: facts as append-only Parquet, one folder a table, venue and month, on disk or on S3.

    <root>/<table>/venue=<venue id>/month=<YYYY-MM>/<run>.parquet

The month is that of `known_at`. A file is never changed, only replaced by the same content (a run
that is done again) or by itself without the people who were erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from ibis.expr.types import Table as Expression

from infra.kernel.facts import BY_NAME, OF_PEOPLE, TABLES, Kind, Table
from infra.kernel.ids import new_id

_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.YES: pa.bool_(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
}
ROW_GROUP = 128 * 1024


def schema_of(table: Table) -> pa.Schema:
    """The Arrow schema of a table of facts, in the documented order."""
    return pa.schema([pa.field(c.name, _ARROW[c.kind]) for c in table.columns])


SCHEMAS = {table.name: schema_of(table) for table in TABLES}


class Lake:
    """Facts of all venues under one root: a folder, or `s3://bucket/prefix`."""

    def __init__(self, root: str) -> None:
        if "://" not in root:
            self.files, self.root = pafs.LocalFileSystem(), root.rstrip("/")
        else:
            self.files, self.root = pafs.FileSystem.from_uri(root)

    def write(self, table: str, venue_id: str, rows: pa.Table, run: str) -> int:
        """Write rows of one venue, each to its month's folder under the name `<run>.parquet`.

        The same run written again replaces what it wrote. How many rows.
        """
        rows = rows.select(SCHEMAS[table].names).cast(SCHEMAS[table])
        if rows.num_rows == 0:
            return 0
        months = pc.strftime(rows["known_at"], format="%Y-%m")
        for month in sorted(pc.unique(months).to_pylist()):
            folder = f"{self.root}/{table}/venue={venue_id}/month={month}"
            self.files.create_dir(folder, recursive=True)
            part = rows.filter(pc.equal(months, month))
            self._put(f"{folder}/{run}.parquet", part)
        return int(rows.num_rows)

    def write_rows(
        self, table: str, venue_id: str, rows: Iterable[Mapping[str, Any]], run: str
    ) -> int:
        """The same from dictionaries; a missing column is empty text or null."""
        empty = {c.name: "" if c.kind is Kind.TEXT else None for c in BY_NAME[table].columns}
        whole = [{**empty, **row} for row in rows]
        return self.write(table, venue_id, pa.Table.from_pylist(whole, SCHEMAS[table]), run)

    def paths(self, table: str, venue_id: str) -> list[str]:
        """Every file of a table of a venue, as a reader may open it."""
        scheme = "" if isinstance(self.files, pafs.LocalFileSystem) else "s3://"
        return [scheme + path for path in self.files_of(table, venue_id)]

    def files_of(self, table: str, venue_id: str) -> list[str]:
        """The same as `self.files` names them."""
        folder = f"{self.root}/{table}/venue={venue_id}"
        chosen = pafs.FileSelector(folder, allow_not_found=True, recursive=True)
        found = self.files.get_file_info(chosen)
        return sorted(f.path for f in found if f.path.endswith(".parquet"))

    def replace(self, path: str, rows: pa.Table) -> None:
        """Put these rows where the file's were; without rows the file goes."""
        if rows.num_rows:
            self._put(path, rows)
        else:
            self.files.delete_file(path)

    def _put(self, path: str, rows: pa.Table) -> None:
        """Whole or not at all: a reader never meets half a file."""
        if isinstance(self.files, pafs.LocalFileSystem):
            pq.write_table(rows, path + ".new", compression="zstd", row_group_size=ROW_GROUP)
            self.files.move(path + ".new", path)
        else:  # an object appears when its upload is complete
            pq.write_table(
                rows, path, filesystem=self.files, compression="zstd", row_group_size=ROW_GROUP
            )


class Facts:
    """One venue's facts as they were known at a moment: Ibis expressions of whatever engine.

    `raw` holds each table with all its versions; `Facts.of_lake` reads it with DuckDB, a cluster's
    owner passes tables of Spark, ClickHouse or BigQuery with the same columns.
    """

    def __init__(
        self,
        raw: Mapping[str, Expression],
        as_of: datetime,
        con: ibis.backends.duckdb.Backend | None = None,
    ) -> None:
        self._raw = raw
        self.as_of = as_of
        self._con = con
        self._kept: dict[str, Expression] = {}

    @classmethod
    def of_lake(
        cls,
        lake: Lake,
        venue_id: str,
        as_of: datetime,
        con: ibis.backends.duckdb.Backend | None = None,
    ) -> Facts:
        """With a DuckDB of its own unless one is given; a table without files is empty."""
        con = con or ibis.duckdb.connect()
        raw = {name: _read(con, lake, name, venue_id) for name in SCHEMAS}
        return cls(raw, as_of, con)

    def at(self, as_of: datetime) -> Facts:
        """The same facts as of another moment."""
        return Facts(self._raw, as_of, self._con)

    def of_people(self, people: Expression) -> Facts:
        """The same facts of those people alone (one column `person`), and all that is nobody's."""
        raw = {
            name: table.semi_join(people, "person") if name in OF_PEOPLE else table
            for name, table in self._raw.items()
        }
        return Facts(raw, self.as_of, self._con)

    def once(self, name: str, made: Callable[[], Expression]) -> Expression:
        """What many expressions are built on, computed once on DuckDB, into a temporary table.

        Building and planning it anew in each of twenty figures cost more than computing them. On
        other engines, whose tables we don't own, it stays an expression.
        """
        if self._con is None:
            return made()
        if name not in self._kept:
            place = f"{name}_{new_id('kept')}"
            self._kept[name] = self._con.create_table(place, made(), temp=True)
        return self._kept[name]

    def table(self, name: str) -> Expression:
        """What was known of this table at `as_of`: one row a fact, none that came later."""
        known = self._raw[name].filter(lambda t: t.known_at <= ibis.literal(self.as_of))
        if not BY_NAME[name].versioned:
            return known
        latest = ibis.window(group_by="fact_id", order_by=ibis.desc("known_at"))
        return (
            known.mutate(version=ibis.row_number().over(latest))
            .filter(lambda t: t.version == 0)
            .drop("version")
        )


def _read(con: ibis.BaseBackend, lake: Lake, name: str, venue_id: str) -> Expression:
    paths = lake.files_of(name, venue_id)
    if not paths:
        return ibis.memtable(SCHEMAS[name].empty_table())
    if isinstance(lake.files, pafs.LocalFileSystem):
        read = con.read_parquet(paths, hive_partitioning=False, union_by_name=True)
        return read.select(*SCHEMAS[name].names)
    # Through Arrow, which has the credentials: DuckDB would download an extension for S3.
    kept = pads.dataset(paths, SCHEMAS[name], format="parquet", filesystem=lake.files)
    con.con.register(f"lake_{name}", kept)
    return con.table(f"lake_{name}")

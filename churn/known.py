"""What the lake knows already of one table, so that a run or an import writes only what is new.

The lake itself is the memory: a run that was killed leaves whole files, and the next run finds
their rows here and adds what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads

from churn.lake import SCHEMAS, Lake
from infra.kernel.facts import BY_NAME, Kind

MEMORY = "1GB"
THREADS = 2
LAST = "__last"
TICK = timedelta(microseconds=1)


class Known:
    """One table of one venue. `since`: only what was known from then on can come again.

    Of a versioned table the latest version of each fact is kept, elsewhere only the facts' ids.
    """

    def __init__(
        self, lake: Lake, table: str, venue_id: str, *, since: datetime | None = None
    ) -> None:
        self.table = BY_NAME[table]
        self._con = duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS})
        self._con.execute("SET TimeZone = 'UTC'")
        names = list(self.table.names) if self.table.versioned else ["fact_id"]
        paths = lake.files_of(table, venue_id)
        kept = pads.dataset(paths, SCHEMAS[table], format="parquet", filesystem=lake.files)
        where = None if since is None else pads.field("known_at") >= pa.scalar(since)
        rows = kept.scanner(columns=list({*names, "known_at"}), filter=where).to_reader()
        self._con.register("rows", rows)
        columns = ", ".join(f'"{name}"' for name in names)
        self._con.execute(f"CREATE TABLE every AS SELECT {columns} FROM rows")  # noqa: S608
        self._con.unregister("rows")
        if self.table.versioned:
            latest = "QUALIFY row_number() OVER (PARTITION BY fact_id ORDER BY known_at DESC) = 1"
            self._con.execute(f"CREATE TABLE known AS FROM every {latest}")
            self._con.execute("CREATE TABLE told AS SELECT fact_id, known_at FROM every")
        else:
            self._con.execute("CREATE TABLE known AS SELECT DISTINCT fact_id FROM every")
        self._con.execute("DROP TABLE every")
        content = [name for name in self.table.names if name not in {"fact_id", "known_at"}]
        self._same = " AND ".join(f'b."{n}" IS NOT DISTINCT FROM k."{n}"' for n in content)
        self._news = ", ".join(f'b."{n}"' for n in self.table.names if n != "known_at")

    def close(self) -> None:
        self._con.close()

    def __enter__(self) -> Known:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def new(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> pa.Table:
        """Those of the rows that the lake lacks, in the table's columns; they count as known now.

        Versions of one fact stand in the order of time in one call; two of one moment are set a
        microsecond apart, so that the later is the later one for readers too. One whose
        `known_at` is missing, or not after what was known, became known `now`.
        """
        if not rows:
            return SCHEMAS[self.table.name].empty_table()
        self._con.register("batch", _batch(self.table.name, rows))
        found = self._versions(now) if self.table.versioned else self._once()
        self._con.unregister("batch")
        return found.select(list(self.table.names)).cast(SCHEMAS[self.table.name])

    def history(self, rows: Sequence[Mapping[str, Any]]) -> tuple[pa.Table, set[str]]:
        """The same for rows whose moments stand fixed: an import's.

        The second answer are facts of which the lake knows a later version than a row brings:
        such a row would change what was known last, and is not among the first.
        """
        if not rows:
            return SCHEMAS[self.table.name].empty_table(), set()
        self._con.register("batch", _batch(self.table.name, rows))
        late: set[str] = set()
        if self.table.versioned:
            found, late = self._older_kept()
        else:
            found = self._once()
        self._con.unregister("batch")
        return found.select(list(self.table.names)).cast(SCHEMAS[self.table.name]), late

    def _older_kept(self) -> tuple[pa.Table, set[str]]:
        late = self._con.sql(  # names of our own columns
            "SELECT DISTINCT fact_id FROM batch b ANTI JOIN told t USING (fact_id, known_at) "  # noqa: S608
            "JOIN known k USING (fact_id) WHERE b.known_at <= k.known_at "
            f"AND NOT ({self._same})"
        ).fetchall()
        found = self._con.sql(
            f"""
            SELECT {self._news}, b.known_at
            FROM batch b ANTI JOIN told t USING (fact_id, known_at)
            LEFT JOIN known k USING (fact_id)
            WHERE k.fact_id IS NULL OR (b.known_at > k.known_at AND NOT ({self._same}))
            """  # noqa: S608
        ).to_arrow_table()
        self._remember(found)
        return found, {fact_id for (fact_id,) in late}

    def _once(self) -> pa.Table:
        columns = ", ".join(f'b."{name}"' for name in self.table.names)
        found = self._con.sql(
            f"SELECT {columns} FROM batch b ANTI JOIN known k USING (fact_id) "  # noqa: S608
            "QUALIFY row_number() OVER (PARTITION BY b.fact_id) = 1"
        ).to_arrow_table()
        self._con.register("found", found)
        self._con.execute("INSERT INTO known SELECT fact_id FROM found")
        self._con.unregister("found")
        return found

    def _versions(self, now: datetime) -> pa.Table:
        found = self._con.sql(
            f"""
            WITH before AS (
                SELECT b.fact_id, k.known_at AS before_at, {self._same} AS same
                FROM batch b JOIN known k USING (fact_id) WHERE b.{LAST}
            )
            SELECT {self._news},
                CASE WHEN b.known_at IS NULL OR b.known_at <= before_at
                    THEN greatest($now, coalesce(before_at + INTERVAL 1 MICROSECOND, $now))
                    ELSE b.known_at END AS known_at
            FROM batch b LEFT JOIN before ON before.fact_id = b.fact_id
            WHERE before.fact_id IS NULL
                OR (NOT same AND (b.{LAST} OR b.known_at > before_at))
            """,  # noqa: S608 - names of our own columns
            params={"now": now},
        ).to_arrow_table()
        self._remember(found)
        return found

    def _remember(self, found: pa.Table) -> None:
        self._con.register("found", found)
        self._con.execute("DELETE FROM known WHERE fact_id IN (SELECT fact_id FROM found)")
        columns = ", ".join(f'"{name}"' for name in self.table.names)
        self._con.execute(
            f"INSERT INTO known ({columns}) SELECT {columns} FROM found "  # noqa: S608
            "QUALIFY row_number() OVER (PARTITION BY fact_id ORDER BY known_at DESC) = 1"
        )
        self._con.execute("INSERT INTO told SELECT fact_id, known_at FROM found")
        self._con.unregister("found")


def _batch(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as Arrow, each said to be its fact's last or not; missing columns empty or null."""
    schema = SCHEMAS[table]
    empty = {c.name: "" if c.kind is Kind.TEXT else None for c in BY_NAME[table].columns}
    if BY_NAME[table].versioned:
        rows = list(_apart(rows))
    columns = [
        pa.array([row.get(field.name, empty[field.name]) for row in rows], field.type)
        for field in schema
    ]
    last = pa.array(list(_lasts(rows)), pa.bool_())
    marked = schema.append(pa.field(LAST, pa.bool_()))
    return pa.Table.from_arrays([*columns, last], schema=marked)


def _lasts(rows: Sequence[Mapping[str, Any]]) -> Iterator[bool]:
    last = {row["fact_id"]: at for at, row in enumerate(rows)}
    for at, row in enumerate(rows):
        yield last[row["fact_id"]] == at


def _apart(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    before: dict[str, datetime] = {}
    for row in rows:
        at, last = row.get("known_at"), before.get(row["fact_id"])
        if at is not None and last is not None and at <= last:
            at = last + TICK
            row = {**row, "known_at": at}
        if at is not None:
            before[row["fact_id"]] = at
        yield row

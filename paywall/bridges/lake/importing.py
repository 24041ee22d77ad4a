"""An import of history: lines of CSV files become facts of one venue's lake, each once.

Runs in a command's own process: it imports Arrow and DuckDB. Files are streamed, so their size
is bounded by patience and not by memory.
"""

from __future__ import annotations

import asyncio
import csv
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from churn.importing.cells import Refused
from churn.importing.lines import Lines, Taken
from churn.importing.mapping import Mapping
from churn.importing.renewals import stayed
from churn.known import Known
from churn.lake import Lake
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid
from infra.kernel.seal import Sealer
from paywall.bridges.lake import persons, runs
from paywall.bridges.lake.strangers import Strangers
from paywall.catalogue.tables import Venue

LINES_A_BATCH = 20_000
ROWS_A_FILE = 100_000
RENEWING = frozenset({"subscriptions", "payments", "invoices"})
"""Tables that may say that somebody stayed who had asked to leave."""
DELIMITERS = ",;\t|"


class NotTaken(msgspec.Struct, frozen=True):
    """One line, or one fact of it, that is not in the lake, and what to do about it."""

    file: str
    line: int
    table: str
    column: str
    value: str
    why: str
    remedy: str


class Imported(msgspec.Struct):
    """What an import did. `known`: facts that the lake had already."""

    lines: int = 0
    taken: Counter[str] = msgspec.field(default_factory=Counter)
    known: int = 0
    not_taken: Counter[str] = msgspec.field(default_factory=Counter)
    """Lines or facts that were refused, by why."""
    stayed: int = 0
    """Askings to leave that a later charge contradicts: their withdrawal was added."""


Tell = Callable[[NotTaken], None]
Progress = Callable[[str, int, int], None]
"""File, bytes read, bytes in all."""


class HistoryImport:
    """Imports into one lake; a dry run reads and judges every line and writes nothing."""

    def __init__(
        self, db: Database, clock: Clock, sealer: Sealer, root: str, *, dry_run: bool = False
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._root = root
        self._dry = dry_run

    async def run(
        self,
        venue: Venue,
        files: list[Path],
        mapping: Mapping,
        tell: Tell,
        progress: Progress = lambda *_: None,
    ) -> Imported:
        """Every line of the files, in order. Running where an export or another import is at it."""
        done = Imported()
        if self._dry:
            await self._files(venue, files, mapping, None, _Report(done, tell, progress))
            return done
        run = await runs.reserve(self._db, self._clock, venue, self._root, full=False, copy=True)
        keeping = asyncio.create_task(runs.keep(self._db, self._clock, run))
        try:
            await self._files(venue, files, mapping, run, _Report(done, tell, progress))
            if RENEWING & {facts.table for facts in mapping.facts}:
                done.stayed = await self._stayed(venue, mapping, run)
        finally:
            keeping.cancel()
            await asyncio.shield(runs.release(self._db, run))
        return done

    async def _stayed(self, venue: Venue, mapping: Mapping, run: runs.Run) -> int:
        """Add the withdrawals that nobody exported; how many were new."""
        lake = await asyncio.to_thread(Lake, self._root)
        rows = await asyncio.to_thread(stayed, lake, venue.id)
        with await asyncio.to_thread(Known, lake, "subscriptions", venue.id) as known:
            fresh, _ = await asyncio.to_thread(known.history, rows)
        if fresh.num_rows:
            await runs.renew(self._db, self._clock, run)
            name = f"import-{mapping.name}-{run.number:06d}-stayed"
            await asyncio.to_thread(lake.write, "subscriptions", venue.id, fresh, name)
        return int(fresh.num_rows)

    async def _files(
        self,
        venue: Venue,
        files: list[Path],
        mapping: Mapping,
        run: runs.Run | None,
        report: _Report,
    ) -> None:
        lake = await asyncio.to_thread(Lake, self._root)
        now = self._clock.now(venue.clock_offset_s)
        tables = {
            facts.table: await asyncio.to_thread(Known, lake, facts.table, venue.id)
            for facts in mapping.facts
        }
        names = persons.pseudonyms(self._sealer, venue.id)
        banned = await persons.erased(self._db, venue.id)
        strangers = Strangers(self._db, self._clock, venue.id, names, banned)
        writer = _Writer(self._db, self._clock, lake, mapping, run, venue.id, tables)
        try:
            for file in files:
                await self._file(file, mapping, now, strangers, writer, report)
            report.known(await writer.flush(report))
        finally:
            for known in tables.values():
                known.close()

    async def _file(
        self,
        file: Path,
        mapping: Mapping,
        now: datetime,
        strangers: Strangers,
        writer: _Writer,
        report: _Report,
    ) -> None:
        report.begin(file)
        batch: list[tuple[int, Taken]] = []
        for number, taken in _facts(file, mapping, now, report):
            batch.append((number, taken))
            if len(batch) >= LINES_A_BATCH:
                await self._batch(batch, strangers, writer, report)
                batch = []
        await self._batch(batch, strangers, writer, report)

    async def _batch(
        self,
        batch: list[tuple[int, Taken]],
        strangers: Strangers,
        writer: _Writer,
        report: _Report,
    ) -> None:
        found = await strangers.named(
            {(taken.external_id, taken.email) for _, taken in batch}, write=not self._dry
        )
        for number, taken in batch:
            if taken.external_id or taken.email:
                person = found[taken.external_id, taken.email]
                if person is None:
                    report.erased(number, taken.table)
                    continue
                taken.row["person"] = person
            if not writer.add(number, taken, report.file):
                report.refuse(
                    number, taken.table,
                    Refused(
                        "id", taken.row["fact_id"], "an id that came before in these files",
                        "Leave the second out, or name more columns in `id` of the mapping.",
                    ),
                )  # fmt: skip
        if writer.full:
            report.known(await writer.flush(report))
        report.progress()


class _Writer:
    """Gathers facts by table and writes what the lake lacks, a file at a time."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        lake: Lake,
        mapping: Mapping,
        run: runs.Run | None,
        venue_id: str,
        tables: dict[str, Known],
    ) -> None:
        self._db, self._clock, self._lake = db, clock, lake
        self._mapping, self._run, self._venue_id = mapping, run, venue_id
        self._tables = tables
        self._rows: dict[str, list[dict[str, Any]]] = {table: [] for table in tables}
        self._lines: dict[str, dict[str, tuple[str, int]]] = {table: {} for table in tables}
        self._seen: dict[str, set[int]] = {table: set() for table in tables}
        self._part = 0

    def add(self, number: int, taken: Taken, file: str) -> bool:
        """False where these files said the same fact before (of the same moment, if versioned)."""
        row = taken.row
        versioned = self._tables[taken.table].table.versioned
        key = hash((row["fact_id"], row["known_at"]) if versioned else row["fact_id"])
        if key in self._seen[taken.table]:
            return False
        self._seen[taken.table].add(key)
        self._rows[taken.table].append(row)
        self._lines[taken.table][row["fact_id"]] = (file, number)
        return True

    @property
    def full(self) -> bool:
        return any(len(rows) >= ROWS_A_FILE for rows in self._rows.values())

    async def flush(self, report: _Report) -> int:
        """Write what is gathered; how many facts the lake had already."""
        known = 0
        for table, rows in self._rows.items():
            if not rows:
                continue
            rows.sort(key=lambda row: row["known_at"])
            fresh, late = await asyncio.to_thread(self._tables[table].history, rows)
            for fact_id in sorted(late):
                report.late(*self._lines[table][fact_id], table, fact_id)
            known += len(rows) - fresh.num_rows - len(late)
            report.taken(table, fresh.num_rows)
            if fresh.num_rows and self._run is not None:
                await runs.renew(self._db, self._clock, self._run)
                name = f"import-{self._mapping.name}-{self._run.number:06d}-{self._part:04d}"
                await asyncio.to_thread(self._lake.write, table, self._venue_id, fresh, name)
            rows.clear()
            self._lines[table].clear()
        self._part += 1
        return known


class _Report:
    """Counts, and hands on, what was taken and what was not."""

    def __init__(self, done: Imported, tell: Tell, progress: Progress) -> None:
        self._done, self._tell, self._progress = done, tell, progress
        self.file = ""
        self.read_bytes = self._all_bytes = 0

    def begin(self, file: Path) -> None:
        self.file, self.read_bytes, self._all_bytes = file.name, 0, file.stat().st_size

    def line(self) -> None:
        self._done.lines += 1

    def taken(self, table: str, rows: int) -> None:
        if rows:
            self._done.taken[table] += rows

    def known(self, facts: int) -> None:
        self._done.known += facts

    def progress(self) -> None:
        self._progress(self.file, self.read_bytes, self._all_bytes)

    def refuse(self, number: int, table: str, refused: Refused) -> None:
        self._done.not_taken[refused.why] += 1
        self._tell(
            NotTaken(
                self.file, number, table, refused.column, refused.value[:80], refused.why,
                refused.remedy,
            )
        )  # fmt: skip

    def erased(self, number: int, table: str) -> None:
        """Without the name: that person asked to be forgotten."""
        self.refuse(
            number, table,
            Refused(
                "person", "", "this person was erased", "Nothing to do: they asked for it.",
            ),
        )  # fmt: skip

    def late(self, file: str, number: int, table: str, fact_id: str) -> None:
        self._done.not_taken["older than what the lake knows of it"] += 1
        self._tell(
            NotTaken(
                file, number, table, "known_at", fact_id[:80],
                "older than what the lake knows of it",
                "Import the oldest file first, or map known_at to when the row was changed.",
            )
        )  # fmt: skip


def _facts(
    file: Path, mapping: Mapping, now: datetime, report: _Report
) -> Iterator[tuple[int, Taken]]:
    """The facts of a file with the number of their line, the header being line 1."""
    try:
        handle = file.open(encoding=mapping.file.encoding, errors="replace", newline="")
    except (OSError, LookupError) as error:
        raise Invalid("file", f"{file} can't be read: {error}.") from error
    with handle:
        counted = _counted(handle, report)
        first = next(counted, "")
        delimiter = mapping.file.delimiter or max(DELIMITERS, key=first.count)
        header = next(csv.reader([first], delimiter=delimiter), [])
        if not header:
            raise Invalid("file", f"{file} is empty: its first line has to name the columns.")
        lines = Lines(mapping, header, now)
        table = mapping.facts[0].table
        rows = csv.reader(counted, delimiter=delimiter)
        while True:
            number = rows.line_num + 2
            try:
                line = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                report.line()
                report.refuse(number, table, Refused("", "", f"no CSV: {error}", "Quote it."))
                continue
            if not line:
                continue
            report.line()
            try:
                if any("\ufffd" in cell for cell in line):
                    raise Refused(
                        "", "", f"not written in {mapping.file.encoding}",
                        'Set file.encoding in the mapping, such as "cp1252".',
                    )  # fmt: skip
                for taken in list(lines.read(line)):
                    yield number, taken
            except Refused as refused:
                report.refuse(number, table, refused)


def _counted(handle: Any, report: _Report) -> Iterator[str]:
    for line in handle:
        report.read_bytes += len(line)
        yield line


def took(started: float, ended: float, lines: int) -> str:
    """Words on how fast it went."""
    seconds = max(ended - started, 1e-6)
    return (
        f"{lines:,} lines in {timedelta(seconds=round(seconds))}, {lines / seconds:,.0f} a second"
    )

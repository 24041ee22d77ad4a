"""One export of a venue to the lake: erasures first, then what is new in every table.

Runs in a process of its own (`paywall export lake`): it imports Arrow and DuckDB.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec
import structlog
from sqlalchemy import delete

from churn.known import Known
from churn.lake import Lake
from churn.pseudonym import Pseudonyms
from churn.simulate import shown
from churn.tables import Person
from churn.upkeep import drop_months, drop_runs, take_out
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.facts import BY_NAME
from infra.kernel.seal import Sealer
from paywall.bridges.lake import (
    assignments,
    concerts,
    consents,
    grants,
    messages,
    orders,
    payments,
    people,
    persons,
    runs,
    support,
    viewing,
    visits,
)
from paywall.bridges.lake.source import NextPage, Row, Source
from paywall.catalogue.tables import Mode, Venue

log = structlog.get_logger("paywall.lake")

EXPORTS: dict[str, tuple[NextPage, ...]] = {
    "people": people.PAGES,
    "concerts": concerts.PAGES,
    "orders": orders.PAGES,
    "payments": payments.PAGES,
    "grants": grants.PAGES,
    "viewing": viewing.PAGES,
    "support": support.PAGES,
    "consents": consents.PAGES,
    "messages": messages.PAGES,
    "visits": visits.PAGES,
    "assignments": assignments.PAGES,
}
"""What the product can fill today. A table that is missing here has no rows of ours yet."""
ROWS_A_FILE = 50_000
IMPORTS = "import-"
RUNS = "run-"


class Exported(msgspec.Struct, frozen=True):
    """What a run did: rows written by table, people erased, and files of older runs cleared."""

    venue: str
    run: str
    root: str
    rows: dict[str, int]
    erased: int
    cleared: int


class LakeExport:
    """Exports venues to one lake; `copy`: a place beside the venue's own lake."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sealer: Sealer,
        root: str,
        *,
        copy: bool = False,
        open_lake: Callable[[str], Lake] = Lake,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._root = root
        self._copy = copy
        self._open_lake = open_lake

    async def run(
        self, venue: Venue, *, full: bool = False, told: Callable[[str, int], None] | None = None
    ) -> Exported:
        """Export what is new; `full` clears what earlier runs wrote and writes it all again.

        Running where another run is at it. Whatever fails gives the place back.
        """
        run = await runs.reserve(
            self._db, self._clock, venue, self._root, full=full, copy=self._copy
        )
        keeping = asyncio.create_task(runs.keep(self._db, self._clock, run))
        try:
            done = await self._run(venue, run, told)
            await runs.finish(self._db, self._clock, venue, run, sum(done.rows.values()))
        except BaseException:
            await asyncio.shield(runs.release(self._db, run))
            raise
        finally:
            keeping.cancel()
        log.info("lake exported", venue=venue.slug, run=run.name, rows=done.rows)
        return done

    async def _run(
        self, venue: Venue, run: runs.Run, told: Callable[[str, int], None] | None
    ) -> Exported:
        lake = await asyncio.to_thread(self._open_lake, self._root)
        names = persons.pseudonyms(self._sealer, venue.id)
        cleared = await self._clear(lake, run)
        gone = await self._erase(lake, run, names)
        await self._age(lake, run)
        live_since = (venue.live_since or venue.created_at) if venue.mode is Mode.LIVE else None
        source = Source(
            venue_id=venue.id,
            live_since=live_since,
            offset=timedelta(seconds=venue.clock_offset_s),
            since=run.since,
            now=run.began_at,
            names=names,
        )
        banned = await persons.erased(self._db, venue.id)
        rows = {}
        for table in EXPORTS:
            rows[table] = await self._table(lake, run, source, table, banned)
            if told is not None:
                told(table, rows[table])
        place = runs.place_of(self._root)
        return Exported(venue.slug, run.name, place, rows, gone, cleared)

    async def _clear(self, lake: Lake, run: runs.Run) -> int:
        if not run.anew:
            return 0
        await self._hold(run)
        if not run.went_live:
            return await asyncio.to_thread(
                drop_runs, lake, run.venue_id, lambda name: name.startswith(RUNS)
            )
        # Tests and what was simulated go; what was imported is the venue's own past.
        dropped = await asyncio.to_thread(
            drop_runs, lake, run.venue_id, lambda name: not name.startswith(IMPORTS)
        )
        if not run.copy:
            async with self._db.transaction() as tx:
                ours = (Person.venue_id == run.venue_id) & (Person.external_id == "")
                await tx.execute(delete(Person).where(ours))
                await shown.take_away(tx, run.venue_id)
        return dropped

    async def _erase(self, lake: Lake, run: runs.Run, names: Pseudonyms) -> int:
        now = self._clock.machine()
        await persons.forget_vanished(self._db, run.venue_id, names, now)
        # Another place may still hold people who were taken out of this one long ago.
        gone = await persons.erased(self._db, run.venue_id, undone=not run.anew)
        if not gone:
            return 0
        await self._hold(run)
        await asyncio.to_thread(take_out, lake, run.venue_id, gone)
        return 0 if run.copy else await persons.strike(self._db, run.venue_id, gone, now)

    async def _age(self, lake: Lake, run: runs.Run) -> None:
        """Visits of ours leave the lake when they leave the database."""
        await self._hold(run)
        before = f"{visits.kept_from(run.began_at):%Y-%m}"
        await asyncio.to_thread(drop_months, lake, "visits", run.venue_id, before, RUNS)

    async def _table(
        self, lake: Lake, run: runs.Run, source: Source, table: str, banned: set[str]
    ) -> int:
        """Write what the lake lacks of a table: a file for each month and `ROWS_A_FILE` rows."""
        written, part = 0, 0
        rows: list[Row] = []
        # Business time is never behind the machine's, so what is new was known from `since` on.
        since = None if BY_NAME[table].versioned else source.since
        known = await asyncio.to_thread(Known, lake, table, run.venue_id, since=since)
        with known:
            for next_page in EXPORTS[table]:
                after, more = "", True
                while more:
                    async with self._db.read() as tx:
                        page = await next_page(tx, source, after)
                    await self._write_persons(source, banned)
                    rows += [row for row in page.rows if row.get("person") not in banned]
                    after, more = page.after, bool(page.after)
                    if len(rows) >= ROWS_A_FILE:
                        written += await self._put(lake, run, source, known, rows, part)
                        rows, part = [], part + 1
            return written + await self._put(lake, run, source, known, rows, part)

    async def _put(
        self, lake: Lake, run: runs.Run, source: Source, known: Known, rows: list[Row], part: int
    ) -> int:
        now = source.at(self._clock.machine())
        fresh = await asyncio.to_thread(known.new, rows, now)
        if fresh.num_rows:
            await self._hold(run)
            name = f"{run.name}-{part:04d}"
            await asyncio.to_thread(lake.write, known.table.name, run.venue_id, fresh, name)
        return int(fresh.num_rows)

    async def _write_persons(self, source: Source, banned: set[str]) -> None:
        met: dict[str, tuple[str | None, str]] = {
            person: (customer_id, "")
            for person, customer_id in source.met.items()
            if person not in banned
        }
        source.met.clear()
        if met:
            async with self._db.transaction() as tx:
                await persons.write_persons(tx, source.venue_id, met, self._clock.machine())

    async def _hold(self, run: runs.Run) -> None:
        """Before anything is written: this run still holds its place, or LeaseLost."""
        await runs.renew(self._db, self._clock, run)

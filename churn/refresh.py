"""Writes what is known of everybody today from the lake into `PersonToday`, where pages read it.

Runs in a process of its own: it reads the lake with DuckDB.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from churn.feature_list import FEATURES
from churn.features import features
from churn.lake import Facts
from churn.metrics.refresh import Told, quiet, refresh_metrics
from churn.tables import PERSON_TODAY, Person, PersonToday
from infra.kernel.db import Database

PER_TRANSACTION = 5_000
"""SQLite has one writer: whoever buys waits no longer than so many rows take."""
KEYS = 1_000
"""Names in one IN list."""


class Refreshed(msgspec.Struct, frozen=True):
    """How many people and how many values of figures are up to date."""

    people: int
    values: int


async def refresh(
    facts: Facts,
    db: Database,
    venue_id: str,
    zone: str,
    *,
    known: pa.Table | None = None,
    told: Told = quiet,
) -> Refreshed:
    """All that pages read of the lake: everybody's features of today, then the figures.

    `known` is `features(facts)` where somebody has computed it already.
    """
    people = await refresh_people(facts, db, venue_id, known=known)
    return Refreshed(people, await refresh_metrics(facts, db, venue_id, zone, told))


async def refresh_people(
    facts: Facts, db: Database, venue_id: str, *, known: pa.Table | None = None
) -> int:
    """Everybody's features as of the facts' moment, one row a person; how many people.

    Scores stay as they are: who learns them writes them. Each row changes whole, some thousands in
    a transaction; last go the rows of people who aren't known any more. Cut short and run again,
    or run twice, it ends the same.
    """
    table = features(facts).to_pyarrow() if known is None else known
    customers = await _customers(db, venue_id)
    told = {"venue_id": venue_id, "as_of": facts.as_of}
    for part in table.to_batches(max_chunksize=PER_TRANSACTION):
        rows = [
            {**told, "customer_id": customers.get(row["person"]), **row} for row in part.to_pylist()
        ]
        async with db.transaction() as tx:
            await tx.execute(_put(db), rows)
    await _remove(db, venue_id, facts)
    return int(table.num_rows)


def _put(db: Database) -> Any:
    """Insert, or replace what the facts say; the scores of a row that is there are not touched."""
    insert = (sqlite if db.is_sqlite else postgresql).insert(PERSON_TODAY)
    renewed = ("customer_id", "as_of", "currency", *(feature.name for feature in FEATURES))
    return insert.on_conflict_do_update(
        index_elements=["venue_id", "person"],
        set_={name: insert.excluded[name] for name in renewed},
    )


async def _customers(db: Database, venue_id: str) -> dict[str, str | None]:
    query = select(Person.person, Person.customer_id).where(Person.venue_id == venue_id)
    async with db.read() as tx:
        return {row.person: row.customer_id for row in await tx.execute(query)}


async def _remove(db: Database, venue_id: str, facts: Facts) -> None:
    """Rows that this refresh did not write: erased people, and those of a longer history before."""
    of_venue = PERSON_TODAY.c.venue_id == venue_id
    stale = of_venue & (PERSON_TODAY.c.as_of != facts.as_of)
    while True:
        async with db.transaction() as tx:
            some = select(PERSON_TODAY.c.person).where(stale).limit(PER_TRANSACTION)
            gone = list(await tx.scalars(some))
            for start in range(0, len(gone), KEYS):
                keys = gone[start : start + KEYS]
                await tx.execute(
                    delete(PersonToday).where(of_venue, PERSON_TODAY.c.person.in_(keys))
                )
        if len(gone) < PER_TRANSACTION:
            return

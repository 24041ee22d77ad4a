"""Counting of visits: gathered in the process, written together every few seconds.

Of a stranger nothing is kept but a number in a row that many share, so that a crowd costs no more
rows than it has ways to come. A signed-in customer has one row a half hour, unless they said no.
A process that dies forgets what it had not written yet: numbers, no facts that anybody is owed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select

from infra.kernel.clock import Clock, epoch_s, from_epoch_s
from infra.kernel.db import Database, Tx, insert_into, padded
from infra.kernel.ids import new_id
from paywall.accounts.consents import Purpose, refusing
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.tables import Customer
from paywall.catalogue.tables import Event, Venue
from paywall.crm.tables import Visit, VisitCount

HALF_HOUR_S: Final = 1800
KEPT: Final = timedelta(days=390)
"""Thirteen months, of thirty days each."""
WAYS_MAX: Final = 2000
"""Different ways that wait at once in a process; a further one waits without its campaign."""
PEOPLE_MAX: Final = 5000
ROWS_A_HALF_HOUR: Final = 1000
"""Of one venue; beyond that, visits are counted without their campaigns."""


class PageKind(StrEnum):
    STOREFRONT = "storefront"
    EVENT = "event"
    OFFER = "offer"
    HELP = "help"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One page that somebody looked at. `account_id` is empty for strangers."""

    venue: str
    """Its slug."""
    page: PageKind
    event_id: str = ""
    source: str = ""
    campaign: str = ""
    device: str = ""
    country: str = ""
    account_id: str = ""


class Way(msgspec.Struct, frozen=True):
    """What strangers are told apart by: nothing that is theirs alone."""

    half_hour: int
    seen: Seen


class Visits:
    """One per process; `flush` is called every few seconds, and before the process ends."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        ways_max: int = WAYS_MAX,
        rows_a_half_hour: int = ROWS_A_HALF_HOUR,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ways_max = ways_max
        self._rows_max = rows_a_half_hour
        self._ways: Counter[Way] = Counter()
        self._people: dict[tuple[str, str, int], tuple[datetime, Seen]] = {}

    @property
    def waiting(self) -> int:
        return self._ways.total() + len(self._people)

    def add(self, seen: Seen) -> None:
        """Note it; nothing is written yet. Beyond the bounds it is left out."""
        now = self._clock.machine()
        half_hour = half_hour_of(now)
        if seen.account_id:
            key = (seen.venue, seen.account_id, half_hour)
            if len(self._people) < PEOPLE_MAX:
                self._people.setdefault(key, (now, seen))
            return
        self._count(Way(half_hour, seen), 1)

    def _count(self, way: Way, times: int) -> None:
        if way not in self._ways and len(self._ways) >= self._ways_max:
            way = Way(way.half_hour, msgspec.structs.replace(way.seen, campaign=""))
        if way in self._ways or len(self._ways) < 2 * self._ways_max:
            self._ways[way] += times

    async def flush(self) -> int:
        """Write what waits, in one transaction; how many visits. What failed waits on."""
        ways, people = self._ways, self._people
        if not ways and not people:
            return 0
        self._ways, self._people = Counter(), {}
        try:
            async with self._db.transaction() as tx:
                return await _write(tx, ways, people, self._rows_max)
        except Exception:
            for way, times in ways.items():
                self._count(way, times)
            for key, one in people.items():
                if len(self._people) < PEOPLE_MAX:
                    self._people.setdefault(key, one)
            raise


def half_hour_of(at: datetime) -> int:
    return epoch_s(at) // HALF_HOUR_S


def starts(half_hour: int) -> datetime:
    return from_epoch_s(half_hour * HALF_HOUR_S)


async def _write(
    tx: Tx,
    ways: Counter[Way],
    people: Mapping[tuple[str, str, int], tuple[datetime, Seen]],
    rows_max: int,
) -> int:
    slugs = {way.seen.venue for way in ways} | {slug for slug, _, _ in people}
    found = await tx.execute(select(Venue.slug, Venue.id).where(Venue.slug.in_(padded(slugs))))
    venues = {row.slug: row.id for row in found}
    everything = [way.seen for way in ways] + [seen for _, seen in people.values()]
    events = await _events(tx, {seen.event_id for seen in everything if seen.event_id})
    accounts = {account for _, account, _ in people}
    customers = await _customers(tx, accounts)
    refused = await refusing(tx, INSTALLATION, Purpose.VISITS, accounts) if accounts else set()
    strangers = Counter({way: times for way, times in ways.items() if way.seen.venue in venues})
    rows: list[dict[str, Any]] = []
    for (slug, account_id, half_hour), (at, seen) in sorted(people.items(), key=_by_key):
        if slug not in venues or account_id in refused:
            continue
        customer_id = customers.get((venues[slug], account_id))
        if customer_id is not None:
            row = _row(venues[slug], half_hour, seen, events)
            rows.append(row | {"customer_id": customer_id, "at": at})
        elif seen.source:
            # Signed in, but no customer here: one more stranger, where they came from elsewhere.
            strangers[Way(half_hour, msgspec.structs.replace(seen, account_id=""))] += 1
    if rows:
        await tx.execute(insert_into(tx, Visit).on_conflict_do_nothing(), rows)
    await _add_counts(tx, venues, strangers, events, rows_max)
    return len(rows) + strangers.total()


def _by_key(item: tuple[tuple[str, str, int], Any]) -> tuple[str, str, int]:
    """One order in every process, so that two of them never wait for each other crosswise."""
    return item[0]


def _row(venue_id: str, half_hour: int, seen: Seen, events: Mapping[str, str]) -> dict[str, Any]:
    ours = events.get(seen.event_id) == venue_id
    return {
        "id": new_id("vis"),
        "venue_id": venue_id,
        "half_hour": half_hour,
        "page": seen.page.value,
        "event_id": seen.event_id if ours else "",
        "source": seen.source,
        "campaign": seen.campaign,
        "device": seen.device,
        "country": seen.country,
    }


async def _add_counts(
    tx: Tx, venues: Mapping[str, str], ways: Counter[Way], events: Mapping[str, str], rows_max: int
) -> None:
    """Add to the rows that are there. Sorted, so that two processes never wait crosswise."""
    full = await _full(tx, {(venues[way.seen.venue], way.half_hour) for way in ways}, rows_max)
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for way, times in ways.items():
        row = _row(venues[way.seen.venue], way.half_hour, way.seen, events)
        if (row["venue_id"], way.half_hour) in full:
            row["campaign"] = ""
        key = tuple(str(value) for name, value in row.items() if name != "id")
        rows.setdefault(key, row | {"visits": 0})["visits"] += times
    if not rows:
        return
    insert = insert_into(tx, VisitCount)
    upsert = insert.on_conflict_do_update(
        index_elements=[
            *("venue_id", "half_hour", "page", "event_id"),
            *("source", "campaign", "device", "country"),
        ],
        set_={"visits": VisitCount.visits + insert.excluded.visits},
    )
    await tx.execute(upsert, [rows[key] for key in sorted(rows)])


async def _full(tx: Tx, halves: set[tuple[str, int]], rows_max: int) -> set[tuple[str, int]]:
    """Venues and half hours that have as many rows as they may."""
    query = (
        select(VisitCount.venue_id, VisitCount.half_hour)
        .where(VisitCount.half_hour.in_(sorted({half for _, half in halves})))
        .group_by(VisitCount.venue_id, VisitCount.half_hour)
        .having(func.count() >= rows_max)
    )
    return {(row.venue_id, row.half_hour) for row in await tx.execute(query)} if halves else set()


async def _events(tx: Tx, event_ids: set[str]) -> dict[str, str]:
    """Whose each event is."""
    if not event_ids:
        return {}
    query = select(Event.id, Event.venue_id).where(Event.id.in_(padded(event_ids)))
    return {row.id: row.venue_id for row in await tx.execute(query)}


async def _customers(tx: Tx, accounts: set[str]) -> dict[tuple[str, str], str]:
    """Customers by venue and account."""
    if not accounts:
        return {}
    query = select(Customer.id, Customer.venue_id, Customer.account_id).where(
        Customer.account_id.in_(padded(accounts))
    )
    return {(row.venue_id, row.account_id): row.id for row in await tx.execute(query)}


async def sweep_visits(db: Database, now: datetime) -> int:
    """Delete what is older than KEPT; how many rows. Running it twice changes nothing."""
    oldest = now - KEPT
    async with db.transaction() as tx:
        connection = await tx.connection()
        gone = (await connection.execute(delete(Visit).where(Visit.at < oldest))).rowcount
        counts = delete(VisitCount).where(VisitCount.half_hour < half_hour_of(oldest))
        return gone + (await connection.execute(counts)).rowcount


async def forget_visits(tx: Tx, customer_ids: list[str]) -> None:
    """These customers' visits are taken out."""
    if customer_ids:
        await tx.execute(delete(Visit).where(Visit.customer_id.in_(padded(customer_ids))))

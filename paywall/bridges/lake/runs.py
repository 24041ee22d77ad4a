"""Runs of the export: one at a time and venue, reserved under a lease that a dead run loses."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zlib import crc32
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import and_, or_, select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict
from infra.kernel.ids import new_id
from paywall.bridges.lake.persons import insert_new
from paywall.bridges.lake.source import OVERLAP
from paywall.bridges.lake.tables import VenueLake
from paywall.catalogue.tables import Mode, Venue

LEASE = timedelta(minutes=2)
RENEW_EVERY = timedelta(seconds=15)
NIGHT_HOUR = 3
AGAIN_AFTER = timedelta(minutes=15)
"""A night that failed is tried again after this, then after twice, four times ... up to a day."""


class Running(Conflict):
    """Somebody exports this venue at the moment."""

    code = "export_running"


class LeaseLost(Exception):
    """This run was held up so long that another has taken over: it must write nothing more."""


class Run(msgspec.Struct, frozen=True):
    """A reserved run."""

    venue_id: str
    number: int
    lease: str
    anew: bool
    """Clear what earlier runs wrote before writing."""
    went_live: bool
    """What is there are tests, and the venue takes real money now."""
    since: datetime | None
    began_at: datetime
    copy: bool
    """Into a place of its own: the venue's standing stays what it was."""

    @property
    def name(self) -> str:
        """Names its files; no other run ever has it, so nothing is overwritten."""
        return f"run-{self.number:06d}"


def place_of(root: str) -> str:
    """The lake's address without keys and options, to be kept and shown."""
    if "://" not in root:
        return root
    parts = urlsplit(root)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def night_after(now: datetime, zone: str, venue_id: str) -> datetime:
    """The venue's next night after `now`, UTC: between three and four, each venue at its minute."""
    local = now.astimezone(ZoneInfo(zone))
    minute = crc32(venue_id.encode()) % 60
    night = local.replace(hour=NIGHT_HOUR, minute=minute, second=0, microsecond=0)
    if night <= local:
        night += timedelta(days=1)
    return night.astimezone(now.tzinfo)


async def standing(tx: Tx, venue: Venue, now: datetime) -> VenueLake:
    """The venue's row, locked; made where it is the first time."""
    first = {
        "venue_id": venue.id,
        "due_at": night_after(now, venue.timezone, venue.id),
        "run": 0,
        "rows": 0,
        "tries": 0,
        "root": "",
        "lease": "",
        "live": False,
        "anew": True,
    }
    await tx.execute(insert_new(tx, VenueLake), first)
    return await tx.get_one(VenueLake, venue.id, with_for_update=True)


async def reserve(
    db: Database, clock: Clock, venue: Venue, root: str, *, full: bool, copy: bool
) -> Run:
    """Begin the next run at `root`, or raise Running with when the other's lease ends."""
    now, place = clock.machine(), place_of(root)
    async with db.transaction() as tx:
        row = await standing(tx, venue, now)
        if row.lease_until is not None and row.lease_until > now:
            raise Running(
                f"An export of {venue.name} is running. Wait for it; if it was killed, its place"
                f" is free again at {row.lease_until:%H:%M:%S} UTC."
            )
        row.run += 1
        row.lease, row.lease_until = new_id("lrn"), now + LEASE
        live = venue.mode is Mode.LIVE
        if copy:
            return Run(venue.id, row.run, row.lease, True, live, None, now, True)
        went_live = live and not row.live
        # A run that is killed after this still knows that it was to begin anew, and why.
        row.anew = row.anew or full or went_live or row.root != place
        row.root = place
        since = None if row.anew or row.began_at is None else row.began_at - OVERLAP
        return Run(venue.id, row.run, row.lease, row.anew, went_live, since, now, False)


async def renew(db: Database, clock: Clock, run: Run) -> None:
    """Keep the lease, or LeaseLost."""
    statement = (
        update(VenueLake)
        .where(VenueLake.venue_id == run.venue_id, VenueLake.lease == run.lease)
        .values(lease_until=clock.machine() + LEASE)
    )
    async with db.transaction() as tx:
        if (await tx.execute(statement)).rowcount != 1:  # type: ignore[attr-defined]
            raise LeaseLost(run.name)


async def keep(db: Database, clock: Clock, run: Run) -> None:
    """Renew while long writes run, until cancelled; who lost the lease learns it as it writes."""
    with contextlib.suppress(LeaseLost):
        while True:
            await asyncio.sleep(RENEW_EVERY.total_seconds())
            await renew(db, clock, run)


async def finish(db: Database, clock: Clock, venue: Venue, run: Run, rows: int) -> None:
    """All that was committed when the run began is in the lake; the next night is set."""
    if run.copy:
        await release(db, run)
        return
    now = clock.machine()
    statement = (
        update(VenueLake)
        .where(VenueLake.venue_id == run.venue_id, VenueLake.lease == run.lease)
        .values(
            anew=False,
            live=venue.mode is Mode.LIVE,
            lease="",
            lease_until=None,
            began_at=run.began_at,
            done_at=now,
            due_at=night_after(now, venue.timezone, venue.id),
            tries=0,
            rows=rows,
        )
    )
    async with db.transaction() as tx:
        if (await tx.execute(statement)).rowcount != 1:  # type: ignore[attr-defined]
            raise LeaseLost(run.name)


async def release(db: Database, run: Run) -> None:
    """Give the place back without having finished; the next run does what is missing."""
    statement = (
        update(VenueLake)
        .where(VenueLake.venue_id == run.venue_id, VenueLake.lease == run.lease)
        .values(lease="", lease_until=None)
    )
    async with db.transaction() as tx:
        await tx.execute(statement)


async def claim_due(db: Database, now: datetime) -> str | None:
    """The slug of a venue whose night it is, or None. It is put off until its next try first, so
    that two workers never start the same one, and one that is killed is tried again."""
    async with db.transaction() as tx:
        free = or_(VenueLake.lease_until.is_(None), VenueLake.lease_until <= now)
        due = (
            select(VenueLake, Venue.slug)
            .join(Venue, Venue.id == VenueLake.venue_id)
            .where(and_(VenueLake.due_at <= now, free))
            .order_by(VenueLake.due_at)
            .limit(1)
            .with_for_update(of=VenueLake, skip_locked=True)
        )
        found = (await tx.execute(due)).first()
        if found is None:
            return None
        row, slug = found
        row.due_at = now + min(AGAIN_AFTER * 2 ** min(row.tries, 10), timedelta(days=1))
        row.tries += 1
    return str(slug)


async def enter_venues(db: Database, now: datetime) -> int:
    """Give each venue that has no night yet its first one. How many."""
    missing = (
        select(Venue)
        .outerjoin(VenueLake, VenueLake.venue_id == Venue.id)
        .where(VenueLake.venue_id.is_(None))
        .limit(500)
    )
    async with db.read() as tx:
        if (await tx.scalars(missing.limit(1))).first() is None:
            return 0
    async with db.transaction() as tx:
        venues = list(await tx.scalars(missing))
        for venue in venues:
            await standing(tx, venue, now)
    return len(venues)

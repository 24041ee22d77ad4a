"""The nightly scores, seen from the worker: after each export, in a process of their own.

Learning's libraries live and die with that process, so the worker stays small.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from sqlalchemy import or_, select

from churn.prediction.nights import put_off
from churn.prediction.tables import Night
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.bridges.lake.tables import VenueLake
from paywall.catalogue.tables import Venue

log = structlog.get_logger("paywall.scores")

Spawn = Callable[[str], Awaitable[int]]
"""Scores the people of the venue with this slug in another process; its exit code."""
SAID_MOST = 2000


class ScoreNights:
    """A Job's `run`: one venue whose facts are newer than its scores, then the next."""

    def __init__(self, db: Database, spawn: Spawn) -> None:
        self._db = db
        self._spawn = spawn

    async def run(self, now: datetime) -> int:
        """How many venues were scored; one that failed is tried again later."""
        found = await due(self._db, now)
        if found is None:
            return 0
        venue_id, slug = found
        code = await self._spawn(slug)
        if code:
            async with self._db.transaction() as tx:
                await put_off(tx, venue_id, now)
            log.warning("scores failed, tried again later", venue=slug, code=code)
            return 0
        return 1


async def due(db: Database, now: datetime) -> tuple[str, str] | None:
    """Id and slug of a venue that was exported since its people were scored, and that nobody scores
    now. The run itself takes the venue, so two workers that ask at once do it once."""
    query = (
        select(Venue.id, Venue.slug)
        .join(VenueLake, VenueLake.venue_id == Venue.id)
        .outerjoin(Night, Night.venue_id == Venue.id)
        .where(
            VenueLake.done_at.is_not(None),
            or_(Night.done_at.is_(None), Night.done_at < VenueLake.done_at),
            or_(Night.lease_until.is_(None), Night.lease_until <= now),
            or_(Night.not_before.is_(None), Night.not_before <= now),
        )
        .order_by(VenueLake.done_at)
        .limit(1)
    )
    async with db.read() as tx:
        row = (await tx.execute(query)).first()
    return None if row is None else (row[0], row[1])


def child_of(settings: Settings) -> Spawn:
    """`paywall score --venue <slug> --nightly` as a child that ends with its parent."""

    async def spawn(slug: str) -> int:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "paywall.cli", "score", "--venue", slug, "--nightly"),
            env=os.environ | {"PAYWALL_DATA_DIR": str(settings.data_dir.absolute())},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await child.communicate()
        except asyncio.CancelledError:
            child.terminate()
            await child.wait()
            raise
        if child.returncode:
            log.warning(
                "scoring said", venue=slug, words=said.decode(errors="replace")[-SAID_MOST:]
            )
        return child.returncode or 0

    return spawn

"""What an edge knows of revocations, in memory and refreshed from the database by a poll."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, select

from entitlements.tables import Denial, EventEpoch
from infra.kernel.db import Tx

OVERLAP = timedelta(seconds=60)
"""Each poll reads this far back again: a row is stamped before its transaction commits, and a
transaction is cut off by the database long before this (20 s)."""


class News(msgspec.Struct, frozen=True):
    """What one poll brought; applying it twice changes nothing."""

    denials: Mapping[str, datetime]
    epochs: Mapping[str, int]
    read_at: datetime


async def denials_since(tx: Tx, since: datetime | None, now: datetime) -> News:
    """Denials stamped after `since` (None: all that still matter) and every event epoch."""
    query = select(Denial.id, Denial.until_at).where(Denial.until_at > now)
    if since is not None:
        query = query.where(Denial.created_at >= since - OVERLAP)
    denials = dict((await tx.execute(query)).all())
    epochs = await tx.execute(select(EventEpoch.event_id, EventEpoch.min_epoch))
    return News(denials, dict(epochs.all()), now)


async def purge_denials(tx: Tx, now: datetime) -> int:
    """Delete denials whose last token is dead; returns how many. Once a day is often enough."""
    gone = await tx.scalars(
        delete(Denial)
        .where(Denial.until_at <= now - OVERLAP)
        .returning(Denial.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


class Denylist:
    """The set that the embedded edge asks on every request.

    Before its first refresh it denies every session, so a fresh process can't let a revoked token
    through. When polls fail it keeps what it has; `age` says for how long, and the caller alarms.
    """

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._epochs: dict[str, int] = {}
        self._read_at: datetime | None = None
        self._forgot_at: datetime | None = None

    async def refresh(self, tx: Tx, now: datetime) -> None:
        """Poll once (machine time). The embedded edge does this about every second."""
        self.apply(await denials_since(tx, self._read_at, now))

    def apply(self, news: News) -> None:
        self._until.update(news.denials)
        self._epochs.update(news.epochs)
        self._read_at = news.read_at
        # Seldom enough to cost nothing, often enough that the dead are never the majority.
        if self._forgot_at is None or news.read_at >= self._forgot_at + OVERLAP:
            self._forget(news.read_at)

    def _forget(self, now: datetime) -> None:
        self._until = {sid: until for sid, until in self._until.items() if until > now}
        self._forgot_at = now

    def denies(self, sid: str) -> bool:
        return self._read_at is None or sid in self._until

    def min_epoch(self, event_id: str) -> int:
        return self._epochs.get(event_id, 0)

    @property
    def size(self) -> int:
        return len(self._until)

    def age(self, now: datetime) -> timedelta | None:
        """Since the last good poll; None before the first."""
        return None if self._read_at is None else now - self._read_at

"""What every export of a table is given, and what it answers with. Reads only; no files here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from churn.pseudonym import Pseudonyms
from infra.kernel.db import Tx

Row = dict[str, Any]
ROWS_A_PAGE = 2000
OVERLAP = timedelta(days=1)
"""How far before the last run's beginning a run looks again, for what was committed late."""


class Page(NamedTuple):
    """Some rows, and where the next page begins: an id, or empty where nothing is left.

    All versions of one fact are on one page, in the order of time.
    """

    rows: list[Row]
    after: str


class Source:
    """One venue at one run: whose rows, which of them, under which names."""

    def __init__(
        self,
        *,
        venue_id: str,
        live_since: datetime | None,
        offset: timedelta,
        since: datetime | None,
        now: datetime,
        names: Pseudonyms,
    ) -> None:
        self.venue_id = venue_id
        self.live_since = live_since
        """Machine time; null: a test-mode venue, whose tests are what there is."""
        self.offset = offset
        self.since = since
        """What was known before (machine time) is in the lake; null: look at everything."""
        self.now = now
        """Machine time at which the run began."""
        self.met: dict[str, str] = {}
        """Customers by pseudonym whom pages named since the run last wrote them down."""
        self._names = names

    @property
    def live(self) -> bool:
        return self.live_since is not None

    def person(self, customer_id: str) -> str:
        """The pseudonym, which the run will be able to trace back to the customer."""
        name = self._names.customer(customer_id)
        self.met[name] = customer_id
        return name

    def at(self, machine: datetime) -> datetime:
        """A machine time in the venue's business time. A test venue's clock may have been moved
        since: then it is that of today, which nothing written down contradicts."""
        return machine + self.offset


NextPage = Callable[[Tx, Source, str], Awaitable[Page]]
"""The page after an id (empty: the first). Each is read in a transaction of its own."""


def page_of(rows: list[Row], ids: list[str]) -> Page:
    """A page whose database rows had these ids, in order."""
    return Page(rows, ids[-1] if len(ids) == ROWS_A_PAGE else "")

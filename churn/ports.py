"""What actions ask of the outside: who may be reached and how, and to do what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from sqlalchemy import ColumnElement

from churn.triggers.acts import Act
from infra.kernel.db import Tx


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Whether and how one customer can be reached now."""

    agreed: bool
    """There is a recorded yes to news of this venue, and the address is proven."""
    refused: bool
    """The last word was a no, to this venue or to all."""
    proven: bool
    zone: str
    """The person's time zone where it is known for sure, else the venue's."""
    name: str = ""
    email: str = ""


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """One act for one customer. `touch_id` is its cause everywhere: doing it twice is doing it
    once. `now` is the venue's business time, `machine_now` ours."""

    touch_id: str
    trigger_id: str
    trigger_name: str
    venue_id: str
    customer_id: str
    act: Act
    plan: str
    facts: dict[str, Any]
    """What a program that is told should know: chance, value a month, reasons."""
    now: datetime
    machine_now: datetime


class Given(msgspec.Struct, frozen=True):
    """What became of it at once. `travels`: a mail or webhook is on its way, ask `became` later."""

    travels: bool
    ids: dict[str, str] = {}


class Outcome(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"  # the person said no before it left


class CanNotDo(Exception):
    """The act can't be done for this person any more; `reason` is a short code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Acts(Protocol):
    """Answered by `paywall.bridges.churn_acts`."""

    async def reach(self, tx: Tx, venue_id: str, customers: Mapping[str, str]) -> dict[str, Reach]:
        """Of customers (id to country, empty where unknown); absent: no such customer here."""
        ...

    def open_case(
        self, venue_id: str, customer_id: ColumnElement[str | None]
    ) -> ColumnElement[bool]:
        """Whether the customer waits for support at this moment, as SQL over a column of ids."""
        ...

    async def check(self, tx: Tx, venue_id: str, act: Act, now: datetime) -> None:
        """Invalid where the act points at something that is not the venue's or is over."""
        ...

    async def do(self, tx: Tx, doing: Doing) -> Given:
        """Write all that follows in the caller's transaction: nothing leaves the database here.

        CanNotDo where it makes no sense any more, such as a stream that is over.
        """
        ...

    async def became(self, tx: Tx, touch_ids: Sequence[str]) -> dict[str, Outcome]:
        """Of acts that travel."""
        ...

"""Builders of cases: one of them, a customer's line, a mail written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from infra.kernel.db import Database, Tx
from support_bot.case_tables import Author, Case, CaseSettings, Channel
from support_bot.cases import CaseLine, Line, open_case, settings_of

VENUE = "ven_01k9x4m8z2v7q0n3t5r6s8w1ya"
NEIGHBOUR = "ven_01k9x4m8z2v7q0n3t5r6s8w1yb"
AGENT = "acc_01k9x4m8z2v7q0n3t5r6s8w1aa"
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""Noon in London, inside the hours of `keep_hours`."""


async def keep_hours(tx: Tx, venue_id: str = VENUE, **settings: Any) -> CaseSettings:
    """Monday to Friday, 10:00 to 18:00 UTC; four hours to answer, eight to solve."""
    row = await settings_of(tx, venue_id)
    row.timezone = "UTC"
    row.hours = {str(day): ["10:00", "18:00"] for day in range(5)}
    row.reply_minutes, row.solve_minutes = 240, 480
    for name, value in settings.items():
        setattr(row, name, value)
    await tx.flush()
    return row


async def asked(tx: Tx, text: str = "I can't see the picture.", **given: Any) -> Case:
    """A case as it is opened from the web."""
    facts: dict[str, Any] = {
        "venue_id": VENUE, "customer_id": None, "account_id": None, "email": "ada@example.org",
        "lang": "en", "channel": Channel.WEB, "subject": "No picture", "event_id": None,
        "conversation_id": None, "now": FRIDAY,
    }  # fmt: skip
    facts |= given
    case = await open_case(tx, lines=[CaseLine(Author.VIEWER, text, facts["now"])], **facts)
    await tx.flush()
    return case


async def kept(db: Database, **given: Any) -> Case:
    """The same, committed, at a venue with hours."""
    async with db.transaction() as tx:
        await keep_hours(tx, given.get("venue_id", VENUE))
        return await asked(tx, **given)


def line(text: str, at: datetime) -> Line:
    return Line(author=Author.VIEWER, text=text, at=at)

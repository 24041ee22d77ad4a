"""`paywall support report`: what came of people's questions at a venue."""

from __future__ import annotations

import csv
import sys
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid
from infra.kernel.money import Money
from paywall.catalogue import venues
from support_bot.outcome_facts import facts_of
from support_bot.outcomes import CSV_COLUMNS, Figures, figures, midnight, rows_of, usual_days


async def reported(
    db: Database, slug: str, since: datetime | None, until: datetime | None
) -> Figures:
    """The venue's figures; the last twelve weeks of its own time where nothing else is asked."""
    async with db.transaction() as tx:
        venue = await venues.by_slug(tx, slug)
        zone = venue.timezone
        first, last = usual_days(SystemClock().now(venue.clock_offset_s), zone)
        start = _at(since, zone) if since else midnight(first, zone)
        end = _at(until, zone) if until else midnight(last + timedelta(days=1), zone)
        if start >= end:
            raise Invalid("to", "The end must lie after the beginning.")
        facts = await facts_of(tx, venue.id, start, end, currency=venue.currency, timezone=zone)
    return figures(facts)


def _at(moment: datetime, timezone: str) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(timezone))


def moment(text: str) -> datetime | None:
    """A day or a moment, the venue's own where no offset stands there; Invalid otherwise."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("from", "Give a day such as 2026-11-01.") from error


def show(found: Figures, *, as_json: bool, as_csv: bool) -> None:
    """On standard output: a table for people, JSON or CSV for programs."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(rows_of(found))
        return
    console = Console()
    console.print(f"{found.requests} requests, {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}")
    settled = Table("settled by", "requests", "share")
    for name, count in found.settled.items():
        settled.add_row(name.replace("_", " "), str(count), _percent(count, found.requests))
    console.print(settled)
    judged = found.direct_right + found.direct_wrong
    console.print(
        f"Direct answers: {found.direct}; judged {judged}, right {_share(found.precision)}."
        f" Automatic: {_share(found.automatic_share)}. Asked again within a day:"
        f" {found.asked_again}; corrected by agents: {found.corrected}."
    )
    groups = Table(*CSV_COLUMNS)
    for row in rows_of(found)[1:]:
        groups.add_row(*(str(cell) for cell in row))
    console.print(groups)
    _say_cases(console, found)


def _say_cases(console: Console, found: Figures) -> None:
    cases = found.cases
    console.print(
        f"Cases: {cases.opened} opened, {cases.solved} solved, {cases.reopened} taken up again,"
        f" {cases.late} late; {cases.live_in_time} of {cases.live} live ones in time."
    )
    if cases.reply_minutes_median is not None:
        console.print(f"Median time to the first answer: {cases.reply_minutes_median:g} minutes.")
    console.print(f"Customers: {cases.content} content, {cases.not_content} not.")
    cost = "no price of a minute is set"
    if cases.cost_per_case_minor is not None:
        price = Money(cases.cost_per_case_minor, found.currency).decimal()
        cost = f"{price:f} {found.currency} a case"
    console.print(f"Agents had cases open for {cases.handled_minutes:g} minutes; {cost}.")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


Since = Annotated[str, typer.Option("--from", help="First day, such as 2026-11-01.")]
Until = Annotated[str, typer.Option("--to", help="The day after the last one.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV: language, topic and event, one a row.")]

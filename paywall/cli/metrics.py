"""`paywall metrics`: a venue's figures from its facts, with the rows behind each.

DuckDB and Arrow are imported inside the commands: a web process never loads them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table as Shown

from churn.metrics.definitions import FIGURE, FIGURES, Figure, Unit
from infra.kernel.errors import Invalid
from infra.kernel.money import Money
from infra.kernel.settings import load_settings
from infra.kernel.spreadsheet import csv_text
from paywall.app.assembly import assemble
from paywall.cli.lake import venues_named

if TYPE_CHECKING:
    from churn.lake import Facts
    from churn.metrics.calendar import Calendar
    from churn.refresh import Refreshed
    from paywall.http.parts import Parts

app = typer.Typer(no_args_is_help=True, help="Figures of a venue: revenue, churn, watching.")
say = Console(stderr=True)
out = Console()

OneVenue = Annotated[str, typer.Option("--venue", help="The venue's slug.")]
MONTHS_SHOWN = 13
ROWS_SHOWN = 50


@app.callback()
def _metrics() -> None:
    """Figures of a venue: revenue, churn, watching."""


@app.command()
def refresh(venue: OneVenue) -> None:
    """Compute everybody's features and every figure anew, as the pages show them.

    Happens by itself after the nightly export.
    """
    done = asyncio.run(_refresh(venue))
    say.print(f"{done.people:,} people and {done.values:,} values are up to date.", highlight=False)


@app.command()
def show(
    venue: OneVenue,
    figure: Annotated[str, typer.Option(help="One figure. Default: all, last months.")] = "",
    month: Annotated[str, typer.Option(help="One month, such as 2026-03.")] = "",
    definition: Annotated[str, typer.Option(help="Another published definition of it.")] = "",
    rows: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--rows", help="The rows behind the figure instead of its values.")
    ] = False,
    as_csv: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--csv", help="As CSV.")
    ] = False,
    as_json: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--json", help="One JSON array, for scripts.")
    ] = False,
) -> None:
    """Compute figures now, from the facts that the lake has. What each means: docs/metrics.md."""
    _check(figure, definition)
    if rows and not figure:
        raise Invalid("figure", "--rows needs --figure: the rows of one figure.")
    found = asyncio.run(_show(venue, figure, month, definition, rows=rows))
    if as_json:
        print(msgspec.json.encode(found).decode())
    elif as_csv:
        columns = list(found[0]) if found else []
        print(csv_text(columns, ([*row.values()] for row in found)), end="")
    elif rows:
        _print_rows(found)
    else:
        _print_values(found)


def _check(figure: str, definition: str) -> None:
    if figure and figure not in FIGURE:
        raise Invalid("figure", f"--figure is one of {', '.join(FIGURE)}.")
    known = [one.name for one in FIGURE[figure].definitions] if figure else []
    if definition and definition not in known:
        raise Invalid(
            "definition", f"--definition of {figure or 'one figure'}: {', '.join(known)}."
        )


async def _refresh(slug: str) -> Refreshed:
    from churn.refresh import refresh as refresh_all

    parts = assemble(load_settings())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        venue_id, zone, facts = await _facts(parts, slug)
        with Progress(*columns, console=say, transient=True) as bar:
            row = bar.add_task("people", total=None)

            def told(what: str, done: int, total: int) -> None:
                bar.update(row, description=what, completed=done, total=total)

            return await refresh_all(facts, parts.db, venue_id, zone, told=told)
    finally:
        await parts.close()


async def _facts(parts: Parts, slug: str) -> tuple[str, str, Facts]:
    """The venue's id and zone, and its facts as of its business time."""
    from churn.lake import Facts, Lake

    [venue] = await venues_named(parts.db, slug)
    now = parts.clock.now(venue.clock_offset_s)
    lake = Lake(parts.settings.lake())
    return venue.id, venue.timezone, Facts.of_lake(lake, venue.id, now)


async def _show(
    slug: str, figure: str, month: str, definition: str, *, rows: bool
) -> list[dict[str, Any]]:
    from churn.metrics import figures

    parts = assemble(load_settings())
    try:
        _, zone, facts = await _facts(parts, slug)
    finally:
        await parts.close()
    calendar = _calendar(facts, zone, month, MONTHS_SHOWN if figure and not rows else 1)
    if rows:
        return _listed(figures.rows(facts, calendar, figure, definition))
    if figure:
        return [
            {"figure": figure, **row}
            for row in _listed(figures.figure(facts, calendar, figure, definition))
        ]
    return [
        {"figure": one.name, **row}
        for one in FIGURES
        for row in _listed(figures.figure(facts, calendar, one.name))
    ]


def _calendar(facts: Facts, zone: str, month: str, count: int) -> Calendar:
    from churn.metrics.calendar import Calendar

    if not month:
        return Calendar.until(facts.as_of, zone, count)
    try:
        return Calendar.month(month, zone)
    except ValueError as error:
        raise Invalid("month", "--month is a year and a month, such as 2026-03.") from error


def _listed(table: Any) -> list[dict[str, Any]]:
    """In a fixed order, whatever the engine's."""
    keys = [name for name in ("month", "currency", "dimension", "person") if name in table.columns]
    found: list[dict[str, Any]] = table.order_by(keys).to_pyarrow().to_pylist()
    return found


def _print_values(found: list[dict[str, Any]]) -> None:
    table = Shown()
    for name in ("figure", "month", "", "value", "from", "to", "of"):
        table.add_column(name, justify="right" if name in {"value", "from", "to", "of"} else "left")
    for row in found:
        one = FIGURE[row["figure"]]
        split = row["label"] or row["dimension"]
        numbers = [_shown(one, row[name], row["currency"]) for name in ("value", "low", "high")]
        table.add_row(one.title, row["month"], split, *numbers, f"{row['count']:,}")
    out.print(table)


def _shown(figure: Figure, value: float | None, currency: str) -> str:
    if value is None:
        return ""
    match figure.unit:
        case Unit.MONEY if currency:
            amount = Money(round(value), currency)
            return f"{amount.decimal():,f} {currency}"
        case Unit.SHARE:
            return f"{value:.1%}"
        case Unit.DAYS:
            return f"{value:.1f}"
        case _:
            return f"{value:,.0f}"


def _print_rows(found: list[dict[str, Any]]) -> None:
    table = Shown()
    for name in found[0] if found else ():
        table.add_column(name)
    for row in found[:ROWS_SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    out.print(table)
    if len(found) > ROWS_SHOWN:
        out.print(f"{len(found) - ROWS_SHOWN:,} rows more; --csv gives all.", highlight=False)

"""Tables of the console: one description, shown as HTML and written as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from litestar import Response

from infra.kernel.clock import iso
from infra.kernel.db import Tx
from infra.kernel.money import Money
from infra.kernel.paging import Place, Wanted
from infra.kernel.spreadsheet import neutral
from paywall.http.pages_of import cursor_of, wanted
from paywall.pages.console.desk import Desk
from paywall.pages.i18n import Translator

ROWS = 50
CSV_ROWS_MAX = 20_000


@dataclass(frozen=True)
class Cell:
    """`text` is shown, `raw` exported (the text where there is none). `tone` makes a badge."""

    text: str
    raw: str | int | None = None
    tone: str = ""
    sub: str = ""
    href: str = ""
    num: bool = False
    code: bool = False
    at: str = ""
    """RFC 3339, for <time>."""
    img: str = ""


@dataclass(frozen=True)
class Row:
    cells: Sequence[Cell]
    href: str = ""


@dataclass(frozen=True)
class Filter:
    """One field above a table, kept in the address. `options`: (value, text), the first is all."""

    name: str
    label: str
    options: Sequence[tuple[str, str]] = ()
    type: str = "search"


@dataclass(frozen=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Everything of a page that is a table."""

    section: str
    title: str
    columns: Sequence[str]
    name: str
    """The CSV file's name, without ending."""
    filters: Sequence[Filter] = ()
    actions: Sequence[Link] = ()
    quiet: bool = False
    """None of the actions is what people come for."""
    views: Sequence[Link] = ()
    empty_title: str = ""
    empty_text: str = ""
    lead: str = ""
    trail: Sequence[Link] = field(default_factory=tuple)


Fetch = Callable[[Tx, Wanted], Awaitable[tuple[list[Row], Place | None]]]


async def show(desk: Desk, listing: Listing, fetch: Fetch) -> Response[Any]:
    """The page, or with `?format=csv` every row that its filters let through."""
    query = desk.request.query_params
    if query.get("format") == "csv":
        return csv_answer(listing.name, listing.columns, await _everything(desk, fetch))
    async with desk.look() as tx:
        rows, more = await fetch(tx, wanted(ROWS, query.get("cursor", "")))
    asked = [(name, value) for name, value in query.multi_items() if name != "cursor" and value]
    narrowed = any(name != "format" for name, _ in asked)
    return desk.page(
        "list.html",
        section=listing.section,
        listing=listing,
        rows=rows,
        filters=dict(asked),
        narrowed=narrowed,
        csv_url=_address(desk, [*asked, ("format", "csv")]),
        first_url=_address(desk, asked) if query.get("cursor") else None,
        next_url=_address(desk, [*asked, ("cursor", cursor_of(more))]) if more else None,
    )


def _address(desk: Desk, asked: list[tuple[str, str]]) -> str:
    from urllib.parse import urlencode

    return desk.request.url.path + (f"?{urlencode(asked)}" if asked else "")


async def _everything(desk: Desk, fetch: Fetch) -> list[Row]:
    rows: list[Row] = []
    after: Place | None = None
    while len(rows) < CSV_ROWS_MAX:
        async with desk.look() as tx:
            some, after = await fetch(tx, Wanted(limit=100, after=after))
        rows += some
        if after is None:
            break
    return rows


def csv_answer(name: str, columns: Sequence[str], rows: Sequence[Row]) -> Response[bytes]:
    """A CSV file that spreadsheets open in UTF-8, with nothing in it that they would run."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_exported(cell) for cell in row.cells])
    return Response(
        ("\ufeff" + out.getvalue()).encode(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _exported(cell: Cell) -> str | int:
    value = cell.text if cell.raw is None else cell.raw
    return value if isinstance(value, int) else neutral(value)


def money_cell(locale: Translator, amount: Money | None) -> Cell:
    if amount is None:
        return Cell("", num=True)
    return Cell(locale.money(amount), raw=f"{amount.decimal():f}", num=True)


def moment_cell(locale: Translator, at: datetime | None, zone: str) -> Cell:
    if at is None:
        return Cell("")
    return Cell(locale.datetime(at, zone, "medium"), raw=iso(at), at=iso(at))


def number_cell(locale: Translator, value: int | None) -> Cell:
    return Cell("" if value is None else locale.number(value), raw=value, num=True)

"""Figures in the console: plots with their tables, every value opening to the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from churn.metrics import read
from churn.metrics.definitions import FIGURE, Figure, Unit
from churn.metrics.read import Value
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from paywall.accounts.roles import Permission as P
from paywall.pages.console.desk import Desk
from paywall.pages.console.figure_words import ABOVE, DIMENSIONS, GROUPS, ROW_COLUMNS
from paywall.pages.console.plots import Plot, plot_of
from paywall.pages.console.table import Cell, Link, Row

READ = {"permission": P.METRICS_READ}
MONTHS = 24
SHOWN_ROWS = 200


@dataclass(frozen=True)
class Choice:
    """One entry of a menu above a plot."""

    value: str
    text: str


@get("/console/{venue_id:str}/figures", opt=READ)
async def overview(desk: NamedDependency[Desk]) -> Response[Any]:
    """Every figure in its default definition, two years, in the currency that has the most."""
    async with desk.look() as tx:
        run = await read.last_run(tx, desk.venue.id)
        found = {
            name: await read.values(tx, desk.venue.id, name, since=_since(desk))
            for _, names in GROUPS
            for name in names
        } if run else {}  # fmt: skip
    currency = _currency(found.get("mrr") or found.get("event_revenue") or [], desk)
    running = run.as_of.astimezone(ZoneInfo(run.zone)).strftime("%Y-%m") if run else ""
    groups = [
        (
            desk.gettext(title),
            [_card(desk, FIGURE[name], found[name], currency, running) for name in names],
        )
        for title, names in GROUPS
        if run
    ]
    return desk.page(
        "figures.html", section="figures", run=run, groups=groups,
        currencies=_currencies(found.get("mrr", [])), currency=currency,
    )  # fmt: skip


@get("/console/{venue_id:str}/figures/{figure:str}", opt=READ)
async def one(desk: NamedDependency[Desk], figure: FromPath[str]) -> Response[Any]:
    """One figure: its plot, its table, its definitions and where they come from."""
    chosen, query = _figure(figure), desk.request.query_params
    definition = _definition(chosen, query.get("definition", ""))
    async with desk.look() as tx:
        run = await read.last_run(tx, desk.venue.id)
        values = await read.values(
            tx, desk.venue.id, figure, definition,
            since=query.get("since", "")[:7], until=query.get("until", "")[:7],
        )  # fmt: skip
    currencies = _currencies(values)
    currency = query.get("currency", "") or _currency(values, desk)
    shown = [v for v in values if not v.currency or v.currency == currency]
    if query.get("format") == "csv":
        return _csv(f"{figure}-{definition}", read.values_csv(shown))
    _, of = desk.gettext, chosen.definition(definition)
    return desk.page(
        "figure.html", section="figures", run=run, figure=chosen, title=_(chosen.title),
        lead=_(chosen.words), plot=_plot(desk, chosen, shown), currencies=currencies,
        currency=currency, definition=of,
        read_on=desk.locale.date(date.fromisoformat(of.read_on)) if of.read_on else "",
        definitions=[
            Choice(one.name, _(one.words)) for one in chosen.definitions
        ],
        columns=_columns(desk, chosen, shown), rows=_rows(desk, chosen, definition, shown),
        since=query.get("since", ""), until=query.get("until", ""),
        csv_url=desk.url(f"/figures/{figure}", definition=definition, currency=currency,
                         since=query.get("since", ""), until=query.get("until", ""), format="csv"),
        trail=[Link(_("Figures"), desk.url("/figures"))],
    )  # fmt: skip


@get("/console/{venue_id:str}/figures/{figure:str}/rows", opt=READ)
async def rows_behind(desk: NamedDependency[Desk], figure: FromPath[str]) -> Response[Any]:
    """What a value is made of: people by their pseudonym, amounts, dates."""
    chosen, query = _figure(figure), desk.request.query_params
    definition = _definition(chosen, query.get("definition", ""))
    month, dimension = query.get("month", "")[:7], query.get("dimension", "")[:120]
    currency = query.get("currency", "")[:3]
    async with desk.look() as tx:
        found = await read.behind(
            tx, desk.venue.id, figure, month, definition, currency=currency, dimension=dimension
        )
    if query.get("format") == "csv":
        return _csv(f"{figure}-{month}-rows", read.rows_csv(found))
    _ = desk.gettext
    columns = [name for name in found.columns if name not in ABOVE]
    cells = [
        Row([_behind_cell(desk, name, row.get(name), row.get("currency", currency))
             for name in columns])
        for row in found.rows[:SHOWN_ROWS]
    ]  # fmt: skip
    return desk.page(
        "figure_rows.html", section="figures", title=_(chosen.title), rows=cells,
        columns=[_(ROW_COLUMNS.get(name, name)) for name in columns], total=found.total,
        shown=len(cells), month=month,
        what=_words_of(desk).get(dimension, dimension),
        csv_url=desk.url(f"/figures/{figure}/rows", definition=definition, month=month,
                         currency=currency, dimension=dimension, format="csv"),
        trail=[Link(_("Figures"), desk.url("/figures")),
               Link(_(chosen.title), desk.url(f"/figures/{figure}", definition=definition,
                                              currency=currency))],
    )  # fmt: skip


def _card(
    desk: Desk, figure: Figure, values: list[Value], currency: str, running: str
) -> dict[str, Any]:
    shown = [v for v in values if not v.currency or v.currency == currency]
    return {
        "name": figure.name,
        "title": desk.gettext(figure.title),
        "words": desk.gettext(figure.words),
        "url": desk.url(f"/figures/{figure.name}", currency=shown[0].currency if shown else ""),
        "plot": _plot(desk, figure, shown),
        "columns": _columns(desk, figure, shown),
        "rows": _rows(desk, figure, "", shown)[:24],
        "csv_url": desk.url(f"/figures/{figure.name}", currency=currency, format="csv"),
        "latest": _latest(desk, figure, shown),
        "latest_month": desk.locale.month(shown[-1].month) if shown else "",
        "so_far": bool(shown) and shown[-1].month == running,
    }  # fmt: skip


def _latest(desk: Desk, figure: Figure, values: list[Value]) -> str:
    """The latest month's value, where the figure is one value a month."""
    if figure.dimension or not values:
        return ""
    return value_text(desk, figure.unit, values[-1].value, values[-1].currency)


def _plot(desk: Desk, figure: Figure, values: list[Value]) -> str:
    made: Plot | None = plot_of(desk.locale, figure, values, _words_of(desk))
    return made.as_json() if made else ""


def _words_of(desk: Desk) -> dict[str, str]:
    return {name: desk.gettext(word) for name, word in DIMENSIONS.items()}


def _columns(desk: Desk, figure: Figure, values: list[Value]) -> list[str]:
    _ = desk.gettext
    first = {"survival": _("Day"), "cohort_retention": _("First paid in")}.get(figure.name)
    columns = [first or _("Month")]
    if figure.name == "cohort_retention":
        columns.append(_("Months later"))
    elif figure.dimension and figure.name != "survival":
        columns.append(_("What"))
    columns.append(_("Value"))
    if any(value.low is not None for value in values):
        columns.append(_("95% interval"))
    return [*columns, _("Counted")]


def _rows(desk: Desk, figure: Figure, definition: str, values: list[Value]) -> list[Row]:
    """The latest first; a curve from its first day on."""
    words = _words_of(desk)
    interval = any(value.low is not None for value in values)
    rows = []
    for value in values if figure.name == "survival" else reversed(values):
        month = desk.locale.month(value.month) if value.month else ""
        first = value.dimension.lstrip("0") or "0" if figure.name == "survival" else month
        cells = [Cell(first, raw=value.dimension if figure.name == "survival" else value.month)]
        if figure.dimension and figure.name != "survival":
            cells.append(Cell(value.label or words.get(value.dimension, value.dimension)))
        cells.append(Cell(value_text(desk, figure.unit, value.value, value.currency), num=True))
        if interval:
            low = value_text(desk, figure.unit, value.low, value.currency)
            high = value_text(desk, figure.unit, value.high, value.currency)
            cells.append(Cell(f"{low} – {high}" if low else "", num=True))
        cells.append(Cell(desk.locale.number(value.count), num=True))
        rows.append(Row(cells, desk.url(
            f"/figures/{figure.name}/rows", definition=definition, month=value.month,
            currency=value.currency, dimension=value.dimension,
        )))  # fmt: skip
    return rows


def value_text(desk: Desk, unit: Unit, value: float | None, currency: str) -> str:
    """A value as people of the console's language write it; nothing where it isn't known."""
    if value is None:
        return ""
    if unit is Unit.MONEY and currency:
        return desk.locale.money(Money(round(value), currency))
    if unit is Unit.SHARE:
        return desk.locale.share(value)
    return desk.locale.decimal(value)


def _behind_cell(desk: Desk, name: str, value: Any, currency: str) -> Cell:
    _ = desk.gettext
    if value is None or value == "":
        return Cell("")
    if isinstance(value, bool):
        return Cell(_("Yes") if value else _("No"), raw=str(value))
    if isinstance(value, (int, float)):
        if name in ("amount", "before", "after") and currency:
            return Cell(desk.locale.money(Money(round(value), currency)), num=True)
        return Cell(desk.locale.decimal(float(value)), num=True)
    text = str(value)
    if name == "person":
        to = desk.url(f"/leaving/{quote(text, safe='')}") if desk.may(P.MARKETING_WRITE) else ""
        return Cell(text, code=not to, href=to)
    if name == "at" or name.endswith("_at"):
        when = datetime.fromisoformat(text)
        return Cell(desk.locale.date(when, desk.venue.timezone, "medium"), at=text)
    return Cell(_words_of(desk).get(text, text)[:80])


def _figure(name: str) -> Figure:
    if name not in FIGURE:
        raise NotFound("figure")
    return FIGURE[name]


def _definition(figure: Figure, name: str) -> str:
    known = {definition.name for definition in figure.definitions}
    return name if name in known else figure.definitions[0].name


def _since(desk: Desk) -> str:
    return (desk.now - timedelta(days=MONTHS * 31)).strftime("%Y-%m")


def _currencies(values: list[Value]) -> list[str]:
    return sorted({value.currency for value in values if value.currency})


def _currency(values: list[Value], desk: Desk) -> str:
    """The one with the largest latest values; the address may ask for another."""
    asked = desk.request.query_params.get("currency", "")
    known = _currencies(values)
    if asked in known:
        return asked
    month = max((value.month for value in values), default="")
    sums = {
        c: sum(v.value or 0 for v in values if v.currency == c and v.month == month) for c in known
    }
    return max(sums, key=lambda c: sums[c]) if sums else ""


def _csv(name: str, text: str) -> Response[bytes]:
    return Response(
        ("\ufeff" + text).encode(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )


PAGES = [overview, one, rows_behind]

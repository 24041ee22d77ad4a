"""Figures of a venue: revenue, who stays and leaves, what is watched; and the rows behind each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from churn.metrics import read
from churn.metrics.definitions import FIGURE, FIGURES, Figure, Unit
from infra.kernel.bounds import Id
from infra.kernel.errors import Invalid, NotFound
from paywall.accounts.roles import Permission
from paywall.http.parts import Parts
from paywall.http.views import utc

READ = {"permission": Permission.METRICS_READ}
Month = Annotated[
    str, QueryParameter(pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$", description="A month, `2026-03`.")
]
Currency = Annotated[str, QueryParameter(pattern=r"^([A-Z]{3})?$", description="ISO 4217.")]
Chosen = Annotated[
    str,
    QueryParameter(max_length=32, description="A published definition; the first where empty."),
]
Split = Annotated[
    str, QueryParameter(max_length=120, description="One part of what it is split by.")
]


class DefinitionView(msgspec.Struct, frozen=True):
    """One way to compute a figure, and who publishes it."""

    name: Annotated[str, Meta(examples=["start"])]
    words: str
    source: str
    url: str


class FigureView(msgspec.Struct, frozen=True):
    """What a figure means. `dimension` says what it is split by, if anything."""

    name: Annotated[str, Meta(examples=["subscriber_churn"])]
    title: str
    unit: Unit
    words: str
    dimension: str
    definitions: list[DefinitionView]


class FiguresView(msgspec.Struct, frozen=True):
    """Every figure, and as of when they were last computed; null before the first time."""

    as_of: datetime | None
    data: list[FigureView]


class ValueView(msgspec.Struct, frozen=True):
    """A value of one month. Money is in minor units, a share 0 to 1; `low` and `high` bound it."""

    month: Annotated[str, Meta(examples=["2026-03"])]
    currency: str
    dimension: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    count: int


class ValuesView(msgspec.Struct, frozen=True):
    """A figure's values in one definition, the oldest first."""

    figure: str
    definition: str
    unit: Unit
    data: list[ValueView]


class RowsView(msgspec.Struct, frozen=True):
    """The largest rows that a value is made of, of `total`."""

    total: int
    columns: list[str]
    data: list[dict[str, Any]]


@get("/v1/venues/{venue_id:str}/figures", opt=READ)
async def listing(venue_id: FromPath[Id], parts: NamedDependency[Parts]) -> FiguresView:
    """Which figures there are, what each means, and who publishes that definition."""
    async with parts.db.read() as tx:
        run = await read.last_run(tx, venue_id)
    return FiguresView(utc(run.as_of) if run else None, [_figure(one) for one in FIGURES])


@get("/v1/venues/{venue_id:str}/figures/{figure:str}", opt=READ)
async def values(
    venue_id: FromPath[Id],
    figure: FromPath[str],
    parts: NamedDependency[Parts],
    definition: Chosen = "",
    since: Month = "",
    until: Month = "",
    currency: Currency = "",
) -> ValuesView:
    """A figure by month, from `since` to `until`."""
    known = _known(figure, definition)
    async with parts.db.read() as tx:
        found = await read.values(
            tx, venue_id, figure, definition, since=since, until=until, currency=currency
        )
    return ValuesView(
        figure,
        known.definition(definition).name,
        known.unit,
        [ValueView(*msgspec.structs.astuple(value)) for value in found],
    )


@get("/v1/venues/{venue_id:str}/figures/{figure:str}/rows", opt=READ)
async def rows(
    venue_id: FromPath[Id],
    figure: FromPath[str],
    parts: NamedDependency[Parts],
    month: Month = "",
    definition: Chosen = "",
    currency: Currency = "",
    dimension: Split = "",
) -> RowsView:
    """What a value is made of; people are named by their pseudonym at this venue."""
    _known(figure, definition)
    async with parts.db.read() as tx:
        found = await read.behind(
            tx, venue_id, figure, month, definition, currency=currency, dimension=dimension
        )
    return RowsView(found.total, found.columns, found.rows)


def _figure(figure: Figure) -> FigureView:
    definitions = [DefinitionView(d.name, d.words, d.source, d.url) for d in figure.definitions]
    return FigureView(
        figure.name, figure.title, figure.unit, figure.words, figure.dimension, definitions
    )


def _known(name: str, definition: str) -> Figure:
    if name not in FIGURE:
        raise NotFound("figure")
    names = [one.name for one in FIGURE[name].definitions]
    if definition and definition not in names:
        raise Invalid("definition", f"Known are {', '.join(names)}.")
    return FIGURE[name]


ROUTES = [listing, rows, values]

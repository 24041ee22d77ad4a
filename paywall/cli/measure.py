"""`paywall measure actions`: what each action changed, from the lake."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from sqlalchemy import select

from infra.kernel.errors import NotFound
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Venue

if TYPE_CHECKING:
    from paywall.bridges.churn_acts.measure import Measured

app = typer.Typer(no_args_is_help=True, help="Measure what was done.")
say = Console(stderr=True)


@app.callback()
def _measure() -> None:
    """Measure what was done."""


@app.command(name="actions")
def actions(
    venue: Annotated[str, typer.Option(help="One venue's slug. Default: every venue.")] = "",
    as_json: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--json", help="One JSON object an action, for scripts.")
    ] = False,
) -> None:
    """Compare those treated by each action with those held out, and keep the result.

    Happens by itself every night. Reads the lake: what was not exported yet is not judged yet.
    """
    for one in asyncio.run(measure_actions(venue)):
        if as_json:
            print(msgspec.json.encode(one).decode())
        else:
            say.print(f"{one.name}: {one.verdict.value}", highlight=False)


async def measure_actions(slug: str) -> list[Measured]:
    """Of one venue, or of all where no slug is given. NotFound for an unknown one."""
    # Arrow and DuckDB are for this command alone.
    from paywall.bridges.churn_acts.measure import measure

    settings = load_settings()
    parts = assemble(settings)
    try:
        async with parts.db.read() as tx:
            query = select(Venue).order_by(Venue.slug)
            if slug:
                query = query.where(Venue.slug == slug)
            venues = list(await tx.scalars(query))
        if slug and not venues:
            raise NotFound("venue")
        done: list[Measured] = []
        for one in venues:
            done += await measure(parts.db, parts.clock, settings.lake(), one)
        return done
    finally:
        await parts.close()

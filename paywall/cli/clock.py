"""`paywall clock`: the business time of a test-mode venue, which may be moved forward."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.catalogue.venue_clock import advance

app = typer.Typer(no_args_is_help=True, help="The business time of a test-mode venue.")
say = Console(stderr=True)


@app.callback()
def _clock() -> None:
    """The business time of a test-mode venue."""


@app.command(name="advance")
def advance_clock(
    venue: Annotated[str, typer.Option(help="The venue's slug.")],
    days: Annotated[int, typer.Option(min=0)] = 0,
    hours: Annotated[int, typer.Option(min=0)] = 0,
    minutes: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Move a test-mode venue's clock forward; it never goes back, and a live one never moves."""
    seconds = (days * 24 + hours) * 3600 + minutes * 60
    now = asyncio.run(_advance(venue, seconds))
    say.print(f"At {venue} it is now {now}.")


async def _advance(slug: str, seconds: int) -> str:
    parts = assemble(load_settings())
    try:
        async with parts.db.transaction() as tx:
            offset = await advance(tx, slug, seconds)
        return parts.clock.now(offset).strftime("%Y-%m-%d %H:%M UTC")
    finally:
        await parts.close()

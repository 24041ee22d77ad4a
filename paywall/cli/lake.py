"""`paywall export lake` and `paywall lake forget`: facts for analytics, and who is not in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from sqlalchemy import select

from infra.kernel.db import Database
from infra.kernel.errors import NotFound
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.bridges.lake.forgetting import Forget
from paywall.catalogue.tables import Venue

if TYPE_CHECKING:
    from paywall.bridges.lake.export import Exported

export = typer.Typer(no_args_is_help=True, help="Take the venue's data elsewhere.")
lake = typer.Typer(no_args_is_help=True, help="The lake of facts that analytics reads.")
say = Console(stderr=True)

OneVenue = Annotated[str, typer.Option("--venue", help="The venue's slug.")]


@export.callback()
def _export() -> None:
    """Take the venue's data elsewhere."""


@lake.callback()
def _lake() -> None:
    """The lake of facts that analytics reads."""


@export.command(name="lake")
def export_lake(
    venue: Annotated[str, typer.Option(help="One venue's slug. Default: every venue.")] = "",
    to: Annotated[
        str,
        typer.Option(
            help="A folder or s3://bucket/prefix that gets a whole copy, instead of the lake."
        ),
    ] = "",
    full: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--full", help="Write it all again, not only what is new.")
    ] = False,
    as_json: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--json", help="One JSON object a venue, for scripts.")
    ] = False,
) -> None:
    """Write what is new of people, orders, payments, viewing ... as append-only Parquet.

    Happens by itself every night. People are named by pseudonyms; who was erased is taken out.
    Run it as often as you like: nothing is written twice.
    """

    def told(table: str, rows: int) -> None:
        if rows and not as_json:
            say.print(f"  {table}: {rows:,} rows", highlight=False)

    for done in asyncio.run(_export_lake(venue, to, full, told)):
        if as_json:
            print(msgspec.json.encode(done).decode())
        else:
            total = sum(done.rows.values())
            erased = f"; people erased: {done.erased}" if done.erased else ""
            say.print(f"{done.venue}: {total:,} new rows in {done.root}{erased}", highlight=False)


async def _export_lake(
    slug: str,
    to: str,
    full: bool,  # noqa: FBT001 - an option, handed on
    told: Callable[[str, int], None],
) -> list[Exported]:
    from paywall.bridges.lake.export import LakeExport

    settings = load_settings()
    parts = assemble(settings)
    try:
        root = to or settings.lake()
        exporter = LakeExport(
            parts.db, parts.clock, parts.sealer, root, copy=bool(to) and to != settings.lake()
        )
        return [
            await exporter.run(one, full=full, told=told)
            for one in await venues_named(parts.db, slug)
        ]
    finally:
        await parts.close()


async def venues_named(db: Database, slug: str) -> list[Venue]:
    """The venue of that slug, or NotFound; every venue where none is named."""
    query = select(Venue).order_by(Venue.slug)
    async with db.read() as tx:
        found = list(await tx.scalars(query.where(Venue.slug == slug) if slug else query))
    if slug and not found:
        raise NotFound("venue")
    return found


@lake.command()
def forget(
    venue: OneVenue,
    email: Annotated[str, typer.Option(help="Their mail address.")] = "",
    customer: Annotated[str, typer.Option(help="Their customer id, cus_...")] = "",
    external_id: Annotated[
        str, typer.Option(help="Their id in the system that an import came from.")
    ] = "",
) -> None:
    """Take one person out of the lake with the next export, and keep them out for good.

    For somebody who asked to be erased. The orders and accounts of the shop are not touched.
    """
    known = asyncio.run(_forget(venue, email, customer, external_id))
    words = "The next export takes them out of every file."
    if not known:
        words = "The lake knows no such person; imports will refuse them."
    say.print(words, highlight=False)


async def _forget(slug: str, email: str, customer: str, external_id: str) -> int:
    parts = assemble(load_settings())
    try:
        (venue,) = await venues_named(parts.db, slug)
        forgetting = Forget(parts.db, parts.clock, parts.sealer)
        return await forgetting.forget(
            venue.id, email=email, customer_id=customer, external_id=external_id
        )
    finally:
        await parts.close()

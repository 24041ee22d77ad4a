"""`paywall keys`: the keys that sign entitlement assertions."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from entitlements.keys import Turned, drop, ensure_key, rotate
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble

app = typer.Typer(no_args_is_help=True, help="The keys that sign entitlement assertions.")
say = Console(stderr=True)


@app.command(name="rotate")
def rotate_keys() -> None:
    """Publish the next key now; it signs ten minutes later, and the old one stays readable."""
    turned = asyncio.run(_rotate())
    if turned.published:
        say.print(f"{turned.published} is published and signs in ten minutes.")
    elif turned.active:
        say.print(f"{turned.active} signs from now on.")
    else:
        say.print("The next key is already published and waits for its ten minutes.")


@app.command(name="drop")
def drop_key(
    kid: Annotated[str, typer.Argument(help="The key id, as in /.well-known/jwks.json.")],
) -> None:
    """A key leaked: take it out of the JWKS at once and sign with a new one."""
    turned = asyncio.run(_drop(kid))
    if not turned.retired:
        say.print(f"There is no key {kid} in use.")
        raise typer.Exit(1)
    say.print(f"{kid} is gone; {turned.active} signs from now on.")


async def _rotate() -> Turned:
    parts = assemble(load_settings())
    now = parts.clock.machine()
    try:
        async with parts.db.transaction() as tx:
            await ensure_key(tx, parts.sealer, now)
            return await rotate(tx, parts.sealer, now)
    finally:
        await parts.close()


async def _drop(kid: str) -> Turned:
    parts = assemble(load_settings())
    try:
        async with parts.db.transaction() as tx:
            return await drop(tx, parts.sealer, kid, parts.clock.machine())
    finally:
        await parts.close()

"""`paywall bot`: the process that answers viewers' questions, for all venues of an installation."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Annotated

import typer

from infra.adapters.logs import configure_logging
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings, load_settings
from paywall.cli.processes import CannotStart, unix_listener
from support_bot.bot_wire import bot_key, socket_path


def run(
    fd: Annotated[
        int, typer.Option(hidden=True, help="A listening socket that the parent opened.")
    ] = -1,
) -> None:
    """Answer viewers' questions until Ctrl-C. `paywall serve` starts one by itself when asked.

    With PAYWALL_BOT_ADDRESS=host:port it listens there, for web processes of other machines that
    have the same setting and the same master secret; without, on a socket in the data folder. It
    reads the brains that `paywall work` trains, so both need the same PAYWALL_DATA_DIR.
    """
    settings = load_settings()
    configure_logging(as_json=settings.log_json)
    listener = socket.socket(fileno=fd) if fd >= 0 else listening(settings)
    asyncio.run(_serve(settings, listener, activated=fd >= 0))


def listening(settings: Settings) -> socket.socket:
    """A bound and listening socket at the place that the settings name; or CannotStart."""
    try:
        if settings.bot_address:
            host, _, port = settings.bot_address.rpartition(":")
            return socket.create_server((host, int(port)), backlog=64)
        return unix_listener(socket_path(settings.data_dir))
    except (OSError, ValueError) as error:
        place = settings.bot_address or socket_path(settings.data_dir)
        raise CannotStart(f"The bot can't listen at {place}: {error}.") from error


async def _serve(settings: Settings, listener: socket.socket, *, activated: bool) -> None:
    # scikit-learn comes with this import: here, so that other commands start without it. It would
    # read pandas where that is installed, which we never give it: 40 MiB and a fifth of the start.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
    from paywall.cli.bot_server import IDLE_S, BotServer, going_on

    clock = SystemClock()
    db = Database(settings.database(), pool_size=2)
    server = BotServer(db, clock, settings.data_dir / "support", bot_key(Sealer(settings.master())))
    on = going_on(
        server, clock, parent=os.getppid() if activated else 0, idle_s=IDLE_S if activated else 0
    )
    try:
        await server.serve(listener, while_true=on)
    finally:
        await db.close()


if __name__ == "__main__":
    # As `paywall serve` starts it: without the other commands, which take seconds to import.
    typer.run(run)

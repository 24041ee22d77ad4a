"""`python -m infra.adapters.sandbox_server --port P --data FILE`: run the embedded processor."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from infra.adapters.sandbox_server.app import make_app
from infra.kernel.clock import SystemClock


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.adapters.sandbox_server",
        description="A payment processor with test cards. No real money moves.",
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", type=Path, required=True, help="its SQLite file, made if absent")
    parser.add_argument(
        "--die-with-parent", action="store_true", help="stop when the starting process is gone"
    )
    return parser.parse_args(argv)


async def serve(options: argparse.Namespace) -> None:
    # Embedded, because one process is what makes a kill a kill. Granian warns at every start
    # that this mode is experimental; we rely on serve() and stop() alone.
    server = Server(
        make_app(options.data, SystemClock()),
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
    )
    stop: Callable[[], None] = server.stop
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop)
    if not options.die_with_parent:
        await server.serve()
        return
    watcher = loop.create_task(_stop_when_orphaned(stop, os.getppid()))
    await server.serve()
    watcher.cancel()


async def _stop_when_orphaned(stop: Callable[[], None], parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel has no event for it
        await asyncio.sleep(0.5)
    stop()


if __name__ == "__main__":
    asyncio.run(serve(arguments(sys.argv[1:])))

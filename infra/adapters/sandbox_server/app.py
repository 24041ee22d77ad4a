"""The sandbox as an ASGI app over its books."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from litestar import Litestar

from infra.adapters.sandbox_server.api import ROUTES
from infra.adapters.sandbox_server.books import Books
from infra.adapters.sandbox_server.controls import CONTROLS
from infra.adapters.sandbox_server.faults import Faults
from infra.adapters.sandbox_server.hooks import Deliverer
from infra.adapters.sandbox_server.moves import Refusal, what_is_due
from infra.adapters.sandbox_server.pages import PAGES, not_found
from infra.kernel.clock import Clock


def make_app(path: Path, clock: Clock) -> Litestar:
    """The app over the SQLite file at path; its deliverer runs while the app does."""

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        books = app.state.books = Books(path, clock, what_is_due)
        faults = app.state.faults = Faults()
        deliverer = Deliverer(books, faults)
        task = asyncio.create_task(deliverer.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await deliverer.close()
            await books.close()

    return Litestar(
        [*ROUTES, *PAGES, *CONTROLS],
        lifespan=[running],
        openapi_config=None,
        logging_config=None,
        exception_handlers={Refusal: not_found},
        request_max_body_size=64 * 1024,
    )

"""Fixtures of what holds for every route: parts, clients, and toy routes over the real app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.app import create_app
from paywall.cli.assembly import assemble
from paywall.http.parts import Parts
from paywall.routes import ROUTES

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def parts(database: Database, clock: HandClock, tmp_path: Path) -> Parts:
    settings = Settings(data_dir=tmp_path, public_url="http://test")
    return assemble(settings, clock=clock, db=database)


@pytest.fixture
def serve(parts: Parts) -> Serve:
    """`async with serve(routes) as client`: the real app with these routes, or with all."""

    @asynccontextmanager
    async def served(
        routes: Sequence[Any] = ROUTES, peer: str = "203.0.113.7"
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(parts, routes)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50000))
        async with (
            app.lifespan(),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            yield client

    return served

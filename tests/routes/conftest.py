"""The whole app over a world of accounts, spoken to through HTTP alone."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.app.assembly import assemble
from tests.accounts.world import World, make_world
from tests.apps import app_over


class Browser:
    """A client with a cookie jar, or with one bearer token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        headers = {"Sec-Fetch-Site": "same-origin", **kwargs.pop("headers", {})}
        return await self._client.request(method, path, json=body, headers=headers, **kwargs)

    def as_token(self, secret: str) -> None:
        self._client.headers["Authorization"] = f"Bearer {secret}"


@pytest.fixture
def app(world: World, tmp_path: Path) -> Any:
    """The product as it is assembled, but with this world's people. Its lifespan only closes
    things, so it is left out.
    """
    settings = Settings(data_dir=tmp_path, public_url="http://localhost:8000")
    parts = assemble(settings, clock=world.clock, db=world.db)
    return app_over(dataclasses.replace(parts, people=world.people))


@pytest.fixture
async def browser(app: Any) -> AsyncIterator[Browser]:
    async with open_browser(app) as client:
        yield Browser(client)


def open_browser(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True, client=("203.0.113.7", 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")


@pytest.fixture
def world(database: Database, clock: HandClock) -> World:
    return make_world(database, clock)

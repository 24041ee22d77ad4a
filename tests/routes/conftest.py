"""The whole app over a world of accounts, spoken to through HTTP alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from entitlements.issue import Terms
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings
from paywall.app import create_app
from paywall.bridges.entitlements import Playback
from paywall.bridges.media import MediaStore
from paywall.http.parts import Parts
from paywall.http.rate_limits import MemoryMeter
from tests.accounts.world import World, make_world


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
    """Its lifespan only closes the database, which the fixture `database` does here."""
    sealer = Sealer(b"m" * 32)
    parts = Parts(
        settings=Settings(data_dir=tmp_path, public_url="http://localhost:8000"),
        clock=world.clock,
        db=world.db,
        sealer=sealer,
        people=world.people,
        playback=Playback(
            world.db,
            world.clock,
            sealer,
            Terms(media_url="http://localhost:8000/media", api_url="http://localhost:8000"),
            "http://localhost:8000",
        ),
        media=MediaStore(world.db, world.clock, tmp_path, "http://localhost:8000"),
        meter=MemoryMeter(world.clock),
    )
    return create_app(parts)


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

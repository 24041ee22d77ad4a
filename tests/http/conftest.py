"""Fixtures of what holds for every route: parts, clients, a venue and its key, the real app."""

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
from paywall.accounts.identify import fingerprint
from paywall.accounts.roles import API_KEY_SCOPES, Permission
from paywall.accounts.tables import ApiKey
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Mode, Venue
from paywall.http.parts import Parts
from paywall.routes import ROUTES
from tests.apps import app_over

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

VENUE = "ven_01k9x4m8z2v7q0n3t5r6s8w1ya"
OTHER_VENUE = "ven_01k9x4m8z2v7q0n3t5r6s8w1yb"
KEY = "pwk_test_" + "k" * 43
READER_KEY = "pwk_test_" + "r" * 43


@pytest.fixture
def parts(database: Database, clock: HandClock, tmp_path: Path) -> Parts:
    settings = Settings(data_dir=tmp_path, public_url="http://test")
    return assemble(settings, clock=clock, db=database)


@pytest.fixture
def serve(parts: Parts) -> Serve:
    """`async with serve(routes) as client`: the real app with these routes, or with all."""

    @asynccontextmanager
    async def served(
        routes: Sequence[Any] = ROUTES, peer: str = "203.0.113.7", key: str = ""
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = app_over(parts, routes)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50000))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            app.lifespan(),
            httpx.AsyncClient(
                transport=transport, base_url="http://test", headers=headers
            ) as client,
        ):
            yield client

    return served


def venue(venue_id: str, slug: str, now: Any, **more: Any) -> Venue:
    values = {
        "id": venue_id,
        "slug": slug,
        "name": slug.title(),
        "mode": Mode.TEST,
        "country": "FR",
        "timezone": "Europe/Paris",
        "currency": "EUR",
        "vat_bps": 2000,
        "created_at": now,
    }
    return Venue(**(values | more))


def api_key(venue_id: str, secret: str, scopes: Sequence[Permission], now: Any) -> ApiKey:
    return ApiKey(
        id="key_" + secret[-26:],
        venue_id=venue_id,
        name="tests",
        secret_hash=fingerprint(secret),
        shown=secret[:12],
        scopes=" ".join(scopes),
        created_by="acc_1",
        created_at=now,
    )


@pytest.fixture
async def house(database: Database, clock: HandClock) -> str:
    """Two venues; KEY may do everything a key can at the first, READER_KEY only read. Its id."""
    now = clock.machine()
    async with database.transaction() as tx:
        tx.add(venue(VENUE, "verriere", now))
        tx.add(venue(OTHER_VENUE, "autre", now))
        tx.add(api_key(VENUE, KEY, sorted(API_KEY_SCOPES), now))
        tx.add(api_key(VENUE, READER_KEY, [Permission.CATALOGUE_READ], now))
    return VENUE

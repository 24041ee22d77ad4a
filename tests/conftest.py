"""Fixtures that every test may ask for: a database of each kind, and a clock moved by hand."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from tests.conformance.benches.sandbox import sandbox_process as sandbox_process

POSTGRES = os.environ.get("PAYWALL_TEST_POSTGRES", "")


@pytest.fixture
def clock() -> HandClock:
    """Stands at 2026-11-20 18:00 UTC until it is moved."""
    return HandClock(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh database with every table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        db = Database(f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}")
        await db.create_all()
        yield db
        await db.close()
        return
    if not POSTGRES:
        pytest.skip("PAYWALL_TEST_POSTGRES is not set; `make test` starts a server and sets it")
    name = f"t_{secrets.token_hex(6)}"
    admin = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    db = Database(POSTGRES.rsplit("/", 1)[0] + f"/{name}", pool_size=8)
    try:
        await db.create_all()
        yield db
    finally:
        await db.close()
        async with admin.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await admin.dispose()

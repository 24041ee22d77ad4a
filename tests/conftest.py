"""Fixtures that every test may ask for: a database of each kind, and a clock moved by hand."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.migrations.models import METADATA as METADATA  # every table, whatever a test imports
from tests.apps import take_back
from tests.conformance.benches.sandbox import sandbox_process as sandbox_process

POSTGRES = os.environ.get("PAYWALL_TEST_POSTGRES", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: begun last, each would keep the other cores waiting."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def apps_come_back() -> Iterator[None]:
    """What `tests.apps` lent to a test is free again after it."""
    yield
    take_back()


@pytest.fixture
def clock() -> HandClock:
    """Stands at 2026-11-20 18:00 UTC until it is moved."""
    return HandClock(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))


_templates: dict[str, str] = {}
"""Schemas made once per test process: a database's name, a file's path."""


async def _postgres_template() -> str:
    if "postgres" not in _templates:
        name = f"template_{secrets.token_hex(6)}"
        await _admin(f"CREATE DATABASE {name}")
        db = Database(_url(name))
        await db.create_all()
        await db.close()
        _templates["postgres"] = name
    return _templates["postgres"]


async def _sqlite_template(factory: pytest.TempPathFactory) -> Path:
    if "sqlite" not in _templates:
        file = factory.mktemp("template") / "empty.sqlite3"
        db = Database(f"sqlite+aiosqlite:///{file}")
        await db.create_all()
        async with db.engine.connect() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        await db.close()
        _templates["sqlite"] = str(file)
    return Path(_templates["sqlite"])


async def _admin(statement: str) -> None:
    engine = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def _url(name: str) -> str:
    return POSTGRES.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(params=["sqlite", "postgres"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """A fresh database with every table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "test.sqlite3"
        shutil.copyfile(await _sqlite_template(tmp_path_factory), file)
        db = Database(f"sqlite+aiosqlite:///{file}")
        yield db
        await db.close()
        return
    if not POSTGRES:
        pytest.skip("PAYWALL_TEST_POSTGRES is not set; `make test` starts a server and sets it")
    name = f"t_{secrets.token_hex(6)}"
    await _admin(f"CREATE DATABASE {name} TEMPLATE {await _postgres_template()}")
    db = Database(_url(name), pool_size=8)
    try:
        yield db
    finally:
        await db.close()
        await _admin(f"DROP DATABASE {name} WITH (FORCE)")

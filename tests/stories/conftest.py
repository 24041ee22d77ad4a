"""Stories are told in a hall of their own, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.kernel.db import Database
from tests.conformance.benches.sandbox import Process
from tests.stories.hall import Hall, hall_over


@pytest.fixture
async def hall(database: Database, sandbox_process: Process, tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall_over(database, sandbox_process.url, tmp_path) as made:
        yield made


@pytest.fixture
async def sqlite_hall(sandbox_process: Process, tmp_path: Path) -> AsyncIterator[Hall]:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'stories.sqlite3'}")
    await db.create_all()
    async with hall_over(db, sandbox_process.url, tmp_path) as made:
        yield made

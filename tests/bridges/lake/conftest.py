"""A venue with a lake, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from tests.bridges.lake.world import World


@pytest.fixture
async def world(database: Database, clock: HandClock, tmp_path: Path) -> World:
    return await World(database, clock, tmp_path).open()

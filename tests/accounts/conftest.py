"""The world of accounts as a fixture."""

from __future__ import annotations

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from tests.accounts.world import World, make_world


@pytest.fixture
def world(database: Database, clock: HandClock) -> World:
    return make_world(database, clock)

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.kernel.clock import HandClock
from tests.pages.world import Hall, open_hall


@pytest.fixture
async def hall(tmp_path: Path, clock: HandClock) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path, clock) as made:
        yield made

"""The nightly export, seen from the worker: what is due is started as a process of its own.

Arrow and DuckDB live and die with that process, so the worker stays small.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.bridges.lake.runs import claim_due, enter_venues

log = structlog.get_logger("paywall.lake")

Spawn = Callable[[str], Awaitable[int]]
"""Exports the venue with this slug in another process; its exit code."""
SAID_MOST = 2000


class Nights:
    """A Job's `run`: one venue whose night has come, then the next."""

    def __init__(self, db: Database, spawn: Spawn) -> None:
        self._db = db
        self._spawn = spawn

    async def run(self, now: datetime) -> int:
        """How many venues were exported; one that failed is tried again later."""
        await enter_venues(self._db, now)
        slug = await claim_due(self._db, now)
        if slug is None:
            return 0
        code = await self._spawn(slug)
        if code:
            log.warning("nightly export failed, tried again later", venue=slug, code=code)
        return 1


def child_of(settings: Settings) -> Spawn:
    """`paywall export lake --venue <slug>` as a child that ends with its parent's patience."""

    async def spawn(slug: str) -> int:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "paywall.cli", "export", "lake", "--venue", slug),
            env=os.environ | {"PAYWALL_DATA_DIR": str(settings.data_dir.absolute())},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await child.communicate()
        except asyncio.CancelledError:
            child.terminate()
            await child.wait()
            raise
        if child.returncode:
            log.warning("export said", venue=slug, words=said.decode(errors="replace")[-SAID_MOST:])
        return child.returncode or 0

    return spawn

"""The worker's job that teaches bots: each training in a child of its own, under a lease."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from paywall.catalogue.tables import Venue
from support_bot import learned
from support_bot.conversation_tables import BotTask

log = structlog.get_logger("paywall.worker.bot")

RENEW_S = 60.0
"""How often a running child's lease is renewed; it lasts five minutes."""


class Trainer(Protocol):
    """Carries out one venue's task somewhere else than in this process."""

    async def train(self, slug: str, task: BotTask) -> bool:
        """True when it came to an end by itself, whatever the end was."""
        ...


class ChildTrainer:
    """`paywall support retrain` as a child of low priority, which never outlives the worker."""

    async def train(self, slug: str, task: BotTask) -> bool:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "paywall.cli", "support", "retrain",
            "--venue", slug, "--task", task.value,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, 10)
        try:
            # 1: a Problem, such as no version to go back to; asking again would not help.
            return await child.wait() in (0, 1)
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)


class BotTraining:
    """What is due is a row of bot_settings; when a killed worker's lease ends it is due again."""

    def __init__(self, db: Database, clock: Clock, trainer: Trainer) -> None:
        self._db = db
        self._clock = clock
        self._trainer = trainer
        self._begun = False

    async def run(self, now: datetime) -> int:
        """One venue's training; how many were taken up, 0 or 1."""
        async with self._db.transaction() as tx:
            await self._first_lesson(tx, now)
            due = await learned.claim(tx, now)
            if due is None:
                return 0
            venue_id, task, due_at = due
            slug = await tx.scalar(select(Venue.slug).where(Venue.id == venue_id))
        assert slug is not None
        log.info("bot learns", venue=slug, task=task.value)
        renewing = asyncio.create_task(self._renew(venue_id))
        try:
            done = await self._trainer.train(slug, task)
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        async with self._db.transaction() as tx:
            at = self._clock.machine()
            await learned.settle(tx, venue_id, task, due_at, at, done=done)
        if not done:
            log.warning("bot training failed", venue=slug, task=task.value)
        return 1

    async def _first_lesson(self, tx: Tx, now: datetime) -> None:
        """Where no bot was ever taught, have what ships learned before the first visitor asks."""
        if self._begun:
            return
        venue_id = await tx.scalar(select(Venue.id).order_by(Venue.id).limit(1))
        if venue_id is None:
            return
        self._begun = True
        if not await learned.any_taught(tx):
            await learned.schedule(tx, venue_id, BotTask.TRAIN, now)
            await tx.flush()

    async def _renew(self, venue_id: str) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            async with self._db.transaction() as tx:
                await learned.keep_lease(tx, venue_id, self._clock.machine())

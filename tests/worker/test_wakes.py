"""A person never waits for the tick: what a commit wrote is looked for at once."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from datetime import datetime

import pytest

from infra.adapters.taskiq_kick import SoonKicks, TaskiqKick
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database, wake
from infra.kernel.seal import Sealer
from paywall.notices.outbox import Outbox, mail
from paywall.worker.tick import Job, Worker

NEVER_S = 3600.0


class Seen:
    """A job that is never due by itself."""

    def __init__(self) -> None:
        self.runs: asyncio.Queue[datetime] = asyncio.Queue()

    async def run(self, now: datetime) -> int:
        self.runs.put_nowait(now)
        return 0

    async def once(self) -> None:
        await asyncio.wait_for(self.runs.get(), 10)


async def write_mail(database: Database, cause: str) -> None:
    outbox = Outbox(Sealer(b"m" * 32))
    async with database.transaction() as tx:
        notice = mail("installation", "ada@example.org", "receipt", cause, {})
        await outbox.enqueue(tx, [notice], SystemClock().machine())


async def fail_after_asking(database: Database) -> None:
    async with database.transaction() as tx:
        wake(tx, "mails")
        raise RuntimeError


async def test_jobs_are_woken_after_the_commit_and_never_without_one(database: Database) -> None:
    told: list[Set[str]] = []
    database.woken = told.append
    await write_mail(database, "ord_1")
    assert told == [{"mails"}]
    async with database.transaction():
        pass
    with pytest.raises(RuntimeError):
        await fail_after_asking(database)
    assert told == [{"mails"}]


async def test_a_workers_own_commit_rings_its_own_bell(database: Database) -> None:
    seen = Seen()
    worker = Worker([Job(name="mails", every_s=NEVER_S, run=seen.run)], SystemClock())
    database.woken = worker.wake
    running = asyncio.create_task(worker.run())
    await seen.once()
    await write_mail(database, "ord_1")
    await seen.once()
    worker.wake({"a job of another version"})
    worker.stop()
    await running


async def test_a_web_process_wakes_a_worker_over_redis(database: Database, redis_url: str) -> None:
    seen = Seen()
    worker = Worker([Job(name="mails", every_s=NEVER_S, run=seen.run)], SystemClock())
    ear = TaskiqKick(redis_url)
    running = asyncio.create_task(worker.hear(ear.listen))
    await seen.once()
    kicks = SoonKicks(TaskiqKick(redis_url))
    database.woken = kicks
    for number in range(30):
        await write_mail(database, f"ord_{number}")
    await seen.once()
    await kicks.close()
    assert seen.runs.qsize() < 30
    worker.stop()
    await asyncio.wait_for(running, 10)
    await ear.close()

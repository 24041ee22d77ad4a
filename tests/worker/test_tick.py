"""The worker's loop: isolation, kicks, a graceful end."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock, HandClock
from infra.kernel.db import Database
from paywall.worker.tick import Job, RunJob, Worker
from paywall.worker.venue_times import at_each_venue_time
from tests.notices.conftest import add_venue


class Backlog:
    """A job with so many rows due; `seen` is set when it found nothing more."""

    def __init__(self, due: int = 0) -> None:
        self.due = due
        self.done = 0
        self.seen = asyncio.Event()

    async def run(self, now: datetime) -> int:
        batch = min(self.due, 10)
        self.due -= batch
        self.done += batch
        if not batch:
            self.seen.set()
        return batch


async def broken(now: datetime) -> int:
    raise RuntimeError("always")


async def finish(worker: Worker, running: asyncio.Task[None]) -> None:
    worker.stop()
    await asyncio.wait_for(running, 5)


async def test_a_job_runs_until_nothing_is_due(clock: HandClock) -> None:
    backlog = Backlog(35)
    worker = Worker([Job(name="a", run=backlog.run)], clock)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(backlog.seen.wait(), 5)
    assert backlog.done == 35
    await finish(worker, running)


async def test_a_broken_job_does_not_stop_the_others(clock: HandClock) -> None:
    backlog = Backlog(20)
    jobs = [Job(name="broken", run=broken), Job(name="a", run=backlog.run)]
    worker = Worker(jobs, clock)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(backlog.seen.wait(), 5)
    assert backlog.done == 20
    await finish(worker, running)


async def test_a_hanging_job_does_not_stop_the_others_and_is_cut_off_at_the_end(
    clock: HandClock,
) -> None:
    cut = asyncio.Event()

    async def hang(now: datetime) -> int:
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()
        return 0

    backlog = Backlog(20)
    jobs = [Job(name="hang", run=hang), Job(name="a", run=backlog.run)]
    worker = Worker(jobs, clock, grace_s=0.01)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(backlog.seen.wait(), 5)
    await finish(worker, running)
    assert cut.is_set()


async def test_a_kick_while_the_database_is_away_is_no_error(clock: HandClock) -> None:
    async def away(now: datetime) -> int:
        raise DatabaseAway

    worker = Worker([Job(name="a", run=away)], clock)
    answered: list[int] = []

    async def listen(run: RunJob, stop: asyncio.Event) -> None:
        answered.append(await run("a"))
        worker.stop()

    await asyncio.wait_for(worker.hear(listen), 5)
    assert answered == [0]


async def test_a_kick_wakes_a_job_that_would_rest_for_an_hour(clock: HandClock) -> None:
    backlog = Backlog()
    worker = Worker([Job(name="a", run=backlog.run, every_s=3600, lanes=2)], clock)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(backlog.seen.wait(), 5)
    backlog.seen.clear()
    backlog.due = 15
    worker.kick("a")
    await asyncio.wait_for(backlog.seen.wait(), 5)
    assert backlog.done == 15
    await finish(worker, running)


async def test_a_stop_lets_the_rows_in_hand_be_finished(clock: HandClock) -> None:
    started, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(now: datetime) -> int:
        started.set()
        await may_end.wait()
        ended.set()
        return 1

    worker = Worker([Job(name="slow", run=slow)], clock)
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(started.wait(), 5)
    worker.stop()
    may_end.set()
    await asyncio.wait_for(running, 5)
    assert ended.is_set()


async def test_one_tick_in_a_test_runs_every_job_until_all_is_done(clock: HandClock) -> None:
    first, second = Backlog(25), Backlog()

    async def makes_work(now: datetime) -> int:
        done = await first.run(now)
        second.due += done
        return done

    jobs = [Job(name="second", run=second.run), Job(name="first", run=makes_work)]
    assert await Worker(jobs, clock).run_all_once() == 50
    with pytest.raises(RuntimeError):
        await Worker([Job(name="broken", run=broken)], clock).run_all_once()


async def test_business_jobs_run_once_for_each_distinct_offset(
    database: Database, clock: HandClock
) -> None:
    for id_, offset in (("ven_1", 0), ("ven_2", 0), ("ven_3", 86400)):
        await add_venue(database, id_, offset_s=offset)
    seen: list[tuple[timedelta, int]] = []

    async def run(now: datetime, offset_s: int) -> int:
        seen.append((now - clock.machine(), offset_s))
        return 1

    source: Clock = clock
    assert await at_each_venue_time(database, source, run)(clock.machine()) == 2
    assert seen == [(timedelta(0), 0), (timedelta(days=1), 86400)]

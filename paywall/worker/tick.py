"""The worker's loop: named jobs, each a query for due rows run again and again (law 7).

Nothing kept in memory is needed to be right: a job that fails, hangs or dies with its process is
found again by the next tick, because what is due is a row.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence, Set
from datetime import datetime
from typing import Any

import msgspec
import structlog

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock

log = structlog.get_logger("paywall.worker")

MAX_PAUSE_S = 60.0
"""The longest a failing job rests: 1, 2, 4 ... seconds after its 1st, 2nd, 3rd failure."""
AWAY_PAUSE_S = 2.0
"""While the database does not answer, each job asks again after this."""
GRACE_S = 25.0
"""What running jobs get to finish the rows in hand after a stop was asked for."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`run(now)` does one batch of what is due and returns how many rows it worked on.

    It is called with machine time, again at once while it returns more than 0, then every
    `every_s` seconds or when kicked. It must bear being run by several workers at the same time.
    """

    name: str
    every_s: float = 1.0
    run: Callable[[datetime], Awaitable[int]]
    lanes: int = 1
    """How many of it may run side by side in this process, where one slow call would hold up."""


RunJob = Callable[[str], Awaitable[int]]
Listen = Callable[[RunJob, asyncio.Event], Coroutine[Any, Any, None]]
"""Runs jobs by name as others ask for them, until the event is set."""


class Worker:
    """Runs jobs side by side; one that fails is logged and rests, the others go on."""

    def __init__(self, jobs: Sequence[Job], clock: Clock, *, grace_s: float = GRACE_S) -> None:
        assert len({job.name for job in jobs}) == len(jobs), "two jobs share a name"
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._grace_s = grace_s
        self._stop = asyncio.Event()
        # One bell a lane: it stays rung while the lane is busy, so no kick is missed.
        self._bells = {
            job.name: [asyncio.Event() for _ in range(job.lanes)] for job in self._jobs.values()
        }

    @property
    def names(self) -> list[str]:
        return list(self._jobs)

    async def run(self) -> None:
        """Until `stop`; then rows in hand are finished, for `grace_s` at most."""
        lanes = [
            asyncio.create_task(self._lane(job, bell), name=f"{job.name}/{at}")
            for job in self._jobs.values()
            for at, bell in enumerate(self._bells[job.name])
        ]
        try:
            await self._stop.wait()
            if lanes:
                _, late = await asyncio.wait(lanes, timeout=self._grace_s)
                for lane in late:
                    log.warning("job cut off while stopping", job=lane.get_name())
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    def stop(self) -> None:
        """Begin nothing new. Safe to call from a signal handler of the loop."""
        self._stop.set()
        for name in self._jobs:
            self.kick(name)

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end the worker gracefully; call it inside the running loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    def kick(self, name: str) -> None:
        """Have a job look for due rows now, because some were just committed."""
        for bell in self._bells[name]:
            bell.set()

    def wake(self, names: Set[str]) -> None:
        """`Database.woken` of this process: its own commits ring its own bells."""
        for name in names & self._jobs.keys():
            self.kick(name)

    async def hear(self, listen: Listen) -> None:
        """Work, and run the jobs that other processes ask for: `listen` is TaskiqKick's."""
        hearing = asyncio.create_task(listen(self._asked, self._stop))
        try:
            await self.run()
        finally:
            self._stop.set()
            await hearing

    async def _asked(self, name: str) -> int:
        # A process of another version may know a job that this one doesn't.
        if name not in self._jobs:
            return 0
        try:
            return await self.run_once(name)
        except DatabaseAway:
            log.warning("job waits for the database", job=name)  # its lane asks again
            return 0

    async def run_once(self, name: str) -> int:
        """Run one job until nothing is due; its errors reach the caller. How many rows."""
        total = 0
        while not self._stop.is_set() and (
            done := await self._jobs[name].run(self._clock.machine())
        ):
            total += done
        return total

    async def run_all_once(self) -> int:
        """Every job once until nothing is due at all: what `tick` means in tests and the CLI."""
        total = 0
        while done := sum([await self.run_once(name) for name in self._jobs]):
            total += done
        return total

    async def _lane(self, job: Job, bell: asyncio.Event) -> None:
        failures = 0
        while not self._stop.is_set():
            bell.clear()
            try:
                done = await job.run(self._clock.machine())
            except DatabaseAway:
                # Nothing of ours to look at, and soon over: people wait for what is due then.
                log.warning("job waits for the database", job=job.name, pause_s=AWAY_PAUSE_S)
                await _wait(self._stop, AWAY_PAUSE_S)
                continue
            except Exception:
                failures += 1
                pause_s = min(2.0 ** (failures - 1), MAX_PAUSE_S)
                log.exception("job failed", job=job.name, failures=failures, pause_s=pause_s)
                # A kick does not shorten this rest: what made it fail is still there.
                await _wait(self._stop, pause_s)
                continue
            failures = 0
            if done == 0:
                await _wait(bell, job.every_s)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return

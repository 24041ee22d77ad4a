"""Kicks over Taskiq on Redis Streams: a job runs in some worker right after a commit.

A kick carries a job's name and nothing else: the rows are the truth, the tick finds them by
itself, so a lost, doubled or late message is harmless (law 7). A worker killed in mid-task leaves
its message unacknowledged; another worker takes it over (XAUTOCLAIM) when it reads next, and the
row it held comes back when its lease ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from redis.exceptions import RedisError
from taskiq.api import run_receiver_task
from taskiq_redis import RedisStreamBroker

log = structlog.get_logger("infra.kick")

TASK = "paywall.job"
KICK_TIMEOUT_S = 1.0
"""A request that has committed waits no longer than this for Redis."""
TAKE_OVER_AFTER_S = 60.0
"""Idle time after which a dead worker's message is given to another; the outbox's lease."""


class TaskiqKick:
    """Sends kicks, and in a worker receives them. One stream, one consumer group."""

    def __init__(
        self, redis_url: str, *, queue: str = "paywall:jobs",
        take_over_after_s: float = TAKE_OVER_AFTER_S,
    ) -> None:  # fmt: skip
        self._broker = RedisStreamBroker(
            redis_url,
            queue_name=queue,
            consumer_group_name="paywall",
            # From the beginning of the stream: kicks sent before the first worker came count.
            consumer_id="0",
            # Kicks nobody read are worth nothing after the next tick.
            maxlen=10_000,
            idle_timeout=int(take_over_after_s * 1000),
            # Without it a worker killed while claiming would lock the others out for ever.
            unacknowledged_lock_timeout=10.0,
            xread_block=1000,
            socket_connect_timeout=KICK_TIMEOUT_S,
        )
        self._run: Callable[[str], Awaitable[int]] | None = None

        # A function: taskiq sets attributes on it, which a bound method does not take.
        async def on_kick(job: str) -> None:
            assert self._run is not None, "a kick came to a process that doesn't listen"
            done = await self._run(job)
            log.debug("kicked", job=job, rows=done)

        self._task = self._broker.register_task(on_kick, task_name=TASK)

    async def start(self) -> None:
        """Make the consumer group. Needed before `kick` and `listen`."""
        await self._broker.startup()

    async def close(self) -> None:
        await self._broker.shutdown()

    async def kick(self, job: str) -> None:
        """Ask some worker to run a job now. Never fails: without Redis the tick does it later."""
        try:
            async with asyncio.timeout(KICK_TIMEOUT_S):
                await self._task.kiq(job)
        except (TimeoutError, OSError, RedisError) as error:
            log.warning("kick lost", job=job, error=type(error).__name__)
        except Exception:
            log.exception("kick lost", job=job)

    async def listen(self, run: Callable[[str], Awaitable[int]]) -> None:
        """Run jobs as kicks come, until cancelled. `run(name)`: Worker.run_once."""
        self._run = run
        await run_receiver_task(self._broker, max_async_tasks=10, validate_params=False)

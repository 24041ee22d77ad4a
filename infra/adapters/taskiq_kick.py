"""Kicks over Taskiq on Redis Streams: a job runs in some worker right after a commit.

A kick carries a job's name and nothing else: the rows are the truth, the tick finds them by
itself, so a lost, doubled or late message is harmless (law 7). A worker killed in mid-task leaves
its message unacknowledged; another worker takes it over (XAUTOCLAIM) when it reads next, and the
row it held comes back when its lease ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Set
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq import AckableMessage
from taskiq.exceptions import SendTaskError
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

log = structlog.get_logger("infra.kick")

TASK = "paywall.job"
KICK_TIMEOUT_S = 1.0
"""A request that has committed waits no longer than this for Redis."""
GATHER_S = 0.05
"""A thousand orders a second ask for the same job a thousand times: twenty messages are enough."""
RETRY_S = 5.0
FINISH_S = 25.0
"""What jobs begun get after a stop was asked for."""
TAKE_OVER_AFTER_S = 60.0
"""Idle time after which a dead worker's message is given to another; the outbox's lease."""


class _KickStream(RedisStreamBroker):
    """Taskiq's stream broker with a listener that can be asked to end.

    taskiq-redis 1.2 ends its listener by cancelling a blocking read, which redis-py 8 sometimes
    swallows: the process then never ends (seen 2026-11-22). It also looks for dead workers'
    messages only after a new one came. This one reads in short blocks, looks each time, and needs
    no lock for it, since XAUTOCLAIM gives a message to one consumer alone.
    """

    stop: asyncio.Event

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        stream, group = self.queue_name, self.consumer_group_name
        async with Redis(connection_pool=self.connection_pool) as redis:
            while not self.stop.is_set():
                claimed: Any = await redis.xautoclaim(
                    stream, group, self.consumer_name, self.idle_timeout, count=self.count
                )
                fresh: Any = await redis.xreadgroup(
                    group, self.consumer_name, {stream: ">"}, count=self.count, block=self.block
                )
                messages = [*claimed[1], *(one for _, some in fresh for one in some)]
                for id_, fields in messages:
                    if fields:  # None: trimmed from the stream meanwhile
                        yield AckableMessage(data=fields[b"data"], ack=self._ack(id_, stream))

    def _ack(self, id_: str, stream: str) -> Callable[[], Awaitable[None]]:
        acknowledge = self._ack_generator(id_, stream)

        async def done() -> None:
            try:
                await acknowledge()
            except (OSError, RedisError) as error:
                # The job is done; whoever is given the message again finds nothing due.
                log.warning("kick not acknowledged", error=type(error).__name__)

        return done


class TaskiqKick:
    """Sends kicks, and in a worker receives them. One stream, one consumer group."""

    def __init__(
        self, redis_url: str, *, queue: str = "paywall:jobs",
        take_over_after_s: float = TAKE_OVER_AFTER_S,
    ) -> None:  # fmt: skip
        self._broker = _KickStream(
            redis_url,
            queue_name=queue,
            consumer_group_name="paywall",
            # From the beginning of the stream: kicks sent before the first worker came count.
            consumer_id="0",
            # Kicks nobody read are worth nothing after the next tick.
            maxlen=10_000,
            idle_timeout=int(take_over_after_s * 1000),
            xread_block=500,
            socket_connect_timeout=KICK_TIMEOUT_S,
        )
        self._run: Callable[[str], Awaitable[int]] | None = None

        # A function: taskiq sets attributes on it, which a bound method does not take.
        async def on_kick(job: str) -> None:
            assert self._run is not None, "a kick came to a process that doesn't listen"
            done = await self._run(job)
            log.debug("kicked", job=job, rows=done)

        self._task = self._broker.register_task(on_kick, task_name=TASK)

    async def close(self) -> None:
        await self._broker.shutdown()

    async def kick(self, job: str) -> None:
        """Ask some worker to run a job now. Never fails: without Redis the tick does it later."""
        try:
            async with asyncio.timeout(KICK_TIMEOUT_S):
                await self._task.kiq(job)
        except (TimeoutError, OSError, RedisError, SendTaskError) as error:
            log.warning("kick lost", job=job, error=type(error).__name__)
        except Exception:
            log.exception("kick lost", job=job)

    async def listen(self, run: Callable[[str], Awaitable[int]], stop: asyncio.Event) -> None:
        """Run jobs as kicks come until `stop` is set; jobs begun are finished first.

        `run(name)` is Worker.run_once. Reading goes on after Redis was away.
        """
        self._run = run
        self._broker.is_worker_process = True
        self._broker.stop = stop
        while not stop.is_set():
            receiver = Receiver(
                self._broker, max_async_tasks=10, validate_params=False, run_startup=False,
                wait_tasks_timeout=FINISH_S,
            )  # fmt: skip
            try:
                # Makes the consumer group, again where Redis came back empty.
                await self._broker.startup()
                # It ends when the listener above does; its own way of stopping is not used.
                await receiver.listen(asyncio.Event())
            except Exception as error:  # noqa: BLE001 - whatever it is, the tick goes on without
                log.warning("kicks not heard", error=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RETRY_S)


class SoonKicks:
    """`Database.woken` of a web process: one message a job at once, then one each GATHER_S at most.

    The commit is over and its request answered meanwhile; nobody waits for Redis.
    """

    def __init__(self, kick: TaskiqKick) -> None:
        self._kick = kick
        self._asked: set[str] = set()
        self._sending: asyncio.Task[None] | None = None

    def __call__(self, jobs: Set[str]) -> None:
        self._asked |= jobs
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def close(self) -> None:
        """What was asked for is sent first."""
        if self._sending is not None:
            await self._sending
        await self._kick.close()

    async def _send(self) -> None:
        while self._asked:
            jobs, self._asked = self._asked, set()
            for job in sorted(jobs):
                await self._kick.kick(job)
            await asyncio.sleep(GATHER_S)
        self._sending = None

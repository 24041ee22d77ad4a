"""Group commit: callers that wait for the same kind of write share one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

I = TypeVar("I")  # noqa: E741 - item
O = TypeVar("O")  # noqa: E741 - outcome


class GroupCommit(Generic[I, O]):
    """Collects items while a flush is running and hands them on together.

    `flush` gets 1..max_size items and returns one outcome or exception each, in order. There is
    no waiting window: an item that finds nothing running is flushed at once, so a lone caller
    pays no delay and a crowd shares the cost. If flush itself raises, every caller of that
    group gets the error. Nothing kept here is needed to be right: an item whose process dies
    before its flush committed simply never happened.
    """

    def __init__(
        self, flush: Callable[[Sequence[I]], Awaitable[Sequence[O | Exception]]], max_size: int = 64
    ) -> None:
        self._flush = flush
        self._max_size = max_size
        self._waiting: list[tuple[I, asyncio.Future[O]]] = []
        self._running: asyncio.Task[None] | None = None

    async def submit(self, item: I) -> O:
        future: asyncio.Future[O] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            # In no request's context: it works for many, and its log lines must not name one.
            self._running = asyncio.create_task(self._drain(), context=Context())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = (
                    self._waiting[: self._max_size],
                    self._waiting[self._max_size :],
                )
                await self._one(group)
        finally:
            self._running = None

    async def _one(self, group: list[tuple[I, asyncio.Future[O]]]) -> None:
        try:
            outcomes = await self._flush([item for item, _ in group])
            assert len(outcomes) == len(group)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group
            outcomes = [error] * len(group)
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():
                continue  # the caller went away; its work is committed all the same
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

"""Asks the bot process over its socket: bounded in time, and away is an answer like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from infra.kernel.db import refuse_inside_transaction
from support_bot.bot_wire import Ask, BadFrame, Told, frame, receive
from support_bot.ports import BotAway, BotReply, Question

log = structlog.get_logger("paywall.bot")

WITHIN_S = 3.0
"""From the question to its answer; a warm process needs a tenth of a second."""
CONNECT_S = 1.0


class SocketBots:
    """Implements support_bot.ports.Bots. `address`: host:port, or a Unix socket's path."""

    def __init__(self, address: str | Path, key: str, *, within_s: float = WITHIN_S) -> None:
        self._address = address
        self._key = key
        self._within_s = within_s
        self._waking: set[asyncio.Task[None]] = set()

    async def ask(self, venue_id: str, questions: Sequence[Question]) -> list[BotReply]:
        refuse_inside_transaction("the bot")
        try:
            async with asyncio.timeout(self._within_s):
                told = await self._exchange(Ask(self._key, venue_id, tuple(questions)))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, BadFrame) as error:
            log.info("bot away", why=f"{type(error).__name__}: {error}")
            raise BotAway("The assistant does not answer right now.") from error
        if told.away or len(told.replies) != len(questions):
            log.info("bot away", why=told.away)
            raise BotAway("The assistant is still learning.")
        return list(told.replies)

    async def wake(self, venue_id: str) -> None:
        """Knock and go on: whoever opened the panel has a question to type first."""
        task = asyncio.create_task(self._knock(venue_id))
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)

    async def close(self) -> None:
        for task in self._waking:
            task.cancel()
        await asyncio.gather(*self._waking, return_exceptions=True)

    async def _knock(self, venue_id: str) -> None:
        try:
            async with asyncio.timeout(60):
                await self._exchange(Ask(self._key, venue_id))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, BadFrame):
            return

    async def _exchange(self, ask: Ask) -> Told:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await self._open()
        try:
            writer.write(frame(ask))
            await writer.drain()
            return await receive(reader, Told)
        finally:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._address, Path):
            return await asyncio.open_unix_connection(self._address)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host, int(port))

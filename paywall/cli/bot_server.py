"""The one bot process: loads venues' brains when asked, and answers over a socket, in turn."""

from __future__ import annotations

import asyncio
import hmac
import os
import signal
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.catalogue.tables import Venue
from support_bot import learned
from support_bot.articles import Article, Knowledge, read_articles
from support_bot.bot_wire import QUESTIONS_MAX, Ask, BadFrame, Told, frame, receive
from support_bot.conversation_tables import BotTask
from support_bot.engine.brain import Asked
from support_bot.engine.brains import Brains, Untrained, is_stale, lessons
from support_bot.engine.gate import Policy, policy_for
from support_bot.engine.shelf import digest
from support_bot.own_articles import own_knowledge
from support_bot.ports import BotReply, Found

log = structlog.get_logger("paywall.bot")

WAITING_MAX = 64
"""Questions that wait for their turn; more are told that the bot is busy, and get the search."""
STALE_S = 4.0
"""A question that waited longer is not worked on: its reader has the search's answer by then."""
KNOWN_S = 30.0
"""How old a venue's articles, examples and settings may be."""
IDLE_S = 15 * 60.0
"""An activated process ends after so long without a question, and starts with the next one."""


class Known(msgspec.Struct):
    """A venue as it was read last."""

    knowledge: Knowledge
    policy: Policy
    read_at: float


class BotServer:
    """Answers Ask frames. One thread does the arithmetic, the loop only moves bytes."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        folder: Path,
        key: str,
        *,
        shipped: Sequence[Article] | None = None,
        embeddings: bool = True,
        known_s: float = KNOWN_S,
    ) -> None:
        self._db = db
        self._clock = clock
        self._key = key
        self._shipped = list(shipped if shipped is not None else read_articles())
        self._brains = Brains(folder, self._shipped, embeddings=embeddings)
        self._known_s = known_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="brain")
        self._known: dict[str, Known] = {}
        self._waiting = 0
        self.last_asked_at = clock.monotonic()

    async def serve(
        self,
        listener: socket.socket,
        *,
        while_true: Callable[[], bool],
        stop: asyncio.Event | None = None,
    ) -> None:
        """Until SIGTERM, SIGINT, `stop`, or `while_true` says no (asked twice a second)."""
        if stop is None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop.set)
        server = await _start(self._talk, listener)
        log.info("bot listens", at=str(listener.getsockname()))
        async with server:
            while not stop.is_set() and while_true():
                try:
                    await asyncio.wait_for(stop.wait(), 0.5)
                except TimeoutError:
                    continue
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                ask = await receive(reader, Ask)
                self.last_asked_at = self._clock.monotonic()
                writer.write(frame(await self._told(ask)))
                await writer.drain()
        except (asyncio.IncompleteReadError, BadFrame, OSError):
            return
        finally:
            writer.close()

    async def _told(self, ask: Ask) -> Told:
        if not hmac.compare_digest(ask.key.encode(), self._key.encode()):
            return Told(away="refused")
        if len(ask.questions) > QUESTIONS_MAX or self._waiting >= WAITING_MAX:
            return Told(away="busy")
        self._waiting += 1
        try:
            known = await self._venue(ask.venue_id)
            if known is None:
                return Told(away="no such venue")
            asked_at = self._clock.monotonic()
            work = asyncio.get_running_loop().run_in_executor(
                self._thread, self._replies, known, ask, asked_at
            )
            return await work
        except Untrained:
            return Told(away="untrained")
        except Exception:
            log.exception("bot broke on a question", venue_id=ask.venue_id)
            return Told(away="broken")
        finally:
            self._waiting -= 1

    def _replies(self, known: Known, ask: Ask, asked_at: float) -> Told:
        """In the one thread. A wake loads the brain and the models behind it."""
        if ask.questions and self._clock.monotonic() - asked_at > STALE_S:
            return Told(away="too late")
        questions = [Asked(one.text, one.lang) for one in ask.questions]
        replies = self._brains.reply(known.knowledge, questions or [Asked("hello")], known.policy)
        if not ask.questions:
            return Told()
        return Told(
            tuple(
                BotReply(
                    one.outcome.value,
                    one.language,
                    one.confidence,
                    tuple(Found(a.id, a.title, a.score) for a in one.articles),
                    one.answer,
                )
                for one in replies
            )
        )

    async def _venue(self, venue_id: str) -> Known | None:
        now = self._clock.monotonic()
        known = self._known.get(venue_id)
        if known is not None and now - known.read_at < self._known_s:
            return known
        async with self._db.read() as tx:
            slug = await tx.scalar(select(Venue.slug).where(Venue.id == venue_id))
            if slug is None:
                return None
            own = await own_knowledge(tx, venue_id)
            knowledge = await learned.knowledge_of(tx, venue_id, slug, own)
            seen = await learned.requests(tx, venue_id)
            settings = await learned.settings_of(tx, venue_id)
        policy = policy_for(settings.wanted_precision_bps, seen.outside, seen.handled)
        made_from = digest(lessons(self._shipped, knowledge), self._embedder_name())
        if settings.task is BotTask.NONE:
            await self._have_it_trained(venue_id, knowledge, settings.tried, made_from)
        self._known[venue_id] = Known(knowledge, policy, now)
        return self._known[venue_id]

    def _embedder_name(self) -> str:
        embedder = self._brains.embedder
        return "" if embedder is None else embedder.name

    async def _have_it_trained(
        self, venue_id: str, knowledge: Knowledge, tried: str, made_from: str
    ) -> None:
        """Leave a row for the worker where this was never learned from, by anybody's wish."""
        if tried == made_from:
            return
        record = self._brains.record(knowledge)
        if not is_stale(self._shipped, knowledge, record, self._embedder_name()):
            return
        now: datetime = self._clock.machine()
        after = timedelta(0) if record is None else learned.GATHER
        async with self._db.transaction() as tx:
            await learned.schedule(tx, venue_id, BotTask.TRAIN, now, after=after)
        log.info("bot has to learn", venue=knowledge.slug)


async def _start(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], listener: socket.socket
) -> asyncio.Server:
    if listener.family == socket.AF_UNIX:
        return await asyncio.start_unix_server(talk, sock=listener)  # type: ignore[arg-type]
    return await asyncio.start_server(talk, sock=listener)  # type: ignore[arg-type]


def going_on(server: BotServer, clock: Clock, *, parent: int, idle_s: float) -> Callable[[], bool]:
    """Whether an activated process still has a parent and somebody who asks it."""

    def on() -> bool:
        if parent and os.getppid() != parent:
            return False
        return not idle_s or clock.monotonic() - server.last_asked_at < idle_s

    return on

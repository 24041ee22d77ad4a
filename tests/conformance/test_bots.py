"""One suite for everybody who answers as Bots: the process behind its socket, and the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from infra.adapters.bot_client import SocketBots
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from paywall.cli.processes import unix_listener
from support_bot.articles import read_articles
from support_bot.ports import BotAway, Bots, Question
from tests.http.conftest import venue
from tests.support_bot.builders import HOSTILE, SAMPLE
from tests.support_bot.fake_bots import FakeBots

pytestmark = pytest.mark.slow
VENUE = "ven_01k9x4m8z2v7q0n3t5r6s8w1ya"
KEY = "the installation's own"


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the brain of the sample articles."""
    from support_bot.articles import Knowledge
    from support_bot.engine.bot import open_bot
    from support_bot.engine.brains import shelf_of

    folder: Path = tmp_path_factory.mktemp("support")
    open_bot(read_articles(SAMPLE), (), shelf_of(folder, Knowledge("any")), None)
    return folder


class Process:
    """A BotServer on a socket, as the bot process runs it."""

    def __init__(self, folder: Path, db: Database, at: Path) -> None:
        from paywall.cli.bot_server import BotServer

        self.path = at / "b.sock"
        self._stop = asyncio.Event()
        articles = read_articles(SAMPLE)
        self.server = BotServer(db, SystemClock(), folder, KEY, shipped=articles, embeddings=False)
        self._serving = asyncio.create_task(
            self.server.serve(unix_listener(self.path), while_true=lambda: True, stop=self._stop)
        )

    async def end(self) -> None:
        self._stop.set()
        await self._serving


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite+aiosqlite:///{tmp_path / 'bots.sqlite3'}")
    await made.create_all()
    async with made.transaction() as tx:
        tx.add(venue(VENUE, "verriere", SystemClock().machine()))
    yield made
    await made.close()


@pytest.fixture(params=["process", "fake"])
async def bots(
    request: pytest.FixtureRequest, taught: Path, db: Database, tmp_path: Path
) -> AsyncIterator[Bots]:
    if request.param == "fake":
        yield FakeBots()
        return
    process = Process(taught, db, tmp_path)
    client = SocketBots(process.path, KEY, within_s=30)
    yield client
    await client.close()
    await process.end()


async def test_every_question_gets_its_reply_in_order(bots: Bots) -> None:
    asked = [Question("my ticket", "en"), Question("xyzzy plugh", "en")]
    ticket, nonsense = await bots.ask(VENUE, asked)
    assert ticket.outcome in ("answer", "suggest", "hand_over")
    assert nonsense.outcome == "hand_over"
    for reply in (ticket, nonsense):
        assert len(reply.articles) <= 3
        assert 0 <= reply.confidence <= 1
        assert bool(reply.answer) == (reply.outcome == "answer")


async def test_whatever_is_typed_is_answered(bots: Bots) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
    replies = await bots.ask(VENUE, [Question(text, "en") for text in texts])
    assert len(replies) == len(texts)


async def test_waking_asks_nothing_and_never_fails(bots: Bots) -> None:
    await bots.wake(VENUE)
    await bots.wake("ven_nobody")


async def test_it_is_not_asked_inside_a_transaction(bots: Bots, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(AssertionError):
            await bots.ask(VENUE, [Question("ticket")])


async def test_nobody_there_is_away_at_once(tmp_path: Path) -> None:
    with pytest.raises(BotAway):
        await SocketBots(tmp_path / "none.sock", KEY).ask(VENUE, [Question("ticket")])
    with pytest.raises(BotAway):
        await SocketBots("127.0.0.1:9", KEY).ask(VENUE, [Question("ticket")])


async def test_a_process_that_hangs_is_away_in_time(tmp_path: Path) -> None:
    listener = unix_listener(tmp_path / "b.sock")
    with pytest.raises(BotAway):
        await SocketBots(tmp_path / "b.sock", KEY, within_s=0.2).ask(VENUE, [Question("ticket")])
    listener.close()


async def test_another_installations_key_and_broken_frames_get_nothing(
    taught: Path, db: Database, tmp_path: Path
) -> None:
    process = Process(taught, db, tmp_path)
    with pytest.raises(BotAway):
        await SocketBots(process.path, "guessed").ask(VENUE, [Question("ticket")])
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff", b"\0\0\0\x04junk", b""):
        reader, writer = await asyncio.open_unix_connection(process.path)
        writer.write(junk)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    client = SocketBots(process.path, KEY, within_s=30)
    assert await client.ask(VENUE, [Question("my ticket", "en")])
    await process.end()


async def test_untrained_is_away_and_leaves_a_training_for_the_worker(
    db: Database, tmp_path: Path
) -> None:
    from support_bot.conversation_tables import BotSettings, BotTask

    process = Process(tmp_path / "empty", db, tmp_path)
    with pytest.raises(BotAway):
        await SocketBots(process.path, KEY, within_s=30).ask(VENUE, [Question("ticket")])
    async with db.read() as tx:
        row: Any = await tx.get(BotSettings, VENUE)
    assert (row.task, row.due_at is not None) == (BotTask.TRAIN, True)
    await process.end()

"""A question nobody wrote about: handed over, answered by a person, confirmed, and known after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from infra.adapters.bot_client import SocketBots
from infra.kernel.clock import HandClock, SystemClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.app.assembly import assemble
from paywall.cli import seed
from paywall.cli.processes import unix_listener
from support_bot import cases, learned
from support_bot.articles import read_articles
from support_bot.case_tables import Case, CaseMessage
from support_bot.conversation_tables import BotTask, BrainReport, LearnedExample
from tests.pages.world import BROWSER, Hall
from tests.support_bot.builders import SAMPLE
from tests.support_bot.fake_bots import FakeBots

pytestmark = pytest.mark.slow
SLUG = "la-verriere"
QUESTION = "my wifi toaster shows no gig, grandmother"


class House:
    """The demo's hall with a real bot process's server, over the small sample of articles."""

    def __init__(self, hall: Hall, folder: Path) -> None:
        self.hall, self.folder = hall, folder

    async def train(self, task: BotTask = BotTask.TRAIN) -> Any:
        from paywall.cli.support_training import train_venue

        settings = self.hall.parts.settings
        return await asyncio.to_thread(
            train_venue, settings, SLUG, task, plain=True, say=lambda _: None,
            shipped=read_articles(SAMPLE),
        )  # fmt: skip


@pytest.fixture
async def house(tmp_path: Path, clock: HandClock) -> AsyncIterator[House]:
    from paywall.cli.bot_server import BotServer

    settings = Settings(data_dir=tmp_path, sandbox_url="http://127.0.0.1:9", rate_scale=0)
    db = Database(settings.database())
    await db.create_all()
    stop, path = asyncio.Event(), tmp_path / "b.sock"
    server = BotServer(
        db, SystemClock(), tmp_path / "support", "k", shipped=read_articles(SAMPLE),
        embeddings=False, known_s=0.0,
    )  # fmt: skip
    serving = asyncio.create_task(
        server.serve(unix_listener(path), while_true=lambda: True, stop=stop)
    )
    bots = SocketBots(path, "k", within_s=30)
    parts = assemble(settings, clock=clock, db=db, bots=bots)
    async with db.transaction() as tx:
        await seed.write_demo(tx, parts, "")
    hall = Hall(parts, clock, FakeBots())
    yield House(hall, tmp_path)
    stop.set()
    await serving
    await bots.close()
    await hall.browser.aclose()
    await parts.close()


async def ask(house: House, text: str) -> dict[str, Any]:
    """The reply to a stranger's first question."""
    client = house.hall.new_browser(**BROWSER)
    begun = await client.post("/v1/conversations", json={"venue": SLUG, "language": "en"})
    talk, headers = begun.json()["conversation"], {"Conversation-Token": begun.json()["token"]}
    at = f"/v1/conversations/{talk['id']}"
    said = await client.post(f"{at}/messages", json={"text": text}, headers=headers)
    handed = await client.post(
        f"{at}/hand-over", json={"email": "oma@example.org"}, headers=headers
    )
    assert handed.json()["handed_over"] is True
    line: dict[str, Any] = said.json()["lines"][-1]
    return line


async def test_from_a_question_to_an_agent_to_a_learned_answer(house: House) -> None:
    hall = house.hall
    # Before anything was learned the help pages answer, and the worker is told to train.
    assert (await ask(house, "ticket"))["outcome"] == "search"
    assert (await house.train()).accepted
    first = await ask(house, QUESTION)
    assert first["outcome"] != "answer"

    # An agent answers the case, and confirms what it was about.
    async with hall.parts.db.transaction() as tx:
        query = select(CaseMessage).where(CaseMessage.text == QUESTION)
        message = (await tx.scalars(query)).one()
        case = await tx.get_one(Case, message.case_id)
        now = hall.clock.machine()
        case = await cases.case_for_update(tx, case.venue_id, case.id)
        await hall.parts.cases.confirm(tx, case, message.id, "cannot-watch", "acc_agent", now, now)
    async with hall.parts.db.read() as tx:
        taught = (await tx.scalars(select(LearnedExample))).one()
        settings = await learned.settings_of(tx, case.venue_id)
    assert (taught.text, taught.intent, taught.source) == (QUESTION, "cannot-watch", "case")
    assert settings.task is BotTask.TRAIN

    # The worker's child trains; the next person who asks gets the right article first.
    trained = await house.train()
    assert trained.accepted, trained.why
    asked = await hall.parts.cases.suggests.suggest(
        venue_id=case.venue_id, lang="en", text=QUESTION
    )
    line = await ask(house, QUESTION)
    topics = [one["slug"] for one in line["suggestions"]]
    assert (line["article"] or {}).get("slug") == "cannot-watch" or "cannot-watch" in topics, (
        line,
        asked,
    )

    # And there is a way back, with its report.
    back = await house.train(BotTask.BACK)
    assert back.version < trained.version
    async with hall.parts.db.read() as tx:
        reports = list(await tx.scalars(select(BrainReport).order_by(BrainReport.id)))
    assert [one.task for one in reports] == [BotTask.TRAIN, BotTask.TRAIN, BotTask.BACK]

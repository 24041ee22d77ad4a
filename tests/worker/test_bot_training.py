"""Trainings are rows: taken up once, taken over from the dead, tried again, never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from paywall.worker.bot_training import BotTraining
from support_bot import learned
from support_bot.conversation_tables import BotSettings, BotTask, Line, Outcome, Speaker
from support_bot.examples import OOS
from tests.http.conftest import venue


class Trainer:
    """Notes what it was told to do; `during` happens while it is at it."""

    def __init__(self, *, done: bool = True) -> None:
        self.told: list[tuple[str, BotTask]] = []
        self.done = done
        self.during = None

    async def train(self, slug: str, task: BotTask) -> bool:
        self.told.append((slug, task))
        if self.during is not None:
            await self.during()
        return self.done


@pytest.fixture
async def venue_id(database: Database, clock: HandClock) -> str:
    made = new_id("ven")
    async with database.transaction() as tx:
        tx.add(venue(made, "verriere", clock.machine()))
    return made


async def confirm(database: Database, clock: HandClock, venue_id: str, text: str) -> None:
    async with database.transaction() as tx:
        await learned.confirm_answer(
            tx, venue_id=venue_id, question=text, article="gift", lang="en", source="case",
            source_id="cas_1", confirmed_by="acc_1", now=clock.machine(),
        )  # fmt: skip


async def settings(database: Database, venue_id: str) -> BotSettings:
    async with database.read() as tx:
        return await tx.get_one(BotSettings, venue_id)


async def test_what_was_confirmed_is_learned_ten_minutes_later_in_one_go(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    trainer = Trainer()
    job = BotTraining(database, clock, trainer)
    await confirm(database, clock, venue_id, "can I wrap it")
    clock.move(minutes=9)
    await confirm(database, clock, venue_id, "is there a voucher")
    assert await job.run(clock.machine()) == 0
    clock.move(minutes=1)
    assert await job.run(clock.machine()) == 1
    assert trainer.told == [("verriere", BotTask.TRAIN)]
    assert await job.run(clock.machine()) == 0


async def test_what_is_confirmed_during_a_training_is_learned_after_it(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    trainer = Trainer()
    job = BotTraining(database, clock, trainer)
    await confirm(database, clock, venue_id, "can I wrap it")
    clock.move(minutes=10)

    async def meanwhile() -> None:
        trainer.during = None
        await confirm(database, clock, venue_id, "is there a voucher")

    trainer.during = meanwhile
    await job.run(clock.machine())
    clock.move(minutes=10)
    assert await job.run(clock.machine()) == 1


async def test_a_killed_workers_training_is_taken_over_when_its_lease_ends(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    async with database.transaction() as tx:
        await learned.schedule(tx, venue_id, BotTask.TRAIN, clock.machine())
    async with database.transaction() as tx:
        assert await learned.claim(tx, clock.machine()) is not None
    trainer = Trainer()
    job = BotTraining(database, clock, trainer)
    assert await job.run(clock.machine()) == 0
    clock.move(minutes=5)
    assert await job.run(clock.machine()) == 1
    assert trainer.told == [("verriere", BotTask.TRAIN)]


async def test_a_failure_is_tried_again_ever_later(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    job = BotTraining(database, clock, Trainer(done=False))
    async with database.transaction() as tx:
        await learned.schedule(tx, venue_id, BotTask.TRAIN, clock.machine())
    pauses = []
    for _ in range(3):
        began = clock.machine()
        await job.run(began)
        due = (await settings(database, venue_id)).due_at
        assert due is not None
        pauses.append(due - began)
        clock.move(seconds=(due - began).total_seconds())
    assert pauses == [timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8)]


async def test_a_persons_wish_replaces_a_training_that_waits(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    trainer = Trainer()
    await confirm(database, clock, venue_id, "can I wrap it")
    async with database.transaction() as tx:
        await learned.schedule(tx, venue_id, BotTask.BACK, clock.machine())
    await confirm(database, clock, venue_id, "is there a voucher")
    await BotTraining(database, clock, trainer).run(clock.machine())
    assert trainer.told == [("verriere", BotTask.BACK)]


async def test_one_question_is_learned_once_and_can_be_dropped(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    for _ in range(2):
        await confirm(database, clock, venue_id, "Can I <b>wrap</b> it?")
    await confirm(database, clock, venue_id, "😀")
    async with database.transaction() as tx:
        (taught,) = await learned.examples(tx, venue_id)
        assert (taught.text, taught.intent) == ("Can I wrap it?", "gift")
    async with database.transaction() as tx:
        from sqlalchemy import select

        from support_bot.conversation_tables import LearnedExample

        row = (await tx.scalars(select(LearnedExample))).one()
        await learned.drop_example(tx, venue_id, row.id, clock.machine())
    async with database.read() as tx:
        assert await learned.examples(tx, venue_id) == []


async def test_where_nobody_was_ever_taught_one_brain_is_trained_before_anybody_asks(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    trainer = Trainer()
    job = BotTraining(database, clock, trainer)
    assert await job.run(clock.machine()) == 1
    assert trainer.told == [("verriere", BotTask.TRAIN)]
    assert await job.run(clock.machine()) == 0


async def test_a_bot_that_has_learned_is_not_taught_again_by_a_new_worker(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    async with database.transaction() as tx:
        row = await learned.own_settings(tx, venue_id)
        row.tried = "what ships"
    trainer = Trainer()
    assert await BotTraining(database, clock, trainer).run(clock.machine()) == 0
    assert trainer.told == []


async def test_the_share_out_of_scope_is_of_all_requests_not_of_what_agents_saw(
    database: Database, clock: HandClock, venue_id: str
) -> None:
    """Agents sort what the bot could not settle: most of that has no answer, most of all has."""
    replies = [
        *[(Outcome.ANSWER, "")] * 60, *[(Outcome.SUGGEST, "gift")] * 20,
        *[(Outcome.SUGGEST, "")] * 8, *[(Outcome.HAND_OVER, "")] * 12, (Outcome.SEARCH, ""),
    ]  # fmt: skip
    async with database.transaction() as tx:
        for n, (outcome, chosen) in enumerate(replies):
            tx.add(
                Line(
                    id=new_id("lin"), venue_id=venue_id, conversation_id="con_1", n=n + 1,
                    speaker=Speaker.BOT, text="", lang="en", at=clock.machine(), outcome=outcome,
                    chosen=chosen,
                )
            )  # fmt: skip
    async with database.read() as tx:
        assert await learned.requests(tx, venue_id) == (100, 10), "half of the unsettled ones"
    async with database.transaction() as tx:
        for n in range(20):
            await learned.confirm_answer(
                tx, venue_id=venue_id, question=f"odd {n}", article=OOS if n else "gift",
                lang="en", source="case", source_id="cas_1", confirmed_by="acc_1",
                now=clock.machine(),
            )  # fmt: skip
    async with database.read() as tx:
        assert await learned.requests(tx, venue_id) == (100, 14), "29 of 40, the prior with it"
        assert await learned.requests(tx, "ven_other") == (0, 0)

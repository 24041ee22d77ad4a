"""What the bot learns from people of the venue, and when it has to learn anew."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from infra.kernel.db import Tx, wake
from infra.kernel.errors import NotFound
from infra.kernel.ids import new_id
from support_bot.conversation_tables import BotSettings, BotTask, LearnedExample
from support_bot.examples import Example
from support_bot.languages import canonical
from support_bot.texts import has_words, tidy

LEARNED_MAX = 500
"""Characters of a question that are learned; a long mail teaches its opening."""

GATHER = timedelta(minutes=10)
"""Confirmations of so long are learned in one go."""

JOB = "bot_training"
"""The worker's job that trains."""


async def confirm_answer(
    tx: Tx,
    *,
    venue_id: str,
    question: str,
    article: str,
    lang: str,
    source: str,
    source_id: str,
    confirmed_by: str,
    now: datetime,
) -> LearnedExample | None:
    """An agent says which article answers a question (`oos`: none does); the bot will learn it.

    None where the question holds no word. The same question and article are kept once. `source`:
    conversation, case or console, with its id; `now` is machine time.
    """
    text = tidy(question)[:LEARNED_MAX]
    if not has_words(text):
        return None
    query = select(LearnedExample).where(
        LearnedExample.venue_id == venue_id,
        LearnedExample.text == text,
        LearnedExample.intent == article,
    )
    known: LearnedExample | None = await tx.scalar(query)
    if known is not None and known.dropped_at is None:
        return known
    if known is None:
        known = LearnedExample(
            id=new_id("lex"), venue_id=venue_id, text=text, intent=article, lang=canonical(lang),
            source=source, source_id=source_id, confirmed_by=confirmed_by, at=now,
        )  # fmt: skip
        tx.add(known)
    known.dropped_at, known.confirmed_by, known.at = None, confirmed_by, now
    await tx.flush()
    await schedule(tx, venue_id, BotTask.TRAIN, now + GATHER)
    return known


async def drop_example(tx: Tx, venue_id: str, example_id: str, now: datetime) -> LearnedExample:
    """Teach it no more; the next training leaves it out."""
    row = await tx.get(LearnedExample, example_id, with_for_update=True)
    if row is None or row.venue_id != venue_id:
        raise NotFound("example")
    row.dropped_at = row.dropped_at or now
    await schedule(tx, venue_id, BotTask.TRAIN, now + GATHER)
    return row


async def examples(tx: Tx, venue_id: str) -> list[Example]:
    """What training adds to the articles' own phrasings."""
    query = (
        select(LearnedExample)
        .where(LearnedExample.venue_id == venue_id, LearnedExample.dropped_at.is_(None))
        .order_by(LearnedExample.id)
    )
    return [Example(row.text, row.intent, row.lang) for row in await tx.scalars(query)]


async def settings_of(tx: Tx, venue_id: str) -> BotSettings:
    """The venue's settings; those of a venue that never changed any are the defaults, unsaved."""
    row = await tx.get(BotSettings, venue_id)
    return row or BotSettings(
        id=venue_id, venue_id=venue_id, wanted_precision_bps=9500, refund_until_h=None,
        task=BotTask.NONE, due_at=None, lease_until=None, failures=0,
    )  # fmt: skip


async def own_settings(tx: Tx, venue_id: str) -> BotSettings:
    """The same, locked, to be changed in this transaction."""
    row = await tx.get(BotSettings, venue_id, with_for_update=True)
    if row is None:
        row = await settings_of(tx, venue_id)
        tx.add(row)
        await tx.flush()
    return row


async def schedule(tx: Tx, venue_id: str, task: BotTask, due_at: datetime) -> None:
    """Have a worker do this; a training that is due sooner stays due sooner.

    ACCEPT and BACK are a person's wish and replace a training that waits.
    """
    row = await own_settings(tx, venue_id)
    if task is BotTask.TRAIN and row.task is not BotTask.NONE:
        if row.task is BotTask.TRAIN and row.due_at is not None:
            row.due_at = min(row.due_at, due_at)
    else:
        row.task, row.due_at, row.failures = task, due_at, 0
    wake(tx, JOB)

"""What the bot learns from people of the venue, and when it has to learn anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from infra.kernel.db import Tx, wake
from infra.kernel.errors import NotFound
from infra.kernel.ids import new_id
from support_bot.articles import Knowledge, OwnKnowledge
from support_bot.conversation_tables import (
    BotSettings,
    BotTask,
    BrainReport,
    ClusterState,
    LearnedExample,
    Line,
    Outcome,
    Speaker,
    UnknownCluster,
)
from support_bot.examples import OOS, Example
from support_bot.languages import canonical
from support_bot.texts import has_words, tidy
from support_bot.training_reason import Why

LEARNED_MAX = 500
"""Characters of a question that are learned; a long mail teaches its opening."""

GATHER = timedelta(minutes=10)
"""Confirmations of so long are learned in one go."""

LEASE = timedelta(minutes=5)
"""How long a killed worker's training rests before another takes it over."""

SORTED_PRIOR = 20
"""How many sorted questions the assumed half weighs as much as."""

LOOKED_BACK = timedelta(days=30)
UNANSWERED_MAX = 1_500
CLUSTERS_MAX = 30

JOB = "bot_training"
"""The worker's job that trains."""


def learned_example(question: str, article: str, lang: str) -> Example | None:
    """What a confirmed answer teaches, None if the question holds no word.

    `article` is the slug, or examples.OOS where no article answers it.
    """
    text = tidy(question)[:LEARNED_MAX]
    return Example(text, article, canonical(lang)) if has_words(text) else None


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
    taught = learned_example(question, article, lang)
    if taught is None:
        return None
    text = taught.text
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
            id=new_id("lex"), venue_id=venue_id, text=text, intent=article, lang=taught.lang,
            source=source, source_id=source_id, confirmed_by=confirmed_by, at=now,
        )  # fmt: skip
        tx.add(known)
    known.dropped_at, known.confirmed_by, known.at = None, confirmed_by, now
    await tx.flush()
    await schedule(tx, venue_id, BotTask.TRAIN, now, after=GATHER)
    return known


async def drop_example(tx: Tx, venue_id: str, example_id: str, now: datetime) -> LearnedExample:
    """Teach it no more; the next training leaves it out."""
    row = await tx.get(LearnedExample, example_id, with_for_update=True)
    if row is None or row.venue_id != venue_id:
        raise NotFound("example")
    row.dropped_at = row.dropped_at or now
    await schedule(tx, venue_id, BotTask.TRAIN, now, after=GATHER)
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
        task=BotTask.NONE, due_at=None, lease_until=None, failures=0, tried="",
    )  # fmt: skip


async def own_settings(tx: Tx, venue_id: str) -> BotSettings:
    """The same, locked, to be changed in this transaction."""
    row = await tx.get(BotSettings, venue_id, with_for_update=True)
    if row is None:
        row = await settings_of(tx, venue_id)
        tx.add(row)
        await tx.flush()
    return row


async def schedule(
    tx: Tx, venue_id: str, task: BotTask, now: datetime, *, after: timedelta = timedelta(0)
) -> None:
    """Have a worker do this; a training that waits already stays due when it was.

    ACCEPT and BACK are a person's wish and replace a training that waits. While one is under way,
    the next is written beside it: `settle` sees that the row has changed and leaves it due.
    """
    row = await own_settings(tx, venue_id)
    due_at = now + after
    under_way = row.lease_until is not None and row.lease_until > now
    if task is BotTask.TRAIN and row.task is not BotTask.NONE and not under_way:
        if row.task is BotTask.TRAIN and row.due_at is not None:
            row.due_at = min(row.due_at, due_at)
    else:
        row.task, row.due_at, row.failures = task, due_at, 0
    wake(tx, JOB)


async def any_taught(tx: Tx) -> bool:
    """Whether any venue's bot ever learned here, or is about to."""
    query = select(BotSettings.id).where(
        or_(BotSettings.tried != "", BotSettings.task != BotTask.NONE)
    )
    return await tx.scalar(query.limit(1)) is not None


async def knowledge_of(tx: Tx, venue_id: str, slug: str, own: OwnKnowledge) -> Knowledge:
    return Knowledge(slug, own, tuple(await examples(tx, venue_id)))


class Requests(NamedTuple):
    """What the bot judged at a venue so far, and how much of it probably nothing answers."""

    handled: int
    outside: int


async def requests(tx: Tx, venue_id: str) -> Requests:
    """Counted from conversations; `outside` from what agents said of those that came to them."""
    loose = or_(
        Line.outcome == Outcome.HAND_OVER,
        and_(Line.outcome == Outcome.SUGGEST, Line.chosen == ""),
    )
    judged = select(func.count(), func.count().filter(loose)).where(
        Line.venue_id == venue_id,
        Line.speaker == Speaker.BOT,
        Line.outcome.in_([Outcome.ANSWER, Outcome.SUGGEST, Outcome.HAND_OVER]),
    )
    handled, unsettled = (await tx.execute(judged)).one()
    told = select(func.count(), func.count().filter(LearnedExample.intent == OOS)).where(
        LearnedExample.venue_id == venue_id, LearnedExample.source != "console"
    )
    sorted_out, outside = (await tx.execute(told)).one()
    return Requests(handled, probably_outside(unsettled, sorted_out, outside))


def probably_outside(unsettled: int, sorted_out: int, outside: int) -> int:
    """How many of the unsettled requests nothing answers, where agents sorted some of them.

    Agents see little of what the bot settles: the share among what they sorted holds for the
    unsettled requests alone. Until they sorted a few it is taken for one half.
    """
    share = (outside + SORTED_PRIOR / 2) / (sorted_out + SORTED_PRIOR)
    return round(unsettled * share)


async def unanswered(tx: Tx, venue_id: str, now: datetime) -> list[Example]:
    """Questions of the last month that the bot did not settle and nobody has sorted since."""
    asked = aliased(Line)
    sorted_out = select(LearnedExample.text).where(LearnedExample.venue_id == venue_id)
    query = (
        select(asked.text, asked.lang)
        .join(Line, Line.asked_id == asked.id)
        .where(
            Line.venue_id == venue_id,
            Line.speaker == Speaker.BOT,
            Line.outcome.in_([Outcome.HAND_OVER, Outcome.SUGGEST]),
            Line.chosen == "",
            Line.at > now - LOOKED_BACK,
            asked.text.not_in(sorted_out),
        )
        .order_by(asked.at.desc())
        .limit(UNANSWERED_MAX)
    )
    found = (await tx.execute(query)).all()
    return [Example(text[:LEARNED_MAX], "", lang) for text, lang in reversed(found)]


async def keep_clusters(
    tx: Tx, venue_id: str, found: Sequence[tuple[str, str, list[str], int]], now: datetime
) -> None:
    """Replace the open clusters by these (title, language, questions, size), the largest first.

    One that a person put aside stays aside as long as its questions are the same.
    """
    mine = UnknownCluster.venue_id == venue_id
    aside: set[str] = set()
    for row in await tx.scalars(select(UnknownCluster).where(mine)):
        if row.state is ClusterState.DISMISSED:
            aside.update(row.questions)
        else:
            await tx.delete(row)
    for title, lang, questions, size in found[:CLUSTERS_MAX]:
        if len(aside.intersection(questions)) * 2 >= len(questions):
            continue
        tx.add(
            UnknownCluster(
                id=new_id("clu"), venue_id=venue_id, title=title, lang=lang, questions=questions,
                size=size, state=ClusterState.OPEN, at=now,
            )
        )  # fmt: skip


async def claim(tx: Tx, now: datetime) -> tuple[str, BotTask, datetime] | None:
    """One venue whose brain has something due: (venue_id, task, due_at), leased for LEASE."""
    query = (
        select(BotSettings)
        .where(
            BotSettings.due_at <= now,
            BotSettings.task != BotTask.NONE,
            or_(BotSettings.lease_until.is_(None), BotSettings.lease_until <= now),
        )
        .order_by(BotSettings.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row: BotSettings | None = await tx.scalar(query)
    if row is None:
        return None
    assert row.due_at is not None
    row.lease_until = now + LEASE
    return row.venue_id, row.task, row.due_at


async def keep_lease(tx: Tx, venue_id: str, now: datetime) -> None:
    row = await own_settings(tx, venue_id)
    row.lease_until = now + LEASE


async def settle(
    tx: Tx, venue_id: str, task: BotTask, due_at: datetime, now: datetime, *, done: bool
) -> None:
    """The child ended. What was asked meanwhile stays due; a failure is tried again, ever later."""
    row = await own_settings(tx, venue_id)
    row.lease_until = None
    if row.task is not task or row.due_at != due_at:
        return
    if done:
        row.task, row.due_at, row.failures = BotTask.NONE, None, 0
        return
    row.failures += 1
    row.due_at = now + min(timedelta(minutes=2**row.failures), timedelta(hours=6))


async def report(
    tx: Tx,
    venue_id: str,
    task: BotTask,
    *,
    accepted: bool,
    why: Why,
    version: int,
    figures: dict[str, Any],
    now: datetime,
) -> BrainReport:
    """Keep what came of a training."""
    row = BrainReport(
        id=new_id("brp"), venue_id=venue_id, task=task, accepted=accepted,
        why=why.reason.value, version=version,
        figures=figures | {"why": msgspec.to_builtins(why)}, at=now,
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row


async def reports(tx: Tx, venue_id: str, limit: int = 20) -> list[BrainReport]:
    query = (
        select(BrainReport)
        .where(BrainReport.venue_id == venue_id)
        .order_by(BrainReport.id.desc())
        .limit(limit)
    )
    return list(await tx.scalars(query))

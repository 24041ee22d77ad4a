"""Training of one venue's bot, as the worker's child does it: read, learn, keep the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.errors import NotFound
from infra.kernel.settings import Settings
from paywall.catalogue.tables import Venue
from support_bot import learned
from support_bot.articles import Article, Knowledge, read_articles
from support_bot.conversation_tables import BotTask
from support_bot.engine.bot import embedder_for
from support_bot.engine.brains import SHIPPED, lessons, shelf_of, training_lock
from support_bot.engine.clusters import Cluster, clusters
from support_bot.engine.embed import Embedder
from support_bot.engine.gate import Policy, policy_for
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.learning import Retrained, retrain
from support_bot.engine.shelf import Record, Shelf, digest
from support_bot.examples import Example
from support_bot.own_articles import own_knowledge
from support_bot.training_reason import Reason, Why


class Trained(msgspec.Struct, frozen=True):
    """What came of it, for the report and for scripts."""

    accepted: bool
    why: Why
    version: int
    before: Record | None
    after: Record | None
    clusters: int = 0


class _Read(msgspec.Struct, frozen=True):
    venue_id: str
    knowledge: Knowledge
    policy: Policy
    unanswered: list[Example]


def train_venue(
    settings: Settings,
    slug: str,
    task: BotTask,
    *,
    plain: bool,
    say: Callable[[str], None],
    shipped: Sequence[Article] | None = None,
) -> Trained:
    """Learn (TRAIN, ACCEPT) or go a version back (BACK); raises NotFound and Conflict."""
    folder = settings.data_dir / "support"
    read = asyncio.run(_read(settings, slug))
    embedder = None if plain else embedder_for(folder)
    shelf = shelf_of(folder, read.knowledge)
    examples = lessons(read_articles() if shipped is None else shipped, read.knowledge)
    made_from = digest(examples, "" if embedder is None else embedder.name)
    found: list[Cluster] = []
    name = SHIPPED if read.knowledge.is_plain else slug
    with training_lock(folder, name):
        if task is BotTask.BACK:
            before = shelf.current()
            done = Trained(True, Why(Reason.BACK), shelf.back().version, before, None)
        else:
            done = _learn(folder, shelf, read, examples, embedder, made_from, task, say)
            say(f"Looking through {len(read.unanswered)} unanswered questions")
            found = clusters(read.unanswered, examples, embedder)
    done = msgspec.structs.replace(done, clusters=len(found))
    asyncio.run(_keep(settings, read.venue_id, task, done, found, made_from))
    return done


def _learn(
    folder: Path,
    shelf: Shelf,
    read: _Read,
    examples: list[Example],
    embedder: Embedder | None,
    made_from: str,
    task: BotTask,
    say: Callable[[str], None],
) -> Trained:
    if not read.knowledge.is_plain:
        shelf.adopt(Shelf(folder / "models" / SHIPPED))
    before = shelf.current()
    if before is not None and before.made_from == made_from and task is BotTask.TRAIN:
        return Trained(True, Why(Reason.NOTHING_NEW), before.version, before, before)
    identifier = LanguageIdentifier()
    if before is None and embedder is not None:
        # Embedding a first time takes minutes; until then wording alone answers.
        say("Learning the wording first")
        retrain(shelf, examples, None, identifier, read.policy, say)
    came = retrain(shelf, examples, embedder, identifier, read.policy, say)
    if task is BotTask.ACCEPT and not came.accepted:
        came = _forced(shelf, examples, embedder, identifier, read.policy, came, say)
    now = shelf.current()
    return Trained(came.accepted, came.why, now.version if now else 0, came.before, came.after)


def _forced(
    shelf: Shelf,
    examples: list[Example],
    embedder: Embedder | None,
    identifier: LanguageIdentifier,
    policy: Policy,
    refused: Retrained,
    say: Callable[[str], None],
) -> Retrained:
    """A person wants it all the same: the refused one was thrown away, so it is made again."""
    from support_bot.engine.training import train

    brain = train(examples, embedder, identifier, say)
    made_from = digest(examples, brain.embedder_name)
    after = shelf.add(brain, made_from, policy)
    shelf.use(after)
    by_hand = msgspec.structs.replace(refused.why, by_hand=True)
    return Retrained(True, by_hand, refused.before, after)


async def _read(settings: Settings, slug: str) -> _Read:
    clock, db = SystemClock(), Database(settings.database(), pool_size=1)
    try:
        async with db.read() as tx:
            venue = await tx.scalar(select(Venue).where(Venue.slug == slug))
            if venue is None:
                raise NotFound("venue")
            own = await own_knowledge(tx, venue.id)
            wants = await learned.settings_of(tx, venue.id)
            seen = await learned.requests(tx, venue.id)
            return _Read(
                venue.id,
                await learned.knowledge_of(tx, venue.id, slug, own),
                policy_for(wants.wanted_precision_bps, seen.outside, seen.handled),
                await learned.unanswered(tx, venue.id, clock.machine()),
            )
    finally:
        await db.close()


async def _keep(
    settings: Settings,
    venue_id: str,
    task: BotTask,
    done: Trained,
    found: list[Cluster],
    made_from: str,
) -> None:
    clock, db = SystemClock(), Database(settings.database(), pool_size=1)
    now = clock.machine()
    figures: dict[str, Any] = {
        name: None if record is None else msgspec.to_builtins(record)
        for name, record in (("before", done.before), ("after", done.after))
    }
    rows = [(one.title, one.lang, list(one.questions), one.size) for one in found]
    try:
        async with db.transaction() as tx:
            if done.before is None or done.before != done.after:
                await learned.report(
                    tx, venue_id, task, accepted=done.accepted, why=done.why,
                    version=done.version, figures=figures, now=now,
                )  # fmt: skip
            mine = await learned.own_settings(tx, venue_id)
            mine.tried = made_from
            if task is not BotTask.BACK:
                await learned.keep_clusters(tx, venue_id, rows, now)
    finally:
        await db.close()

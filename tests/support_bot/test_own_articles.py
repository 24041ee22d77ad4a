from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.ids import new_id
from support_bot import article_votes, own_articles, readings
from support_bot.article_tables import (
    TEXT_TRANSITIONS,
    SupportText,
    SupportVersion,
    SupportVote,
    TextState,
)
from support_bot.article_votes import Vote, Votes
from support_bot.articles import ArticleText, merged
from support_bot.own_articles import ArticleEdit, NewArticle, TextEdit
from support_bot.readings import Reader
from support_bot.shipped import shown_in

VENUE, OTHER = "ven_" + "1" * 26, "ven_" + "2" * 26


class Desk:
    """One editor at a venue."""

    def __init__(self, db: Database, clock: HandClock) -> None:
        self.db, self.clock = db, clock

    async def save(
        self, title: str, version: int, *, slug: str = "no-sound", publish: bool = True, **more: Any
    ) -> SupportText:
        wanted = TextEdit(title=title, answer_md="Turn it up.", **more)
        async with self.db.transaction() as tx:
            return await own_articles.save(
                tx, VENUE, slug, "fr", version, wanted, actor="acc_1", now=self.clock.machine(),
                publish=publish,
            )  # fmt: skip

    async def title(self) -> str:
        """What French readers get."""
        async with self.db.read() as tx:
            own = await own_articles.own_knowledge(tx, VENUE)
        shown = next(a for a in merged(shown_in("fr"), own) if a.slug == "no-sound").text("fr")
        assert shown is not None
        return shown[1].title

    async def revision(self) -> int:
        async with self.db.read() as tx:
            return await own_articles.knowledge_revision(tx, VENUE)


@pytest.fixture
def desk(database: Database, clock: HandClock) -> Desk:
    return Desk(database, clock)


async def test_a_published_text_takes_the_place_of_ours_and_a_draft_does_not(desk: Desk) -> None:
    ours = await desk.title()
    await desk.save("Brouillon", 0, publish=False)
    assert await desk.title() == ours
    assert await desk.revision() == 0
    text = await desk.save("Pas de son", 1)
    assert await desk.title() == "Pas de son"
    assert (text.state, text.published, text.latest, text.version) == ("published", 2, 2, 2)
    assert await desk.revision() == 1


async def test_a_newer_draft_leaves_readers_with_what_is_published(desk: Desk) -> None:
    await desk.save("Un", 0)
    await desk.save("Deux", 1, publish=False)
    assert await desk.title() == "Un"
    async with desk.db.transaction() as tx:
        await own_articles.publish(tx, VENUE, "no-sound", "fr", 2, desk.clock.machine())
    assert await desk.title() == "Deux"


async def test_withdrawing_gives_readers_ours_again(desk: Desk) -> None:
    ours = await desk.title()
    await desk.save("Un", 0)
    async with desk.db.transaction() as tx:
        await own_articles.withdraw(tx, VENUE, "no-sound", "fr", 1, desk.clock.machine())
    assert await desk.title() == ours
    assert await desk.revision() == 2


async def test_an_older_version_comes_back_as_a_new_one(desk: Desk) -> None:
    await desk.save("Un", 0, phrasings=["muet", "muet", " "])
    await desk.save("Deux", 1)
    async with desk.db.transaction() as tx:
        await own_articles.restore(
            tx, VENUE, "no-sound", "fr", 2, 1, actor="acc_2", now=desk.clock.machine()
        )
    assert await desk.title() == "Un"
    async with desk.db.read() as tx:
        versions = await own_articles.versions(tx, VENUE, "no-sound", "fr")
    told = [(one.number, one.title, one.restored_from, one.actor) for one in versions]
    assert told == [(3, "Un", 1, "acc_2"), (2, "Deux", 0, "acc_1"), (1, "Un", 0, "acc_1")]
    assert versions[0].phrasings == ["muet"]


async def test_an_edit_of_what_was_changed_meanwhile_is_refused(desk: Desk) -> None:
    await desk.save("Un", 0)
    with pytest.raises(StaleEdit):
        await desk.save("Deux", 0)
    assert await desk.title() == "Un"


async def test_versions_can_be_neither_changed_nor_deleted(desk: Desk) -> None:
    await desk.save("Un", 0)
    with pytest.raises(Exception, match="append-only"):
        async with desk.db.transaction() as tx:
            await tx.execute(delete(SupportVersion))


async def test_unknown_slugs_and_languages_are_named(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.save("X", 0, slug="nothing")
    wanted = TextEdit(title="X", answer_md="Y")
    with pytest.raises(Invalid, match="Use one of"):
        async with desk.db.transaction() as tx:
            await own_articles.save(
                tx, VENUE, "no-sound", "xx", 0, wanted, actor="a", now=desk.clock.machine(),
                publish=True,
            )  # fmt: skip


async def test_own_articles_get_an_address_of_their_own(desk: Desk) -> None:
    now = desk.clock.machine()
    new = NewArticle(category="venue")
    async with desk.db.transaction() as tx:
        first = await own_articles.create(tx, VENUE, new_id("art"), new, "Où se garer ?", now)
        second = await own_articles.create(tx, VENUE, new_id("art"), new, "Où se garer ?", now)
        third = await own_articles.create(tx, VENUE, new_id("art"), new, "駐車場", now)
        again = await own_articles.create(tx, VENUE, first.id, new, "Other", now)
        reserved = await own_articles.create(tx, VENUE, new_id("art"), new, "Contact", now)
    assert (first.slug, second.slug) == ("ou-se-garer", "ou-se-garer-2")
    assert third.slug == third.id.replace("_", "-")
    assert again.id == first.id
    assert reserved.slug == "contact-2"
    taken = NewArticle(category="venue", slug="no-sound")
    with pytest.raises(Conflict, match="in use"):
        async with desk.db.transaction() as tx:
            await own_articles.create(tx, VENUE, new_id("art"), taken, "x", now)


async def test_hiding_is_of_one_venue_and_of_one_version(desk: Desk) -> None:
    now = desk.clock.machine()
    async with desk.db.transaction() as tx:
        await own_articles.change(tx, VENUE, "no-sound", 0, ArticleEdit(hidden=True), now)
    async with desk.db.read() as tx:
        assert (await own_articles.own_knowledge(tx, VENUE)).hidden == {"no-sound"}
        assert (await own_articles.own_knowledge(tx, OTHER)).hidden == frozenset()
    with pytest.raises(StaleEdit):
        async with desk.db.transaction() as tx:
            await own_articles.change(tx, VENUE, "no-sound", 0, ArticleEdit(hidden=False), now)


async def test_what_the_bot_learns_from_is_what_was_published(desk: Desk) -> None:
    await desk.save("Un", 0, phrasings=["on n'entend rien"])
    await desk.save("Deux", 1, publish=False)
    async with desk.db.read() as tx:
        [article] = (await own_articles.own_knowledge(tx, VENUE)).articles
    assert article.texts == {"fr": ArticleText("Un", "Turn it up.", ("on n'entend rien",))}


@pytest.mark.parametrize("state", list(TextState))
@pytest.mark.parametrize("target", list(TextState))
def test_every_step_of_a_text_is_in_the_table(state: TextState, target: TextState) -> None:
    text = SupportText(id="atx_1", state=state)
    if target in TEXT_TRANSITIONS[state]:
        text.move(target)
        assert text.state is target
    else:
        with pytest.raises(Conflict):
            text.move(target)


async def test_one_reader_has_one_vote(desk: Desk) -> None:
    reader, now = article_votes.reader_of(VENUE, "acc_1"), desk.clock.machine()
    async with desk.db.transaction() as tx:
        for vote in (Vote(useful=False, word="no"), Vote(useful=True)):
            await article_votes.cast(tx, VENUE, "no-sound", "fr", reader, vote, now)
        other = article_votes.reader_of(VENUE, "acc_2")
        bad = Vote(useful=False, word="unclear")
        await article_votes.cast(tx, VENUE, "no-sound", "en", other, bad, now)
    async with desk.db.read() as tx:
        tally = await article_votes.tally(tx, VENUE)
        assert tally == {"no-sound": Votes(1, 1)}
        assert tally["no-sound"].share == 0.5
        assert await article_votes.tally(tx, VENUE, "fr") == {"no-sound": Votes(1, 0)}
        assert [one.word for one in await article_votes.words(tx, VENUE, "no-sound")] == ["unclear"]
        assert await article_votes.tally(tx, OTHER) == {}
        stored = list(await tx.scalars(select(SupportVote.reader)))
    assert "acc_1" not in "".join(stored)
    assert article_votes.reader_of(OTHER, "acc_1") != reader


async def test_a_reading_holds_for_the_text_that_was_read(desk: Desk) -> None:
    now, told = desk.clock.machine(), readings.print_of(("Titel", "Antwort"))
    key = "article:no-sound"
    async with desk.db.transaction() as tx:
        await readings.mark(
            tx, VENUE, "de", {key: told}, Reader(name="Anna"), actor="acc_1", now=now
        )
    async with desk.db.read() as tx:
        found = await readings.marks(tx, VENUE, "installation")
        elsewhere = await readings.marks(tx, OTHER, "installation")
    noted = readings.reading_of(found, "de", key, told)
    assert noted is not None
    assert noted.reader_name == "Anna"
    other = readings.print_of(("Titel", "Neu"))
    assert readings.reading_of(found, "de", key, other) is None
    assert readings.reading_of(elsewhere, "de", key, told) is None
    async with desk.db.transaction() as tx:
        await readings.unmark(tx, VENUE, "de", [key])
    async with desk.db.read() as tx:
        assert await readings.marks(tx, VENUE) == {}

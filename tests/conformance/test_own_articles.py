"""Where a venue's own articles come from: the database and the fake, held to one contract."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import NotFound
from paywall.bridges.own_articles import StoredArticles
from support_bot import own_articles
from support_bot.articles import Article, ArticleText, OwnKnowledge
from support_bot.own_articles import ArticleEdit, TextEdit
from support_bot.ports import OwnArticles
from tests.http.conftest import OTHER_VENUE, VENUE, venue

Teach = Callable[[OwnKnowledge], Awaitable[None]]
TOLD = OwnKnowledge(
    articles=[
        Article("no-sound", "quality", {"fr": ArticleText("Muet", "Montez le son.", ("?",))})
    ],
    hidden=frozenset({"delay"}),
    alone=frozenset({"no-sound"}),
)


class FakeArticles:
    """Venues and what they wrote, in memory."""

    def __init__(self, known: dict[str, OwnKnowledge]) -> None:
        self.known = known

    async def of(self, venue: str) -> OwnKnowledge:
        if venue not in self.known:
            raise NotFound("venue")
        return self.known[venue]


@pytest.fixture(params=["stored", "fake"])
async def desk(
    request: pytest.FixtureRequest, database: Database, clock: HandClock
) -> tuple[OwnArticles, Teach]:
    if request.param == "fake":
        fake = FakeArticles({"verriere": OwnKnowledge(), "autre": OwnKnowledge()})

        async def told(knowledge: OwnKnowledge) -> None:
            fake.known["verriere"] = knowledge

        return fake, told
    now = clock.machine()
    async with database.transaction() as tx:
        tx.add(venue(VENUE, "verriere", now))
        tx.add(venue(OTHER_VENUE, "autre", now))

    async def written(knowledge: OwnKnowledge) -> None:
        async with database.transaction() as tx:
            for article in knowledge.articles:
                for lang, text in article.texts.items():
                    wanted = TextEdit(
                        title=text.title, answer_md=text.answer, phrasings=list(text.phrasings)
                    )
                    await own_articles.save(
                        tx, VENUE, article.slug, lang, 0, wanted, actor="a", now=now, publish=True
                    )
            for slug in knowledge.alone:
                await own_articles.change(tx, VENUE, slug, 0, ArticleEdit(alone=True), now)
            for slug in knowledge.hidden:
                await own_articles.change(tx, VENUE, slug, 0, ArticleEdit(hidden=True), now)

    return StoredArticles(database), written


async def test_a_venue_that_wrote_nothing_adds_nothing(desk: tuple[OwnArticles, Teach]) -> None:
    own = await desk[0].of("verriere")
    assert (list(own.articles), own.hidden, own.alone) == ([], frozenset(), frozenset())


async def test_what_was_written_and_hidden_is_told(desk: tuple[OwnArticles, Teach]) -> None:
    articles, teach = desk
    await teach(TOLD)
    own = await articles.of("verriere")
    assert (own.hidden, own.alone) == (TOLD.hidden, TOLD.alone)
    assert {a.slug: a.texts for a in own.articles if a.texts} == {
        "no-sound": TOLD.articles[0].texts
    }


async def test_venues_do_not_see_each_others_articles(desk: tuple[OwnArticles, Teach]) -> None:
    articles, teach = desk
    await teach(TOLD)
    assert not (await articles.of("autre")).articles


async def test_an_unknown_venue_is_said_to_be_unknown(desk: tuple[OwnArticles, Teach]) -> None:
    with pytest.raises(NotFound):
        await desk[0].of("nowhere")

from __future__ import annotations

from pathlib import Path

import pytest

from support_bot.articles import Article, ArticleText, Knowledge, OwnKnowledge, read_articles
from support_bot.engine.bot import open_bot
from support_bot.engine.brain import Asked
from support_bot.engine.brains import Brains, Untrained, is_stale, lessons, shelf_of
from support_bot.engine.clusters import clusters
from support_bot.engine.gate import Policy
from support_bot.engine.shelf import Shelf
from support_bot.examples import Example
from tests.support_bot.builders import SAMPLE, LetterEmbedder, sample_examples

pytestmark = pytest.mark.slow
PLAIN = Knowledge("plain")
PARKING = Article("parking", "venue", {"en": ArticleText("Parking", "Behind the hall.", ())})
OWN = Knowledge("own", OwnKnowledge([PARKING]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("support")
    open_bot(read_articles(SAMPLE), (), shelf_of(made, PLAIN), None)
    return made


def brains(folder: Path, **more: int) -> Brains:
    return Brains(folder, read_articles(SAMPLE), embeddings=False, **more)


def test_venues_that_added_nothing_share_one_brain(folder: Path) -> None:
    cache = brains(folder)
    assert cache.brain(PLAIN) is cache.brain(Knowledge("another"))
    assert cache.loaded == 1


def test_a_venue_with_articles_of_its_own_is_answered_before_it_was_learned(folder: Path) -> None:
    cache = brains(folder)
    (reply,) = cache.reply(OWN, [Asked("forgot my password", "en")], Policy())
    assert reply.articles[0].id == "password"
    assert is_stale(read_articles(SAMPLE), OWN, cache.record(OWN), "")


def test_an_article_that_is_gone_is_not_offered_by_an_older_brain(folder: Path) -> None:
    hidden = Knowledge("hidden", OwnKnowledge(hidden=frozenset({"password"})))
    (reply,) = brains(folder).reply(hidden, [Asked("forgot my password", "en")], Policy(0.6))
    assert "password" not in {article.id for article in reply.articles}
    assert reply.answer == ""


def test_without_any_brain_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Untrained):
        brains(tmp_path).brain(PLAIN)


def test_brains_are_let_go_before_memory_runs_out(folder: Path) -> None:
    own = Shelf(folder / "models" / "own")
    assert own.adopt(shelf_of(folder, PLAIN)) is not None
    roomy, tight = brains(folder, memory_max=2**40), brains(folder, memory_max=1)
    for cache in (roomy, tight):
        cache.brain(PLAIN)
        cache.brain(OWN)
    assert (roomy.loaded, tight.loaded) == (2, 1)


def test_lessons_leave_out_examples_of_articles_that_are_gone() -> None:
    taught = (Example("where is the moat", "moat", "en"), Example("parking?", "parking", "en"))
    texts = {one.text for one in lessons(read_articles(SAMPLE), Knowledge("x", OWN.own, taught))}
    assert "parking?" in texts
    assert "where is the moat" not in texts


ASKED = [
    Example(text, "", "en")
    for text in (
        "can I park my car at the hall", "where can I park the car", "parking for my car please",
        "is there a place to park a car", "what is the airspeed of a swallow",
        "do you sell popcorn in the break",
    )
]  # fmt: skip


def test_questions_that_are_alike_become_one_cluster_and_single_ones_none() -> None:
    (parking,) = clusters(ASKED, sample_examples(), None)
    assert parking.size == 4
    assert "park" in parking.title
    assert len(parking.questions) == 4


def test_clusters_by_meaning_bear_any_text() -> None:
    odd = [Example(text, "", "") for text in ("", "😀", "a" * 5000, "\ud800")]
    clusters([*ASKED, *odd], sample_examples(), LetterEmbedder())
    assert clusters([], sample_examples(), None) == []
    assert clusters(odd, [], None) == []

from __future__ import annotations

from pathlib import Path

import pytest

from support_bot.articles import Article, ArticleText, OwnKnowledge, merged, read_articles
from support_bot.engine.bot import open_bot
from support_bot.engine.brain import Asked
from support_bot.engine.embed import EmbeddingStore
from support_bot.engine.gate import Outcome, Policy
from support_bot.engine.shelf import Shelf
from support_bot.engine.training import TooLittle
from support_bot.examples import Example
from tests.support_bot.builders import SAMPLE, LetterEmbedder

pytestmark = pytest.mark.slow

BOLD = Policy(wanted_precision=0.7)


def test_a_reader_is_answered_in_the_language_of_the_question(tmp_path: Path) -> None:
    bot = open_bot(read_articles(SAMPLE), (), Shelf(tmp_path), None, BOLD)
    german, japanese = bot.reply(
        [Asked("ich möchte mein Geld zurück", "en"), Asked("パスワードを忘れました", "ja")], BOLD
    )
    assert german.outcome is Outcome.ANSWER
    assert (german.articles[0].id, german.language) == ("refund", "de")
    assert german.articles[0].title == "Geld zurückbekommen"
    assert german.answer.startswith("Bis zum Beginn")
    assert (japanese.articles[0].id, japanese.language) == ("password", "ja")


def test_an_answer_is_given_only_with_the_outcome_answer(tmp_path: Path) -> None:
    bot = open_bot(read_articles(SAMPLE), (), Shelf(tmp_path), None)
    for reply in bot.reply([Asked("the moon and the stars", "en"), Asked("tv", "en")]):
        assert bool(reply.answer) == (reply.outcome is Outcome.ANSWER)
        assert reply.articles


def test_a_venues_own_article_is_answered_from(tmp_path: Path) -> None:
    parking = Article(
        "parking",
        "venue",
        {
            "en": ArticleText(
                "Parking at the hall",
                "Behind the hall.",
                ("where can I park my car", "is there a car park", "parking space near the hall"),
            )
        },
    )
    articles = merged(read_articles(SAMPLE), OwnKnowledge([parking]))
    bot = open_bot(articles, (), Shelf(tmp_path), None, BOLD)
    reply = bot.reply([Asked("can I park the car at the hall", "en")], BOLD)[0]
    assert reply.articles[0].id == "parking"


def test_a_second_start_trains_nothing_until_an_article_changes(tmp_path: Path) -> None:
    said: list[str] = []
    shelf = Shelf(tmp_path)
    articles = read_articles(SAMPLE)
    open_bot(articles, (), shelf, None, say=said.append)
    assert said
    said.clear()
    open_bot(articles, (), shelf, None, say=said.append)
    assert not said
    learned = [Example("sing me a song", "tv", "en"), Example("gone", "no-such-article", "en")]
    open_bot(articles, learned, shelf, None, say=said.append)
    assert said


def test_a_spoilt_file_is_trained_anew(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    articles = read_articles(SAMPLE)
    open_bot(articles, (), shelf, None)
    for file in tmp_path.glob("v*/brain.skops"):
        file.write_bytes(b"spoilt")
    said: list[str] = []
    bot = open_bot(articles, (), shelf, None, say=said.append)
    assert "Train again" in said[0]
    assert bot.reply([Asked("refund", "en")])


def test_no_article_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(TooLittle):
        open_bot([], (), Shelf(tmp_path), None)


def test_no_text_is_embedded_twice(tmp_path: Path) -> None:
    letters = LetterEmbedder()
    store = EmbeddingStore(letters, tmp_path / "store.sqlite3")
    first = store.vectors(["a ticket", "a refund", "a ticket"])
    again = store.vectors(["a refund", "a ticket", "new"])
    assert letters.embedded == ["a ticket", "a refund", "new"]
    assert (first[0] == again[1]).all()


def test_the_store_is_bounded(tmp_path: Path) -> None:
    letters = LetterEmbedder()
    store = EmbeddingStore(letters, tmp_path / "store.sqlite3", rows_max=3)
    store.vectors([f"text {n}" for n in range(10)])
    store.vectors(["text 9", "text 0"])
    assert letters.embedded[10:] == ["text 0"]

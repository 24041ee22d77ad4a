from __future__ import annotations

from time import perf_counter

import pytest

from support_bot.articles import Article, ArticleText
from support_bot.finding import Finder, first_sentence, plain, words
from support_bot.shipped import languages, shown_in
from tests.support_bot.builders import HOSTILE


def found(query: str, lang: str) -> list[str]:
    return [hit.article.slug for hit in Finder(shown_in(lang), lang).find(query)]


@pytest.mark.parametrize(
    ("lang", "query", "slug"),
    [
        ("en", "refu", "refund-request"),
        ("en", "PASSWORD", "forgotten-password"),
        ("en", "refudn", "refund-arrival"),
        ("fr", "mot de passe oublie", "forgotten-password"),
        ("fr", "télé", "watch-on-tv"),
        ("de", "passwort vergessn", "forgotten-password"),
        ("da", "adgangskoder", "forgotten-password"),
        ("pl", "haslo", "forgotten-password"),
        ("el", "επιστροφη", "refund-request"),
        ("tr", "SIFRE", "forgotten-password"),
        ("ar", "استرداد", "refund-request"),
        ("ja", "パスワード", "forgotten-password"),
        ("zh", "退款", "refund-request"),
    ],
)
def test_what_people_type_finds_the_article_among_the_first_three(
    lang: str, query: str, slug: str
) -> None:
    assert slug in found(query, lang)[:3]


@pytest.mark.parametrize("lang", sorted(languages()))
def test_every_title_finds_its_own_article(lang: str) -> None:
    articles = shown_in(lang)
    finder = Finder(articles, lang)
    for article in articles:
        title = article.texts[lang].title
        assert article.slug in [hit.article.slug for hit in finder.find(title)[:3]], title


def test_a_word_that_stands_nowhere_finds_nothing() -> None:
    assert found("zqxwvk", "en") == []
    assert found("", "en") == []


def test_a_question_wants_most_of_it_met() -> None:
    articles = [
        Article("a", "c", {"en": ArticleText("Parking behind the hall", "There are places.")}),
        Article("b", "c", {"en": ArticleText("Cloakroom", "Behind the hall, two euros a coat.")}),
    ]
    hits = Finder(articles, "en").find("cloakroom coat price")
    assert [hit.article.slug for hit in hits] == ["b"]


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_queries_are_answered_quickly(typed: str) -> None:
    finder = Finder(shown_in("en"), "en")
    began = perf_counter()
    finder.find(typed)
    assert perf_counter() - began < 1  # hundreds of times what it takes


def test_accents_case_and_vowel_signs_do_not_matter() -> None:
    assert plain("Ærø ŁÓDŹ Straße İĞ") == "aero lodz strasse ig"
    assert plain("أُلغِيَ") == plain("الغي")
    assert plain("が") == "が"  # a voiced sound is a letter of its own, no accent


def test_chinese_and_japanese_are_searched_by_pairs() -> None:
    assert words("TV画面が") == ["tv", "画面", "面が"]
    assert words("音") == ["音"]


def test_the_first_sentence_stands_without_its_markdown() -> None:
    assert first_sentence("Open **My tickets**. Then go on.") == "Open My tickets."
    assert first_sentence("返金されます。次に") == "返金されます。"
    assert len(first_sentence("word " * 100)) <= 160

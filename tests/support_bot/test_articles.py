from pathlib import Path

import pytest

from support_bot.articles import (
    Article,
    ArticleText,
    BadKnowledge,
    OwnKnowledge,
    examples_of,
    merged,
    read_articles,
    read_index,
    read_language,
)
from support_bot.languages import LANGUAGES, canonical
from tests.support_bot.builders import SAMPLE


def test_the_sample_is_read_in_the_order_of_its_index() -> None:
    articles = read_articles(SAMPLE)
    assert [article.slug for article in articles][:2] == ["refund", "cannot-watch"]
    assert articles[1].act == "why_cant_i_watch"
    assert set(articles[0].texts) == {"en", "fr", "de", "ja"}
    assert len(articles[0].texts["fr"].phrasings) == 8


def test_titles_and_phrasings_are_taught() -> None:
    examples = examples_of(read_articles(SAMPLE))
    assert len(examples) == 6 * 4 * 9
    assert {example.lang for example in examples} == {"en", "fr", "de", "ja"}


def test_a_missing_language_falls_back_and_says_so() -> None:
    article = Article("x", "c", {"de": ArticleText("T", "A"), "fr": ArticleText("T2", "A2")})
    assert article.text("de") == ("de", ArticleText("T", "A"))
    assert article.text("it") == ("fr", ArticleText("T2", "A2"))
    assert Article("x", "c", {}).text("it") is None


def test_a_venues_texts_stand_over_the_shipped_ones_and_hidden_articles_go() -> None:
    shipped = read_articles(SAMPLE)
    own = Article("refund", "", {"en": ArticleText("No refunds", "Sorry.")})
    parking = Article("parking", "venue", {"en": ArticleText("Parking", "Behind the hall.")})
    result = {a.slug: a for a in merged(shipped, OwnKnowledge([own, parking], frozenset({"tv"})))}
    refund = next(article for article in shipped if article.slug == "refund")
    assert result["refund"].texts["en"].title == "No refunds"
    assert result["refund"].texts["fr"] == refund.texts["fr"]
    assert (result["refund"].category, result["refund"].act) == (refund.category, refund.act)
    assert "tv" not in result
    assert result["parking"] == parking


def test_where_the_venue_stands_alone_no_shipped_text_contradicts_it() -> None:
    own = Article("refund", "payment", {"fr": ArticleText("Remboursement", "Toujours.")})
    [refund] = [
        article
        for article in merged(
            read_articles(SAMPLE), OwnKnowledge([own], alone=frozenset({"refund"}))
        )
        if article.slug == "refund"
    ]
    assert refund.text("en") == ("fr", ArticleText("Remboursement", "Toujours."))


def test_one_language_is_read_by_itself() -> None:
    assert [a.slug for a in read_index(SAMPLE)] == [a.slug for a in read_articles(SAMPLE)]
    assert read_language("fr", SAMPLE)["refund"] == read_articles(SAMPLE)[0].texts["fr"]
    assert read_language("it", SAMPLE) == {}
    assert read_language("../fr", SAMPLE) == {}


@pytest.mark.parametrize(
    ("index", "english", "says"),
    [
        ("", 'language = "en"', "no [[articles]]"),
        ('[[articles]]\nslug = "a"\n[[articles]]\nslug = "a"', "", "twice: a"),
        ('[[articles]]\nslug = "a"', 'language = "fr"', 'must say language = "en"'),
        (
            '[[articles]]\nslug = "a"',
            'language = "en"\n[[articles]]\nslug = "b"\ntitle = "T"\nanswer = "A"',
            "does not list these articles: b",
        ),
        ('[[articles]]\nslug = "a"', 'language = "en"\n[[articles]]\nslug = "a"', "title"),
        ("[[articles", "", "index.toml can't be read"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(
    tmp_path: Path, index: str, english: str, says: str
) -> None:
    (tmp_path / "index.toml").write_text(index)
    (tmp_path / "en.toml").write_text(english)
    with pytest.raises(BadKnowledge) as caught:
        read_articles(tmp_path)
    assert says in caught.value.detail


def test_languages_by_any_of_their_spellings() -> None:
    assert len(LANGUAGES) == 29
    assert canonical("pt-BR") == "pt"
    assert canonical("nb_NO") == "no"
    assert canonical("zh-Hans") == "zh"
    assert canonical("") == ""

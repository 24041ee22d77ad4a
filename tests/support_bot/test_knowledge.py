"""The articles that ship: whole in every language present, short, and told apart by their words."""

import re
import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from paywall.pages.i18n import LANGUAGES, LOCALES_DIR

pytestmark = pytest.mark.slow

KNOWLEDGE_DIR = Path(__file__).parents[2] / "support_bot" / "knowledge"
WELL_SPOKEN = frozenset({"fr", "en", "de", "es", "it", "nl", "pt"})
CATEGORIES = frozenset({
    "access", "payment", "refund", "devices", "quality", "tickets",
    "presale", "subscription", "account", "privacy", "event", "contact",
})  # fmt: skip
ACTS = frozenset({
    "why_cant_i_watch", "resend_receipt", "resend_ticket", "end_session", "refund",
    "change_language", "change_consent",
})  # fmt: skip
CLOSEST = 0.6
"""Two phrasings of one article may share so much of their three-letter pieces, and no more."""
FRENCH_THIN = "\u202f"
SENTENCE_END = re.compile(
    r"[.!?;\u037e](?=[\"”’»)\u202f]*(?:\s|$))|[。！？](?![」』）])|[؟](?=\s|$|[»”])"
)


def read(path: Path) -> dict[str, Any]:
    with path.open("rb") as opened:
        return tomllib.load(opened)


INDEX = read(KNOWLEDGE_DIR / "index.toml")["articles"]
FILES = sorted(
    set(KNOWLEDGE_DIR.glob("*.toml"))
    - {KNOWLEDGE_DIR / f"{no}.toml" for no in ("index", "outside")}
)
BOOKS = {path.stem: read(path) for path in FILES}
ENTRIES = [
    pytest.param(language, entry, id=f"{language}-{entry['slug']}")
    for language, book in BOOKS.items()
    for entry in book["articles"]
]


def sentences(text: str, language: str) -> int:
    """How many sentences a text has. Pure; a semicolon ends one in Greek alone."""
    ends = SENTENCE_END.findall(text)
    return sum(1 for end in ends if end not in ";\u037e" or language == "el")


def pieces(text: str) -> set[str]:
    """Three-letter pieces; two where a character is a syllable or a word."""
    bare = re.sub(r"\W+", " ", text.casefold()).strip()
    size = 2 if re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", bare) else 3
    padded = bare if size == 2 else f" {bare} "
    return {padded[at : at + size] for at in range(max(1, len(padded) - size + 1))}


def likeness(one: str, other: str) -> float:
    first, second = pieces(one), pieces(other)
    return len(first & second) / len(first | second)


def plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def test_the_index_names_each_article_once_with_a_known_category_and_act() -> None:
    slugs = [entry["slug"] for entry in INDEX]
    assert len(slugs) == len(set(slugs))
    assert len(slugs) >= 40
    assert {entry["category"] for entry in INDEX} == CATEGORIES
    assert {entry["act"] for entry in INDEX if "act" in entry} == ACTS
    for entry in INDEX:
        assert entry.keys() <= {"slug", "category", "act"}
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry["slug"])


@pytest.mark.parametrize("language", BOOKS)
def test_a_language_file_holds_every_article_once_and_nothing_more(language: str) -> None:
    book = BOOKS[language]
    assert language in LANGUAGES
    assert book["language"] == language
    assert isinstance(book["reviewed_by_native"], bool)
    assert [entry["slug"] for entry in book["articles"]] == [entry["slug"] for entry in INDEX]
    for entry in book["articles"]:
        assert entry.keys() == {"slug", "title", "answer", "phrasings"}, entry["slug"]


def test_the_languages_that_we_write_ourselves_are_there() -> None:
    assert {"en", "fr"} <= BOOKS.keys()


@pytest.mark.parametrize(("language", "entry"), ENTRIES)
def test_an_answer_has_two_to_four_sentences(language: str, entry: dict[str, Any]) -> None:
    answer = entry["answer"]
    assert 2 <= sentences(answer, language) <= 4, sentences(answer, language)
    assert 40 <= len(answer) <= 700
    assert answer == answer.strip()


@pytest.mark.parametrize(("language", "entry"), ENTRIES)
def test_a_title_is_short(language: str, entry: dict[str, Any]) -> None:
    assert 2 <= len(entry["title"]) <= 80
    assert entry["title"] == entry["title"].strip()


@pytest.mark.parametrize(("language", "entry"), ENTRIES)
def test_texts_are_markdown_without_html_or_addresses(language: str, entry: dict[str, Any]) -> None:
    for text in (entry["title"], entry["answer"], *entry["phrasings"]):
        assert not re.search(r"[<>]|&\w+;|https?:|\]\(", text), text
    assert entry["answer"].count("**") % 2 == 0


@pytest.mark.parametrize(("language", "entry"), ENTRIES)
def test_phrasings_are_enough_and_differ(language: str, entry: dict[str, Any]) -> None:
    phrasings = entry["phrasings"]
    assert len(phrasings) >= (10 if language in WELL_SPOKEN else 5)
    for phrasing in phrasings:
        assert phrasing == phrasing.strip()
        assert 1 <= len(phrasing) <= 160, phrasing
    for one, other in combinations(phrasings, 2):
        assert likeness(one, other) < CLOSEST, (one, other)


@pytest.mark.parametrize("language", BOOKS)
def test_no_phrasing_stands_under_two_articles(language: str) -> None:
    said = Counter(
        plain(phrasing) for entry in BOOKS[language]["articles"] for phrasing in entry["phrasings"]
    )
    assert [text for text, times in said.items() if times > 1] == []


@pytest.mark.parametrize("language", BOOKS)
def test_no_two_articles_share_a_title(language: str) -> None:
    titles = [plain(entry["title"]) for entry in BOOKS[language]["articles"]]
    assert len(titles) == len(set(titles))


def labels(language: str) -> set[str] | None:
    """What the pages call their parts in a language; None while it has no catalogue."""
    source = LOCALES_DIR / language / "LC_MESSAGES" / "paywall.po"
    if language == "en":
        source = LOCALES_DIR / "paywall.pot"
    if not source.exists():
        return None
    with source.open("rb") as opened:
        messages = [one for one in read_po(opened) if isinstance(one.id, str)]
    return {str(one.id if language == "en" else one.string) for one in messages}


@pytest.mark.parametrize("language", BOOKS)
def test_what_an_answer_sets_in_bold_is_a_label_of_the_pages(language: str) -> None:
    known = labels(language)
    if known is None:
        pytest.skip("its pages are not translated yet")
    for entry in BOOKS[language]["articles"]:
        if entry["slug"] == "watch-on-tv":
            continue  # It names a button of the browser's.
        for label in re.findall(r"\*\*(.+?)\*\*", entry["answer"]):
            assert label in known, f"{entry['slug']}: {label}"


def test_french_answers_keep_french_typography() -> None:
    for entry in BOOKS["fr"]["articles"]:
        for text in (entry["title"], entry["answer"]):
            assert "'" not in text, text
            assert '"' not in text, text
            assert not re.search(rf"[^{FRENCH_THIN}][;!?»]", text), text
            assert not re.search(rf"«(?!{FRENCH_THIN})", text), text
            assert not re.search(r"[^\u00a0]:", text), text


def test_english_answers_keep_curly_marks() -> None:
    for entry in BOOKS["en"]["articles"]:
        assert not re.search("['\"]", entry["title"] + entry["answer"]), entry["slug"]


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("Press it. Then wait!", "en", 2),
        ("It costs 12.50 euros; no more.", "en", 1),
        ("Στείλε το; Ναι.", "el", 2),
        ("押してください。お待ちください！", "ja", 2),
        ("请按下按钮。然后等待。", "zh", 2),
        ("هل اشتريت التذكرة؟ افتح تذاكري.", "ar", 2),
        ("Ouvrez la page\u202f! Puis attendez.", "fr", 2),
    ],
)
def test_sentences_are_counted_as_each_language_ends_them(
    text: str, language: str, count: int
) -> None:
    assert sentences(text, language) == count

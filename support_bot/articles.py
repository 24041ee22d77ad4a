"""The help articles: read from TOML files, with a venue's own beside and over those we ship."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from infra.kernel.errors import Problem
from support_bot.examples import OOS, Example
from support_bot.languages import LANGUAGES, canonical

SHIPPED = Path(__file__).parent / "knowledge"
FALLBACK = ("en", "fr")
"""Languages in which an article is shown when the reader's own is missing, in this order."""


class BadKnowledge(Problem):
    """A knowledge file breaks its format; the detail names the file and what to change."""

    status = 422
    code = "bad_knowledge"
    title = "The help articles can't be read"


class ArticleText(msgspec.Struct, frozen=True):
    """An article in one language. answer is Markdown; phrasings are ways to ask for it."""

    title: str
    answer: str
    phrasings: tuple[str, ...] = ()


class Article(msgspec.Struct, frozen=True):
    """One answer. act names what a signed-in reader may do right from it, "" for nothing."""

    slug: str
    category: str
    texts: Mapping[str, ArticleText]
    act: str = ""

    def text(self, lang: str) -> tuple[str, ArticleText] | None:
        """In that language or, if it is missing, in a fallback; with the language it is in."""
        for code in (canonical(lang), *FALLBACK, *sorted(self.texts)):
            if code in self.texts:
                return code, self.texts[code]
        return None


class OwnKnowledge(msgspec.Struct, frozen=True):
    """What a venue wrote itself: its texts stand over the shipped ones, language by language.

    Of the articles in `alone` readers get the venue's texts only: where it says something else
    than we do, a language that it did not write in must not say what we said.
    """

    articles: Sequence[Article] = ()
    hidden: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()


def read_index(folder: Path = SHIPPED) -> list[Article]:
    """The articles of index.toml, without their texts; raises BadKnowledge."""
    file = folder / "index.toml"
    return [
        Article(str(one["slug"]), str(one.get("category", "")), {}, str(one.get("act", "")))
        for one in _entries(_toml(file), file)
    ]


def read_language(lang: str, folder: Path = SHIPPED) -> dict[str, ArticleText]:
    """The texts of one language by slug; empty where there is no such file."""
    file = folder / f"{lang}.toml"
    return _language(file)[1] if lang in LANGUAGES and file.exists() else {}


class Knowledge(msgspec.Struct, frozen=True):
    """All that one venue's bot stands on."""

    slug: str
    own: OwnKnowledge = OwnKnowledge()
    learned: tuple[Example, ...] = ()

    @property
    def is_plain(self) -> bool:
        return not (self.own.articles or self.own.hidden or self.learned)


def read_articles(folder: Path = SHIPPED) -> list[Article]:
    """The articles of index.toml with their texts from <language>.toml; raises BadKnowledge."""
    listed = read_index(folder)
    texts: dict[str, dict[str, ArticleText]] = {}
    for file in sorted(folder.glob("*.toml")):
        if file.name in ("index.toml", "outside.toml"):
            continue
        lang, written = _language(file)
        for slug, text in written.items():
            texts.setdefault(slug, {})[lang] = text
    articles = [
        msgspec.structs.replace(article, texts=texts.pop(article.slug, {})) for article in listed
    ]
    if texts:
        raise BadKnowledge(f"index.toml does not list these articles: {', '.join(sorted(texts))}.")
    return articles


def merged(shipped: Sequence[Article], own: OwnKnowledge) -> list[Article]:
    """What a venue's readers get: shipped articles, minus the hidden, its own over them."""
    written = {article.slug: article for article in own.articles}
    result = []
    for article in shipped:
        over = written.pop(article.slug, None)
        texts = article.texts
        if over is not None:
            only = article.slug in own.alone and bool(over.texts)
            texts = over.texts if only else {**texts, **over.texts}
        category = over.category if over is not None and over.category else article.category
        result.append(Article(article.slug, category, texts, article.act))
    result += written.values()
    return [article for article in result if article.slug not in own.hidden]


def examples_of(articles: Sequence[Article]) -> list[Example]:
    """What the bot learns from: every phrasing and every title, labelled with the slug."""
    return [
        Example(phrase, article.slug, lang)
        for article in articles
        for lang, text in sorted(article.texts.items())
        for phrase in (text.title, *text.phrasings)
    ]


def outside(folder: Path = SHIPPED) -> list[Example]:
    """Questions that no article answers, labelled OOS; none where there is no outside.toml."""
    file = folder / "outside.toml"
    if not file.exists():
        return []
    return [
        Example(str(text), OOS, canonical(lang))
        for lang, texts in sorted(_toml(file).items())
        for text in texts
    ]


def lessons(articles: Sequence[Article], learned: Sequence[Example] = ()) -> list[Example]:
    """All that a venue's bot learns from: its articles, what agents confirmed, what is outside.

    Learned examples of articles that are gone are left out.
    """
    slugs = {article.slug for article in articles} | {OOS}
    confirmed = (
        msgspec.structs.replace(one, confirmed=True) for one in learned if one.intent in slugs
    )
    return [*examples_of(articles), *confirmed, *outside()]


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadKnowledge(f"There is no {file.name} in {file.parent}.") from error
    except (OSError, ValueError) as error:
        raise BadKnowledge(f"{file.name} can't be read: {error}") from error


def _entries(read: dict[str, Any], file: Path) -> list[dict[str, Any]]:
    entries = read.get("articles")
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise BadKnowledge(f"{file.name} has no [[articles]].")
    slugs = [entry.get("slug") for entry in entries]
    if not all(isinstance(slug, str) and slug for slug in slugs):
        raise BadKnowledge(f"{file.name}: an article has no slug.")
    twice = sorted({str(slug) for slug in slugs if slugs.count(slug) > 1})
    if twice:
        raise BadKnowledge(f"{file.name} has an article twice: {', '.join(twice)}.")
    return entries


def _language(file: Path) -> tuple[str, dict[str, ArticleText]]:
    read = _toml(file)
    lang = canonical(str(read.get("language", "")))
    if lang != canonical(file.stem):
        raise BadKnowledge(f'{file.name} must say language = "{file.stem}".')
    texts = {}
    for entry in _entries(read, file):
        try:
            texts[str(entry["slug"])] = msgspec.convert(entry, ArticleText)
        except msgspec.ValidationError as error:
            raise BadKnowledge(f"{file.name}, article {entry['slug']}: {error}.") from error
    return lang, texts

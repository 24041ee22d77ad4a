"""What ships, a language at a time: a page in Danish reads three files and not thirty."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from support_bot.articles import (
    FALLBACK,
    SHIPPED,
    Article,
    ArticleText,
    read_index,
    read_language,
)
from support_bot.languages import LANGUAGES


@lru_cache(maxsize=1)
def index() -> tuple[Article, ...]:
    """The shipped articles in their order, without texts."""
    return tuple(read_index())


@lru_cache(maxsize=len(LANGUAGES))
def texts(lang: str) -> Mapping[str, ArticleText]:
    """Shipped texts of one language by slug; empty for a language that we don't carry."""
    return read_language(lang)


def shipped(langs: Iterable[str]) -> list[Article]:
    """The shipped articles with their texts in these languages."""
    wanted = [(lang, texts(lang)) for lang in langs]
    return [
        msgspec.structs.replace(
            article,
            texts={lang: held[article.slug] for lang, held in wanted if article.slug in held},
        )
        for article in index()
    ]


def shown_in(lang: str) -> list[Article]:
    """The shipped articles as a reader of this language needs them: its texts and fall-backs."""
    return shipped(dict.fromkeys((lang, *FALLBACK)))


@lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """Languages that have a file; a test holds every file to all articles."""
    return frozenset(lang for lang in LANGUAGES if (SHIPPED / f"{lang}.toml").exists())


@lru_cache(maxsize=1)
def read_by_native() -> frozenset[str]:
    """Languages whose knowledge file says that a native speaker read all of it."""
    return frozenset(lang for lang in LANGUAGES if _says_so(SHIPPED / f"{lang}.toml"))


def _says_so(file: Path) -> bool:
    head = file.read_text("utf-8").partition("[[articles]]")[0] if file.exists() else ""
    return tomllib.loads(head).get("reviewed_by_native") is True

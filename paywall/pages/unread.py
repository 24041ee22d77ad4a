"""What no native speaker has read yet, by language: articles, pages, mails.

A knowledge file or a catalogue says so for all of itself; a venue or the operator notes it text by
text. A note holds for the text that was read: after a change it is unread again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment

from paywall.pages.environment import TEMPLATES_DIR
from paywall.pages.i18n import DOMAIN, LOCALES_DIR, NAMES, READ, Catalogues
from support_bot.article_tables import SupportReading
from support_bot.articles import ArticleText, OwnKnowledge, merged
from support_bot.languages import LANGUAGES
from support_bot.readings import ARTICLE, MAILS, PAGES, print_of, reading_of
from support_bot.shipped import read_by_native, shipped

Message = tuple[str, ...]
"""A msgid, or its singular and plural."""
_COUNTS = (0, 1, 2, 3, 5, 11, 21, 100)
"""Every plural form of the 29 languages is met by one of these."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to read. texts: how many messages, 1 for an article."""

    key: str
    title: str
    texts: int
    print: str
    read: bool
    by: SupportReading | None = None
    """The note; None where the file itself says that it was read, or nobody has."""


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read in one language; counts are of texts nobody has read."""

    code: str
    name: str
    subjects: list[Subject]
    missing: int
    """Articles that are not written in it."""

    def unread(self, kind: str) -> int:
        """Texts of `pages`, `mails` or `article:` that nobody has read."""
        return sum(one.texts for one in self.subjects if one.key.startswith(kind) and not one.read)


class Reading:
    """What pages and mails say in each language, hashed once a process."""

    def __init__(self, catalogues: Catalogues, environment: Environment) -> None:
        self._catalogues = catalogues
        self._environment = environment
        self._hashed: dict[tuple[str, str], str] = {}

    def languages(
        self,
        own: OwnKnowledge,
        marks: Mapping[tuple[str, str], list[SupportReading]],
        only: str = "",
    ) -> list[Language]:
        """All languages, or one, with this venue's articles over those that ship."""
        codes = [only] if only else sorted(LANGUAGES, key=lambda code: NAMES[code].casefold())
        return [self._language(code, own, marks) for code in codes]

    def _language(
        self,
        code: str,
        own: OwnKnowledge,
        marks: Mapping[tuple[str, str], list[SupportReading]],
    ) -> Language:
        articles = merged(shipped([code]), own)
        held = [(one.slug, one.texts[code]) for one in articles if code in one.texts]
        ours = {
            (article.slug, article.texts[code])
            for article in (shipped([code]) if code in read_by_native() else [])
            if code in article.texts
        }
        subjects = [
            *(self._of_catalogue(code, kind, marks) for kind in (PAGES, MAILS)),
            *(_of_article(code, slug, text, (slug, text) in ours, marks) for slug, text in held),
        ]
        return Language(
            code=code, name=NAMES[code], subjects=subjects, missing=len(articles) - len(held)
        )

    def _of_catalogue(
        self, code: str, kind: str, marks: Mapping[tuple[str, str], list[SupportReading]]
    ) -> Subject:
        messages = messages_of(self._environment, kind)
        if (code, kind) not in self._hashed:
            translator = self._catalogues.translator(code)
            self._hashed[code, kind] = print_of(_said(translator, messages))
        told = self._hashed[code, kind]
        by = reading_of(marks, code, kind, told)
        read = by is not None or catalogue_read(code)
        return Subject(key=kind, title=kind, texts=len(messages), print=told, read=read, by=by)


def _of_article(
    code: str,
    slug: str,
    text: ArticleText,
    ours: bool,  # noqa: FBT001 - one fact about the text
    marks: Mapping[tuple[str, str], list[SupportReading]],
) -> Subject:
    told = print_of((text.title, text.answer))
    by = reading_of(marks, code, ARTICLE + slug, told)
    read = by is not None or ours
    return Subject(key=ARTICLE + slug, title=text.title, texts=1, print=told, read=read, by=by)


def _said(translator: Any, messages: Iterable[Message]) -> Iterable[str]:
    for message in messages:
        yield translator.gettext(message[0])
        if len(message) > 1:
            yield from (translator.ngettext(message[0], message[1], n) for n in _COUNTS)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue_read(code: str, locales_dir: Path = LOCALES_DIR) -> bool:
    """Whether the head of the language's catalogue says that a native speaker read all of it."""
    file = locales_dir / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not file.exists():
        return False
    with file.open(encoding="utf-8") as opened:
        return any(READ in line for line, _ in zip(opened, range(30), strict=False))


@lru_cache(maxsize=4)
def messages_of(environment: Environment, kind: str) -> tuple[Message, ...]:
    """The messages of viewers' mails, or those of their pages and refusals: all the others."""
    mails = frozenset(_in_mails(environment))
    every = _in_template(LOCALES_DIR / "viewer.pot")
    return tuple(one for one in every if (one in mails) is (kind == MAILS))


def _in_mails(environment: Environment) -> Iterable[Message]:
    for file in sorted((TEMPLATES_DIR / "mail").iterdir()):
        for _, _, found in environment.extract_translations(file.read_text("utf-8")):  # type: ignore[attr-defined]
            yield _message(found)
    # Subjects, buttons and reasons stand in the code that fills the templates.
    from babel.messages.extract import extract_from_file

    source = Path(__file__).parent / "mail_rendering.py"
    for _, found, _, _ in extract_from_file("python", str(source)):
        yield _message(found)


def _message(found: Any) -> Message:
    parts = (found,) if isinstance(found, str) else found
    return tuple(part for part in parts if isinstance(part, str))


def _in_template(pot: Path) -> list[Message]:
    """Every msgid of a catalogue's template, without its head."""
    from babel.messages.pofile import read_po

    with pot.open("rb") as opened:
        catalogue = read_po(opened)
    ids = (message.id for message in catalogue if message.id)
    return [(one,) if isinstance(one, str) else tuple(one) for one in ids]

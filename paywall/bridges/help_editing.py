"""A venue's articles as its staff see them: what ships, what it changed, drafts, votes."""

from __future__ import annotations

import msgspec

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from support_bot import article_votes, own_articles
from support_bot.article_tables import SupportText, SupportVersion, TextState
from support_bot.article_votes import Votes
from support_bot.articles import FALLBACK, ArticleText
from support_bot.own_articles import Own
from support_bot.shipped import index, languages, texts


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One article in the list. Languages are ISO 639-1 codes, sorted."""

    slug: str
    title: str
    category: str
    ships: bool
    hidden: bool
    alone: bool
    version: int
    languages: list[str]
    """In which readers get it without falling back."""
    own: list[str]
    """In which they get the venue's own text."""
    drafts: list[str]
    """In which something waits to be published."""
    votes: Votes


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One article in one language, as its editor needs it."""

    entry: Entry
    lang: str
    row: SupportText | None
    newest: SupportVersion | None
    shipped: ArticleText | None
    shown: ArticleText | None
    """What readers of the language get; None: they fall back, or nothing is published."""

    @property
    def version(self) -> int:
        return self.row.version if self.row is not None else 0

    @property
    def draft(self) -> bool:
        """Something newer than what readers get was saved."""
        return self.row is not None and self.row.published != self.row.latest

    @property
    def published(self) -> bool:
        return self.row is not None and self.row.state is TextState.PUBLISHED

    @property
    def edited(self) -> ArticleText:
        """What an editor goes on from: the newest save, else what ships, else nothing."""
        if self.newest is not None:
            return own_articles.text_of(self.newest)
        return self.shipped or ArticleText("", "")


async def entries(tx: Tx, venue_id: str, lang: str) -> list[Entry]:
    """Every article, hidden ones and drafts too, named in this language where it can be."""
    own = await own_articles.all_own(tx, venue_id)
    newest = await own_articles.newest(tx, venue_id)
    votes = await article_votes.tally(tx, venue_id)
    shipped = {one.slug: one.category for one in index()}
    slugs = [*shipped, *(slug for slug in own if slug not in shipped)]
    return [
        _entry(slug, shipped.get(slug), own.get(slug), newest, votes.get(slug, Votes()), lang)
        for slug in slugs
    ]


def _entry(
    slug: str,
    category: str | None,
    own: Own | None,
    newest: dict[tuple[str, str], SupportVersion],
    votes: Votes,
    lang: str,
) -> Entry:
    rows = own.texts if own is not None else {}
    published = sorted(one for one, row in rows.items() if row.state is TextState.PUBLISHED)
    alone = own is not None and own.article.alone
    ours = languages() if category is not None and not (alone and published) else frozenset()
    return Entry(
        slug=slug,
        title=_title(slug, newest, lang, list(rows)),
        category=own.article.category if own is not None else category or "",
        ships=category is not None,
        hidden=own is not None and own.article.hidden,
        alone=alone,
        version=own.article.version if own is not None else 0,
        languages=sorted(ours | set(published)),
        own=published,
        drafts=sorted(one for one, row in rows.items() if row.published != row.latest),
        votes=votes,
    )


def _title(
    slug: str, newest: dict[tuple[str, str], SupportVersion], lang: str, written: list[str]
) -> str:
    for code in (lang, *FALLBACK, *sorted(written)):
        if (slug, code) in newest:
            return newest[slug, code].title
        if slug in texts(code):
            return texts(code)[slug].title
    return slug


async def text_in(tx: Tx, venue_id: str, slug: str, lang: str) -> Text:
    """One article in one language; NotFound for a slug that neither ships nor is the venue's."""
    found = [one for one in await entries(tx, venue_id, lang) if one.slug == slug]
    if not found or lang not in languages():
        raise NotFound("article")
    own = await own_articles.find(tx, venue_id, slug)
    row = own.texts.get(lang) if own is not None else None
    newest = (await own_articles.newest(tx, venue_id, slug)).get((slug, lang))
    shipped = texts(lang).get(slug)
    shown = shipped if lang in found[0].languages else None
    if row is not None and row.published:
        version = await own_articles.numbered(tx, venue_id, slug, lang, row.published)
        shown = own_articles.text_of(version)
    return Text(entry=found[0], lang=lang, row=row, newest=newest, shipped=shipped, shown=shown)

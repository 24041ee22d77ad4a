"""A venue's help as its readers get it: what ships and what it wrote, found and searched.

What is kept in memory is a cache: every request asks the database whether it is still right.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from support_bot.articles import FALLBACK, Article, ArticleText, OwnKnowledge, merged
from support_bot.finding import Finder, Hit
from support_bot.own_articles import CATEGORIES, knowledge_revision, own_knowledge
from support_bot.shipped import index, languages, shown_in

KEPT = 32
"""Indexes kept in a process: about half a megabyte each, most venues of a language share one."""


class Shown(msgspec.Struct, frozen=True):
    """An article for one reader, and the language that its text is really in."""

    article: Article
    lang: str
    text: ArticleText


class Shelf:
    """All articles of a venue for readers of one language."""

    def __init__(self, own: OwnKnowledge, lang: str) -> None:
        articles = merged(shown_in(lang), own)
        self.lang = lang
        self._alone = own.alone
        found = ((article, article.text(lang)) for article in articles)
        self._shown = [Shown(article, *text) for article, text in found if text is not None]
        self._by_slug = {one.article.slug: one for one in self._shown}
        self._finder = Finder(articles, lang)
        self._articles = articles
        self._others: list[Finder] | None = None

    def all(self) -> list[Shown]:
        return list(self._shown)

    def get(self, slug: str) -> Shown:
        """One article; NotFound where it is hidden or never was."""
        if slug not in self._by_slug:
            raise NotFound("article")
        return self._by_slug[slug]

    def some(self, *slugs: str) -> list[Shown]:
        """Those of these articles that the venue shows, in this order."""
        return [self._by_slug[slug] for slug in slugs if slug in self._by_slug]

    def by_category(self) -> list[tuple[str, list[Shown]]]:
        """Categories that hold something, in their order; a made-up one comes last."""
        groups: dict[str, list[Shown]] = {category: [] for category in CATEGORIES}
        for one in self._shown:
            groups.setdefault(one.article.category, []).append(one)
        return [(category, held) for category, held in groups.items() if held]

    def languages(self, slug: str) -> list[str]:
        """Every language in which readers get this article without falling back."""
        held = set(self.get(slug).article.texts)
        if slug not in self._alone and any(one.slug == slug for one in index()):
            held |= languages()
        return sorted(held)

    def find(self, query: str, limit: int = 8) -> list[Hit]:
        """By the reader's language; where nothing fits, by what readers of others would type."""
        found = self._finder.find(query, limit)
        if found or not query.strip():
            return found
        if self._others is None:
            others = [lang for lang in FALLBACK if lang != self.lang]
            self._others = [Finder(self._articles, lang) for lang in others]
        by_slug = {
            hit.article.slug: hit for other in self._others for hit in other.find(query, limit)
        }
        # Asked in another language, answered in the page's.
        return [
            Hit(one.article, one.lang, one.text, by_slug[one.article.slug].score)
            for one in self.some(*by_slug)
        ][:limit]


class Help:
    """Shelves by venue and language. One per process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], Shelf] = OrderedDict()

    async def at(self, tx: Tx, venue_id: str, lang: str) -> Shelf:
        """What readers of this language get at the venue now; "" as venue: what ships."""
        revision = await knowledge_revision(tx, venue_id) if venue_id else 0
        key = (venue_id if revision else "", revision, lang)
        shelf = self._kept.get(key)
        if shelf is None:
            own = await own_knowledge(tx, venue_id) if revision else OwnKnowledge()
            shelf = self._kept[key] = Shelf(own, lang)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return shelf

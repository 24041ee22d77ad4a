"""A venue's own articles by its slug, from the database: for those who know no ids."""

from __future__ import annotations

from infra.kernel.db import Database
from paywall.catalogue import venues
from support_bot.articles import OwnKnowledge
from support_bot.own_articles import own_knowledge


class StoredArticles:
    """Answers `support_bot.ports.OwnArticles`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, venue: str) -> OwnKnowledge:
        """As of now; NotFound where no venue has this slug."""
        async with self._db.read() as tx:
            found = await venues.by_slug(tx, venue)
            return await own_knowledge(tx, found.id)

"""What support_bot asks of the outside. The trunk answers; this package imports nobody for it."""

from __future__ import annotations

from typing import Protocol

from support_bot.articles import OwnKnowledge


class OwnArticles(Protocol):
    """Where venues keep the articles that they wrote, changed or hid."""

    async def of(self, venue: str) -> OwnKnowledge:
        """What this venue (its slug) adds to and takes from the shipped articles, as of now.

        Only what is published; NotFound where there is no such venue.
        """
        ...

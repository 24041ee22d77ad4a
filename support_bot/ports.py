"""What support_bot asks of the outside. The trunk answers; this package imports nobody for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from infra.kernel.errors import Unavailable
from infra.kernel.money import Money
from support_bot.articles import OwnKnowledge


class OwnArticles(Protocol):
    """Where venues keep the articles that they wrote, changed or hid."""

    def of(self, venue: str) -> OwnKnowledge:
        """What this venue (its slug) adds to and takes from the shipped articles, as of now."""
        ...


class Question(msgspec.Struct, frozen=True):
    """What somebody typed, and the language of the page on which they did."""

    text: str
    lang: str = ""


class Found(msgspec.Struct, frozen=True):
    """An article that may be meant; score: how likely, 0 to 1, where that is known."""

    slug: str
    title: str
    score: float = 0.0


class BotReply(msgspec.Struct, frozen=True):
    """What the bot makes of a question.

    outcome: answer, suggest or hand_over; language: the one that the answer and the titles are in;
    confidence: the chance that the first article is right; answer: Markdown, for a direct answer.
    """

    outcome: str
    language: str
    confidence: float
    articles: tuple[Found, ...]
    answer: str = ""


class BotAway(Unavailable):
    """The bot process does not answer in time, or has not learned this venue's articles yet."""

    code = "bot_away"
    title = "The assistant is away"


class Bots(Protocol):
    """Asks the one bot process. Bounded in time; nothing that is asked is kept there."""

    async def ask(self, venue_id: str, questions: Sequence[Question]) -> list[BotReply]:
        """One reply a question, in order; raises BotAway, and nothing else."""
        ...

    async def wake(self, venue_id: str) -> None:
        """Have the process started and the venue's brain loaded; returns at once, never raises."""
        ...


class Wording(Protocol):
    """Our own sentences, and values in them, in a reader's language."""

    def words(self, lang: str, message: str) -> str:
        """The message in that language, or as it is written."""
        ...

    def money(self, lang: str, amount: Money) -> str: ...

    def moment(self, lang: str, at: datetime, zone: str) -> str: ...

    def html(self, markdown: str) -> str:
        """Sanitised HTML of an answer."""
        ...

    def language_name(self, code: str) -> str:
        """A language's own name for itself; "" for one that we don't speak."""
        ...

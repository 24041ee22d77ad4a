"""What support_bot asks of the outside. The trunk answers; this package imports nobody for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from infra.kernel.db import Tx
from infra.kernel.errors import Unavailable
from infra.kernel.money import Money
from support_bot.articles import OwnKnowledge


class OwnArticles(Protocol):
    """Where venues keep the articles that they wrote, changed or hid."""

    async def of(self, venue: str) -> OwnKnowledge:
        """What this venue (its slug) adds to and takes from the shipped articles, as of now.

        Only what is published; NotFound where there is no such venue.
        """
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


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that an agent may send as it is. text is Markdown; score is 0 to 1."""

    article: str
    title: str
    text: str
    score: float
    sure: bool = False
    """The bot would have said it without a person."""
    lang: str = ""
    """The language that the text is really in."""


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What the bot would do with a mail. outcome: answer, suggest or hand_over."""

    outcome: str
    lang: str
    """The language that the mail is in, as far as the bot can tell."""
    found: Sequence[Suggestion]
    """The likeliest first, up to three."""


class Suggests(Protocol):
    """Asks the bot for answers to what a customer wrote. Bounded in time; may know none."""

    async def advise(self, *, venue_id: str, lang: str, text: str) -> Advice | None:
        """What the bot makes of it; None while it is away. Never raises for that."""
        ...

    async def suggest(self, *, venue_id: str, lang: str, text: str) -> Sequence[Suggestion]:
        """The likeliest first, up to three; none when the bot is away. Never raises for that."""
        ...


class Learns(Protocol):
    """Takes an agent's word for which article answers a question."""

    async def confirm_answer(
        self,
        tx: Tx,
        *,
        venue_id: str,
        question: str,
        article: str,
        lang: str,
        source: str,
        source_id: str,
        confirmed_by: str,
        now: datetime,
    ) -> object:
        """Keep it as an example in the caller's transaction; article is a slug or `oos`."""
        ...


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    title: str
    total: Money
    refunded: bool
    state: str
    at: datetime


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    event_id: str
    title: str
    kind: str  # live | replay
    minutes: int
    running: bool
    device: str
    at: datetime


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown beside a case. known: the customer wrote signed in, so it is surely them."""

    customer_id: str
    account_id: str
    name: str
    known: bool
    bought: Sequence[Bought]
    watched: Sequence[Watched]


class People(Protocol):
    """Who the person of a case is at the venue."""

    async def beside(
        self, tx: Tx, *, venue_id: str, account_id: str | None, email: str
    ) -> Beside | None:
        """By the account, else by the address, which a mail may have forged; None: unknown."""
        ...


class Post(Protocol):
    """Where mails in belong, and what time it is there."""

    async def venues_of(self, tx: Tx, addresses: Sequence[str]) -> Sequence[str]:
        """The venues that these addresses are the support addresses of; each once, in order."""
        ...

    async def now(self, tx: Tx, venue_id: str) -> datetime:
        """The venue's business time."""
        ...

    async def locale(self, tx: Tx, venue_id: str, email: str) -> str:
        """The language of the account with this address, else the venue's."""
        ...


class Fetched(msgspec.Struct, frozen=True):
    uid: str
    raw: bytes
    """As it came, cut at MAIL_BYTES_MAX."""


class Postbox(Protocol):
    """The mailbox that support addresses lead to."""

    async def fetch(self, limit: int) -> Sequence[Fetched]:
        """The oldest mails that were not stored yet; raises Unavailable."""
        ...

    async def stored(self, uids: Sequence[str]) -> None:
        """These are kept; they are not fetched again."""
        ...

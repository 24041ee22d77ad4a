"""What the inbox asks of the bot: an answer to suggest, and to learn from an agent's word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from infra.kernel.db import Database, Tx
from paywall.bridges.help import Help
from support_bot import learned
from support_bot.conversation_tables import Outcome
from support_bot.ports import Advice, BotAway, Bots, Question, Suggestion


class BotSuggests:
    """Implements support_bot.ports.Suggests with the bot process and the venue's articles."""

    def __init__(self, db: Database, bots: Bots, help_: Help) -> None:
        self._db = db
        self._bots = bots
        self._help = help_

    async def suggest(self, *, venue_id: str, lang: str, text: str) -> Sequence[Suggestion]:
        advice = await self.advise(venue_id=venue_id, lang=lang, text=text)
        return () if advice is None else advice.found

    async def advise(self, *, venue_id: str, lang: str, text: str) -> Advice | None:
        try:
            (reply,) = await self._bots.ask(venue_id, [Question(text, lang)])
        except BotAway:
            return None
        async with self._db.read() as tx:
            shelf = await self._help.at(tx, venue_id, reply.language or lang)
        shown = {one.article.slug: one for one in shelf.some(*(a.slug for a in reply.articles))}
        sure = reply.outcome == Outcome.ANSWER
        found = [
            Suggestion(
                article=one.slug,
                title=shown[one.slug].text.title,
                text=shown[one.slug].text.answer,
                score=one.score,
                sure=sure and n == 0,
                lang=shown[one.slug].lang,
            )
            for n, one in enumerate(reply.articles)
            if one.slug in shown
        ]
        return Advice(outcome=reply.outcome, lang=reply.language or lang, found=found)


class BotLearns:
    """Implements support_bot.ports.Learns: the word is kept, and a training follows."""

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
        return await learned.confirm_answer(
            tx, venue_id=venue_id, question=question, article=article, lang=lang, source=source,
            source_id=source_id, confirmed_by=confirmed_by, now=now,
        )  # fmt: skip

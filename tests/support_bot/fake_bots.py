"""A bot that knows by words in the question; passes the same conformance suite as the process."""

from __future__ import annotations

from collections.abc import Sequence

from infra.kernel.db import refuse_inside_transaction
from support_bot.ports import BotAway, BotReply, Found, Question

TITLES = {
    "find-ticket": "Where is my ticket?",
    "receipt": "I need a receipt",
    "refund-request": "Can I get my money back?",
    "stream-stopped": "The stream stopped",
    "log-out-device": "Log out another device",
    "language": "Change the language",
    "marketing-opt-out": "No more news",
    "cannot-watch": "I can’t watch although I paid",
}
WORDS = {
    "ticket": "find-ticket", "receipt": "receipt", "money back": "refund-request",
    "stream is down": "stream-stopped", "device": "log-out-device", "language": "language",
    "newsletter": "marketing-opt-out", "can't watch": "cannot-watch",
}  # fmt: skip


class FakeBots:
    """A sure word is answered; "maybe" before it suggests; anything else is handed over."""

    def __init__(self) -> None:
        self.away = False
        self.broken = False
        self.woken: list[str] = []
        self.asked: list[str] = []

    async def ask(self, venue_id: str, questions: Sequence[Question]) -> list[BotReply]:
        refuse_inside_transaction("the bot")
        if self.broken:
            raise RuntimeError("the web process died here")
        if self.away:
            raise BotAway("The assistant does not answer right now.")
        self.asked += [one.text for one in questions]
        return [self._reply(one) for one in questions]

    async def wake(self, venue_id: str) -> None:
        self.woken.append(venue_id)

    def _reply(self, question: Question) -> BotReply:
        text = question.text.casefold()
        slug = next((slug for word, slug in WORDS.items() if word in text), "")
        if not slug:
            found = Found("gift", "Give a ticket as a present", 0.1)
            return BotReply("hand_over", question.lang or "en", 0.05, (found,))
        first = Found(slug, TITLES[slug], 0.97)
        if "maybe" in text:
            others = tuple(Found(s, TITLES[s], 0.01) for s in ("receipt", "language") if s != slug)
            return BotReply("suggest", question.lang or "en", 0.5, (first, *others))
        return BotReply("answer", question.lang or "en", 0.97, (first,), "See **My tickets**.")

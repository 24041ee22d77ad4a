"""What the assistant mails by itself: an answer it is sure of, a live notice's words, or articles.

All of it takes part in the transaction that tells of the new case: the state, the message and the
outbox row are written together, so that no worker can do a part of it, or any of it twice.
"""

from __future__ import annotations

from datetime import datetime

from infra.kernel.db import Tx
from paywall.bridges.support_letters import CaseLetters
from paywall.bridges.support_view import notice_text
from paywall.catalogue.tables import Venue
from support_bot import cases, live_notices, mail_answers
from support_bot.case_tables import BotMail, Case, CaseSettings
from support_bot.conversation_tables import Outcome
from support_bot.languages import canonical
from support_bot.ports import Advice, Suggestion, Wording


class BotMails:
    """Decides with the venue's settings and the rules of `mail_answers`, then writes."""

    def __init__(self, letters: CaseLetters, wording: Wording) -> None:
        self._letters = letters
        self._wording = wording

    async def handle(
        self, tx: Tx, case: Case, advice: Advice | None, settings: CaseSettings, now: datetime,
        machine_now: datetime,
    ) -> list[Suggestion] | None:  # fmt: skip
        """Answer the case; None: it is answered. Else the articles that its receipt may name."""
        if advice is None or not advice.found:
            return []
        case.lang = canonical(advice.lang) or case.lang  # the receipt too is in the mail's language
        best = advice.found[0]
        cases.step(tx, case, "bot", "suggested", now, article=best.article, score=best.score)
        case.topic = case.topic or best.article
        if await mail_answers.note_asked_again(tx, case, now):
            case.came_back_at = now  # the same article again helps nobody: a person, first of all
            return []
        if advice.outcome == Outcome.HAND_OVER or not await mail_answers.may_answer(tx, case, now):
            return []
        if settings.bot_answers_mails:
            if await self._notice(tx, case, best, now, machine_now):
                return None
            # What falls back to another language is for a person to send, or not.
            if advice.outcome == Outcome.ANSWER and best.sure and best.lang == advice.lang:
                await self._answer(tx, case, best, now, machine_now)
                return None
        if not settings.bot_suggests_in_mails:
            return []
        return list(advice.found[: mail_answers.FOUND_MAX])

    async def receipt(
        self, tx: Tx, case: Case, articles: list[Suggestion], now: datetime, machine_now: datetime
    ) -> None:
        """The message arrived; these articles may help meanwhile."""
        if articles:
            case.bot_mail, case.bot_mailed_at = BotMail.SUGGEST, now
        venue = await tx.get_one(Venue, case.venue_id)
        await self._letters.received(
            tx, case, machine_now, by=case.reply_due_at,
            articles=[(one.title, self._letters.article_url(venue, one)) for one in articles],
        )  # fmt: skip

    async def _answer(
        self, tx: Tx, case: Case, best: Suggestion, now: datetime, machine_now: datetime
    ) -> None:
        venue = await tx.get_one(Venue, case.venue_id)
        message = await cases.bot_replies(
            tx, case, BotMail.ANSWER, best.text, best.article, now
        )  # fmt: skip
        await tx.flush()
        article = (best.title, self._letters.article_url(venue, best))
        await self._letters.answered(tx, case, message, article, machine_now)

    async def _notice(
        self, tx: Tx, case: Case, best: Suggestion, now: datetime, machine_now: datetime
    ) -> bool:
        """The canned words, where a stream has trouble and the mail seems to be about that."""
        if best.article not in live_notices.TROUBLE:
            return False
        notice = await live_notices.running(tx, case.venue_id, case.event_id, machine_now)
        if notice is None:
            return False
        text = await notice_text(tx, self._wording, notice, case.lang)
        case.event_id = case.event_id or notice.event_id
        message = await cases.bot_replies(tx, case, BotMail.NOTICE, text, "", now)
        await tx.flush()
        await self._letters.answered(tx, case, message, None, machine_now)
        return True

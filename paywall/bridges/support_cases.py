"""What agents and customers do with cases, with all that leaves the house because of it.

Each function takes part in the caller's transaction: the leaf moves the case, and the mails and
webhooks of it are rows in the same transaction. `now` is business time, `machine_now` ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Problem
from paywall.bridges.support_bot_mails import BotMails
from paywall.bridges.support_letters import CaseLetters
from paywall.bridges.support_people import SupportPeople
from support_bot import case_replies, cases, mail_answers
from support_bot.case_attach import attach
from support_bot.case_files import Offered, Refusal
from support_bot.case_tables import Author, Case, CaseMessage, CaseState
from support_bot.mail_in import Names
from support_bot.ports import Advice, Learns, Suggestion, Suggests, Wording


class NoSuggestions:
    """Implements Suggests where no bot answers: nothing is suggested."""

    async def advise(self, *, venue_id: str, lang: str, text: str) -> Advice | None:
        return None

    async def suggest(self, *, venue_id: str, lang: str, text: str) -> Sequence[Suggestion]:
        return ()


class NothingLearned:
    """Implements Learns where no bot learns: the agent's word is kept in the case alone."""

    async def confirm_answer(self, tx: Tx, **_: Any) -> object:
        return None


class CaseWork:
    """The venue's desk and the customers' side of it."""

    def __init__(
        self, letters: CaseLetters, people: SupportPeople, names: Names,
        wording: Wording, suggests: Suggests | None = None, learns: Learns | None = None,
    ) -> None:  # fmt: skip
        self.letters = letters
        self.bot_mails = BotMails(letters, wording)
        self.people = people
        self.names = names
        self.suggests: Suggests = suggests or NoSuggestions()
        self.learns: Learns = learns or NothingLearned()

    async def reply(
        self, tx: Tx, venue_id: str, case_id: str, reply: cases.Reply,
        now: datetime, machine_now: datetime,
    ) -> Case:  # fmt: skip
        """An agent's answer, mailed; solves the case where it says so."""
        case = await cases.case_for_update(tx, venue_id, case_id)
        was = case.state
        earlier = await self._messages(tx, case)
        message = await cases.agent_replies(tx, case, reply, now)
        await tx.flush()
        await self.letters.replied(tx, case, message, earlier, machine_now)
        if case.state is CaseState.SOLVED and was is not CaseState.SOLVED:
            await self.letters.solved(tx, case, machine_now)
        return case

    async def leaves(self, tx: Tx, case_id: str, reply_id: str, machine_now: datetime) -> bool:
        """An answer whose seconds are over; False where it was taken back, or is held."""
        case = await tx.get_one(Case, case_id, with_for_update=True)
        reply = await case_replies.leaving(tx, case, reply_id)
        if reply is None:
            return False
        at = await case_replies.pressed_at(tx, reply_id)
        await self.reply(tx, case.venue_id, case_id, reply, at, machine_now)
        return True

    async def judged(
        self, tx: Tx, case: Case, *, helped: bool, words: str, now: datetime, machine_now: datetime
    ) -> None:
        """The customer's word on the assistant's mail; `case` was read for update."""
        was = case.state
        await mail_answers.judge(tx, case, helped=helped, words=words, now=now)
        if case.state is CaseState.SOLVED and was is not CaseState.SOLVED:
            await self.letters.solved(tx, case, machine_now)

    async def solve(
        self, tx: Tx, case: Case, by: str, now: datetime, machine_now: datetime
    ) -> None:
        """Solved without an answer; nothing happens when it is already."""
        if case.state is CaseState.SOLVED:
            return
        await cases.solve(tx, case, by, now)
        await self.letters.solved(tx, case, machine_now)

    async def customer_writes(
        self, tx: Tx, case: Case, text: str, files: Sequence[Offered], now: datetime
    ) -> list[Refusal]:
        """From the customer's own page. Answers which files were not taken."""
        line = cases.Line(author=Author.VIEWER, text=text, at=now)
        message = await cases.viewer_writes(tx, case, line, now)
        return await attach(tx, case, message.id, files, now)

    async def confirm(
        self, tx: Tx, case: Case, message_id: str, article: str, agent_id: str,
        machine_now: datetime, now: datetime,
    ) -> None:  # fmt: skip
        """An agent says which article answers what the customer asked; the bot learns it.

        `article` is a slug or `oos`. Problem where the message is none of the customer's.
        """
        message = await tx.get(CaseMessage, message_id)
        if message is None or message.case_id != case.id or message.author is not Author.VIEWER:
            raise Problem("Choose a message of the customer's.", field="message_id")
        await self.learns.confirm_answer(
            tx, venue_id=case.venue_id, question=message.text, article=article, lang=case.lang,
            source="case", source_id=case.id, confirmed_by=agent_id, now=machine_now,
        )  # fmt: skip
        was = case.topic
        if article != "oos":
            case.topic = article[:80]
        case.version += 1
        cases.step(
            tx, case, agent_id, "confirmed", now, article=article, message=message.id, was=was
        )

    async def _messages(self, tx: Tx, case: Case) -> list[CaseMessage]:
        query = (
            select(CaseMessage)
            .where(CaseMessage.case_id == case.id, CaseMessage.internal.is_(False))
            .order_by(CaseMessage.at, CaseMessage.id)
        )
        return list(await tx.scalars(query))

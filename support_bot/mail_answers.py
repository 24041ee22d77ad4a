"""Which mails the assistant answers alone: the rules, what follows, and the customer's word on it.

A first mail of a person, once a case, a few times a day for one address; never the same article
twice. Everything else waits for a person. `now` is business time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, func, select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid
from support_bot.case_tables import (
    Author,
    BotMail,
    Case,
    CaseMessage,
    CaseSettings,
    CaseState,
    Channel,
)
from support_bot.cases import (
    ASKED_AGAIN,
    CaseOver,
    Line,
    comes_back,
    solve,
    step,
    viewer_writes,
)

A_DAY_MAX = 3
"""Automatic answers for one address in a day: two machines that write to each other stop here,
whatever their headers say (RFC 3834, section 2)."""
PATIENCE = timedelta(seconds=20)
"""For a bot that is just starting; its cold start takes five seconds. After it, a person."""
FOUND_MAX = 3


def wants(settings: CaseSettings) -> bool:
    return settings.bot_answers_mails or settings.bot_suggests_in_mails


def asks_bot(case: Case) -> bool:
    """Whether the bot is asked about the case at all: of its topic the agents learn anyway."""
    return case.channel is Channel.MAIL and case.state is CaseState.NEW and not case.told


def waits(case: Case, settings: CaseSettings, now: datetime) -> bool:
    """The bot was away: True puts the case off once, for PATIENCE."""
    if not case.bot_may_answer or case.bot_asked_at is not None or not wants(settings):
        return False
    case.bot_asked_at = now
    case.arrived_due_at = now + PATIENCE
    return True


async def may_answer(tx: Tx, case: Case, now: datetime) -> bool:
    """Whether anything may go out by itself for this case, whatever it says."""
    if not case.bot_may_answer or case.bot_mail is not BotMail.NONE or not case.email:
        return False
    query = select(func.count()).select_from(_sent(case, now).subquery())
    return (await tx.execute(query)).scalar_one() < A_DAY_MAX


async def note_asked_again(tx: Tx, case: Case, now: datetime) -> bool:
    """Mark this address's answers on the topic in the day before: they did not settle it."""
    if not case.topic:
        return False
    query = _sent(case, now).where(
        Case.topic == case.topic, Case.bot_mail.in_((BotMail.ANSWER, BotMail.SUGGEST))
    )
    before = list(await tx.scalars(query.order_by(Case.id).with_for_update()))
    for one in before:
        one.bot_asked_again = True
    return bool(before)


def _sent(case: Case, now: datetime) -> Select[Case]:
    return select(Case).where(
        Case.venue_id == case.venue_id,
        func.lower(Case.email) == case.email.lower(),
        Case.id != case.id,
        Case.bot_mailed_at > now - ASKED_AGAIN,
    )


async def judge(tx: Tx, case: Case, *, helped: bool, words: str, now: datetime) -> None:
    """The customer's word on what the assistant mailed; the last one counts.

    A no brings the case to a person, with what they add. CaseOver where it is over, Invalid where
    the assistant wrote nothing. `case` was read for update.
    """
    if case.bot_mail is BotMail.NONE:
        raise Invalid("helped", "There is no answer here to judge.")
    if case.state in (CaseState.CLOSED, CaseState.MERGED):
        raise CaseOver("This request is closed. Write again and it becomes a new one.")
    if case.bot_vote != (1 if helped else -1):
        step(tx, case, "customer", "judged", now, helped=helped)
    case.bot_vote = 1 if helped else -1
    case.version += 1
    words = words.strip()[:2000]
    if helped:
        await solve(tx, case, "customer", now)
    elif words and not await _said(tx, case, words):
        await viewer_writes(tx, case, Line(author=Author.VIEWER, text=words, at=now), now)
    elif case.state in (CaseState.ANSWERED, CaseState.SOLVED):
        await comes_back(tx, case, now)


async def _said(tx: Tx, case: Case, words: str) -> bool:
    """Whether these were the customer's last words: the button was pressed twice."""
    query = select(CaseMessage.text).where(
        CaseMessage.case_id == case.id, CaseMessage.author == Author.VIEWER
    )
    last = await tx.scalar(query.order_by(CaseMessage.at.desc(), CaseMessage.id.desc()).limit(1))
    return last == words

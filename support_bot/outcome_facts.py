"""Reads the rows behind the report: questions, votes, acts and cases of one venue in a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from infra.kernel.db import Tx
from support_bot.article_tables import SupportVote
from support_bot.case_tables import Author, BotMail, Case, CaseMessage, CaseState, CaseStep
from support_bot.cases import settings_of
from support_bot.conversation_tables import (
    ActConfirmation,
    ConfirmationState,
    Conversation,
    Line,
    Outcome,
    Speaker,
)
from support_bot.outcomes import CaseFact, Facts, Request, Settled

SOLVED = (CaseState.SOLVED, CaseState.CLOSED)


class _Verdict(NamedTuple):
    """What an agent confirmed in a case: the article that was right."""

    article: str


async def facts_of(
    tx: Tx, venue_id: str, since: datetime, until: datetime, *, currency: str, timezone: str = "UTC"
) -> Facts:
    """Everything asked in [since, until); weeks are those of `timezone`."""
    cases = await _cases(tx, venue_id, since, until)
    verdicts = await _verdicts(tx, venue_id, since)
    mailed = await _mailed(tx, venue_id, since)
    requests = [
        *await _articles(tx, venue_id, since, until),
        *await _questions(tx, venue_id, since, until, verdicts),
        *[
            _from_case(case, mailed.get(case.id, ""), verdicts.get(case.id))
            for case in cases
            if case.conversation_id is None
        ],
    ]
    settings = await settings_of(tx, venue_id)
    return Facts(
        since=since,
        until=until,
        currency=currency,
        timezone=timezone,
        minute_cost_minor=settings.minute_cost_minor,
        requests=requests,
        cases=await _case_facts(tx, cases, until),
    )


async def _cases(tx: Tx, venue_id: str, since: datetime, until: datetime) -> list[Case]:
    query = select(Case).where(
        Case.venue_id == venue_id,
        Case.opened_at >= since,
        Case.opened_at < until,
        Case.state != CaseState.MERGED,
    )
    return list(await tx.scalars(query.order_by(Case.id)))


def _from_case(case: Case, article: str, verdict: _Verdict | None) -> Request:
    """A case that began by itself; article: what the assistant answered its mail with, if it did.

    The same rules as for a question on a page: nobody's silence says that an answer was right.
    """
    direct = case.bot_mail is BotMail.ANSWER
    corrected = direct and verdict is not None and verdict.article != article
    right: bool | None = None
    if direct and verdict is not None:
        right = not corrected
    elif case.bot_vote:
        right = case.bot_vote > 0
    elif case.bot_asked_again:
        right = False
    return Request(
        settled=_end_of(case, right=right), lang=case.lang, topic=article or case.topic,
        event_id=case.event_id or "", at=case.opened_at, direct=direct, right=right,
        handed_over=not _alone(case), asked_again=case.bot_asked_again, corrected=corrected,
        text=case.subject, case_id=case.id,
    )  # fmt: skip


def _alone(case: Case) -> bool:
    """Whether the assistant answered, and nobody had to after it."""
    answered = case.bot_mail in (BotMail.ANSWER, BotMail.NOTICE)
    return answered and case.came_back_at is None and case.first_replied_at is None


def _end_of(case: Case, *, right: bool | None) -> Settled:
    if case.first_replied_at is None and case.bot_vote > 0 and right is not False:
        return {
            BotMail.ANSWER: Settled.BOT, BotMail.SUGGEST: Settled.SUGGESTION,
            BotMail.NOTICE: Settled.ARTICLE,
        }[case.bot_mail]  # fmt: skip
    if not _alone(case):
        return _by_person(case)
    return Settled.WRONG if right is False else Settled.UNSAID


def _by_person(case: Case) -> Settled:
    """A person settled it where one answered, it was solved, and the customer did not say no."""
    if case.rating == 0:
        return Settled.WRONG
    if case.state in SOLVED and case.first_replied_at is not None:
        return Settled.PERSON
    return Settled.UNSAID if case.state in SOLVED else Settled.WAITING


async def _articles(tx: Tx, venue_id: str, since: datetime, until: datetime) -> list[Request]:
    query = select(SupportVote).where(
        SupportVote.venue_id == venue_id, SupportVote.at >= since, SupportVote.at < until
    )
    return [
        Request(
            settled=Settled.ARTICLE if vote.useful else Settled.WRONG,
            lang=vote.lang, topic=vote.slug, event_id="", at=vote.at,
        )
        for vote in await tx.scalars(query)
    ]  # fmt: skip


async def _questions(
    tx: Tx, venue_id: str, since: datetime, until: datetime, verdicts: Mapping[str, _Verdict]
) -> list[Request]:
    """One request for each question to the bot."""
    query = (
        select(Line)
        .where(Line.venue_id == venue_id, Line.at >= since, Line.at < until)
        .order_by(Line.conversation_id, Line.n)
    )
    talks: dict[str, list[Line]] = defaultdict(list)
    for line in await tx.scalars(query):
        talks[line.conversation_id].append(line)
    events = await _events(tx, venue_id, since)
    acts = await _acts(tx, venue_id, since, until)
    cases = await _handed(tx, venue_id, since)
    found: list[Request] = []
    for talk_id, lines in talks.items():
        case = cases.get(talk_id)
        found += _talk(
            lines, event_id=events.get(talk_id, ""), acts=acts.get(talk_id, ()),
            case=case, verdict=verdicts.get(case.id) if case is not None else None,
        )  # fmt: skip
    return found


def _talk(
    lines: Sequence[Line], *, event_id: str, acts: Sequence[datetime], case: Case | None,
    verdict: _Verdict | None,
) -> list[Request]:  # fmt: skip
    """The questions of one conversation, each with its reply and what followed before the next."""
    starts = [n for n, line in enumerate(lines) if line.speaker is Speaker.VIEWER]
    found = []
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else len(lines)
        replies = [one for one in lines[start + 1 : end] if one.speaker is Speaker.BOT]
        last = place + 1 == len(starts)
        ends_at = lines[end].at if end < len(lines) else None
        acted = any(
            at >= lines[start].at and (ends_at is None or at < ends_at) for at in acts
        )  # fmt: skip
        reply = next((one for one in replies if one.outcome is not None), None)
        if reply is None:  # said to a person, or the bot was away
            continue
        found.append(
            _question(
                reply, replies, event_id=event_id, acted=acted, case=case if last else None,
                verdict=verdict if last else None, asked=lines[start].text,
            )
        )  # fmt: skip
    return found


def _question(
    reply: Line, replies: Sequence[Line], *, event_id: str, acted: bool, case: Case | None,
    verdict: _Verdict | None, asked: str,
) -> Request:  # fmt: skip
    right = _judged(replies, verdict)
    direct = reply.outcome is Outcome.ANSWER
    if acted:
        settled = Settled.ACT
    elif case is not None:
        settled = _by_person(case)
    elif right is False:
        settled = Settled.WRONG
    elif reply.outcome is Outcome.SUGGEST:
        settled = Settled.SUGGESTION if reply.chosen else Settled.UNSAID
    elif reply.outcome in (Outcome.SEARCH, Outcome.NOTICE):
        settled = Settled.ARTICLE if right else Settled.UNSAID
    elif direct:
        settled = Settled.BOT if right else Settled.UNSAID
    else:
        settled = Settled.WAITING
    return Request(
        settled=settled, lang=reply.lang, topic=reply.topic or reply.article, event_id=event_id,
        at=reply.at, direct=direct, right=right,
        handed_over=case is not None or reply.outcome is Outcome.HAND_OVER,
        asked_again=any(one.asked_again for one in replies),
        corrected=_corrected(replies, verdict), text=asked,
        case_id=case.id if case is not None else "", talk_id=reply.conversation_id,
    )  # fmt: skip


def _judged(replies: Sequence[Line], verdict: _Verdict | None) -> bool | None:
    """An agent's word stands before a vote, a vote before the customer's asking again."""
    if verdict is not None and _answered_with(replies):
        return not _corrected(replies, verdict)
    votes = [one.vote for one in replies if one.vote]
    if votes:
        return votes[-1] > 0
    return False if any(one.asked_again for one in replies) else None


def _answered_with(replies: Sequence[Line]) -> str:
    return next((one.article for one in replies if one.article), "")


def _corrected(replies: Sequence[Line], verdict: _Verdict | None) -> bool:
    article = _answered_with(replies)
    return verdict is not None and bool(article) and verdict.article != article


async def _events(tx: Tx, venue_id: str, since: datetime) -> dict[str, str]:
    query = select(Conversation.id, Conversation.event_id).where(
        Conversation.venue_id == venue_id,
        Conversation.last_at >= since,
        Conversation.event_id.is_not(None),
    )
    return {talk_id: event_id or "" for talk_id, event_id in await tx.execute(query)}


async def _acts(
    tx: Tx, venue_id: str, since: datetime, until: datetime
) -> Mapping[str, Sequence[datetime]]:
    """When acts that were carried out had been offered, by conversation."""
    query = select(ActConfirmation.conversation_id, ActConfirmation.created_at).where(
        ActConfirmation.venue_id == venue_id,
        ActConfirmation.state == ConfirmationState.DONE,
        ActConfirmation.created_at >= since,
        ActConfirmation.created_at < until,
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    for talk_id, at in await tx.execute(query):
        found[talk_id].append(at)
    return found


async def _handed(tx: Tx, venue_id: str, since: datetime) -> dict[str, Case]:
    """Cases by the conversation that led to them."""
    query = select(Case).where(
        Case.venue_id == venue_id, Case.conversation_id.is_not(None), Case.opened_at >= since
    )
    return {case.conversation_id or "": case for case in await tx.scalars(query)}


async def _mailed(tx: Tx, venue_id: str, since: datetime) -> dict[str, str]:
    """The article that the assistant answered a mail with, by case."""
    query = select(CaseMessage.case_id, CaseMessage.article).where(
        CaseMessage.venue_id == venue_id,
        CaseMessage.at >= since,
        CaseMessage.author == Author.BOT,
        CaseMessage.article != "",
    )
    return {row.case_id: row.article for row in await tx.execute(query)}


async def _verdicts(tx: Tx, venue_id: str, since: datetime) -> dict[str, _Verdict]:
    """What agents last confirmed, by case."""
    steps = (
        select(CaseStep)
        .where(CaseStep.venue_id == venue_id, CaseStep.kind == "confirmed", CaseStep.at >= since)
        .order_by(CaseStep.at, CaseStep.id)
    )
    return {
        step.case_id: _Verdict(str(step.data.get("article", "")))
        for step in await tx.scalars(steps)
    }


async def _case_facts(tx: Tx, cases: Sequence[Case], until: datetime) -> list[CaseFact]:
    ids = [case.id for case in cases]
    suggested: set[str] = set()
    for start in range(0, len(ids), 500):
        query = select(CaseMessage.case_id).where(
            CaseMessage.case_id.in_(ids[start : start + 500]),
            CaseMessage.author == Author.AGENT,
            CaseMessage.article != "",
        )
        suggested |= set(await tx.scalars(query))
    return [_case_fact(case, suggested, until) for case in cases]


def _case_fact(case: Case, suggested: set[str], until: datetime) -> CaseFact:
    replied = None
    if case.first_replied_at is not None:
        replied = (case.first_replied_at - case.opened_at).total_seconds() / 60
    overdue = case.reply_due_at is not None and case.reply_due_at < until
    return CaseFact(
        solved=case.state in SOLVED and case.solved_at is not None,
        by_agent=case.solved_by not in ("", "customer", "bot"),
        reopened=case.reopened > 0,
        replied_in_min=replied,
        late=case.replied_late or overdue,
        live=case.was_live,
        rating=case.rating,
        handled_s=case.handled_s,
        with_suggestion=case.id in suggested,
        opened_at=case.opened_at,
        case_id=case.id,
        subject=case.subject,
    )

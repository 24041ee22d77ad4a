"""Cases: opened, written into, answered, solved, taken up again. One function a thing people do.

Every function takes part in the caller's transaction and gets business time. What has to leave
the database (mails, webhooks) is written by the caller in that same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select, update

from infra.kernel.db import Tx, insert_into, wake
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.ids import new_id
from support_bot.case_clock import Promise, after, opening, reply_due, spent, zone
from support_bot.case_tables import (
    Author,
    BotMail,
    Case,
    CaseMessage,
    CaseSettings,
    CaseState,
    CaseStep,
    Channel,
)
from support_bot.languages import canonical

TEXT_MAX = 20_000
"""Characters of one message; a mail's rest is cut and says so."""
SUBJECT_MAX = 200
ASK_AFTER = timedelta(hours=2)
"""From solved to the question how it went: time enough to say that it is not."""
FOLLOWED = (CaseState.SOLVED, CaseState.ANSWERED)
"""States that end by themselves after a while."""
ASKED_AGAIN = timedelta(days=1)
ARRIVALS = "case_arrivals"
"""The worker's job that tells of new cases and messages."""


class CaseOver(Conflict):
    code = "case_over"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said. `mail_id` and `quoted` come from mails, `article` from suggestions."""

    author: Author
    text: str
    at: datetime
    id: str = ""
    author_id: str = ""
    internal: bool = False
    quoted: str = ""
    mail_id: str | None = None
    from_email: str = ""
    article: str = ""
    edited: bool = False


class CaseLine(msgspec.Struct, frozen=True):
    """One line of a talk that a case takes over."""

    author: Author
    text: str
    at: datetime


async def open_case(
    tx: Tx,
    *,
    venue_id: str,
    customer_id: str | None,
    account_id: str | None,
    email: str,
    lang: str,
    channel: Channel,
    subject: str,
    event_id: str | None,
    conversation_id: str | None,
    lines: Sequence[CaseLine],
    now: datetime,
    topic: str = "",
    person_name: str = "",
    follows: str | None = None,
    case_id: str = "",
) -> Case:
    """A new case with everything said so far. `now` is the venue's business time.

    The answer's deadline is reckoned in opening hours here; the worker shortens it at once where
    an event is live, and sends the receipt and the webhook. Raises Invalid for empty lines.
    """
    said = [line for line in lines if line.text.strip()]
    if not said:
        raise Invalid("text", "Write what you want to ask.")
    settings = await settings_of(tx, venue_id, count=True)
    promise = promise_of(settings)
    solve_by = after(promise, now, promise.solve)
    case = Case(
        id=case_id or new_id("cas"),
        venue_id=venue_id,
        number=settings.last_number,
        state=CaseState.NEW,
        channel=channel,
        subject=_subject(subject, said),
        lang=canonical(lang) or "en",
        topic=topic[:80],
        tags=[],
        event_id=event_id,
        customer_id=customer_id,
        account_id=account_id,
        email=email.strip(),
        person_name=person_name.strip()[:120],
        conversation_id=conversation_id,
        follows=follows,
        opened_at=now,
        changed_at=now,
        solve_due_at=solve_by,
        version=1,
    )
    tx.add(case)
    for line in said:
        tx.add(_row(case, Line(author=line.author, text=line.text, at=line.at)))
    _asked(case, promise, now)
    _arrived(tx, case, now)
    step(tx, case, "customer", "opened", now, channel=channel.value)
    return case


async def viewer_writes(tx: Tx, case: Case, line: Line, now: datetime) -> CaseMessage:
    """The customer writes again; a solved case is open again. CaseOver when it is closed.

    `case` was read for update. Raises Invalid for an empty text.
    """
    assert line.author is Author.VIEWER
    if case.state in (CaseState.CLOSED, CaseState.MERGED):
        raise CaseOver("This request is closed. Write again and it becomes a new one.")
    if not line.text.strip():
        raise Invalid("text", "Write what you want to say.")
    message = _row(case, line)
    tx.add(message)
    promise = promise_of(await settings_of(tx, case.venue_id))
    if case.state is CaseState.SOLVED:
        _taken_up(tx, case, "customer", promise, now)
    if case.state is CaseState.ANSWERED:
        _back(tx, case, promise, now)
    if case.state is CaseState.WAITING:
        case.move(CaseState.OPEN)
        _resume(case, promise, now)
    if case.reply_due_at is None:  # else an older message still waits, and its promise stands
        _asked(case, promise, now)
    _arrived(tx, case, now)
    _changed(case, now)
    return message


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's answer. `then` is the state after it; `version` the one it was written under.

    takes: whoever answers a case that nobody has, has it.
    """

    text: str
    agent_id: str
    then: CaseState = CaseState.WAITING
    article: str = ""
    edited: bool = False
    version: int | None = None
    takes: bool = True
    id: str = ""


def check_reply(case: Case, reply: Reply) -> None:
    """StaleEdit when the case changed meanwhile; CaseOver, Invalid where nothing can be said."""
    check_version(case, reply.version)
    if reply.then not in (CaseState.OPEN, CaseState.WAITING, CaseState.SOLVED):
        raise Invalid("then", "After an answer a case is open, waiting or solved.")
    if case.state in (CaseState.CLOSED, CaseState.MERGED):
        raise CaseOver("The case is closed; it takes no more answers.")
    if not reply.text.strip():
        raise Invalid("text", "Write an answer.")


async def agent_replies(tx: Tx, case: Case, reply: Reply, now: datetime) -> CaseMessage:
    """Answer the customer: the caller mails it. Raises as `check_reply`."""
    check_reply(case, reply)
    message = _row(
        case,
        Line(
            id=reply.id, author=Author.AGENT, text=reply.text, at=now, author_id=reply.agent_id,
            article=reply.article, edited=reply.edited,
        ),
    )  # fmt: skip
    tx.add(message)
    promise = promise_of(await settings_of(tx, case.venue_id))
    if case.first_replied_at is None:
        case.first_replied_at = now
    case.replied_late = case.replied_late or bool(case.reply_due_at and now > case.reply_due_at)
    case.reply_due_at, case.live = None, False
    if case.assignee_id is None and reply.takes:
        case.assignee_id = reply.agent_id
    if case.state is CaseState.SOLVED and reply.then is not CaseState.SOLVED:
        _taken_up(tx, case, reply.agent_id, promise, now)
    _settle(tx, case, reply.then, reply.agent_id, promise, now)
    _changed(case, now)
    return message


async def bot_replies(
    tx: Tx, case: Case, kind: BotMail, text: str, article: str, now: datetime
) -> CaseMessage:
    """The bot answers in an agent's place; whatever the customer says next goes to a person.

    Where nobody says anything the case is closed after the venue's days, and counts as unsaid.
    """
    assert case.bot_mail is BotMail.NONE, "one automatic answer a case"
    message = _row(case, Line(author=Author.BOT, text=text, at=now, article=article))
    tx.add(message)
    case.topic = case.topic or article
    case.reply_due_at, case.live = None, False
    case.bot_mail, case.bot_mailed_at = kind, now
    settings = await settings_of(tx, case.venue_id)
    _settle(tx, case, CaseState.ANSWERED, "bot", promise_of(settings), now)
    case.follow_up_at = now + timedelta(days=settings.close_after_days)
    _changed(case, now)
    return message


async def comes_back(tx: Tx, case: Case, now: datetime) -> None:
    """The customer says that the assistant's answer did not help, and nothing more."""
    promise = promise_of(await settings_of(tx, case.venue_id))
    if case.state is CaseState.SOLVED:
        _taken_up(tx, case, "customer", promise, now)
    else:
        _back(tx, case, promise, now)
    if case.reply_due_at is None:
        _asked(case, promise, now)
    _arrived(tx, case, now)
    _changed(case, now)


def follow_up(tx: Tx, case: Case, close_after: timedelta, now: datetime) -> bool:
    """A solved case's next step: ask how it went (True: the caller mails it), then close it.

    Only who was answered by a person is asked. What the assistant answered alone is closed.
    """
    assert case.state in FOLLOWED
    if case.state is CaseState.ANSWERED:
        close(tx, case, now)
        return False
    assert case.solved_at is not None
    if case.asked_rating_at is None and case.first_replied_at and case.rating is None:
        case.asked_rating_at = now
        case.follow_up_at = max(case.solved_at + close_after, now)
        return True
    if now < case.solved_at + close_after:
        case.follow_up_at = case.solved_at + close_after
    else:
        close(tx, case, now)
    return False


def rate(tx: Tx, case: Case, rating: int, words: str, now: datetime) -> None:
    """The customer's own word on how it went; the last one counts."""
    assert rating in (0, 1)
    case.rating, case.rating_text, case.rated_at = rating, words.strip()[:2000], now
    case.version += 1
    step(tx, case, "customer", "rated", now, rating=rating)


async def note(
    tx: Tx, case: Case, agent_id: str, text: str, now: datetime, note_id: str = ""
) -> CaseMessage:
    """A note of the venue's own; it changes no deadline and is never mailed."""
    if not text.strip():
        raise Invalid("text", "Write a note.")
    line = Line(
        id=note_id, author=Author.AGENT, text=text, at=now, author_id=agent_id, internal=True
    )
    message = _row(case, line)
    tx.add(message)
    case.version += 1
    return message


async def solve(tx: Tx, case: Case, by: str, now: datetime) -> None:
    """Solved by an agent's account, 'customer' or 'bot'. Nothing happens when it is already."""
    if case.state is CaseState.SOLVED:
        return
    if by == "customer" and case.bot_mail is not BotMail.NONE and case.first_replied_at is None:
        case.bot_vote = 1  # nobody else answered them
    promise = promise_of(await settings_of(tx, case.venue_id))
    _settle(tx, case, CaseState.SOLVED, by, promise, now)
    _changed(case, now)


async def reopen(tx: Tx, case: Case, by: str, now: datetime) -> None:
    """Take a solved case up again; BadTransition from anywhere else."""
    _taken_up(tx, case, by, promise_of(await settings_of(tx, case.venue_id)), now)
    _changed(case, now)


async def await_customer(tx: Tx, case: Case, by: str, now: datetime) -> None:
    """The customer's turn, without an answer: the clock of the solution stops."""
    promise = promise_of(await settings_of(tx, case.venue_id))
    _settle(tx, case, CaseState.WAITING, by, promise, now)
    _changed(case, now)


def close(tx: Tx, case: Case, now: datetime) -> None:
    """Over for good, a while after it was solved or answered."""
    case.move(CaseState.CLOSED)
    case.closed_at, case.follow_up_at = now, None
    case.version += 1
    step(tx, case, "clock", "closed", now)


async def case_for_update(tx: Tx, venue_id: str, case_id: str) -> Case:
    """The case, locked; NotFound where it is another venue's."""
    query = select(Case).where(Case.id == case_id, Case.venue_id == venue_id).with_for_update()
    case = await tx.scalar(query)
    if case is None:
        raise NotFound("case")
    return case


async def settings_of(tx: Tx, venue_id: str, *, count: bool = False) -> CaseSettings:
    """The venue's settings, made on first use; `count` takes the next case number."""
    fresh = insert_into(tx, CaseSettings).values(venue_id=venue_id).on_conflict_do_nothing()
    if count:
        await tx.execute(fresh)
        await tx.execute(
            update(CaseSettings)
            .where(CaseSettings.venue_id == venue_id)
            .values(last_number=CaseSettings.last_number + 1)
            .execution_options(synchronize_session=False)
        )
    query = select(CaseSettings).where(CaseSettings.venue_id == venue_id)
    found = await tx.scalar(query.execution_options(populate_existing=count))
    if found is None:
        await tx.execute(
            insert_into(tx, CaseSettings).values(venue_id=venue_id).on_conflict_do_nothing()
        )
        found = await tx.scalar(query)
        assert found is not None
    return found


def promise_of(settings: CaseSettings) -> Promise:
    return Promise(
        zone=zone(settings.timezone),
        days=opening(settings.hours),
        reply=timedelta(minutes=settings.reply_minutes),
        solve=timedelta(minutes=settings.solve_minutes),
        live_reply=timedelta(minutes=settings.live_reply_minutes),
    )


def step(tx: Tx, case: Case, actor: str, kind: str, now: datetime, **data: Any) -> None:
    """Write down who changed what."""
    tx.add(
        CaseStep(
            id=new_id("cst"), venue_id=case.venue_id, case_id=case.id, actor=actor, kind=kind,
            data=data, at=now,
        )
    )  # fmt: skip


def check_version(case: Case, version: int | None) -> None:
    """StaleEdit when somebody else changed the case since that version was read."""
    if version is not None and version != case.version:
        raise StaleEdit("Somebody wrote in this case meanwhile. Read it again, then answer.")


def watch(case: Case) -> None:
    """Set the next deadline to be alarmed about: each is told once."""
    deadlines = [at for at in (case.reply_due_at, case.solve_due_at) if at is not None]
    told = case.alarmed_through
    case.alarm_due_at = min((at for at in deadlines if told is None or at > told), default=None)


def _asked(case: Case, promise: Promise, now: datetime) -> None:
    case.reply_due_at = reply_due(promise, now, ()).at
    watch(case)


def _arrived(tx: Tx, case: Case, now: datetime) -> None:
    case.arrived_due_at = now
    wake(tx, ARRIVALS)


def _resume(case: Case, promise: Promise, now: datetime) -> None:
    """The clock of the solution goes on where it stopped."""
    case.solve_due_at = after(promise, now, timedelta(seconds=case.solve_left_s))
    watch(case)


def _back(tx: Tx, case: Case, promise: Promise, now: datetime) -> None:
    """What the assistant answered alone is the venue's turn, before what nobody answered yet."""
    assert case.bot_mailed_at is not None
    case.move(CaseState.OPEN)
    case.follow_up_at, case.came_back_at = None, now
    case.bot_asked_again = now - case.bot_mailed_at <= ASKED_AGAIN
    _resume(case, promise, now)
    step(tx, case, "customer", "came_back", now)


def _taken_up(tx: Tx, case: Case, by: str, promise: Promise, now: datetime) -> None:
    """What was solved is not: a fresh promise, and the old solution no longer counts."""
    case.move(CaseState.OPEN)
    case.solved_at = case.follow_up_at = None
    case.solved_by = ""
    case.reopened += 1
    if by == "customer" and case.bot_mail is not BotMail.NONE and case.first_replied_at is None:
        case.came_back_at = now
    case.solve_left_s = int(promise.solve.total_seconds())
    _resume(case, promise, now)
    step(tx, case, by, "reopened", now)


def _settle(tx: Tx, case: Case, then: CaseState, by: str, promise: Promise, now: datetime) -> None:
    """Move to a state that follows an answer, and set its clocks."""
    if then is not case.state:
        case.move(then)
    if then is not CaseState.SOLVED:
        case.follow_up_at = None
    if then in (CaseState.WAITING, CaseState.ANSWERED) and case.solve_due_at is not None:
        left = spent(promise, now, case.solve_due_at)
        case.solve_left_s = int(left.total_seconds())
        case.solve_due_at = case.reply_due_at = None
    elif then is CaseState.OPEN and case.solve_due_at is None:
        _resume(case, promise, now)
    elif then is CaseState.SOLVED:
        case.solved_late = bool(case.solve_due_at and now > case.solve_due_at)
        case.solve_due_at = case.reply_due_at = None
        case.solved_at, case.solved_by = now, by
        case.follow_up_at = now + ASK_AFTER
        step(tx, case, by, "solved", now)
    watch(case)


def _changed(case: Case, now: datetime) -> None:
    case.changed_at = now
    case.version += 1


def _row(case: Case, line: Line) -> CaseMessage:
    text = line.text.strip()
    if len(text) > TEXT_MAX:
        text = text[:TEXT_MAX] + "\n[…]"
    return CaseMessage(
        id=line.id or new_id("cmg"), venue_id=case.venue_id, case_id=case.id, author=line.author,
        author_id=line.author_id, internal=line.internal, text=text.replace("\0", ""),
        quoted=line.quoted[:TEXT_MAX].replace("\0", ""), mail_id=line.mail_id,
        from_email=line.from_email, article=line.article, edited=line.edited, at=line.at,
    )  # fmt: skip


def _subject(subject: str, said: Sequence[CaseLine]) -> str:
    """Its subject, or the beginning of what the customer said first."""
    words = " ".join(subject.replace("\0", "").split())
    if not words:
        asked = next((line for line in said if line.author is Author.VIEWER), said[0])
        words = " ".join(asked.text.replace("\0", "").split())
        words = words if len(words) <= 80 else words[:79] + "…"
    return words[:SUBJECT_MAX]

"""Conversations: begun, continued, found again by their owner; inside a transaction."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.ids import new_id, new_secret
from support_bot.conversation_tables import (
    Conversation,
    Line,
    Outcome,
    Speaker,
    TalkChannel,
    TalkState,
)
from support_bot.ports import Found
from support_bot.texts import TYPED_MAX

LINES_MAX = 200
"""Lines in one conversation; a longer one goes on with a person."""
KEPT_CHARS = 8_000
"""Of one message: what an agent will still read."""
ASKED_AGAIN = timedelta(days=1)
SAME_SENDING = timedelta(minutes=2)
"""The same words again within this, still without a reply, are one message sent twice."""

_BREAKS = re.compile(r"\n{3,}")


def readable(typed: str) -> str:
    """What was typed, without control characters and in bounds; line breaks stay."""
    text = typed[:TYPED_MAX].replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cs", "Co"}
    )
    kept = _BREAKS.sub("\n\n", kept).strip()
    if len(kept) > KEPT_CHARS:
        kept = kept[: KEPT_CHARS - 1000] + "\n…\n" + kept[-900:]
    return kept


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


async def begin(
    tx: Tx,
    *,
    venue_id: str,
    account_id: str | None,
    customer_id: str | None,
    lang: str,
    channel: TalkChannel,
    event_id: str | None,
    now: datetime,
) -> tuple[Conversation, str]:
    """A new conversation and the token that finds it again; only the token's hash is kept."""
    token = new_secret()
    talk = Conversation(
        id=new_id("cnv"),
        venue_id=venue_id,
        account_id=account_id,
        customer_id=customer_id,
        token_hash=token_hash(token),
        lang=lang,
        channel=channel,
        event_id=event_id,
        state=TalkState.OPEN,
        lines=0,
        created_at=now,
        last_at=now,
    )
    tx.add(talk)
    await tx.flush()
    return talk, token


async def find(tx: Tx, talk_id: str, token: str, account_id: str, *, lock: bool) -> Conversation:
    """The caller's own conversation, or NotFound.

    One that began signed in belongs to that account: its token, left behind in a browser, shows
    nothing to whoever comes next. Any other belongs to whoever holds its token.
    """
    query = select(Conversation).where(Conversation.id == talk_id)
    talk: Conversation | None = await tx.scalar(query.with_for_update() if lock else query)
    if talk is None:
        raise NotFound("conversation")
    if talk.account_id is not None:
        mine = talk.account_id == account_id
    else:
        mine = hmac.compare_digest(talk.token_hash, token_hash(token))
    if not mine:
        raise NotFound("conversation")
    return talk


async def lines_of(tx: Tx, talk_id: str, after: int = 0) -> list[Line]:
    """What was said after the line with that number, in order."""
    query = select(Line).where(Line.conversation_id == talk_id, Line.n > after).order_by(Line.n)
    return list(await tx.scalars(query))


def _add(tx: Tx, talk: Conversation, speaker: Speaker, text: str, now: datetime) -> Line:
    talk.lines += 1
    talk.last_at = now
    line = Line(
        id=new_id("cln"),
        venue_id=talk.venue_id,
        conversation_id=talk.id,
        n=talk.lines,
        speaker=speaker,
        text=text,
        lang=talk.lang,
        at=now,
        article="",
        topic="",
        confidence=0.0,
        suggestions=[],
        chosen="",
        vote=0,
        asked_again=False,
    )
    tx.add(line)
    return line


async def viewer_said(tx: Tx, talk: Conversation, typed: str, now: datetime) -> Line:
    """Keep what the viewer typed; the same words sent twice in a moment are kept once."""
    text = readable(typed)
    if not text:
        raise Invalid("text", "Write a few words.")
    if talk.state is TalkState.CLOSED:
        raise Conflict("This conversation is closed. Begin a new one.", code="closed")
    last = (await lines_of(tx, talk.id, talk.lines - 1))[-1:] if talk.lines else []
    for line in last:
        if line.speaker is Speaker.VIEWER and line.text == text and now - line.at < SAME_SENDING:
            return line
    if talk.lines >= LINES_MAX:
        raise Conflict(
            "This conversation is full. Hand it to a person, or begin a new one.", code="full"
        )
    return _add(tx, talk, Speaker.VIEWER, text, now)


def bot_said(
    tx: Tx,
    talk: Conversation,
    text: str,
    now: datetime,
    *,
    outcome: Outcome | None = None,
    asked: Line | None = None,
    article: str = "",
    topic: str = "",
    confidence: float = 0.0,
    suggestions: Sequence[Found] = (),
    lang: str = "",
) -> Line:
    """Add the bot's line; the conversation takes its outcome."""
    line = _add(tx, talk, Speaker.BOT, text, now)
    line.outcome = outcome
    line.asked_id = None if asked is None else asked.id
    line.article, line.topic, line.confidence = article, topic, confidence
    line.lang = lang or talk.lang
    line.suggestions = [
        {"slug": one.slug, "title": one.title, "score": one.score} for one in suggestions
    ]
    if outcome is not None:
        talk.outcome = outcome
    return line


def agent_said(tx: Tx, talk: Conversation, text: str, now: datetime) -> Line:
    """What a person of the venue answered: the reader sees it in the same place."""
    return _add(tx, talk, Speaker.AGENT, text, now)


async def note_asked_again(tx: Tx, talk: Conversation, topic: str, now: datetime) -> int:
    """Mark this person's answers on the topic in the day before: they did not settle it."""
    if not topic:
        return 0
    same = [Conversation.id == talk.id]
    if talk.account_id is not None:
        same = [
            Conversation.venue_id == talk.venue_id,
            Conversation.account_id == talk.account_id,
        ]
    query = (
        select(Line)
        .join(Conversation, Conversation.id == Line.conversation_id)
        .where(
            *same,
            Line.topic == topic,
            Line.speaker == Speaker.BOT,
            Line.outcome.in_([Outcome.ANSWER, Outcome.SUGGEST]),
            Line.asked_again.is_(False),
            Line.at > now - ASKED_AGAIN,
        )
        .limit(20)
    )
    before = list(await tx.scalars(query))
    for line in before:
        line.asked_again = True
    return len(before)


async def line_in(tx: Tx, talk: Conversation, line_id: str) -> Line:
    """The bot's line of that conversation, or NotFound."""
    query = select(Line).where(
        Line.id == line_id, Line.conversation_id == talk.id, Line.speaker == Speaker.BOT
    )
    line: Line | None = await tx.scalar(query)
    if line is None:
        raise NotFound("line")
    return line


async def vote(tx: Tx, talk: Conversation, line_id: str, *, useful: bool) -> Line:
    """Whether an answer helped; the last word counts."""
    line = await line_in(tx, talk, line_id)
    if not line.article:
        raise Conflict("There is no answer in this line to judge.", code="no_answer")
    line.vote = 1 if useful else -1
    return line

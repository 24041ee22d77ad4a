"""Rows of conversations with the bot, what it learned, and acts it offers. Machine time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, Float, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
from infra.kernel.states import move


class TalkChannel(StrEnum):
    WEB = "web"
    PLAYER = "player"
    MAIL = "mail"
    API = "api"


class TalkState(StrEnum):
    OPEN = "open"
    HANDED_OVER = "handed_over"  # a person answers from here on
    CLOSED = "closed"


TALK_TRANSITIONS: Mapping[TalkState, frozenset[TalkState]] = {
    TalkState.OPEN: frozenset({TalkState.HANDED_OVER, TalkState.CLOSED}),
    # A solved case gives the word back to the bot.
    TalkState.HANDED_OVER: frozenset({TalkState.OPEN, TalkState.CLOSED}),
    TalkState.CLOSED: frozenset(),
}


class Outcome(StrEnum):
    """What the bot did with a question, or what a conversation came to."""

    ANSWER = "answer"
    SUGGEST = "suggest"
    HAND_OVER = "hand_over"
    SEARCH = "search"  # the bot was away: the help centre's own search answered
    NOTICE = "notice"  # the canned answer of a live notice
    ACT = "act"


class Conversation(Base):
    """One exchange of one person, or of one browser that only its token knows, at one venue."""

    __tablename__ = "conversation"
    __table_args__ = (Index("ix_conversation_venue_at", "venue_id", "last_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[str | None] = mapped_column(String(32), index=True)
    """Set for signed-in people: then the token alone opens nothing."""
    customer_id: Mapped[str | None] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64))
    lang: Mapped[str] = mapped_column(String(8))
    channel: Mapped[TalkChannel] = mapped_column(EnumText(TalkChannel))
    event_id: Mapped[str | None] = mapped_column(String(32), index=True)
    state: Mapped[TalkState] = mapped_column(EnumText(TalkState), default=TalkState.OPEN)
    outcome: Mapped[Outcome | None] = mapped_column(EnumText(Outcome))
    """Of the last question."""
    case_id: Mapped[str | None] = mapped_column(String(32), index=True)
    lines: Mapped[int] = mapped_column(Integer, default=0)
    """How many were said; the row is locked while one is added."""
    created_at: Mapped[datetime]
    last_at: Mapped[datetime]

    def move(self, to: TalkState) -> None:
        move(self, to, TALK_TRANSITIONS)


class Speaker(StrEnum):
    VIEWER = "viewer"
    BOT = "bot"
    AGENT = "agent"


class Line(Base):
    """One thing that was said. A bot's line tells what it stands on and what came of it."""

    __tablename__ = "conversation_line"
    __table_args__ = (
        UniqueConstraint("conversation_id", "n"),
        Index("ix_conversation_line_topic", "venue_id", "topic", "at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[str] = mapped_column(String(32))
    n: Mapped[int] = mapped_column(Integer)
    """Its place in the conversation, from 1."""
    speaker: Mapped[Speaker] = mapped_column(EnumText(Speaker))
    text: Mapped[str] = mapped_column(Text)
    """What a viewer typed; what the bot or an agent said, in Markdown."""
    lang: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    asked_id: Mapped[str | None] = mapped_column(String(32))
    """On a bot's line: the viewer's line that it replies to."""
    outcome: Mapped[Outcome | None] = mapped_column(EnumText(Outcome))
    article: Mapped[str] = mapped_column(String(80), default="")
    """The article that the answer stands on; empty for suggestions and hand-overs."""
    topic: Mapped[str] = mapped_column(String(80), default="")
    """The likeliest article, whatever was done with it: what spikes are counted by."""
    confidence: Mapped[float] = mapped_column(Float, default=0.0)
    suggestions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """Up to three of {slug, title, score}, the best first."""
    chosen: Mapped[str] = mapped_column(String(80), default="")
    """The suggestion that the viewer pressed."""
    vote: Mapped[int] = mapped_column(Integer, default=0)
    """1: this helped; -1: it did not; 0: nobody said."""
    asked_again: Mapped[bool] = mapped_column(Boolean, default=False)
    """The same person asked for the same thing again within a day."""


class LearnedExample(Base):
    """A question and the article that answers it, confirmed by a person of the venue."""

    __tablename__ = "learned_example"
    __table_args__ = (UniqueConstraint("venue_id", "text", "intent"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    text: Mapped[str] = mapped_column(String(500))
    intent: Mapped[str] = mapped_column(String(80))
    """An article's slug, or `oos` where no article answers it."""
    lang: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(16))  # conversation | case | console
    source_id: Mapped[str] = mapped_column(String(32), default="")
    confirmed_by: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]
    """Since when it is not taught any more."""


class LiveNotice(Base):
    """Live-event mode: a banner and an answer for everybody who asks about the broken stream."""

    __tablename__ = "live_notice"
    __table_args__ = (Index("ix_live_notice_venue_until", "venue_id", "until_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32))
    event_id: Mapped[str] = mapped_column(String(32), index=True)
    text: Mapped[str] = mapped_column(String(500), default="")
    """The venue's own words, shown as they are under the sentence that every language has."""
    started_by: Mapped[str] = mapped_column(String(32))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    """When it goes off, by itself or because somebody ended it."""


class QuestionSpike(Base):
    """Many asked the same thing within minutes: told to the venue once an hour at most."""

    __tablename__ = "question_spike"
    __table_args__ = (UniqueConstraint("venue_id", "topic", "hour"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    topic: Mapped[str] = mapped_column(String(80))
    event_id: Mapped[str | None] = mapped_column(String(32))
    """The event that most of them came from, where they came from one."""
    hour: Mapped[str] = mapped_column(String(13))  # 2026-11-22T20
    questions: Mapped[int] = mapped_column(Integer)
    usual: Mapped[float] = mapped_column(Float)
    """Questions on this topic in ten minutes of the day before, on average."""
    at: Mapped[datetime]
    seen_by: Mapped[str] = mapped_column(String(32), default="")


class ClusterState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"


class UnknownCluster(Base):
    """Questions that belong together and that no article answers: write one."""

    __tablename__ = "unknown_cluster"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    title: Mapped[str] = mapped_column(String(200))
    """The question that stands in the middle of the others."""
    lang: Mapped[str] = mapped_column(String(8))
    questions: Mapped[list[str]] = mapped_column(JSON, default=list)
    size: Mapped[int] = mapped_column(Integer)
    state: Mapped[ClusterState] = mapped_column(EnumText(ClusterState), default=ClusterState.OPEN)
    at: Mapped[datetime]


class ConfirmationState(StrEnum):
    OFFERED = "offered"
    DOING = "doing"  # pressed; its work goes on, or is taken up again by the next press
    DONE = "done"
    REFUSED = "refused"  # pressed, and it could no longer be done


CONFIRMATION_TRANSITIONS: Mapping[ConfirmationState, frozenset[ConfirmationState]] = {
    ConfirmationState.OFFERED: frozenset({ConfirmationState.DOING}),
    # DOING again: the process that did it died, and the button was pressed once more.
    ConfirmationState.DOING: frozenset(
        {ConfirmationState.DOING, ConfirmationState.DONE, ConfirmationState.REFUSED}
    ),
    ConfirmationState.DONE: frozenset(),
    ConfirmationState.REFUSED: frozenset(),
}


class ActConfirmation(Base):
    """A preview that somebody saw, and the one button that does exactly that."""

    __tablename__ = "act_confirmation"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    account_id: Mapped[str] = mapped_column(String(32), index=True)
    conversation_id: Mapped[str] = mapped_column(String(32), index=True)
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(64))
    """The order, session, event or language that it is about."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What was promised: it is done as shown, or not at all."""
    text: Mapped[str] = mapped_column(Text)
    lang: Mapped[str] = mapped_column(String(8))
    state: Mapped[ConfirmationState] = mapped_column(
        EnumText(ConfirmationState), default=ConfirmationState.OFFERED
    )
    result: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    def move(self, to: ConfirmationState) -> None:
        move(self, to, CONFIRMATION_TRANSITIONS)


class BotTask(StrEnum):
    NONE = ""
    TRAIN = "train"  # learn again; used only if it holds up
    ACCEPT = "accept"  # learn again and use it whatever it promises
    BACK = "back"  # the version before the current one


class BotSettings(Base):
    """What a venue wants of its bot, and what is to be done with its brain. One row a venue."""

    __tablename__ = "bot_settings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The venue's id."""
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    wanted_precision_bps: Mapped[int] = mapped_column(Integer, default=9500)
    refund_until_h: Mapped[int | None] = mapped_column(Integer)
    """Viewers may give a ticket back by themselves until so many hours before the start."""
    task: Mapped[BotTask] = mapped_column(EnumText(BotTask), default=BotTask.NONE)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    lease_until: Mapped[datetime | None]
    """A worker's child is at it until then; after that, another may take it over."""
    failures: Mapped[int] = mapped_column(Integer, default=0)
    tried: Mapped[str] = mapped_column(String(32), default="")
    """Digest of what was last learned from, whether its brain was used or not."""


class BrainReport(Base):
    """What came of one training: kept whether the brain was used or not."""

    __tablename__ = "brain_report"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    task: Mapped[BotTask] = mapped_column(EnumText(BotTask))
    accepted: Mapped[bool] = mapped_column(Boolean)
    why: Mapped[str] = mapped_column(String(300))
    """The reason's code; its numbers stand in `figures` under "why"."""
    version: Mapped[int] = mapped_column(Integer)
    """The version in use afterwards; 0 where there is none."""
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Of the new one and the one before: examples, intents, precision, coverage, accuracy."""
    at: Mapped[datetime]

"""Rows of cases: what people asked, who answers it, by when, and how it ended. No use cases here.

Times are the venue's business time, but for those of readers and the mail inbox, which are
machine time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, EnumText
from infra.kernel.states import move


class CaseState(StrEnum):
    NEW = "new"  # nobody of the venue has answered yet
    OPEN = "open"  # the venue's turn
    WAITING = "waiting"  # the customer's turn
    ANSWERED = "answered"  # by the assistant alone; whatever the customer says goes to a person
    SOLVED = "solved"  # answered for good, it seems; the customer may still say no
    CLOSED = "closed"  # over; whoever writes again opens another case
    MERGED = "merged"  # goes on in another case


CASE_TRANSITIONS: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.NEW: frozenset(
        {
            CaseState.OPEN,
            CaseState.WAITING,
            CaseState.ANSWERED,
            CaseState.SOLVED,
            CaseState.MERGED,
        }
    ),
    CaseState.ANSWERED: frozenset(
        {
            CaseState.OPEN,
            CaseState.WAITING,
            CaseState.SOLVED,
            CaseState.CLOSED,
            CaseState.MERGED,
        }
    ),
    CaseState.OPEN: frozenset({CaseState.WAITING, CaseState.SOLVED, CaseState.MERGED}),
    CaseState.WAITING: frozenset({CaseState.OPEN, CaseState.SOLVED, CaseState.MERGED}),
    CaseState.SOLVED: frozenset({CaseState.OPEN, CaseState.CLOSED, CaseState.MERGED}),
    CaseState.CLOSED: frozenset(),
    CaseState.MERGED: frozenset(),
}
OURS = (CaseState.NEW, CaseState.OPEN)
"""States in which the customer waits for the venue."""
UNDECIDED = (CaseState.NEW, CaseState.OPEN, CaseState.WAITING, CaseState.ANSWERED)


class Channel(StrEnum):
    """Where a case began."""

    WEB = "web"
    PLAYER = "player"
    MAIL = "mail"
    API = "api"
    FORM = "form"


class BotMail(StrEnum):
    """What the assistant wrote by itself to who opened a case by mail."""

    NONE = ""
    ANSWER = "answer"
    SUGGEST = "suggest"  # the receipt, with articles; a person answers
    NOTICE = "notice"  # the canned words of a live notice


class Author(StrEnum):
    VIEWER = "viewer"
    BOT = "bot"
    AGENT = "agent"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


_CLOCKED = text("alarm_due_at is not null")
_FOLLOWED = text("follow_up_at is not null")
_FRESH = text("arrived_due_at is not null")


class Case(Base):
    """One support request of one person at one venue."""

    __tablename__ = "support_case"
    __table_args__ = (
        UniqueConstraint("venue_id", "number"),
        Index("ix_support_case_queue", "venue_id", "state", "reply_due_at"),
        Index("ix_support_case_email", "venue_id", "email"),
        Index("ix_support_case_account", "account_id", "venue_id"),
        Index("ix_support_case_opened", "venue_id", "opened_at"),
        # What is due: small, whatever the table grows to.
        Index(
            "ix_support_case_alarm", "alarm_due_at",
            postgresql_where=_CLOCKED, sqlite_where=_CLOCKED,
        ),
        Index(
            "ix_support_case_follow_up", "follow_up_at",
            postgresql_where=_FOLLOWED, sqlite_where=_FOLLOWED,
        ),
        Index(
            "ix_support_case_arrived", "arrived_due_at",
            postgresql_where=_FRESH, sqlite_where=_FRESH,
        ),
        CheckConstraint("rating is null or rating in (0, 1)", name="rating"),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    number: Mapped[int] = mapped_column(Integer)
    """What people call it, counted from 1001 at each venue."""
    state: Mapped[CaseState] = mapped_column(EnumText(CaseState), default=CaseState.NEW)
    priority: Mapped[Priority] = mapped_column(EnumText(Priority), default=Priority.NORMAL)
    channel: Mapped[Channel] = mapped_column(EnumText(Channel))
    subject: Mapped[str] = mapped_column(String(200))
    lang: Mapped[str] = mapped_column(String(8))
    topic: Mapped[str] = mapped_column(String(80), default="")
    """The slug of the article it is about; empty: nobody said."""
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    event_id: Mapped[str | None] = mapped_column(String(32))
    customer_id: Mapped[str | None] = mapped_column(String(32), index=True)
    account_id: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str] = mapped_column(String(254))
    """Where every answer goes, whoever else writes into the case."""
    person_name: Mapped[str] = mapped_column(String(120), default="")
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)
    assignee_id: Mapped[str | None] = mapped_column(String(32), index=True)
    """The agent's account."""
    merged_into: Mapped[str | None] = mapped_column(String(32), index=True)
    follows: Mapped[str | None] = mapped_column(String(32))
    """The closed case that this one takes up again."""

    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    """Of the last message that the customer can see."""
    live: Mapped[bool] = mapped_column(Boolean, default=False)
    """The fifteen-minute rule of a live event set reply_due_at."""
    was_live: Mapped[bool] = mapped_column(Boolean, default=False)
    """It ever did; for the report."""
    reply_due_at: Mapped[datetime | None]
    """By when the customer's last message has to be answered; None: nothing to answer."""
    solve_due_at: Mapped[datetime | None]
    """By when it has to be solved; None: it is, or the customer's answer is awaited."""
    solve_left_s: Mapped[int] = mapped_column(Integer, default=0)
    """Business seconds left for solving, kept while the customer's answer is awaited."""
    alarm_due_at: Mapped[datetime | None]
    """The next deadline nobody was alarmed about yet."""
    alarmed_through: Mapped[datetime | None]
    """Deadlines up to this one were told; none is told twice."""
    arrived_due_at: Mapped[datetime | None]
    """Since when the customer's last message still has to be told of; None: it was."""
    told: Mapped[bool] = mapped_column(Boolean, default=False)
    """The venue's programs heard that it was opened."""
    follow_up_at: Mapped[datetime | None]
    """When to look at a solved or answered case next: to ask how it went, then to close it."""
    first_replied_at: Mapped[datetime | None]
    replied_late: Mapped[bool] = mapped_column(Boolean, default=False)
    solved_at: Mapped[datetime | None]
    solved_late: Mapped[bool] = mapped_column(Boolean, default=False)
    solved_by: Mapped[str] = mapped_column(String(32), default="")
    """An agent's account, 'customer' or 'bot'."""
    handled_s: Mapped[int] = mapped_column(Integer, default=0)
    """Seconds that agents had it open in front of them, of the machine's clock."""
    reopened: Mapped[int] = mapped_column(Integer, default=0)
    closed_at: Mapped[datetime | None]
    asked_rating_at: Mapped[datetime | None]
    rating: Mapped[int | None] = mapped_column(Integer)
    """1: content, 0: not; None: did not say, which counts as neither."""
    rating_text: Mapped[str] = mapped_column(Text, default="")
    rated_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Rises with each change; an agent's answer names the one it was written under."""
    bot_may_answer: Mapped[bool] = mapped_column(Boolean, default=False)
    """A person's first mail: no answer in a thread, no machine, nobody who can't be answered."""
    bot_asked_at: Mapped[datetime | None]
    """When the bot was asked and was away; it is asked once more."""
    bot_mail: Mapped[BotMail] = mapped_column(EnumText(BotMail), default=BotMail.NONE)
    bot_mailed_at: Mapped[datetime | None]
    bot_vote: Mapped[int] = mapped_column(Integer, default=0)
    """The customer's word on it. 1: it helped; -1: it did not; 0: nothing was said."""
    bot_asked_again: Mapped[bool] = mapped_column(Boolean, default=False)
    """The same person wrote about it again within a day."""
    came_back_at: Mapped[datetime | None]
    """Since when a case that the assistant had answered waits for a person."""

    def move(self, to: CaseState) -> None:
        move(self, to, CASE_TRANSITIONS)


class CaseMessage(Base):
    """One line of a case: said by the customer, the bot or an agent, or noted by an agent."""

    __tablename__ = "case_message"
    __table_args__ = (
        Index("ix_case_message_case_at", "case_id", "at", "id"),
        UniqueConstraint("venue_id", "mail_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    case_id: Mapped[str] = mapped_column(String(32), index=True)
    author: Mapped[Author] = mapped_column(EnumText(Author))
    author_id: Mapped[str] = mapped_column(String(32), default="")
    """The agent's account."""
    internal: Mapped[bool] = mapped_column(Boolean, default=False)
    """A note of the venue's own: never shown to the customer."""
    text: Mapped[str] = mapped_column(Text)
    quoted: Mapped[str] = mapped_column(Text, default="")
    """What a mail quoted or signed with, kept apart from what it says."""
    mail_id: Mapped[str | None] = mapped_column(String(255))
    """The Message-ID of the mail it came as, without angle brackets."""
    from_email: Mapped[str] = mapped_column(String(254), default="")
    """The sender, where it was another address than the case's."""
    article: Mapped[str] = mapped_column(String(80), default="")
    """The article an agent's answer was suggested from; empty: the agent's own words."""
    edited: Mapped[bool] = mapped_column(Boolean, default=False)
    """The suggestion was changed before it was sent."""
    at: Mapped[datetime]


class ReplyState(StrEnum):
    WAITING = "waiting"  # leaves by itself in a moment
    SENT = "sent"  # is a message of the case
    UNDONE = "undone"  # taken back; its words are the agent's to write on from
    HELD = "held"  # somebody wrote meanwhile: a person looks again


REPLY_TRANSITIONS: Mapping[ReplyState, frozenset[ReplyState]] = {
    ReplyState.WAITING: frozenset({ReplyState.SENT, ReplyState.UNDONE, ReplyState.HELD}),
    ReplyState.HELD: frozenset({ReplyState.UNDONE}),
    ReplyState.SENT: frozenset(),
    ReplyState.UNDONE: frozenset(),
}
_LEAVING = text("state = 'waiting'")


class CaseReply(Base):
    """An agent's answer between the press of the button and its leaving; not yet in the case."""

    __tablename__ = "case_reply"
    __table_args__ = (
        Index(
            "ix_case_reply_due", "due_at",
            postgresql_where=_LEAVING, sqlite_where=_LEAVING,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Becomes the message's."""
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    case_id: Mapped[str] = mapped_column(String(32), index=True)
    agent_id: Mapped[str] = mapped_column(String(32))
    state: Mapped[ReplyState] = mapped_column(EnumText(ReplyState), default=ReplyState.WAITING)
    text: Mapped[str] = mapped_column(Text)
    then: Mapped[CaseState] = mapped_column(EnumText(CaseState))
    article: Mapped[str] = mapped_column(String(80), default="")
    edited: Mapped[bool] = mapped_column(Boolean, default=False)
    seen_state: Mapped[CaseState] = mapped_column(EnumText(CaseState))
    """Of the case, when it was written; and how many messages stood there."""
    seen_messages: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    """When the button was pressed, business time: the message's time."""
    due_at: Mapped[datetime]
    """Machine time."""

    def move(self, to: ReplyState) -> None:
        move(self, to, REPLY_TRANSITIONS)


class CaseFile(Base):
    """A file that came with a message, checked by its content; only ever given as a download."""

    __tablename__ = "case_file"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    case_id: Mapped[str] = mapped_column(String(32), index=True)
    message_id: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(120))
    content_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(Integer)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class CaseStep(Base):
    """Who changed what of a case, and when: assigned, merged, solved, tagged, alarmed."""

    __tablename__ = "case_step"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    case_id: Mapped[str] = mapped_column(String(32), index=True)
    actor: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class CaseReader(Base):
    """An agent who has a case open right now, or writes in it. Machine time; old rows are over."""

    __tablename__ = "case_reader"

    case_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    writing: Mapped[bool] = mapped_column(Boolean, default=False)
    seen_at: Mapped[datetime] = mapped_column(index=True)


class Macro(Base):
    """A prepared answer of a venue's, with placeholders such as {first_name}."""

    __tablename__ = "case_macro"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(80))
    lang: Mapped[str] = mapped_column(String(8), default="")
    """Offered first for cases in it; empty: for all."""
    text: Mapped[str] = mapped_column(Text)
    solves: Mapped[bool] = mapped_column(Boolean, default=False)
    """Sending it solves the case."""
    changed_at: Mapped[datetime]


class CaseSettings(Base):
    """How a venue answers: its hours, its promises, its addresses; and its count of cases."""

    __tablename__ = "case_settings"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    last_number: Mapped[int] = mapped_column(Integer, default=1000)
    timezone: Mapped[str] = mapped_column(String(64), default="")
    """Of the hours; empty: not set yet, UTC."""
    hours: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Weekday "0" (Monday) to "6" -> ["10:00", "18:00"]; empty: see case_clock.DEFAULT_HOURS."""
    reply_minutes: Mapped[int] = mapped_column(Integer, default=240)
    """Business minutes for an answer."""
    solve_minutes: Mapped[int] = mapped_column(Integer, default=1440)
    """Business minutes for a solution; 1440 are three days of eight hours."""
    live_reply_minutes: Mapped[int] = mapped_column(Integer, default=15)
    """Minutes of any hour for an answer while an event is live, from doors to end."""
    close_after_days: Mapped[int] = mapped_column(Integer, default=7)
    alarm_email: Mapped[str] = mapped_column(String(254), default="")
    """Who hears of missed deadlines; empty: everybody with the support role."""
    mail_address: Mapped[str] = mapped_column(String(254), default="")
    """The venue's own support address, which forwards to the installation's mailbox."""
    mail_secret_sealed: Mapped[str] = mapped_column(Text, default="")
    """Signs mail that is delivered by webhook; empty: none is taken that way."""
    bot_answers_mails: Mapped[bool] = mapped_column(Boolean, default=True)
    """The bot answers a first mail by itself where it is sure."""
    minute_cost_minor: Mapped[int] = mapped_column(Integer, default=0)
    """What a minute of an agent costs, in the venue's smallest unit; 0: not said."""
    version: Mapped[int] = mapped_column(Integer, default=1)
    bot_suggests_in_mails: Mapped[bool] = mapped_column(Boolean, default=True)
    """Where it is not sure, the receipt names up to three articles."""


class MailState(StrEnum):
    NEW = "new"  # stored, not read yet
    DONE = "done"  # became a message of a case
    IGNORED = "ignored"  # an automatic answer, a bounce, a loop, or nobody's
    FAILED = "failed"  # can't be read; a person looks


MAIL_TRANSITIONS: Mapping[MailState, frozenset[MailState]] = {
    MailState.NEW: frozenset({MailState.DONE, MailState.IGNORED, MailState.FAILED}),
    MailState.DONE: frozenset(),
    # A person took it in after all.
    MailState.IGNORED: frozenset({MailState.DONE}),
    MailState.FAILED: frozenset({MailState.DONE}),
}

_UNREAD = text("state = 'new'")


class MailIn(Base):
    """A mail as it came, stored once under its Message-ID and handled later (law 6)."""

    __tablename__ = "support_mail_in"
    __table_args__ = (
        UniqueConstraint("venue_id", "natural_key"),
        Index(
            "ix_support_mail_in_due", "due_at",
            postgresql_where=_UNREAD, sqlite_where=_UNREAD,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    """The venue's id, or 'installation' until its addressee is known."""
    natural_key: Mapped[str] = mapped_column(String(255))
    """The Message-ID; where a mail has none, the SHA-256 of its bytes."""
    source: Mapped[str] = mapped_column(String(16))  # imap | webhook
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    """Emptied once it was handled for a month."""
    state: Mapped[MailState] = mapped_column(EnumText(MailState), default=MailState.NEW)
    outcome: Mapped[str] = mapped_column(String(200), default="")
    case_id: Mapped[str | None] = mapped_column(String(32))
    tries: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    def move(self, to: MailState) -> None:
        move(self, to, MAIL_TRANSITIONS)

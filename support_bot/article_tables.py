"""Rows of a venue's own help: articles, their texts with every version, votes, who read what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Boolean, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.append_only import append_only
from infra.kernel.db import Base, EnumText
from infra.kernel.states import move


class SupportKnowledge(Base):
    """One row a venue: counts the changes to its articles, so that readers know what is stale.

    It is also what an editor locks: two people who touch the same article come one after another.
    """

    __tablename__ = "support_knowledge"

    venue_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, default=0)
    changed_at: Mapped[datetime]


class SupportArticle(Base):
    """An article that the venue wrote, or what it does with one that ships.

    Where the slug is a shipped article's, its texts stand over ours language by language.
    """

    __tablename__ = "support_article"
    __table_args__ = (UniqueConstraint("venue_id", "slug"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    slug: Mapped[str] = mapped_column(String(63))
    category: Mapped[str] = mapped_column(String(32))
    hidden: Mapped[bool] = mapped_column(Boolean, default=False)
    """Readers don't get it, in any language."""
    alone: Mapped[bool] = mapped_column(Boolean, default=False)
    """Only the venue's texts count; a language it did not write in falls back among them."""
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]


class TextState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


TEXT_TRANSITIONS: Mapping[TextState, frozenset[TextState]] = {
    TextState.DRAFT: frozenset({TextState.PUBLISHED}),
    TextState.PUBLISHED: frozenset({TextState.DRAFT}),
}


class SupportText(Base):
    """An article in one language: which of its versions is the newest, which one readers get."""

    __tablename__ = "support_text"
    __table_args__ = (
        UniqueConstraint("article_id", "lang"),
        Index("ix_support_text_venue_state", "venue_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    article_id: Mapped[str] = mapped_column(String(32), index=True)
    lang: Mapped[str] = mapped_column(String(8))
    state: Mapped[TextState] = mapped_column(EnumText(TextState), default=TextState.DRAFT)
    latest: Mapped[int] = mapped_column(Integer, default=0)
    """Number of the newest version."""
    published: Mapped[int] = mapped_column(Integer, default=0)
    """Number of the version that readers get; 0 while this is a draft."""
    version: Mapped[int] = mapped_column(Integer, default=0)
    """Of this row, for If-Match: grows with every save and every publishing."""

    def move(self, to: TextState) -> None:
        move(self, to, TEXT_TRANSITIONS)


class SupportVersion(Base):
    """What was saved, by whom and when. Never changed: a way back is a new version."""

    __tablename__ = "support_version"
    __table_args__ = (UniqueConstraint("text_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    text_id: Mapped[str] = mapped_column(String(32), index=True)
    number: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(160))
    answer_md: Mapped[str] = mapped_column(Text)
    phrasings: Mapped[list[str]] = mapped_column(JSON)
    actor: Mapped[str] = mapped_column(String(64))
    restored_from: Mapped[int] = mapped_column(Integer, default=0)
    """The number that this one brings back; 0: it was written."""
    at: Mapped[datetime]


append_only(SupportVersion.__table__)  # type: ignore[arg-type]


class SupportVote(Base):
    """Whether an article was useful to one reader. The reader is a hash: nobody reads who."""

    __tablename__ = "support_vote"
    __table_args__ = (
        UniqueConstraint("venue_id", "slug", "reader"),
        Index("ix_support_vote_venue_at", "venue_id", "at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    slug: Mapped[str] = mapped_column(String(63))
    lang: Mapped[str] = mapped_column(String(8))
    reader: Mapped[str] = mapped_column(String(64))
    useful: Mapped[bool] = mapped_column(Boolean)
    word: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime]


class SupportReading(Base):
    """A native speaker read a text. `print` is the text's hash: another text is unread again.

    venue_id may be the installation, whose readings count at every venue.
    """

    __tablename__ = "support_reading"
    __table_args__ = (UniqueConstraint("venue_id", "lang", "subject"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    lang: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(80))
    """`article:<slug>`, `pages` or `mails`."""
    print: Mapped[str] = mapped_column(String(64))
    reader_name: Mapped[str] = mapped_column(String(120))
    actor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]

"""Was this useful: one vote a reader and article, which the reader may change."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from infra.kernel.bounds import Ask
from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from support_bot.article_tables import SupportVote


class Vote(Ask, frozen=True):
    """Useful or not, and in the reader's own words why."""

    useful: bool
    word: Annotated[str, Meta(max_length=500)] = ""


class Votes(msgspec.Struct, frozen=True):
    """How many readers said what of one article."""

    useful: int = 0
    not_useful: int = 0

    @property
    def share(self) -> float | None:
        """Of the voters, how many it helped; None before the first vote."""
        count = self.useful + self.not_useful
        return self.useful / count if count else None


def reader_of(venue_id: str, who: str) -> str:
    """One person at one venue as a hash: an account's id, or a secret kept by the browser."""
    return hashlib.sha256(f"{venue_id}\n{who}".encode()).hexdigest()


async def cast(
    tx: Tx, venue_id: str, slug: str, lang: str, reader: str, vote: Vote, now: datetime
) -> None:
    """Note the vote; a second one of the same reader takes the place of the first."""
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    told = {"lang": lang, "useful": vote.useful, "word": vote.word.strip(), "at": now}
    row = {"id": new_id("avo"), "venue_id": venue_id, "slug": slug, "reader": reader, **told}
    statement = dialect.insert(SupportVote).values(row)
    key = ["venue_id", "slug", "reader"]
    await tx.execute(statement.on_conflict_do_update(index_elements=key, set_=told))


async def of_reader(tx: Tx, venue_id: str, slug: str, reader: str) -> SupportVote | None:
    """What this reader said of the article."""
    query = select(SupportVote).where(
        SupportVote.venue_id == venue_id, SupportVote.slug == slug, SupportVote.reader == reader
    )
    found: SupportVote | None = await tx.scalar(query)
    return found


async def tally(tx: Tx, venue_id: str, lang: str = "") -> dict[str, Votes]:
    """Votes by article, of one language or of all."""
    useful = func.sum(case((SupportVote.useful.is_(True), 1), else_=0))
    query = select(SupportVote.slug, useful, func.count()).where(SupportVote.venue_id == venue_id)
    if lang:
        query = query.where(SupportVote.lang == lang)
    rows = await tx.execute(query.group_by(SupportVote.slug))
    return {slug: Votes(int(yes), int(count) - int(yes)) for slug, yes, count in rows}


async def words(tx: Tx, venue_id: str, slug: str, limit: int = 50) -> list[SupportVote]:
    """What readers wrote about an article, newest first."""
    query = (
        select(SupportVote)
        .where(SupportVote.venue_id == venue_id, SupportVote.slug == slug, SupportVote.word != "")
        .order_by(SupportVote.at.desc())
        .limit(limit)
    )
    return list(await tx.scalars(query))

"""Which texts a native speaker has read, by the hash of the text: another text is unread again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Meta
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from infra.kernel.bounds import Ask
from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from support_bot.article_tables import SupportReading

PAGES, MAILS, ARTICLE = "pages", "mails", "article:"


class Reader(Ask, frozen=True):
    """The native speaker who read."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]


def print_of(texts: Iterable[str]) -> str:
    """The hash of what was read, in order."""
    told = hashlib.sha256()
    for text in texts:
        told.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return told.hexdigest()


async def mark(
    tx: Tx,
    place: str,
    lang: str,
    prints: Mapping[str, str],
    reader: Reader,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Note that these subjects, with these hashes, were read. `place`: a venue or installation."""
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    for subject, fingerprint in sorted(prints.items()):
        told = {"print": fingerprint, "reader_name": reader.name, "actor": actor, "at": now}
        key = {"venue_id": place, "lang": lang, "subject": subject}
        statement = dialect.insert(SupportReading).values(id=new_id("ard"), **key, **told)
        await tx.execute(statement.on_conflict_do_update(index_elements=list(key), set_=told))


async def unmark(tx: Tx, place: str, lang: str, subjects: Iterable[str]) -> None:
    """Take marks back."""
    await tx.execute(
        delete(SupportReading).where(
            SupportReading.venue_id == place,
            SupportReading.lang == lang,
            SupportReading.subject.in_(sorted(subjects)),
        )
    )


async def marks(tx: Tx, *places: str) -> dict[tuple[str, str], list[SupportReading]]:
    """Readings noted at these places, by (language, subject)."""
    found: dict[tuple[str, str], list[SupportReading]] = {}
    query = select(SupportReading).where(SupportReading.venue_id.in_(places))
    for one in await tx.scalars(query.order_by(SupportReading.at)):
        found.setdefault((one.lang, one.subject), []).append(one)
    return found


def reading_of(
    found: Mapping[tuple[str, str], list[SupportReading]], lang: str, subject: str, now_print: str
) -> SupportReading | None:
    """The latest reading of exactly this text; None: nobody whose language it is has read it."""
    return next(
        (one for one in reversed(found.get((lang, subject), [])) if one.print == now_print), None
    )

"""Live-event mode: one person says that a stream has trouble, and everybody who asks is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.ids import new_id
from support_bot.conversation_tables import LiveNotice

TROUBLE = frozenset({"stream-stopped", "stream-not-started", "buffering", "no-sound"})
"""Articles whose questions get the notice while one is on."""

LIFE = timedelta(hours=3)
"""When a notice goes off by itself: a forgotten one must not scare next week's audience."""


async def switch_on(
    tx: Tx, *, venue_id: str, event_id: str, text: str, by: str, now: datetime
) -> LiveNotice:
    """Begin a notice, or change the words of the one that is on."""
    on = await running(tx, venue_id, event_id, now)
    if on is not None:
        on.text, on.until_at = text, now + LIFE
        return on
    notice = LiveNotice(
        id=new_id("lvn"), venue_id=venue_id, event_id=event_id, text=text, started_by=by,
        from_at=now, until_at=now + LIFE,
    )  # fmt: skip
    tx.add(notice)
    await tx.flush()
    return notice


async def switch_off(tx: Tx, venue_id: str, notice_id: str, now: datetime) -> LiveNotice:
    """End it now; nothing happens to one that is over."""
    notice = await tx.get(LiveNotice, notice_id, with_for_update=True)
    if notice is None or notice.venue_id != venue_id:
        raise NotFound("notice")
    notice.until_at = min(notice.until_at, now)
    return notice


async def running(tx: Tx, venue_id: str, event_id: str | None, now: datetime) -> LiveNotice | None:
    """The notice that is on for this event; without an event, the venue's latest one."""
    query = (
        select(LiveNotice)
        .where(LiveNotice.venue_id == venue_id, LiveNotice.until_at > now)
        .order_by(LiveNotice.from_at.desc(), LiveNotice.id.desc())
        .limit(1)
    )
    if event_id:
        query = query.where(LiveNotice.event_id == event_id)
    found: LiveNotice | None = await tx.scalar(query)
    return found


async def all_running(tx: Tx, venue_id: str, now: datetime) -> list[LiveNotice]:
    query = (
        select(LiveNotice)
        .where(LiveNotice.venue_id == venue_id, LiveNotice.until_at > now)
        .order_by(LiveNotice.from_at.desc())
    )
    return list(await tx.scalars(query))

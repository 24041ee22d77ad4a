"""Spikes: the same question from many people within minutes becomes an alarm, once an hour."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from support_bot.conversation_tables import Conversation, Line, QuestionSpike, Speaker

WINDOW = timedelta(minutes=10)
USUAL_OVER = timedelta(days=1)
LEAST = 10
"""Conversations on one topic within WINDOW from which on it may be a spike."""
TIMES = 5
"""And so many times the day's average for as long a while."""


def is_spike(asking: int, usual: float) -> bool:
    """Pure: many people now, and many more than usually. `usual` is for one WINDOW."""
    return asking >= LEAST and asking >= TIMES * usual


async def look(tx: Tx, venue_id: str, topic: str, now: datetime) -> QuestionSpike | None:
    """The new alarm, None where there is no spike or this hour's was raised already.

    People are counted, not messages: one person who asks ten times raises nothing.
    """
    if not topic:
        return None
    recent = (
        select(Line.conversation_id, Conversation.event_id)
        .join(Conversation, Conversation.id == Line.conversation_id)
        .where(
            Line.venue_id == venue_id,
            Line.topic == topic,
            Line.speaker == Speaker.BOT,
            Line.at > now - WINDOW,
        )
        .distinct()
    )
    asking = (await tx.execute(recent)).all()
    if len(asking) < LEAST:
        return None
    before = select(func.count(Line.conversation_id.distinct())).where(
        Line.venue_id == venue_id,
        Line.topic == topic,
        Line.speaker == Speaker.BOT,
        Line.at > now - USUAL_OVER,
        Line.at <= now - WINDOW,
    )
    usual = (await tx.scalar(before) or 0) / ((USUAL_OVER - WINDOW) / WINDOW)
    if not is_spike(len(asking), usual):
        return None
    events = Counter(event_id for _, event_id in asking if event_id)
    event_id, count = next(iter(events.most_common(1)), (None, 0))
    row = {
        "id": new_id("spk"),
        "venue_id": venue_id,
        "topic": topic,
        "event_id": event_id if 2 * count >= len(asking) else None,
        "hour": now.strftime("%Y-%m-%dT%H"),
        "questions": len(asking),
        "usual": usual,
        "at": now,
        "seen_by": "",
    }
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(QuestionSpike).values(row).on_conflict_do_nothing()
    made = await tx.scalar(statement.returning(QuestionSpike.id))
    return None if made is None else await tx.get_one(QuestionSpike, made)

"""By when a case has to be answered and solved. Pure: business hours in, moments out.

A promise counts only a venue's opening hours, but for one: while an event is live, from its doors
to its end, an answer comes within fifteen minutes of the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from infra.kernel.errors import Invalid

_DAYS_MAX = 400
"""No promise reaches further; hours that are never open are refused before."""
DEFAULT_HOURS: Mapping[str, Sequence[str]] = {str(day): ("10:00", "18:00") for day in range(7)}


class Window(msgspec.Struct, frozen=True):
    """A live event, from its doors to its end."""

    starts_at: datetime
    ends_at: datetime


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue promises, and when it is there."""

    zone: ZoneInfo
    days: Mapping[int, tuple[time, time]]
    reply: timedelta = timedelta(minutes=240)
    solve: timedelta = timedelta(minutes=1440)
    live_reply: timedelta = timedelta(minutes=15)


class Due(msgspec.Struct, frozen=True):
    at: datetime
    live: bool
    """The rule of live events set it."""


def opening(hours: Mapping[str, Any]) -> dict[int, tuple[time, time]]:
    """Weekday (Monday is 0) to opening and closing; raises Invalid("hours") with what is wrong."""
    found: dict[int, tuple[time, time]] = {}
    for day, span in (hours or DEFAULT_HOURS).items():
        try:
            starts, ends = (time.fromisoformat(str(one)) for one in span)
            number = int(day)
        except (TypeError, ValueError) as error:
            raise Invalid("hours", "Give each day as from and to, such as 10:00 18:00.") from error
        if not 0 <= number <= 6 or starts.tzinfo or ends.tzinfo:
            raise Invalid("hours", "Give hours of days 0 (Monday) to 6, without a zone.")
        if starts >= ends:
            raise Invalid("hours", "A day's hours end after they begin, before midnight.")
        found[number] = (starts, ends)
    return found


def zone(name: str) -> ZoneInfo:
    """The zone, or UTC where the name says nothing."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def after(promise: Promise, start: datetime, span: timedelta) -> datetime:
    """The moment at which `span` of opening hours has passed since start."""
    left = span
    for opens, closes in _openings(promise, start):
        begin = max(opens, start)
        if begin + left <= closes:
            return begin + left
        left -= closes - begin
    return start + span  # never open: the clock on the wall


def spent(promise: Promise, start: datetime, end: datetime) -> timedelta:
    """How much of the opening hours lies between the two."""
    total = timedelta(0)
    for opens, closes in _openings(promise, start):
        if opens >= end:
            break
        total += max(min(closes, end) - max(opens, start), timedelta(0))
    return total


def reply_due(promise: Promise, asked_at: datetime, windows: Sequence[Window]) -> Due:
    """By when a message of asked_at is answered, given the events that are live about then.

    A message that still waits when doors open comes under the live rule at that moment.
    """
    due = Due(after(promise, asked_at, promise.reply), live=False)
    for window in windows:
        if window.ends_at <= asked_at:
            continue
        at = max(window.starts_at, asked_at) + promise.live_reply
        if at <= due.at:
            due = Due(at, live=True)
    return due


def _openings(promise: Promise, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Opening spans that end after start, in order, in UTC; none where it never opens."""
    first = start.astimezone(promise.zone).date() - timedelta(days=1)
    for offset in range(_DAYS_MAX if promise.days else 0):
        day = first + timedelta(days=offset)
        hours = promise.days.get(day.weekday())
        if hours is None:
            continue
        opens, closes = (_utc(day, at, promise.zone) for at in hours)
        if closes > start:
            yield opens, closes


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)

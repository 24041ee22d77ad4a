"""Quiet hours: when nothing is done, by the person's own clock. Pure."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from infra.kernel.errors import Invalid

_WALL = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def check(quiet_from: str, quiet_until: str) -> None:
    """Both or neither, as HH:MM."""
    if not quiet_from and not quiet_until:
        return
    for field, value in (("quiet_from", quiet_from), ("quiet_until", quiet_until)):
        if not _WALL.fullmatch(value):
            raise Invalid(field, "Give a time such as 21:00, or leave both empty.")


def next_moment(now: datetime, zone: str, quiet_from: str, quiet_until: str) -> datetime:
    """`now` where it is not quiet, else the end of the quiet hours; they may span midnight."""
    if not quiet_from or quiet_from == quiet_until:
        return now
    local = now.astimezone(ZoneInfo(zone))
    starts, ends = time.fromisoformat(quiet_from), time.fromisoformat(quiet_until)
    wall = local.time()
    if starts < ends:
        quiet, day = starts <= wall < ends, local.date()
    else:
        quiet = wall >= starts or wall < ends
        day = local.date() + timedelta(days=1 if wall >= starts else 0)
    if not quiet:
        return now
    return datetime.combine(day, ends, ZoneInfo(zone)).astimezone(now.tzinfo)

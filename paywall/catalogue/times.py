"""Checks on the times of things put on: zones that exist, windows that have a length. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import available_timezones

from infra.kernel.errors import Invalid

LONGEST_EVENT = timedelta(days=14)
LONGEST_SEASON = timedelta(days=3 * 366)

_ZONES = available_timezones()


def check_zone(name: str) -> None:
    if name not in _ZONES:
        raise Invalid("timezone", "Use an IANA time zone, such as Europe/Paris.")


def check_window(starts_at: datetime, ends_at: datetime, longest: timedelta, what: str) -> None:
    """[starts_at, ends_at) is not empty and not absurdly long."""
    if ends_at <= starts_at:
        raise Invalid("ends_at", f"The {what} must end after it starts: move ends_at later.")
    if ends_at - starts_at > longest:
        raise Invalid(
            "ends_at", f"The {what} can last at most {longest.days} days: move ends_at earlier."
        )

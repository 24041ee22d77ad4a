"""Two clocks. Business time can be moved forward for a test-mode venue; machine time never moves.

This is the only module that may read the system's clock (ruff bans it elsewhere).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What use cases read once and pass on as `now`."""

    def machine(self) -> datetime:
        """Real time, UTC, for tokens, log-ins, leases, limits, signatures and keys."""
        ...

    def now(self, offset_s: int = 0) -> datetime:
        """Business time of a venue whose clock was advanced by offset_s seconds (>= 0)."""
        ...

    def monotonic(self) -> float:
        """Seconds for measuring durations inside one process."""
        ...


class SystemClock:
    """The machine's own clock."""

    def machine(self) -> datetime:
        return datetime.now(UTC)

    def now(self, offset_s: int = 0) -> datetime:
        assert offset_s >= 0
        return self.machine() + timedelta(seconds=offset_s)

    def monotonic(self) -> float:
        return time.monotonic()


class HandClock:
    """A clock that tests move by hand. It starts at a given moment and stands still."""

    def __init__(self, at: datetime) -> None:
        assert at.tzinfo is not None
        self._at = at.astimezone(UTC)

    def machine(self) -> datetime:
        return self._at

    def now(self, offset_s: int = 0) -> datetime:
        return self._at + timedelta(seconds=offset_s)

    def monotonic(self) -> float:
        return self._at.timestamp()

    def move(self, **delta: float) -> None:
        """Move on: clock.move(days=31), clock.move(seconds=1)."""
        step = timedelta(**delta)
        assert step >= timedelta(0), "time does not go back"
        self._at += step


def epoch_s(at: datetime) -> int:
    """Whole Unix seconds of an aware moment, for tokens and headers."""
    assert at.tzinfo is not None
    return int(at.timestamp())


def from_epoch_s(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iso(at: datetime) -> str:
    """RFC 3339 in UTC with a Z, microseconds cut: 2026-11-22T20:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

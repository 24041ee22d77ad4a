"""What entitlements must know of an event, handed in as plain facts; it asks no catalogue."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What somebody wants to play; also the class (`cls`) of a playback token."""

    LIVE = "live"
    REPLAY = "replay"


class Window(msgspec.Struct, frozen=True):
    """A half-open span of business time: `start` is inside, `end` is not."""

    start: datetime
    end: datetime

    def overlap(self, other: Window) -> Window | None:
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None


class Watchable(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the catalogue sees it now. All times are the venue's business time.

    `live` is None when the event has no stream, `replay` when it has no recording yet; a
    recording without an end of its own gets the far future as its end. `path_prefix` is where
    its media live at every edge, below the mount: it begins and ends with a slash, and the
    families `live/` and `replay/` follow it. `stopped` says, in a word or a sentence, why nobody
    may watch at the moment (cancelled, taken down); empty when all is well.
    """

    event_id: str
    venue_id: str
    path_prefix: str
    season_id: str = ""
    live: Window | None = None
    replay: Window | None = None
    manifest: str = "index.m3u8"
    stopped: str = ""

    def window(self, kind: Kind) -> Window | None:
        return self.live if kind is Kind.LIVE else self.replay

    def prefix(self, kind: Kind) -> str:
        """The one prefix a playback token opens: `/<venue>/<event>/live/`."""
        assert self.path_prefix.startswith("/"), self.path_prefix
        assert self.path_prefix.endswith("/"), self.path_prefix
        return f"{self.path_prefix}{kind.value}/"

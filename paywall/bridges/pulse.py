"""Whether a live picture comes: reads a local HLS folder the way a player would, and times it."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import msgspec

from infra.kernel.clock import Clock, from_epoch_s
from paywall.catalogue.sources import FOLDER

MASTER = "index.m3u8"
LATE_S = 15
"""A live playlist whose newest segment ended longer ago than this has stopped."""
_READ_MAX = 64 * 1024
_DATED = re.compile(r"^#EXT-X-PROGRAM-DATE-TIME:(.+)$")
_LENGTH = re.compile(r"^#EXTINF:([0-9.]+)")
_NAME = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


class PulseState(StrEnum):
    LIVE = "live"
    STOPPED = "stopped"  # there is a playlist, and nothing new in it
    NOTHING = "nothing"  # no playlist in the folder
    BROKEN = "broken"  # a playlist that leads nowhere


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """What a player would meet now. `age_s`: since the newest segment ended, if it is dated."""

    state: PulseState
    renditions: int = 0
    age_s: float | None = None
    first_frame_ms: int | None = None
    """Reading master, rendition and newest segment here; a viewer adds the network to it."""


async def pulse(root: Path, folder: str, clock: Clock) -> Pulse:
    """Look at the folder under the media root now."""
    if FOLDER.fullmatch(folder) is None:
        return Pulse(state=PulseState.NOTHING)
    began = clock.monotonic()
    found = await asyncio.to_thread(_read, root / folder, clock.machine())
    if found.first_frame_ms is None:
        return found
    took_ms = int((clock.monotonic() - began) * 1000)
    return msgspec.structs.replace(found, first_frame_ms=took_ms)


def _read(folder: Path, now: datetime) -> Pulse:
    master = _text(folder / MASTER)
    if master is None:
        return Pulse(state=PulseState.NOTHING)
    names = [line for line in master.splitlines() if line and not line.startswith("#")]
    media = names if "#EXT-X-STREAM-INF" in master else []
    path = folder / media[0] if media and _is_inside(media[0]) else folder / MASTER
    playlist = _text(path)
    segments = [s for s in (playlist or "").splitlines() if s and not s.startswith("#")]
    if playlist is None or not segments or not _is_inside(segments[-1]):
        return Pulse(state=PulseState.BROKEN, renditions=len(media))
    try:
        (path.parent / segments[-1]).open("rb").close()
    except OSError:
        return Pulse(state=PulseState.BROKEN, renditions=len(media))
    age_s = _age_s(playlist, path, now)
    late = age_s > LATE_S or "#EXT-X-ENDLIST" in playlist
    return Pulse(
        state=PulseState.STOPPED if late else PulseState.LIVE,
        renditions=len(media) or 1,
        age_s=age_s,
        first_frame_ms=0,
    )


def _is_inside(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and ".." not in name


def _text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_READ_MAX).decode("utf-8", "replace")
    except OSError:
        return None


def _age_s(playlist: str, path: Path, now: datetime) -> float:
    """By the playlist's own dates; by the file's, where an encoder writes none."""
    end: datetime | None = None
    for line in playlist.splitlines():
        dated, length = _DATED.match(line), _LENGTH.match(line)
        if dated is not None:
            end = _moment(dated[1])
        elif length is not None and end is not None:
            end += timedelta(seconds=float(length[1]))
    if end is None:
        end = from_epoch_s(int(path.stat().st_mtime))
    return max(0.0, (now - end).total_seconds())


def _moment(text: str) -> datetime | None:
    # ffmpeg writes +0000 where RFC 3339 wants +00:00.
    plain = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.strip())
    try:
        at = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None

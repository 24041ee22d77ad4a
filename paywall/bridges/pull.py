"""Pictures of another server, handed on below the judged path: playlists rewritten, segments whole.

Each address inside a playlist becomes a name that carries the address and a proof that we wrote
it, so a viewer can ask for what the playlist named and nothing else. What one viewer fetched is
kept in memory for the others: any number of them cost the origin one request a segment.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import structlog

from infra.kernel.clock import Clock
from paywall.bridges.playlists import NotAPlaylist, rewritten

log = structlog.get_logger("paywall.pull")

ENTRY = "index.m3u8"
BELOW = "u"
"""The folder of rewritten names: `live/u/<name>.ts`."""
SUFFIXES = frozenset({".m3u8", ".ts", ".m4s", ".mp4", ".aac", ".vtt", ".key"})
MAX_ADDRESS = 2000
"""Characters of an address in a playlist; with a token in front it still fits the edge's limit."""
MAX_PLAYLIST_BYTES = 1024 * 1024
MAX_SEGMENT_BYTES = 16 * 1024 * 1024
"""Ten seconds at 12 Mbit/s."""
CACHE_BYTES = 64 * 1024 * 1024
PLAYLIST_FOR_S = 1.0
SEGMENT_FOR_S = 60.0
FAILURE_FOR_S = 1.0
"""A broken origin is asked once a second, not once a viewer."""
_PROOF_BYTES = 16


class Fetched(msgspec.Struct, frozen=True):
    """What an origin answered, after redirects: `url` is where it came from in the end."""

    status: int
    url: str
    body: bytes
    whole: bool


class OriginFailed(Exception):
    """The origin could not be reached, or gave what can't be handed on; the text is for logs."""


class Outside(Protocol):
    """Fetches an address that a tenant gave us; refuses what leads into private networks."""

    async def fetch(self, url: str, *, test: bool, max_bytes: int) -> Fetched:
        """Raises OriginFailed. In test mode this machine itself may be an origin."""
        ...


class _Kept(msgspec.Struct):
    until_s: float
    found: Fetched | OriginFailed


class Pull:
    """One process's way to other servers."""

    def __init__(self, outside: Outside, clock: Clock, key: bytes) -> None:
        self._outside = outside
        self._clock = clock
        self._key = key
        self._kept: OrderedDict[tuple[str, bool], _Kept] = OrderedDict()
        self.kept_bytes = 0
        self._running: dict[tuple[str, bool], asyncio.Task[Fetched]] = {}

    async def read(
        self, event_id: str, source: str, rest: Sequence[str], *, test: bool
    ) -> tuple[bytes, str] | None:
        """Bytes and suffix of what a path below the event's family means; None when nothing.

        `source` is the playlist's address. Raises OriginFailed.
        """
        url = source if list(rest) == [ENTRY] else self._address(event_id, rest)
        if url is None:
            return None
        suffix = _suffix(url)
        found = await self._fetch(url, suffix, test=test)
        if found.status in (404, 410):
            return None
        if found.status != 200:
            raise OriginFailed(f"It answered {found.status}.")
        if suffix != ".m3u8":
            return found.body, suffix
        here = "" if rest[0] == BELOW else f"{BELOW}/"
        try:
            text = rewritten(
                found.body.decode("utf-8"),
                found.url,
                lambda address: here + self._name(event_id, address),
            )
        except ValueError as error:
            raise OriginFailed(f"Not a playlist: {error}") from error
        return text.encode(), suffix

    async def close(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _name(self, event_id: str, url: str) -> str:
        if len(url) > MAX_ADDRESS:
            raise NotAPlaylist("It names an address that is too long.")
        raw = url.encode()
        packed = base64.urlsafe_b64encode(self._proof(event_id, raw) + raw).rstrip(b"=")
        return packed.decode() + _suffix(url)

    def _address(self, event_id: str, rest: Sequence[str]) -> str | None:
        """The address in a name; None unless we wrote it, for this event."""
        if len(rest) != 2 or rest[0] != BELOW:
            return None
        packed, dot, suffix = rest[1].partition(".")
        try:
            raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        proof, url = raw[:_PROOF_BYTES], raw[_PROOF_BYTES:]
        if not hmac.compare_digest(proof, self._proof(event_id, url)):
            return None
        address = url.decode()
        return address if _suffix(address) == dot + suffix else None

    def _proof(self, event_id: str, url: bytes) -> bytes:
        return hmac.digest(self._key, event_id.encode() + b"\n" + url, "sha256")[:_PROOF_BYTES]

    async def _fetch(self, url: str, suffix: str, *, test: bool) -> Fetched:
        """From memory, from a request that is under way, or from the origin."""
        key = (url, test)
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() < kept.until_s:
            if isinstance(kept.found, OriginFailed):
                raise OriginFailed(str(kept.found))
            return kept.found
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(key, suffix))
            # Read here too: perhaps nobody waits for it any more.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._running[key] = task
        # A viewer who goes away takes nothing from those who wait for the same bytes.
        return await asyncio.shield(task)

    async def _ask(self, key: tuple[str, bool], suffix: str) -> Fetched:
        url, test = key
        playlist = suffix == ".m3u8"
        most = MAX_PLAYLIST_BYTES if playlist else MAX_SEGMENT_BYTES
        try:
            found = await self._outside.fetch(url, test=test, max_bytes=most)
            if not found.whole:
                raise OriginFailed(f"It sent more than {most} bytes.")
        except OriginFailed as error:
            log.warning("origin failed", host=urlsplit(url).hostname, why=str(error))
            self._keep(key, error, FAILURE_FOR_S)
            raise
        else:
            good = found.status == 200 and not playlist
            self._keep(key, found, SEGMENT_FOR_S if good else PLAYLIST_FOR_S)
            return found
        finally:
            del self._running[key]

    def _keep(self, key: tuple[str, bool], found: Fetched | OriginFailed, for_s: float) -> None:
        self._drop(key)
        self._kept[key] = _Kept(self._clock.monotonic() + for_s, found)
        self.kept_bytes += _weight(found)
        while self.kept_bytes > CACHE_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, bool]) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self.kept_bytes -= _weight(old.found)


def _weight(found: Fetched | OriginFailed) -> int:
    """Bytes in memory, about: an entry is never free."""
    return 2048 + (len(found.body) if isinstance(found, Fetched) else 0)


def _suffix(url: str) -> str:
    """What the file is called at its end; we choose the media type by it, never the origin."""
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    return suffix if suffix in SUFFIXES else ".bin"

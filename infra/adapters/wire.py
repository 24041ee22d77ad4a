"""One pool of connections to a service of our own choosing. Not for addresses of tenants.

aiohttp, because it sits between a buyer and the answer: one call costs it an eighth of the
processor time that httpx needs (docs/decisions/http-client.md). What strangers supply goes through
`outside_http`, which checks where it leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import aiohttp
import msgspec


class NoAnswer(Exception):
    """Nothing, or less than a whole answer, came back: what the call did is not known."""


class WireAnswer(msgspec.Struct, frozen=True):
    """A whole answer, whatever its status."""

    status: int
    body: bytes


class Wire:
    """Keeps connections alive between calls. Made outside a running loop; opened by first use."""

    def __init__(self, *, timeout_s: float = 10, connections: int = 64, max_bytes: int = 1 << 20):
        self._timeout_s = timeout_s
        self._connections = connections
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> WireAnswer:
        """One request and its answer; redirects are not followed. Raises NoAnswer."""
        limit = aiohttp.ClientTimeout(total=timeout_s or self._timeout_s)
        try:
            async with self._opened().request(
                method, url, headers=headers, data=body, params=query or None,
                timeout=limit, allow_redirects=False,
            ) as answer:  # fmt: skip
                content = await answer.content.read(self._max_bytes + 1)
                while len(content) <= self._max_bytes and not answer.content.at_eof():
                    content += await answer.content.read(self._max_bytes + 1 - len(content))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(type(error).__name__) from error
        if len(content) > self._max_bytes:
            raise NoAnswer(f"an answer of more than {self._max_bytes} bytes")
        return WireAnswer(answer.status, content)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept-Encoding": "identity"},
            )
        return self._session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

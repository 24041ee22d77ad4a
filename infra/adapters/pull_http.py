"""Fetches other servers' playlists and segments: the bridge's port over the bounded client."""

from __future__ import annotations

from infra.adapters.outside_http import (
    AddressRefused,
    OutsideBroke,
    OutsideClient,
    OutsideRules,
    OutsideUnreachable,
)
from paywall.bridges.pull import Fetched, OriginFailed


class HttpOutside:
    """`loopback_in_test`: a test-mode venue's origin may run on this machine."""

    def __init__(self, outside: OutsideClient, *, loopback_in_test: bool) -> None:
        self._outside = outside
        self._loopback_in_test = loopback_in_test

    async def fetch(self, url: str, *, test: bool, max_bytes: int) -> Fetched:
        rules = OutsideRules(https_only=not test, allow_loopback=test and self._loopback_in_test)
        try:
            answer = await self._outside.get(url, rules=rules, max_bytes=max_bytes)
        except (AddressRefused, OutsideUnreachable, OutsideBroke) as error:
            raise OriginFailed(str(error)) from error
        return Fetched(answer.status, answer.url, answer.body, not answer.cut)

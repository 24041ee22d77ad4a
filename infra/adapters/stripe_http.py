"""The connection to Stripe: httpx under stripe-python's client, bounded in time, never retrying.

stripe-python's own httpx client hands the form to httpx in a way that httpx 0.28 deprecates (a
warning that our tests treat as an error) and bounds single reads, not the whole call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

import httpx
import stripe

from paywall.payments.port import OutcomeUnknown


class BoundedClient(stripe.HTTPClient):
    """One pool of connections. Anything but an answer is OutcomeUnknown."""

    name: ClassVar[str] = "httpx"

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(timeout_s, connect=5.0))

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.request(
                    method, url, headers=headers, content=post_data or None
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(f"No answer from Stripe: {type(error).__name__}") from error
        return answer.content, answer.status_code, answer.headers

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        await self._client.aclose()

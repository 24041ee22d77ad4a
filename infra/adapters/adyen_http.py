"""Calls of Adyen's synchronous SDK from async code: own threads, bounded times, no retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from Adyen.client import AdyenClient
from Adyen.exceptions import AdyenAPIResponseError
from Adyen.services.checkout import AdyenCheckoutApi

from paywall.payments.port import GatewayRefused, OutcomeUnknown

API_VERSION = 71  # of Checkout; the SDK's own default moves with its releases

# 4xx that don't say that nothing happened: time-out, conflict, too early, too many.
_UNDECIDED_STATUS = frozenset({408, 409, 425, 429})
# "request already processed or in progress": the first request with this key may be under way.
# https://docs.adyen.com/development-resources/error-codes (704)
_UNDECIDED_ERRORS = frozenset({"704"})


class _ElsewhereClient(AdyenClient):
    """The SDK's client, talking to another address than Adyen's: a stand-in in tests."""

    def __init__(self, api_url: str, **options: Any) -> None:
        super().__init__(**options)
        self._api_url = api_url.rstrip("/")

    def _determine_api_url(self, platform: str, endpoint: str) -> str:
        _, _, path = endpoint.partition(f"/v{API_VERSION}/")
        return f"{self._api_url}/{path}"


class _ServiceError(msgspec.Struct):
    """Adyen's body of an error; fields it has not are empty."""

    message: str = ""
    errorCode: str = ""


class AdyenCalls:
    """One API key's way to Adyen. At most `at_once` calls run; the rest wait their turn.

    An answer after `timeout_s` in all, a broken connection, a 5xx or an answer that can't be
    understood raise OutcomeUnknown; a plain 4xx raises GatewayRefused.
    """

    def __init__(
        self, *, api_key: str, live_prefix: str, api_url: str, timeout_s: int, at_once: int
    ) -> None:
        options: dict[str, Any] = {
            "xapikey": api_key,
            "platform": "live" if live_prefix else "test",
            "live_endpoint_prefix": live_prefix or None,
            "application_name": "paywall",
            "http_timeout": timeout_s,
            "api_checkout_version": API_VERSION,
        }
        client = _ElsewhereClient(api_url, **options) if api_url else AdyenClient(**options)
        services: Any = AdyenCheckoutApi  # untyped in the SDK
        self._api = services(client=client)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="adyen")
        self._timeout_s = timeout_s

    @property
    def api(self) -> Any:
        """The SDK's services (untyped); their methods go to `call`."""
        return self._api

    async def call(self, method: Callable[..., Any], *args: Any, **options: Any) -> dict[str, Any]:
        """What Adyen answered, decoded."""

        def blocking() -> Any:
            return method(*args, **options)

        loop = asyncio.get_running_loop()
        try:
            # The SDK's own time-out restarts with each byte that arrives; this one does not.
            async with asyncio.timeout(self._timeout_s + 1):
                result = await loop.run_in_executor(self._threads, blocking)
        except AdyenAPIResponseError as error:
            raise _meaning(error) from error
        except Exception as error:  # whatever broke on the way, nobody can say what Adyen did
            raise OutcomeUnknown(f"Adyen did not answer: {type(error).__name__}") from error
        answer = result.message
        if not isinstance(answer, dict) or not answer:
            raise OutcomeUnknown("Adyen's answer can't be understood.")
        return answer

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _meaning(error: AdyenAPIResponseError) -> OutcomeUnknown | GatewayRefused:
    status = int(error.status_code)
    try:
        told = msgspec.json.decode(error.raw_response, type=_ServiceError)
    except msgspec.MsgspecError:
        told = _ServiceError()
    words = f"Adyen answered {status} {told.errorCode}: {told.message[:300]}"
    undecided = status in _UNDECIDED_STATUS or told.errorCode in _UNDECIDED_ERRORS
    if 400 <= status < 500 and not undecided:
        return GatewayRefused(words)
    return OutcomeUnknown(words)

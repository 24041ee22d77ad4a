"""Sends webhooks through the client for strangers' addresses."""

from __future__ import annotations

from infra.adapters.outside_http import (
    AddressRefused,
    OutsideBroke,
    OutsideClient,
    OutsideRules,
    OutsideUnreachable,
)
from paywall.notices.ports import NotSent, OutcomeUnknown, Refused, WebhookAnswer, WebhookCall

EXCERPT_CHARS = 500


class HttpWebhookSender:
    """A WebhookSender. `loopback_in_test`: test-mode venues may call programs on this machine."""

    def __init__(self, outside: OutsideClient, *, loopback_in_test: bool) -> None:
        self._outside = outside
        self._loopback_in_test = loopback_in_test

    async def post(self, call: WebhookCall) -> WebhookAnswer:
        rules = OutsideRules(
            https_only=call.live, allow_loopback=self._loopback_in_test and not call.live
        )
        headers = {"content-type": "application/json", **call.headers}
        try:
            answer = await self._outside.post(
                call.url, headers=headers, body=call.body, rules=rules
            )
        except AddressRefused as error:
            raise Refused(str(error)) from error
        except OutsideUnreachable as error:
            raise NotSent(str(error)) from error
        except OutsideBroke as error:
            raise OutcomeUnknown(str(error)) from error
        after = answer.headers.get("retry-after", "")
        return WebhookAnswer(
            status=answer.status,
            excerpt=answer.body[: 4 * EXCERPT_CHARS].decode("utf-8", "replace")[:EXCERPT_CHARS],
            # The date form of Retry-After is not honoured: the schedule's own pause is used.
            retry_after_s=int(after) if after.isascii() and after.isdigit() else 0,
        )

    async def close(self) -> None:
        await self._outside.close()

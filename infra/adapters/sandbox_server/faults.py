"""Faults that tests order beforehand, so that a crash story can be told truthfully."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Any

import msgspec
from litestar.response import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send


class Mode(StrEnum):
    """What goes wrong. `_before`: nothing was done; `_after`: it was done and committed."""

    DROP_BEFORE = "drop_before"  # the connection breaks
    DROP_AFTER = "drop_after"
    HANG_BEFORE = "hang_before"  # for `seconds`, then goes on
    HANG_AFTER = "hang_after"
    ERROR_BEFORE = "500_before"
    ERROR_AFTER = "500_after"
    DELAY = "delay"  # webhooks: sent `seconds` later
    DUPLICATE = "duplicate"  # webhooks: sent twice
    REORDER = "reorder"  # webhooks: the next `times` are sent last first
    LOSE = "lose"  # webhooks: never sent


class Fault(msgspec.Struct, kw_only=True):
    """The next `times` requests of `route` (`*`: any API route; `webhooks`: deliveries)."""

    route: str
    mode: Mode
    times: int = 1
    seconds: float = 0


class Broken(ASGIResponse):
    """Promises more bytes than it sends, so that the server breaks the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]}
        )
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class BrokenResponse(Response[None]):
    """A Litestar response whose connection breaks."""

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> ASGIResponse:
        return Broken()


class Faults:
    """The faults still to happen; kept in memory, gone with the process."""

    def __init__(self) -> None:
        self.ordered: list[Fault] = []

    def take(self, route: str, modes: frozenset[Mode]) -> Fault | None:
        """Use up one fault for this route, if one of these modes was ordered."""
        for fault in self.ordered:
            if fault.mode in modes and fault.route in (route, "*"):
                if fault.route == "*" and route == "webhooks":
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self.ordered.remove(fault)
                return fault
        return None

    async def before(self, route: str) -> Response[Any] | None:
        fault = self.take(route, _BEFORE)
        if fault is None:
            return None
        if fault.mode is Mode.HANG_BEFORE:
            await asyncio.sleep(fault.seconds)
            return None
        return _broken(fault)

    async def after(self, route: str, response: Response[Any]) -> Response[Any]:
        fault = self.take(route, _AFTER)
        if fault is None:
            return response
        if fault.mode is Mode.HANG_AFTER:
            await asyncio.sleep(fault.seconds)
            return response
        return _broken(fault)


_BEFORE = frozenset({Mode.DROP_BEFORE, Mode.HANG_BEFORE, Mode.ERROR_BEFORE})
_AFTER = frozenset({Mode.DROP_AFTER, Mode.HANG_AFTER, Mode.ERROR_AFTER})
WEBHOOK_MODES = frozenset({Mode.DELAY, Mode.DUPLICATE, Mode.REORDER, Mode.LOSE})


def _broken(fault: Fault) -> Response[Any]:
    if fault.mode in (Mode.DROP_BEFORE, Mode.DROP_AFTER):
        return BrokenResponse(None)
    body = {"error": {"code": "internal", "message": "The sandbox was told to fail."}}
    return Response(body, status_code=500)

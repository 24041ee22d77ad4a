"""Webhooks of payment processors: verified as each source signs them, stored, then answered."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from paywall.http.parts import Parts
from paywall.payments.port import Inbound


@post(
    "/v1/gateways/{hook_token:str}/webhook",
    opt={"public": True, "rate": "off", "errors": (404,)},
    status_code=202,
)
async def receive(
    hook_token: FromPath[str],
    body: RawBody,
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
) -> Response[str]:
    """Take a processor's webhook. The signature proves it, not the address; 400 when it does not.

    Answered as soon as its items are on disk: 202 and `[accepted]`, which is what Adyen wants
    (docs.adyen.com, "Handle webhook events", read 2026-11) and what Stripe takes as any 2xx.
    """
    inbound = Inbound(headers={k.lower(): v for k, v in request.headers.items()}, body=body)
    await parts.desk.inbox.receive(hook_token, inbound)
    return Response("[accepted]", status_code=202, media_type="text/plain")

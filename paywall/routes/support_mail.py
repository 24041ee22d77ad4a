"""Mail that a mail service delivers: verified (Standard Webhooks), stored, answered, read later."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from infra.kernel.errors import Invalid, Problem
from paywall.bridges.support_settings import mail_secret
from paywall.http.parts import Parts
from paywall.notices.signing import is_signed
from support_bot import mail_in
from support_bot.case_tables import CaseSettings
from support_bot.mail_reading import MAIL_BYTES_MAX


class BadSignature(Problem):
    status = 400
    code = "bad_signature"
    title = "The signature does not fit"


@post(
    "/v1/venues/{venue_id:str}/support/mail",
    opt={"public": True, "cross_site": True, "errors": (413,)},
    status_code=202,
    request_max_body_size=MAIL_BYTES_MAX,
)
async def receive(
    venue_id: FromPath[str],
    body: RawBody,
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
) -> Response[str]:
    """Take a mail as it came (RFC 5322 bytes). The signature proves who delivers it.

    Answered as soon as it is on disk; the same Message-ID is kept once. 400 for a signature that
    does not fit, and for a venue that takes no mail this way.
    """
    headers = {name: request.headers.get(name, "") for name in
               ("webhook-id", "webhook-timestamp", "webhook-signature")}  # fmt: skip
    async with parts.db.read() as tx:
        row = await tx.get(CaseSettings, venue_id)
    secret = mail_secret(row, parts.sealer) if row is not None else ""
    now = parts.clock.machine()
    if not secret or not is_signed(secret, headers, body, now):
        raise BadSignature("Sign the raw bytes with the secret of the venue's support settings.")
    if not body.strip():
        raise Invalid("body", "Send the mail as it came.")
    async with parts.db.transaction() as tx:
        await mail_in.store(tx, body, source="webhook", now=now, venue_id=venue_id)
    return Response("stored", status_code=202, media_type="text/plain")


ROUTES = [receive]

"""What every answer carries, a 404 too: a request id, and headers that protect the reader."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from litestar.types import Message, Scope

from infra.kernel.ids import new_id

_USABLE = re.compile(rb"^[A-Za-z0-9_-]{8,64}$")

# Inline code and 'unsafe-eval' are needed nowhere. blob: is hls.js's media source and worker. The
# processors' hosts are added only on the payment page (`extra_csp` in the scope's state).
CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "manifest-src": "'self'",
}


def request_id(scope: Scope) -> str:
    """This request's id: a harmless one that a proxy gave, else a new one, the same each time."""
    state = scope.setdefault("state", {})
    known = state.get("request_id")
    if known is None:
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"")
        known = given.decode() if _USABLE.match(given) else new_id("req")
        state["request_id"] = known
    return str(known)


def policy(extra: dict[str, str] | None = None) -> str:
    """The Content-Security-Policy; `extra` adds sources to directives for one answer."""
    rules = dict(CSP)
    for directive, sources in (extra or {}).items():
        rules[directive] = f"{rules.get(directive, '')} {sources}".strip()
    return "; ".join(f"{directive} {sources}" for directive, sources in rules.items())


def answer_headers(*, hsts: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """Litestar's before_send hook; `hsts` only where the public address is https."""
    plain = policy().encode()
    fixed = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(self)"),
    ]
    if hsts:
        fixed.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))

    async def before_send(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message.get("headers", []))
        present = {name.lower() for name, _ in headers}
        headers += [pair for pair in fixed if pair[0] not in present]
        if b"content-security-policy" not in present:
            extra = scope.get("state", {}).get("extra_csp")
            headers.append((b"content-security-policy", policy(extra).encode() if extra else plain))
        headers.append((b"x-request-id", request_id(scope).encode()))
        headers += scope.get("state", {}).get("rate_fields", [])
        message["headers"] = headers

    return before_send

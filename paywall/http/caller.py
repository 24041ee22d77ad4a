"""The caller as accounts wants them, and the cookies by which a browser stays signed in."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.datastructures import Cookie

from paywall.accounts.sessions import Caller
from paywall.http.client_address import client_address
from paywall.http.guards import session_cookie
from paywall.http.parts import Parts

LONGEST_S: Final = 400 * 24 * 3600
"""The most that a browser keeps a cookie (RFC 6265bis); the session's own end is the server's."""


def caller_of(request: Request[Any, Any, Any], parts: Parts) -> Caller:
    return Caller(
        client_address(request.scope, parts.settings.trusted_proxies),
        request.headers.get("user-agent", "")[:200],
    )


def signed_in_cookie(parts: Parts, secret: str) -> Cookie:
    """Keeps a session secret in the browser, out of reach of scripts and other sites' posts."""
    return _cookie(parts, session_cookie(parts.settings.secure), secret, LONGEST_S)


def signed_out_cookie(parts: Parts) -> Cookie:
    return _cookie(parts, session_cookie(parts.settings.secure), "", 0)


def browser_cookie_name(parts: Parts) -> str:
    return "__Host-pw_browser" if parts.settings.secure else "pw_browser"


def browser_cookie(parts: Parts, secret: str) -> Cookie:
    """Remembers for a link's life which browser began a registration."""
    return _cookie(parts, browser_cookie_name(parts), secret, 15 * 60)


def _cookie(parts: Parts, name: str, value: str, max_age_s: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        max_age=max_age_s,
        path="/",
        secure=parts.settings.secure,
        httponly=True,
        samesite="lax",
    )

"""Deny by default: one guard on the app. A route opens itself by its `opt`, which tests list.

opt keys: `public=True` nobody needs to be anybody; `person=True` a signed-in person;
`caller=True` a person or an API key, whose right the handler itself checks at a venue in the body;
`permission=Permission.X` that right at the venue in the path's `venue_id` (or at the installation
where the path has none). A route with none of them answers 403 to everyone.
`page=True` beside a permission: a form under the console's router, whose own step asks for the
fresh check (`pages.console.confirm`), because it keeps what was typed. Nowhere else.
`media=True` beside public: the edge, which judges by its token alone; who is signed in is not
asked, because a player's browser sends its cookie along and the edge needs no database (law 9).
`cross_site=True`: a write that rests on no cookie, so that other sites' pages may send it.
`rate="name"` counts under that quota, `rate="off"` under none; `quiet=True` is not logged.
`idempotent="required"|"accepted"`, `edit=True` and `errors=(402, ...)` are read by idempotency,
etags and openapi.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from infra.kernel.errors import Forbidden, Invalid, NotFound
from paywall.accounts.identify import KEY_PREFIX, SESSION_PREFIX
from paywall.accounts.principal import INSTALLATION, NOBODY, Principal
from paywall.accounts.sessions import touch
from paywall.http.client_address import client_address
from paywall.http.parts import Parts
from paywall.http.rate_limits import QuotaSpent, spend

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def session_cookie(secure: bool) -> str:  # noqa: FBT001 - one fact about the installation
    """The cookie's name; the __Host- prefix binds it to this host and TLS where there is TLS."""
    return "__Host-pw_session" if secure else "pw_session"


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Identify the caller, refuse cross-site writes, and check the route's own demand."""
    parts: Parts = connection.app.state.parts
    if not handler.opt.get("cross_site"):
        refuse_cross_site(connection)
    refuse_unreadable(connection)
    opt = handler.opt
    if opt.get("media"):
        return
    principal = await principal_of(connection, parts)
    connection.scope["state"]["principal"] = principal
    await limit(connection, parts, principal, opt.get("rate"))
    await touch(parts.db, principal, parts.clock.machine())
    if opt.get("public"):
        return
    if opt.get("person"):
        principal.require_person()
        return
    if opt.get("caller"):
        principal.require_caller()
        return
    permission = opt.get("permission")
    if permission is None:
        raise Forbidden("This address is not open to anybody.")
    venue_id = str(connection.path_params.get("venue_id", INSTALLATION))
    safe = connection.scope["method"] in SAFE_METHODS  # type: ignore[typeddict-item]
    reading = safe or bool(opt.get("page"))
    principal.require(permission, venue_id, now=parts.clock.machine(), reading=reading)


async def limit(
    connection: ASGIConnection[Any, Any, Any, Any],
    parts: Parts,
    principal: Principal,
    named: str | None,
) -> None:
    """Count the request; the RateLimit fields go out with whatever answer follows."""
    settings = parts.settings
    if named == "off" or settings.rate_scale == 0:
        return
    scope = connection.scope
    address = client_address(scope, settings.trusted_proxies)
    try:
        fields = await spend(parts.quotas, principal, address, named, settings.rate_scale)
    except QuotaSpent as refusal:
        scope["state"]["rate_fields"] = refusal.fields
        raise
    scope["state"]["rate_fields"] = fields


def refuse_unreadable(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """PostgreSQL stores no NUL, and nothing of ours is named with control characters."""
    if any(not str(part).isprintable() for part in connection.path_params.values()):
        raise NotFound("page")
    for name, value in connection.query_params.multi_items():
        if "\x00" in name or "\x00" in str(value):
            raise Invalid("query", "Leave out the control character U+0000.")


async def principal_of(connection: ASGIConnection[Any, Any, Any, Any], parts: Parts) -> Principal:
    """From `Authorization: Bearer` or the session cookie; NOBODY where neither is there."""
    secret = _bearer(connection)
    if not secret:
        secret = connection.cookies.get(session_cookie(parts.settings.secure), "")
    if not secret.startswith((SESSION_PREFIX, KEY_PREFIX)) or len(secret) > 200:
        return NOBODY
    return await parts.identities.of(secret)


def _bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    header = connection.headers.get("authorization", "")
    return header[7:].strip() if header[:7].lower() == "bearer " else ""


def refuse_cross_site(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Browsers say where an unsafe request comes from; only our own pages may send cookies.

    Sec-Fetch-Site, else Origin against Host, as Go's net/http.CrossOriginProtection does (Go 1.25,
    August 2025). A request with neither is no browser's, and then must not rely on a cookie.

    A bearer token is no ambient authority: another site's form can't set that header, and its
    script is stopped by the preflight that we don't answer. Where one is sent, no cookie counts.
    """
    if connection.scope["method"] in SAFE_METHODS:  # type: ignore[typeddict-item]
        return
    if _bearer(connection):
        return
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        if site in {"same-origin", "none"}:
            return
    else:
        origin = connection.headers.get("origin")
        if origin is None and not connection.cookies:
            return
        if origin is not None and urlsplit(origin).netloc == connection.headers.get("host", ""):
            return
    raise Forbidden(
        "This form was sent from another site. Open our page and try again.", code="cross_site"
    )


async def provide_principal(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Principal:
    """The dependency `principal` of handlers.

    It names `parts` so that the two are resolved one after the other: Litestar opens a task group
    for those that could be resolved together, which costs more than both.
    """
    principal = request.scope["state"]["principal"]
    assert isinstance(principal, Principal)
    return principal


async def provide_parts(request: Request[Any, Any, Any]) -> Parts:
    """The dependency `parts` of handlers."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts

"""Errors as pages for people with a browser, as problem+json for everybody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import HTTPException

from infra.kernel.errors import Problem, Unauthenticated
from paywall.http.answer_headers import request_id
from paywall.http.problems import headers_of
from paywall.pages.forms import go
from paywall.pages.paths import path
from paywall.pages.problem_words import detail_of, title_of
from paywall.pages.site import HTML, AnyRequest, Site

Handler = Callable[[AnyRequest, Any], Response[Any]]
NOT_PAGES = ("/v1/", "/media/", "/static/", "/health/", "/.well-known/", "/openapi", "/metrics")


def wants_page(request: AnyRequest) -> bool:
    """A browser's own request: it names text/html, and the address is not the API's."""
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts and not request.scope["path"].startswith(NOT_PAGES)


def readable(handlers: Mapping[Any, Handler]) -> dict[Any, Handler]:
    """The app's exception handlers, with a page where a browser asked for one."""
    return {kind: _with_page(handler) for kind, handler in handlers.items()}


def _with_page(as_json: Handler) -> Handler:
    def handle(request: AnyRequest, error: Exception) -> Response[Any]:
        if not wants_page(request):
            return as_json(request, error)
        if isinstance(error, Unauthenticated) and request.method == "GET":
            here = request.scope["path"]
            return go(path("login") + "?next=" + quote(here, safe=""))
        if isinstance(error, Problem):
            return _page(request, error.status, error)
        if isinstance(error, HTTPException):
            return _page(request, error.status_code, None)
        return _page(request, as_json(request, error).status_code or 500, None)

    return handle


def _page(request: AnyRequest, status: int, problem: Problem | None) -> Response[bytes]:
    site: Site = request.app.state.site
    visit = site.visit(request)
    locale = visit.locale
    if problem is not None:
        detail = detail_of(locale, problem)
    elif status == 404:
        detail = locale.gettext("The address is wrong, or what was here has moved.")
    elif status >= 500:
        detail = locale.gettext(
            "This is our mistake, and it has been noted. Try again in a minute."
        )
    else:
        detail = locale.gettext("Go back and try again.")
    view: dict[str, Any] = {
        "status": status,
        "title": title_of(locale, status),
        "detail": detail,
        "reference": request_id(request.scope) if status >= 500 else "",
        "actions": _ways_out(problem, visit.here, locale.gettext),
    }
    text = site.html(visit, "error.html", site.last_facts(), None, {"problem": view})
    headers = headers_of(problem) if problem is not None else {"Cache-Control": "no-store"}
    headers.pop("WWW-Authenticate", None)
    return Response(text.encode(), status_code=status, media_type=HTML, headers=headers)


def _ways_out(
    problem: Problem | None, here: str, say: Callable[[str], str]
) -> list[tuple[str, str]]:
    code = problem.code if problem is not None else ""
    if code == "link_spent":
        return [(say("Ask for a new link"), path("login"))]
    if code in ("unauthenticated", "fresh_check_needed"):
        return [(say("Log in"), path("login") + "?next=" + quote(here, safe=""))]
    return []

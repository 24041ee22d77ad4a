"""What the console answers when it can't do what was asked: a page with the way out, or a door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from infra.kernel.errors import NotFound, Problem
from paywall.accounts.principal import NOBODY, Principal
from paywall.http.answer_headers import request_id
from paywall.http.problems import headers_of
from paywall.pages.console import nav
from paywall.pages.console.desk import HTML, render, site_of
from paywall.pages.console.filled_sentences import in_words_of
from paywall.pages.console.nav import N_
from paywall.pages.errors import wants_page
from paywall.pages.problem_words import detail_of

Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]

_TITLES = {
    401: N_("Sign in first"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    409: N_("The state has changed"),
    412: N_("Somebody else changed this first"),
    422: N_("A field is not right"),
    429: N_("Too many requests"),
    503: N_("Not available right now"),
}


def on_problem(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    """Signed out: to the log-in and back. No second factor yet: to the confirmation and back."""
    principal = request.scope["state"].get("principal", NOBODY)
    reading = request.method in {"GET", "HEAD"}
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = here if reading else "/console"
    if problem.status == 401 and not principal.is_person:
        return _see(f"/login?next={quote(back)}")
    if problem.code == "second_factor_needed" and reading:
        return _see(f"/console/confirm?next={quote(back)}")
    locale = site_of(request).visit(request, console=True).locale
    detail = detail_of(locale, problem)
    if detail == problem.detail:
        detail = in_words_of(locale, problem)
    return _page(request, principal, problem.status, detail, headers_of(problem))


def on_validation(request: Request[Any, Any, Any], _error: ValidationException) -> Response[Any]:
    return on_problem(request, NotFound("page"))


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    principal = request.scope["state"].get("principal", NOBODY)
    return _page(request, principal, error.status_code, error.detail, {})


def for_browsers(page: Handler, otherwise: Handler) -> Handler:
    """Pages for who asks for pages; scripts and strangers' tools get problem+json."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return page(request, error) if wants_page(request) else otherwise(request, error)

    return handle


def _see(url: str) -> Response[None]:
    return Response(None, status_code=303, headers={"Location": url, "Cache-Control": "no-store"})


def _page(
    request: Request[Any, Any, Any],
    principal: Principal,
    status: int,
    detail: str,
    headers: dict[str, str],
) -> Response[str]:
    locale = site_of(request).visit(request, console=True).locale
    venue_id = str(request.path_params.get("venue_id", ""))
    known = principal.is_staff_of(venue_id)
    menu = nav.menu(principal, venue_id, locale.gettext) if known else []
    title = locale.gettext(_TITLES.get(status, N_("This can't be done")))
    back = nav.venue_url(venue_id) if known else "/console"
    shown = {
        "desk": {"principal": principal},
        "locale": locale,
        "said": None,
        "menu": menu,
        "section": "",
        "mode": "",
        "venue": None,
        "here": request.url.path,
        "title": title,
        "reason": locale.gettext(detail),
        "actions": [(locale.gettext("Back to the console"), back)],
        "code": request_id(request.scope) if status >= 500 else "",
    }
    words = render(request, "refused.html", shown)
    return Response(words, status_code=status, media_type=HTML, headers=headers)

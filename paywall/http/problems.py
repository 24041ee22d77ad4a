"""Errors become RFC 9457 problem+json, or a page for a browser, once and only here."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from infra.kernel.errors import Problem
from paywall.http.answer_headers import request_id
from paywall.http.forms_of_text import sentence

log = structlog.get_logger("paywall.http")

PROBLEM_JSON = "application/problem+json"


class ProblemView(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details. `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    request_id: str | None = None
    errors: list[dict[str, str]] | None = None


def body_of(problem: Problem, quoted_id: str) -> dict[str, Any]:
    """The members of the problem object; extra facts of the error stand beside the standard."""
    body: dict[str, Any] = {
        "type": f"urn:paywall:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    if problem.field is not None:
        body["field"] = problem.field
    if quoted_id:
        body["request_id"] = quoted_id
    return body | problem.extra


def headers_of(problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    retry_after_s = getattr(problem, "retry_after_s", None)
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def on_problem(request: Request[Any, Any, Any], error: Problem) -> Response[Any]:
    return Response(
        body_of(error, request_id(request.scope)),
        status_code=error.status,
        media_type=PROBLEM_JSON,
        headers=headers_of(error),
    )


def on_validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """A body or parameter that does not have the documented shape: every field is named."""
    errors = []
    for item in error.extra if isinstance(error.extra, list) else []:
        if isinstance(item, dict):
            key, message = str(item.get("key", "")), str(item.get("message", ""))
            # The framework says no more than the name, quoted, of what did not come at all.
            missing = message == "'data'"
            said = "Send a JSON body." if missing else sentence(message).replace("`", '"')
            errors.append({"field": _as_sent(request, key), "detail": said})
    field = errors[0]["field"] if errors else None
    detail = "; ".join(": ".join(filter(None, e.values())) for e in errors) or error.detail
    body: dict[str, Any] = {
        "type": "urn:paywall:problem:invalid",
        "title": "A field is not right",
        "status": 422,
        "detail": detail,
        "code": "invalid",
        "errors": errors,
        "request_id": request_id(request.scope),
    }
    if field:
        body["field"] = field
    return Response(body, status_code=422, media_type=PROBLEM_JSON)


def _as_sent(request: Request[Any, Any, Any], key: str) -> str:
    """What the caller calls it where the handler has a name of its own for it."""
    if key == "data":
        return ""  # the whole body; a caller never sent such a field
    parameter = request.route_handler.parsed_fn_signature.parameters.get(key)
    definition = None if parameter is None else parameter.kwarg_definition
    return getattr(definition, "name", None) or key


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework itself refuses: unknown paths, methods, media types, broken JSON."""
    codes = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    body = {
        "type": "about:blank",
        "title": error.detail or "Error",
        "status": error.status_code,
        "detail": error.detail,
        "code": codes.get(error.status_code, f"http_{error.status_code}"),
        "request_id": request_id(request.scope),
    }
    return Response(
        body,
        status_code=error.status_code,
        media_type=PROBLEM_JSON,
        headers=dict(error.headers or {}),
    )


def on_crash(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A bug: logged whole, told to the caller only as an id to quote."""
    log.exception("request crashed", path=request.url.path, exc_info=error)
    body = crash_body(request_id(request.scope))
    return Response(body, status_code=500, media_type=PROBLEM_JSON)


def crash_body(quoted_id: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": "Something broke on our side",
        "status": 500,
        "detail": "This is our mistake, it has been logged. Quote the request_id to support.",
        "code": "internal_error",
        "request_id": quoted_id,
    }


def on_broken_text(request: Request[Any, Any, Any], _error: UnicodeDecodeError) -> Response[Any]:
    """Bytes that are no UTF-8 in a body; msgspec raises this, and Litestar does not catch it."""
    body = {
        "type": "urn:paywall:problem:malformed",
        "title": "The body can't be read",
        "status": 400,
        "detail": "Send the body as JSON in UTF-8.",
        "code": "malformed",
        "request_id": request_id(request.scope),
    }
    return Response(body, status_code=400, media_type=PROBLEM_JSON)

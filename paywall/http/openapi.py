"""The OpenAPI 3.1 document, read from the routes themselves, so that nothing can go undocumented.

Bodies and answers are described by msgspec, which also checks them; what may go wrong follows from
a route's `opt` and signature; examples are made from the schemas. The result is plain JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, get_args

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg, PathParameter, QueryParameter
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from paywall.http.examples import example_of
from paywall.http.guards import SAFE_METHODS, session_cookie
from paywall.http.problems import PROBLEM_JSON, ProblemView

_REF = "#/components/schemas/{name}"

INTRO = """
Everything that the pages do, for your own programs. Times are RFC 3339 in UTC, money is
`{"amount": 1299, "currency": "EUR"}` in the currency's smallest unit, lists come in pages
(`limit`, `cursor`, `next_cursor`), edits carry the `ETag` that they are based on in `If-Match`.
Errors are problem+json (RFC 9457): `code` is for programs, `detail` names the field and the remedy.
Send an `Idempotency-Key` with every POST that makes something; the same key and request give the
same answer for 24 hours.
"""

TITLES = {
    400: ("malformed", "The body is no JSON, or a required header is missing."),
    401: ("unauthenticated", "Sign in, or send an API key, to do this."),
    402: ("not_bought", "Buy a ticket for this first."),
    403: ("forbidden", "Your role does not include this, or the request came from another site."),
    404: ("not_found", "There is no such thing, or it is not yours to see."),
    409: ("conflict", "The state has changed, or the first request with this key still runs."),
    410: ("gone", "This was there and is no longer."),
    412: ("stale_edit", "Somebody else changed this first. Read it again."),
    413: ("too_large", "Send at most 256 KiB."),
    422: ("invalid", "starts_at: Use a time between the years 2000 and 2200."),
    428: ("if_match_required", "Send the ETag of what you read in an If-Match header."),
    429: ("rate_limited", "Too many requests. Wait 2 s, then go on more slowly."),
    500: ("internal_error", "This is our mistake, it has been logged. Quote the request_id."),
    503: ("unavailable", "The database or an outside service does not answer. Try again."),
}


def operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Every documented (path, method, handler), in the order of paths."""
    for route in sorted(app.routes, key=lambda r: r.path):
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in sorted(route.route_handler_map.items()):
            if method != "OPTIONS" and handler.resolve_include_in_schema():
                yield route.path_format, str(method), handler


def document(app: Litestar, *, version: str, secure: bool) -> dict[str, Any]:
    """The whole description of the app's routes."""
    listed = list(operations(app))
    types = [ProblemView, *(t for _, _, handler in listed for t in _types(handler))]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = {repr(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for path, method, handler in listed:
        operation = _operation(method, handler, by_type, components)
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Paywall API",
            "version": version,
            "description": INTRO.strip(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": doc} for name, doc in sorted(_tags(listed).items())],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _schemes(secure=secure)},
    }


def _schemes(*, secure: bool) -> dict[str, Any]:
    return {
        "session": {
            "type": "http",
            "scheme": "bearer",
            "description": "A person's session (`pws_...`), from signing in.",
        },
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A venue's API key (`pwk_...`) with the permission as a scope.",
        },
        "cookie": {"type": "apiKey", "in": "cookie", "name": session_cookie(secure)},
    }


def tag_of(handler: HTTPRouteHandler) -> str:
    """Routes are grouped by the module that holds them: one file per noun."""
    return str(handler.fn.__module__).rsplit(".", 1)[-1].replace("_", " ")


def _tags(listed: list[tuple[str, str, HTTPRouteHandler]]) -> dict[str, str]:
    return {
        tag_of(handler): cleandoc(sys.modules[handler.fn.__module__].__doc__ or "")
        for _, _, handler in listed
    }


def _body_type(handler: HTTPRouteHandler) -> Any | None:
    field = handler.parsed_fn_signature.parameters.get("data")
    return None if field is None else field.annotation


def _answer_type(handler: HTTPRouteHandler) -> Any:
    field = handler.parsed_fn_signature.return_type
    if field.is_subclass_of(Response):
        return get_args(field.annotation)[0] if get_args(field.annotation) else Any
    return field.annotation


def _types(handler: HTTPRouteHandler) -> list[Any]:
    body = _body_type(handler)
    answer = _answer_type(handler)
    return [t for t in (body, answer) if t not in {None, type(None), Any, bytes}]


def _operation(
    method: str, handler: HTTPRouteHandler, by_type: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    text = cleandoc(handler.fn.__doc__ or "")
    summary, _, rest = text.partition("\n\n")
    opt = handler.opt
    operation: dict[str, Any] = {
        "operationId": f"{tag_of(handler).replace(' ', '_')}_{handler.handler_name}",
        "tags": [tag_of(handler)],
        "summary": " ".join(summary.split()),
        "security": _security(opt),
        "responses": _responses(method, handler, by_type, components),
    }
    described = [rest.strip()] if rest.strip() else []
    if "permission" in opt:
        described.append(f"Needs the permission `{opt['permission'].value}`.")
    if described:
        operation["description"] = "\n\n".join(described)
    parameters = [*_parameters(handler), *_headers(opt)]
    if parameters:
        operation["parameters"] = parameters
    body = _body_type(handler)
    if body is not None:
        schema = by_type[repr(body)]
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": _content(schema, components, opt.get("ask"))},
        }
    return operation


def _security(opt: dict[str, Any]) -> list[dict[str, list[str]]]:
    if opt.get("public"):
        return [{}]
    if opt.get("person"):
        return [{"session": []}, {"cookie": []}]
    return [{"api_key": []}, {"session": []}, {"cookie": []}]  # a permission, or any caller


def _content(schema: Any, components: dict[str, Any], example: Any) -> dict[str, Any]:
    if example is None:
        example = example_of(schema, components)
    return {"schema": schema, "example": example}


def _parameters(handler: HTTPRouteHandler) -> Iterator[dict[str, Any]]:
    for name, field in handler.parsed_fn_signature.parameters.items():
        kwarg = field.kwarg_definition
        if not isinstance(kwarg, PathParameter | QueryParameter):
            continue
        place = "path" if isinstance(kwarg, PathParameter) else "query"
        parameter: dict[str, Any] = {
            "name": kwarg.name or name,
            "in": place,
            "required": place == "path" or not field.has_default,
            "schema": _parameter_schema(field, kwarg),
        }
        if kwarg.description:
            parameter["description"] = kwarg.description
        yield parameter


def _parameter_schema(field: FieldDefinition, kwarg: ParameterKwarg) -> dict[str, Any]:
    schema: dict[str, Any] = _inline(msgspec.json.schema(field.annotation))
    names = {
        "ge": "minimum",
        "le": "maximum",
        "min_length": "minLength",
        "max_length": "maxLength",
        "pattern": "pattern",
    }
    for ours, theirs in names.items():
        value = getattr(kwarg, ours)
        if value is not None:
            schema[theirs] = value
    if field.has_default and field.default is not None:
        schema["default"] = field.default
    return schema


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's own schema, with the enumerations it refers to put in place."""
    names = schema.pop("$defs", {})

    def resolved(part: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in part:
            part = names[part["$ref"].rsplit("/", 1)[-1]]
        if "anyOf" in part:
            part = part | {"anyOf": [resolved(option) for option in part["anyOf"]]}
        return dict(part)

    return resolved(schema)


def _headers(opt: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if opt.get("idempotent"):
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": opt["idempotent"] == "required",
            "description": "A fresh UUID; the same one when you repeat the request.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "0b6e1f0c-6f0e-4c39-8f0c-2f6f6d1f8a51",
        }
    if opt.get("talk_token"):
        yield {
            "name": "Conversation-Token",
            "in": "header",
            "required": False,
            "description": "The conversation's `token`; not needed where you began it signed in.",
            "schema": {"type": "string", "maxLength": 200},
            "example": "qV0rN4x1b2o3H5k6M7t8Y9u0Q1w2E3r4T5y6U7i8O9p",
        }
    if opt.get("edit"):
        yield {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The ETag of the version that you read.",
            "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
            "example": '"v3"',
        }


def error_statuses(method: str, handler: HTTPRouteHandler) -> set[int]:
    """Every error status that a route may answer, from its opt and signature."""
    opt = handler.opt
    parameters = handler.parsed_fn_signature.parameters
    kinds = [f.kwarg_definition for f in parameters.values()]
    statuses = {500, 503, *opt.get("errors", ())}
    if opt.get("rate") != "off":
        statuses.add(429)
    if not opt.get("public"):
        statuses |= {401, 403}
    if "permission" in opt or any(isinstance(k, PathParameter) for k in kinds):
        statuses.add(404)
    if method not in SAFE_METHODS:
        statuses |= {400, 403, 409}
    if "data" in parameters:
        statuses |= {400, 413, 422}
    # A query is checked even where the route reads none: NUL is refused.
    statuses |= {400, 422}
    if opt.get("edit"):
        statuses |= {412, 428}
    return statuses


def _responses(
    method: str, handler: HTTPRouteHandler, by_type: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    answer = _answer_type(handler)
    good: dict[str, Any] = {"description": HTTPStatus(handler.status_code).phrase}
    if answer not in {None, type(None)}:
        schema = by_type.get(repr(answer), {})
        media = str(getattr(handler.media_type, "value", handler.media_type or "application/json"))
        good["content"] = {media: _content(schema, components, handler.opt.get("answer"))}
    if handler.opt.get("tagged") or handler.opt.get("edit"):
        good["headers"] = {"ETag": {"schema": {"type": "string"}, "example": '"v3"'}}
    responses = {str(handler.status_code): good}
    for status in sorted(error_statuses(method, handler)):
        responses[str(status)] = _problem(status)
    return responses


def _problem(status: int) -> dict[str, Any]:
    code, detail = TITLES[status]
    example = {
        "type": f"urn:paywall:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "req_01k9x4m8z2v7q0n3t5r6s8w1ya",
    }
    problem: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": _REF.format(name="ProblemView")},
                "example": example,
            }
        },
    }
    if status in {429, 503}:
        problem["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "example": 2}}
    return problem

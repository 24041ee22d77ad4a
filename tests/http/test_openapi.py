"""The description is whole: every route, every error it can answer, examples that are true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from infra.kernel.clock import HandClock
from infra.kernel.settings import Settings
from paywall.app import create_app
from paywall.app.assembly import assemble
from paywall.http.idempotency import once
from paywall.http.openapi import document, error_statuses, operations
from paywall.http.rate_limits import QUOTAS
from tests.http.conftest import Serve

KNOWN_OPT = {
    "public", "person", "caller", "permission", "rate", "quiet", "idempotent", "edit", "tagged",
    "errors", "ask", "answer", "media", "page", "talk_token", "cross_site",
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    from datetime import UTC, datetime

    folder: Path = tmp_path_factory.mktemp("openapi")
    clock = HandClock(datetime(2026, 11, 20, tzinfo=UTC))
    return create_app(assemble(Settings(data_dir=folder), clock=clock))


@pytest.fixture(scope="module")
def described(app: Litestar) -> dict[str, Any]:
    return document(app, version="0", secure=False)


def every_operation(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
    ]


def test_every_v1_route_is_described(app: Litestar, described: dict[str, Any]) -> None:
    served = {
        (route.path_format, method.lower())
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/v1/")
        for method in route.methods - {"OPTIONS", "HEAD"}
    }
    told = {(path, method) for path, item in described["paths"].items() for method in item}
    assert served <= told


def test_every_route_says_to_whom_it_is_open(app: Litestar) -> None:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if method == "OPTIONS":
                continue
            opt = handler.opt
            openings = [k for k in ("public", "person", "caller", "permission") if opt.get(k)]
            assert len(openings) == 1, (route.path, method, openings)
            assert set(opt) <= KNOWN_OPT, (route.path, method, set(opt) - KNOWN_OPT)
            assert opt.get("rate") in {None, "off", *QUOTAS}, route.path


def test_every_operation_has_a_name_a_sentence_and_its_errors(
    app: Litestar, described: dict[str, Any]
) -> None:
    names = [operation["operationId"] for _, operation in every_operation(described)]
    assert len(names) == len(set(names))
    for path, method, handler in operations(app):
        operation = described["paths"][path][method.lower()]
        assert operation["summary"].endswith("."), (path, method)
        told = {int(status) for status in operation["responses"]}
        assert error_statuses(method, handler) <= told
        assert any(200 <= status < 300 for status in told)


def test_players_are_told_what_to_do_when_they_may_not_play(described: dict[str, Any]) -> None:
    begin = described["paths"]["/v1/playback/sessions"]["post"]["responses"]
    assert {"402", "403", "404"} <= set(begin)
    beat = described["paths"]["/v1/playback/sessions/{sid}/beat"]["post"]["responses"]
    assert {"403", "410"} <= set(beat)


def test_every_example_fits_its_schema(described: dict[str, Any]) -> None:
    for name, operation in every_operation(described):
        contents = [*operation["responses"].values()]
        if "requestBody" in operation:
            contents.append(operation["requestBody"])
        for part in contents:
            for media in part.get("content", {}).values():
                assert "example" in media, name
                if "json" not in next(iter(part["content"])):
                    continue
                schema = {"components": described["components"], **media["schema"]}
                jsonschema.Draft202012Validator(schema).validate(media["example"])


def test_answers_are_not_left_open(described: dict[str, Any]) -> None:
    for name, operation in every_operation(described):
        for status, answer in operation["responses"].items():
            for media in answer.get("content", {}).values():
                assert media["schema"] or not status.startswith("2"), name


def test_request_bodies_refuse_what_they_do_not_know(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    for name, operation in every_operation(described):
        if "requestBody" not in operation:
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = schemas[schema["$ref"].rsplit("/", 1)[-1]]
        if "beat" in name or "/stop" in name:
            continue  # players send more facts than we read
        assert body.get("additionalProperties") is False, name


def test_routes_that_take_a_key_really_use_it(app: Litestar) -> None:
    for path, method, handler in operations(app):
        if handler.opt.get("idempotent") in {"required", "accepted"}:
            assert once.__name__ in handler.fn.__globals__, (path, method)


def test_every_text_and_list_in_a_body_is_bounded(described: dict[str, Any]) -> None:
    """Law 14, by the document itself."""
    schemas = described["components"]["schemas"]

    def check(schema: dict[str, Any], where: str) -> None:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            for member, sub in schemas[name].get("properties", {}).items():
                check(sub, f"{where}.{member}")
            if "enum" in schemas[name] or "properties" in schemas[name]:
                return
            schema = schemas[name]
        for option in schema.get("anyOf", []):
            check(option, where)
        if schema.get("type") == "string" and not {"enum", "const"} & schema.keys():
            ok = {"maxLength", "pattern"} & schema.keys() or schema.get("format") == "date-time"
            assert ok, where
        if schema.get("type") == "integer":
            assert {"minimum", "maximum"} <= schema.keys(), where
        if schema.get("type") == "array":
            assert "maxItems" in schema, where
            check(schema["items"], f"{where}[]")

    for name, operation in every_operation(described):
        if "requestBody" in operation:
            check(operation["requestBody"]["content"]["application/json"]["schema"], name)


async def test_it_is_served(serve: Serve) -> None:
    async with serve() as client:
        answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"


def test_parameters_refer_to_nothing_outside_themselves(described: dict[str, Any]) -> None:
    for name, operation in every_operation(described):
        for parameter in operation.get("parameters", []):
            assert "$ref" not in str(parameter["schema"]), name
            assert "$defs" not in parameter["schema"], name

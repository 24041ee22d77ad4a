"""Deny by default, shown on every route there is: as nobody, as a poor key, as another venue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.accounts.roles import API_KEY_SCOPES
from paywall.http.parts import Parts
from paywall.routes import ROUTES
from tests.apps import app_over
from tests.http.conftest import KEY, OTHER_VENUE, VENUE, Serve, api_key

OTHER_KEY = "pwk_test_" + "o" * 43
NO_SCOPES = "pwk_test_" + "n" * 43


def every_route(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method not in {"OPTIONS", "HEAD"}:
                    yield route.path_format, str(method), handler


def filled(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", "x", path.replace("{venue_id}", VENUE))


async def knock(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    body: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": {}}
    return await client.request(method, filled(path), **body)


async def test_nobody_gets_only_what_is_public(serve: Serve, house: str, parts: Parts) -> None:
    async with serve() as client:
        for path, method, handler in every_route(app_over(parts, ROUTES)):
            if handler.opt.get("public"):
                continue
            answer = await knock(client, method, path)
            assert answer.status_code == 401, (method, path, answer.text)


async def test_another_venues_key_learns_nothing(
    serve: Serve, house: str, parts: Parts, database: Database, clock: HandClock
) -> None:
    now = clock.machine()
    async with database.transaction() as tx:
        tx.add(api_key(OTHER_VENUE, OTHER_KEY, sorted(API_KEY_SCOPES), now))
        tx.add(api_key(VENUE, NO_SCOPES, [], now))
    async with serve(key=OTHER_KEY) as other, serve(key=NO_SCOPES) as poor:
        for path, method, handler in every_route(app_over(parts, ROUTES)):
            if "permission" not in handler.opt or "{venue_id}" not in path:
                continue
            stranger = await knock(other, method, path)
            assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found"), path
            without = await knock(poor, method, path)
            assert without.status_code == 403, path


async def test_ids_of_another_venue_are_not_found(
    serve: Serve, house: str, database: Database, clock: HandClock
) -> None:
    async with database.transaction() as tx:
        tx.add(api_key(OTHER_VENUE, OTHER_KEY, sorted(API_KEY_SCOPES), clock.machine()))
    event = {
        "name": "Privé",
        "starts_at": "2026-11-22T20:00:00Z",
        "ends_at": "2026-11-22T22:00:00Z",
    }
    async with serve(key=KEY) as ours, serve(key=OTHER_KEY) as theirs:
        made = (await ours.post(f"/v1/venues/{VENUE}/events", json=event)).json()
        there = f"/v1/venues/{OTHER_VENUE}"
        read = await theirs.get(f"{there}/events/{made['id']}")
        moved = await theirs.post(f"{there}/events/{made['id']}/publish")
        offered = await theirs.post(
            f"{there}/offers",
            json={"kind": "stream_ticket", "name": "X", "scope_id": made["id"]},
        )
        streamed = await theirs.post(
            f"{there}/streams",
            json={"kind": "local", "source": "a", "event_id": made["id"]},
        )
    assert read.status_code == moved.status_code == streamed.status_code == 404
    assert offered.json()["field"] == "scope_id"


async def test_a_route_that_says_nothing_is_open_to_nobody(serve: Serve, house: str) -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    async with serve([forgotten], key=KEY) as client:
        answer = await client.get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Cookie": "pw_session=pws_x"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Cookie": "pw_session=pws_x"}, 403),
        ({"Origin": "https://evil.example", "Cookie": "pw_session=pws_x"}, 403),
        ({"Cookie": "pw_session=pws_x"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Cookie": "pw_session=pws_x"}, 401),
        ({"Origin": "http://test", "Cookie": "pw_session=pws_x"}, 401),
        ({"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer "}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x", "Cookie": "a=b"}, 401),
        ({}, 401),
    ],
)
async def test_a_cookie_is_not_believed_from_another_site(
    serve: Serve, house: str, headers: dict[str, str], status: int
) -> None:
    async with serve() as client:
        answer = await client.post(f"/v1/venues/{VENUE}/events", json={}, headers=headers)
    assert answer.status_code == status


async def test_every_answer_protects_its_reader(serve: Serve, house: str) -> None:
    async with serve() as client:
        for path in ("/health/live", "/v1/catalogue/venues", "/nowhere", "/docs"):
            answer = await client.get(path)
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-request-id"].startswith("req_")


async def test_the_explorer_brings_everything_itself(serve: Serve) -> None:
    async with serve() as client:
        page = await client.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)
        assert "<script>" not in page.text
        for strange in ("..%2f..%2fapp", "manifest.json%00", ".hidden", "nothing.js"):
            assert (await client.get(f"/static/dist/{strange}")).status_code == 404

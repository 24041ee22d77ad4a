"""Which other sites may read the player's answers: each venue's own list, and no cookie ever."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar.routes import HTTPRoute

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid
from paywall.app import create_app
from paywall.catalogue import venues
from paywall.catalogue.tables import Mode, Venue
from paywall.catalogue.venues import VenueEdit
from paywall.http.parts import Parts
from tests.http.conftest import OTHER_VENUE, VENUE, Serve

APP = "https://app.example.org"
SESSIONS = "/v1/playback/sessions"
SID = "a" * 22


async def allow(database: Database, venue_id: str, *origins: str) -> None:
    async with database.transaction() as tx:
        version = (await venues.get(tx, venue_id)).version
        await venues.edit(tx, venue_id, version, VenueEdit(player_origins=list(origins)))


@pytest.fixture
async def client(parts: Parts, house: str, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A page of the listed site; its answers are read as they are, without a browser's rules."""
    await allow(database, VENUE, APP)
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False)
    headers = {"Origin": APP}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as made:
        yield made
    await parts.close()


def preflight(method: str) -> dict[str, str]:
    return {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x"}


@pytest.mark.parametrize(
    "path", [SESSIONS, f"{SESSIONS}/{SID}/beat", "/media/verriere/evt_1/live/a.ts"]
)
async def test_a_preflight_of_a_listed_site_is_answered(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.options(path, headers=preflight("POST"))
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == APP
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/me",
        "/v1/auth/login",
        "/v1/venues/x/orders",
        "/media/autre/evt_1/live/a.ts",  # another venue's pictures
        "/media/t/x.y.z/autre/evt_1/live/a.ts",
        "/login",
    ],
)
async def test_nothing_else_is_opened_by_it(client: httpx.AsyncClient, path: str) -> None:
    for answer in (await client.options(path, headers=preflight("GET")), await client.get(path)):
        assert "access-control-allow-origin" not in answer.headers, path


async def test_a_site_that_nobody_listed_reads_nothing(client: httpx.AsyncClient) -> None:
    for origin in ("https://evil.example", "null", "https://app.example.org.evil.example"):
        answer = await client.options(SESSIONS, headers=preflight("POST") | {"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


async def test_a_refusal_can_be_read_too_so_that_the_page_can_say_why(
    client: httpx.AsyncClient,
) -> None:
    denied = await client.get("/media/verriere/evt_1/live/a.ts")
    assert (denied.status_code, denied.headers["x-denied"]) == (401, "no_token")
    assert denied.headers["access-control-allow-origin"] == APP
    assert "x-denied" in denied.headers["access-control-expose-headers"]
    asked = await client.post(SESSIONS, json={"event": "evt_" + "0" * 26})
    assert asked.status_code in (401, 403)
    assert asked.headers["access-control-allow-origin"] == APP


async def test_a_beat_from_another_site_is_judged_by_its_own_secret(
    client: httpx.AsyncClient,
) -> None:
    cross = {"Sec-Fetch-Site": "cross-site", "X-Session-Secret": "no"}
    answer = await client.post(f"{SESSIONS}/{SID}/beat", json={}, headers=cross)
    assert answer.json()["code"] == "bad_session_secret"
    form = await client.post("/v1/auth/login-links", json={}, headers=cross)
    assert form.json()["code"] == "cross_site"


async def test_a_list_that_was_emptied_closes_within_seconds(
    client: httpx.AsyncClient, database: Database, clock: HandClock
) -> None:
    await client.options(SESSIONS, headers=preflight("POST"))
    await allow(database, VENUE)
    clock.move(seconds=6)
    answer = await client.options(SESSIONS, headers=preflight("POST"))
    assert "access-control-allow-origin" not in answer.headers


async def test_a_live_venue_lets_no_page_of_somebodys_own_machine_in(
    serve: Serve, house: str, database: Database
) -> None:
    local = "http://localhost:3000"
    await allow(database, VENUE, local)
    await allow(database, OTHER_VENUE, local)
    async with database.transaction() as tx:
        (await tx.get_one(Venue, VENUE)).mode = Mode.LIVE
    async with serve() as client:
        client.headers["Origin"] = local
        for slug, allowed in (("verriere", False), ("autre", True)):
            answer = await client.get(f"/media/{slug}/evt_1/live/a.ts")
            assert ("access-control-allow-origin" in answer.headers) is allowed


@pytest.mark.parametrize(
    "wrong",
    [
        "app.example.org", "https://app.example.org/", "https://App.example.org",
        "http://app.example.org", "https://*.example.org/x", "https://a@b.example", "*", "null",
    ],
)  # fmt: skip
async def test_what_is_no_origin_is_refused_with_the_field(
    house: str, database: Database, wrong: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await allow(database, VENUE, wrong)
    assert refused.value.field == "player_origins"


def test_only_what_rests_on_no_cookie_takes_writes_of_other_sites(parts: Parts) -> None:
    open_ = {
        (method, route.path_format)
        for route in create_app(parts).routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.opt.get("cross_site")
    }
    assert open_ == {
        ("POST", "/v1/playback/sessions/{sid}/beat"),
        ("POST", "/v1/playback/sessions/{sid}/stop"),
        ("DELETE", "/v1/playback/sessions/{sid}"),
        # Its signature proves where it comes from, and a mail program's POST has the token alone.
        ("POST", "/v1/venues/{venue_id}/support/mail"),
        ("POST", "/unsubscribe/{token}"),
    }

"""A venue's catalogue over HTTP: made, changed, published, seen; kept apart from other venues."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from entitlements.grants import NewGrant, give
from entitlements.tables import Grant, ScopeKind
from infra.kernel.clock import HandClock, iso
from infra.kernel.db import Database
from paywall.accounts.tables import AuditEntry
from tests.http.conftest import KEY, OTHER_VENUE, READER_KEY, VENUE, Serve

AT = f"/v1/venues/{VENUE}"
SEASON = {
    "name": "Hiver",
    "starts_at": "2026-11-01T00:00:00Z",
    "ends_at": "2027-03-01T00:00:00Z",
}
EVENT = {
    "name": "Nuit d'été, n° 2",
    "starts_at": "2026-11-22T21:00:00+01:00",
    "ends_at": "2026-11-22T22:30:00Z",
    "about_md": "**Bold** <script>x</script> [a](javascript:x)",
}


async def make(client: httpx.AsyncClient, noun: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"{AT}/{noun}", json=body)
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def test_an_event_is_made_published_and_seen(
    serve: Serve, house: str, database: Database
) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        assert event["slug"] == "nuit-d-ete-n-2"
        assert event["starts_at"] == "2026-11-22T20:00:00Z"
        assert event["timezone"] == "Europe/Paris"
        hidden = await client.get(f"/v1/catalogue/events/{event['id']}")
        assert hidden.status_code == 404
        shown = await client.post(f"{AT}/events/{event['id']}/publish")
        assert shown.json()["state"] == "published"
        assert shown.headers["etag"] == '"v2"'
        seen = await client.get(f"/v1/catalogue/venues/verriere/events/{event['slug']}")
        assert "<strong>Bold</strong>" in seen.json()["about_html"]
        assert "<script" not in seen.json()["about_html"]
        assert "javascript:" not in seen.json()["about_html"].replace("&", "") or (
            "href" not in seen.json()["about_html"]
        )
        listed = (await client.get("/v1/catalogue/venues/verriere/events")).json()
        assert [e["id"] for e in listed["data"]] == [event["id"]]
    async with database.read() as tx:
        actions = set(await tx.scalars(select(AuditEntry.action)))
    assert {"event.created", "event.published"} <= actions


async def test_names_that_repeat_get_numbers(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        slugs = [(await make(client, "events", EVENT))["slug"] for _ in range(3)]
        taken = await client.post(f"{AT}/events", json=EVENT | {"slug": slugs[0]})
        foreign = await make(client, "events", EVENT | {"name": "夜の音楽"})
    assert slugs == ["nuit-d-ete-n-2", "nuit-d-ete-n-2-2", "nuit-d-ete-n-2-3"]
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    assert foreign["slug"].startswith("evt-")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends_at": "2026-11-22T20:00:00Z"}, "ends_at"),
        ({"ends_at": "2026-12-30T20:00:00Z"}, "ends_at"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"starts_at": "1999-01-01T00:00:00Z"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-14:00"}, "starts_at"),
        ({"starts_at": "2026-11-22T20:00:00"}, "starts_at"),
        ({"name": ""}, "name"),
        ({"name": "x" * 161}, "name"),
        ({"name": "nul\x00"}, "name"),
        ({"subtitle": "two\nlines"}, "subtitle"),
        ({"season_id": "ssn_01k9x4m8z2v7q0n3t5r6s8w1ya"}, "season_id"),
        ({"doors_s": -1}, "doors_s"),
        ({"slug": "Großes"}, "slug"),
    ],
)
async def test_bad_input_names_its_field(
    serve: Serve, house: str, change: dict[str, Any], field: str
) -> None:
    async with serve(key=KEY) as client:
        answer = await client.post(f"{AT}/events", json=EVENT | change)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"name":"\xff\xfe"}', 400),
        (b'{"name":"\\ud800"}', 400),
        (b"[]", 422),
        (b'{"nam":"x"}', 422),
        (b"", 422),
        (b'{"name":"' + b"x" * 300_000 + b'"}', 413),
    ],
)
async def test_broken_bodies_are_told_so(
    serve: Serve, house: str, body: bytes, status: int
) -> None:
    async with serve(key=KEY) as client:
        answer = await client.post(
            f"{AT}/events", content=body, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code in {status, 400, 422} if status != 413 else {413}
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_an_edit_needs_the_version_it_is_based_on(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        url = f"{AT}/events/{event['id']}"
        bare = await client.patch(url, json={"name": "A"})
        good = await client.patch(url, json={"name": "A"}, headers={"If-Match": '"v1"'})
        stale = await client.patch(url, json={"name": "B"}, headers={"If-Match": '"v1"'})
        odd = await client.patch(url, json={"name": "B"}, headers={"If-Match": "abc"})
    assert (bare.status_code, bare.json()["code"]) == (428, "if_match_required")
    assert good.status_code == 200
    assert good.headers["etag"] == '"v2"'
    assert good.json()["subtitle"] == ""
    assert stale.status_code == odd.status_code == 412


async def test_an_event_stays_inside_its_season(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        season = await make(client, "seasons", SEASON)
        inside = await make(client, "events", EVENT | {"season_id": season["id"]})
        late = EVENT | {
            "season_id": season["id"],
            "starts_at": "2027-03-01T00:00:00Z",
            "ends_at": "2027-03-01T02:00:00Z",
        }
        outside = await client.post(f"{AT}/events", json=late)
        shrunk = await client.patch(
            f"{AT}/seasons/{season['id']}",
            json={"ends_at": "2026-11-22T22:00:00Z"},
            headers={"If-Match": '"v1"'},
        )
        kept = await client.delete(f"{AT}/seasons/{season['id']}", headers={"If-Match": '"v1"'})
        out = await client.patch(
            f"{AT}/events/{inside['id']}",
            json={"season_id": None},
            headers={"If-Match": '"v1"'},
        )
        gone = await client.delete(f"{AT}/seasons/{season['id']}", headers={"If-Match": '"v1"'})
    assert outside.json()["field"] == "ends_at"
    assert shrunk.json()["field"] == "ends_at"
    assert kept.status_code == 409
    assert out.json()["season_id"] is None
    assert gone.status_code == 204


async def test_rescheduling_moves_the_tickets_along(
    serve: Serve, house: str, database: Database, clock: HandClock
) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        now = clock.machine()
        async with database.transaction() as tx:
            for number, (live, days) in enumerate(((True, 9), (True, 10), (False, 9))):
                grant = NewGrant(
                    venue_id=VENUE,
                    customer_id=f"cus_{number}",
                    scope_kind=ScopeKind.EVENT,
                    scope_id=event["id"],
                    starts_at=now,
                    ends_at=now.replace(day=22) + (now.replace(day=1 + days) - now.replace(day=1)),
                    opens_live=live,
                    opens_replay=True,
                    play_window_s=None,
                    order_id=f"ord_{number}",
                    source_key="l:0",
                )
                await give(tx, [grant], now)
        before = await _ends(database)
        moved = await client.patch(
            f"{AT}/events/{event['id']}",
            json={"starts_at": "2026-11-23T20:00:00Z", "ends_at": "2026-11-23T22:30:00Z"},
            headers={"If-Match": '"v1"'},
        )
        assert moved.status_code == 200
    after = await _ends(database)
    shifts = [(new - old).total_seconds() / 86400 for old, new in zip(before, after, strict=True)]
    assert shifts == [1, 1, 0]


async def _ends(database: Database) -> list[Any]:
    async with database.read() as tx:
        return list(await tx.scalars(select(Grant.ends_at).order_by(Grant.order_id)))


async def test_a_cancelled_event_stays_visible_and_final(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        url = f"{AT}/events/{event['id']}"
        await client.post(f"{url}/publish")
        assert (await client.post(f"{url}/cancel")).json()["state"] == "cancelled"
        again = await client.post(f"{url}/publish")
        assert (again.status_code, again.json()["code"]) == (409, "bad_transition")
        seen = await client.get(f"/v1/catalogue/events/{event['id']}")
        assert seen.json()["state"] == "cancelled"


async def test_an_ingest_key_is_shown_once(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        body = {"event_id": event["id"], "kind": "local", "source": "grande-salle"}
        stream = await make(client, "streams", body)
        read = (await client.get(f"{AT}/streams/{stream['id']}")).json()
        rotated = (await client.post(f"{AT}/streams/{stream['id']}/ingest-key")).json()
        second = await client.post(f"{AT}/streams", json=body)
    assert stream["ingest_key"].startswith("pwi_")
    assert "ingest_key" not in read
    assert read["has_ingest_key"] is True
    assert rotated["ingest_key"] != stream["ingest_key"]
    assert second.json()["code"] == "stream_exists"


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("local", "../etc"),
        ("local", "Salle"),
        ("local", "a/b/c"),
        ("local", ""),
        ("pull", "http://cdn.example.com/a.m3u8"),
        ("pull", "https://user:pw@cdn.example.com/a.m3u8"),
        ("pull", "https://cdn.example.com:8443/a.m3u8"),
        ("pull", "https://cdn.example.com/a.mp4"),
        ("pull", "https://[::1/a.m3u8"),
        ("pull", "https:///a.m3u8"),
    ],
)
async def test_a_strange_source_is_refused(
    serve: Serve, house: str, kind: str, source: str
) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        body = {"event_id": event["id"], "kind": kind, "source": source}
        for noun in ("streams", "replays"):
            answer = await client.post(f"{AT}/{noun}", json=body)
            assert answer.status_code == 422
            assert answer.json()["field"] == "source"


async def test_lists_come_in_pages_that_miss_and_repeat_nothing(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        made = []
        for number in range(7):
            # Two at each moment, so that the id has to break ties.
            start = {"starts_at": f"2026-11-2{2 + number // 2}T20:00:00Z"}
            end = {"ends_at": f"2026-11-2{2 + number // 2}T22:00:00Z"}
            made.append((await make(client, "events", EVENT | start | end))["id"])
        seen: list[str] = []
        url = f"{AT}/events?limit=3"
        for _ in range(3):
            page = await client.get(url)
            seen += [event["id"] for event in page.json()["data"]]
            if page.json()["next_cursor"] is None:
                assert "link" not in page.headers
                break
            link = page.headers["link"]
            assert link.endswith('; rel="next"')
            url = link[1 : link.index(">")]
            assert "limit=3" in url
    assert len(seen) == 7
    assert set(seen) == set(made)


@pytest.mark.parametrize("cursor", ["x", "é", "bnVsbA", "W251bGwsIlx1MDAwMCJd", "=" * 9, "a" * 201])
async def test_a_made_up_cursor_is_refused(serve: Serve, house: str, cursor: str) -> None:
    async with serve(key=KEY) as client:
        answer = await client.get(f"{AT}/events", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["field"] == "cursor"


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x"])
async def test_a_limit_is_limited(serve: Serve, house: str, limit: str) -> None:
    async with serve(key=KEY) as client:
        answer = await client.get(f"{AT}/events", params={"limit": limit})
    assert answer.status_code == 422


async def test_nul_anywhere_is_refused_and_never_a_crash(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        answers = [
            await client.get(f"{AT}/events?season_id=%00"),
            await client.get(f"{AT}/events/%00"),
            await client.get("/v1/catalogue/venues/%00/events"),
            await client.get("/v1/venues/%00/events"),
        ]
    assert [a.status_code for a in answers] == [422, 404, 404, 404]


async def test_strangers_readers_and_other_venues_are_kept_out(serve: Serve, house: str) -> None:
    async with serve() as nobody:
        assert (await nobody.get(f"{AT}/events")).status_code == 401
    async with serve(key=READER_KEY) as reader:
        assert (await reader.get(f"{AT}/events")).status_code == 200
        refused = await reader.post(f"{AT}/events", json=EVENT)
        assert (refused.status_code, refused.json()["permission"]) == (403, "catalogue.write")
        assert (await reader.get(f"/v1/venues/{OTHER_VENUE}/events")).status_code == 404


async def test_the_front_page_of_the_api_lists_venues(
    serve: Serve, house: str, clock: HandClock
) -> None:
    async with serve() as client:
        venues = (await client.get("/v1/catalogue/venues")).json()["data"]
    assert [venue["slug"] for venue in venues] == ["verriere", "autre"]
    assert iso(clock.machine()).endswith("Z")

"""Offers over HTTP: nothing is sold that can't be delivered, and a quote tells the whole price."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import update

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from offers.tables import Pool
from tests.http.conftest import KEY, VENUE, Serve
from tests.http.test_catalogue_routes import AT, EVENT, SEASON, make

TICKET = {
    "kind": "stream_ticket",
    "name": "Billet",
    "replay_window_s": 86400,
    "capacity": 10,
    "prices": [{"amount": 1299, "currency": "EUR"}],
}


async def on_sale(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """A published event with a stream and a stream ticket on sale."""
    event = await make(client, "events", EVENT)
    await client.post(f"{AT}/events/{event['id']}/publish")
    await make(client, "streams", {"event_id": event["id"], "kind": "local", "source": "salle"})
    offer = await make(client, "offers", TICKET | {"scope_id": event["id"]} | more)
    published = await client.post(f"{AT}/offers/{offer['id']}/publish")
    assert published.status_code == 200, published.text
    result: dict[str, Any] = published.json()
    return result


async def test_an_offer_goes_on_sale_only_when_it_can_be_delivered(
    serve: Serve, house: str
) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        offer = await make(client, "offers", TICKET | {"scope_id": event["id"], "prices": []})
        url = f"{AT}/offers/{offer['id']}"
        refused = await client.post(f"{url}/publish")
        assert refused.status_code == 409
        assert refused.json()["missing"] == [
            "Publish the event.",
            "Give the event a stream.",
            "Add a price.",
        ]
        await client.post(f"{AT}/events/{event['id']}/publish")
        await make(client, "streams", {"event_id": event["id"], "kind": "local", "source": "salle"})
        priced = await client.post(f"{url}/prices", json={"amount": 900, "currency": "EUR"})
        assert priced.status_code == 201
        assert (await client.post(f"{url}/publish")).json()["state"] == "on_sale"
        kept = await client.delete(f"{AT}/events/{event['id']}", headers={"If-Match": '"v2"'})
        assert kept.status_code == 409


async def test_a_quote_names_price_tax_and_what_it_opens(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        offer = await on_sale(client)
        quote = (await client.post("/v1/quotes", json={"offer_id": offer["id"]})).json()
    assert quote["availability"] == "open"
    assert quote["places_left"] == 10
    assert quote["cost"]["total"] == {"amount": 1299, "currency": "EUR"}
    assert quote["cost"]["tax"] == {
        "rate_bps": 2000,
        "included": {"amount": 217, "currency": "EUR"},
    }
    assert quote["opens"]["live"] is True
    assert quote["opens"]["until"] == "2026-11-23T22:30:00Z"


async def test_a_pass_gets_cheaper_in_mid_season(
    serve: Serve, house: str, clock: HandClock
) -> None:
    async with serve(key=KEY) as client:
        season = await make(client, "seasons", SEASON)
        event = await make(client, "events", EVENT | {"season_id": season["id"]})
        await client.post(f"{AT}/events/{event['id']}/publish")
        offer = await make(
            client,
            "offers",
            {
                "kind": "season_pass",
                "name": "Pass",
                "scope_id": season["id"],
                "prices": [
                    {"amount": 9900, "currency": "EUR"},
                    {"amount": 5900, "currency": "EUR", "valid_from": "2027-01-01T00:00:00Z"},
                ],
            },
        )
        await client.post(f"{AT}/offers/{offer['id']}/publish")
        ask = {"offer_id": offer["id"], "currency": "USD"}
        first = (await client.post("/v1/quotes", json=ask)).json()
        clock.move(days=60)
        later = (await client.post("/v1/quotes", json=ask)).json()
    assert first["cost"]["total"]["amount"] == 9900
    assert later["cost"]["total"]["amount"] == 5900
    assert later["opens"]["until"] == "2027-03-01T00:00:00Z"
    assert later["places_left"] is None


async def test_coupons_lower_a_quote_and_say_why_not(
    serve: Serve, house: str, clock: HandClock
) -> None:
    async with serve(key=KEY) as client:
        offer = await on_sale(client)
        coupon = await make(client, "coupons", {"code": "early-20", "percent_bps": 2000})
        assert coupon["code"] == "EARLY-20"
        twice = await client.post(f"{AT}/coupons", json={"code": "Early-20", "percent_bps": 1})
        both = await client.post(f"{AT}/coupons", json={"code": "none"})
        ask = {"offer_id": offer["id"], "coupon": " early-20 "}
        lowered = (await client.post("/v1/quotes", json=ask)).json()
        assert (await client.post(f"{AT}/coupons/{coupon['id']}/end")).status_code == 200
        ended = await client.post("/v1/quotes", json=ask)
        for _ in range(18):
            await client.post("/v1/quotes", json=ask | {"coupon": "guess"})
        limited = await client.post("/v1/quotes", json=ask | {"coupon": "guess"})
    assert twice.json()["code"] == "code_taken"
    assert both.json()["field"] == "percent_bps"
    assert lowered["cost"]["discount"]["amount"] == 260
    assert lowered["cost"]["total"]["amount"] == 1039
    assert (ended.status_code, ended.json()["code"]) == (422, "coupon_refused")
    assert limited.status_code == 429


async def test_capacity_never_falls_below_what_is_taken(
    serve: Serve, house: str, database: Database
) -> None:
    async with serve(key=KEY) as client:
        offer = await on_sale(client)
        async with database.transaction() as tx:
            await tx.execute(update(Pool).values(taken=4))
        url = f"{AT}/offers/{offer['id']}"
        low = await client.patch(url, json={"capacity": 3}, headers={"If-Match": '"v2"'})
        fits = await client.patch(url, json={"capacity": 4}, headers={"If-Match": '"v2"'})
        free = await client.patch(url, json={"capacity": None}, headers={"If-Match": '"v3"'})
    assert (low.status_code, low.json()["code"], low.json()["taken"]) == (409, "below_taken", 4)
    assert (fits.json()["capacity"], fits.json()["taken"]) == (4, 4)
    assert free.json()["capacity"] is None


async def test_terms_are_fixed_once_it_was_on_sale_and_archived_is_final(
    serve: Serve, house: str
) -> None:
    async with serve(key=KEY) as client:
        offer = await on_sale(client)
        url = f"{AT}/offers/{offer['id']}"
        fixed = await client.patch(url, json={"replay_window_s": 0}, headers={"If-Match": '"v2"'})
        paused = (await client.post(f"{url}/pause")).json()
        quote = (await client.post("/v1/quotes", json={"offer_id": offer["id"]})).json()
        archived = (await client.post(f"{url}/archive")).json()
        again = await client.post(f"{url}/publish")
        gone = await client.post("/v1/quotes", json={"offer_id": offer["id"]})
    assert (fixed.status_code, fixed.json()["code"]) == (409, "terms_fixed")
    assert paused["state"] == "paused"
    assert quote["availability"] == "paused"
    assert archived["state"] == "archived"
    assert again.json()["code"] == "bad_transition"
    assert gone.status_code == 404


async def test_each_kind_says_what_it_must(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        season = await make(client, "seasons", SEASON)
        cases = [
            ({"kind": "replay", "scope_id": event["id"]}, "play_window_s"),
            ({"kind": "replay", "scope_id": event["id"], "play_window_s": 9}, "hard_end_at"),
            ({"kind": "season_pass", "scope_id": event["id"]}, "scope_id"),
            ({"kind": "stream_ticket", "scope_id": season["id"]}, "scope_id"),
            (
                {"kind": "stream_ticket", "scope_id": event["id"], "play_window_s": 9},
                "play_window_s",
            ),
            (
                {"kind": "season_pass", "scope_id": season["id"], "replay_window_s": 9},
                "replay_window_s",
            ),
        ]
        for body, field in cases:
            answer = await client.post(f"{AT}/offers", json={"name": "X"} | body)
            assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_repeat_with_the_same_key_makes_one_offer(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        event = await make(client, "events", EVENT)
        body = TICKET | {"scope_id": event["id"]}
        headers = {"Idempotency-Key": "one"}
        first = await client.post(f"{AT}/offers", json=body, headers=headers)
        again = await client.post(f"{AT}/offers", json=body, headers=headers)
        listed = (await client.get(f"{AT}/offers")).json()["data"]
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(listed) == 1
    assert VENUE in AT

"""A venue's program hears of everything that happens, signed, over a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from paywall.app.sending import senders
from paywall.notices.signing import signature
from tests.adapters.local_servers import Answer, http_server
from tests.stories.hall import Hall

FIELDS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver:
    """What came in, once its signature was found right."""

    def __init__(self, seen: list[bytes]) -> None:
        self._seen = seen
        self.secrets: list[str] = []

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        return [self._one(raw) for raw in self._seen]

    def kinds(self) -> list[str]:
        return sorted(kind for kind, _ in self.heard())

    def _one(self, raw: bytes) -> tuple[str, dict[str, Any]]:
        head, _, body = raw.partition(b"\r\n\r\n")
        fields = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:])
        low = {name.lower(): value for name, value in fields.items()}
        id_, at, given = (low[name] for name in FIELDS)
        right = {signature(secret, id_, int(at), body) for secret in self.secrets}
        assert right & set(given.split(" ")), "no signature fits"
        message = json.loads(body)
        return message["type"], message["data"]


@asynccontextmanager
async def listening(hall: Hall, *kinds: str) -> AsyncIterator[tuple[Receiver, str]]:
    async with http_server(lambda _: Answer(200, b"")) as (port, seen):
        receiver = Receiver(seen)
        made = await hall.make("webhooks", url=f"http://127.0.0.1:{port}/hook", kinds=list(kinds))
        receiver.secrets.append(made["secret"])
        yield receiver, f"{hall.at}/webhooks/{made['id']}"


async def send(hall: Hall) -> None:
    """The worker's round, and what leaves the house with it."""
    await hall.tick()
    sending = senders(hall.parts)
    while await sending.webhooks.run(hall.clock.machine()):
        pass
    for close in sending.closing:
        await close()


async def test_a_concerts_life_is_told_kind_by_kind(hall: Hall) -> None:
    async with listening(hall) as (receiver, _):
        event_id = await hall.event(in_hours=1)
        offer_id = await hall.ticket(event_id, capacity=2)
        ada, bea = await hall.buyer(), await hall.buyer("bea@example.org")
        order_id = await ada.buy(offer_id)
        await bea.order(offer_id)
        await hall.deliver()
        await send(hall)
        assert receiver.kinds() == [
            "event.published", "grant.issued", "offer.sold_out", "order.paid",
        ]  # fmt: skip
        told = dict(receiver.heard())
        assert told["grant.issued"]["order_id"] == order_id
        assert told["grant.issued"]["scope_id"] == event_id
        assert told["offer.sold_out"] == {"offer_id": offer_id}

        await hall.move(hours=2)  # bea's hold runs out
        assert (await hall.refund(order_id)).is_success
        assert (await hall.staff.post(f"{hall.at}/events/{event_id}/cancel")).is_success
        await send(hall)
        assert receiver.kinds() == [
            "event.cancelled", "event.published", "grant.issued", "grant.revoked",
            "offer.sold_out", "order.expired", "order.paid", "refund.succeeded",
        ]  # fmt: skip
        assert dict(receiver.heard())["grant.revoked"]["reason"] == "refunded"


async def test_a_dispute_is_told_when_it_opens_and_when_it_is_decided(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    async with listening(hall, "dispute.opened", "dispute.closed", "grant.revoked") as (heard, _):
        offer_id = await hall.ticket(await hall.event())
        ada = await hall.buyer()
        order_id = await ada.buy(offer_id)
        (payment,) = await hall.payments(order_id)
        found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
        assert found is not None
        await hall.bench.dispute(found)
        await hall.deliver(until="dispute.opened")
        await send(hall)
        assert heard.kinds() == ["dispute.opened"]
        assert dict(heard.heard())["dispute.opened"]["order_id"] == order_id
        await hall.bench.close_dispute(found, won=False)
        await hall.deliver(until="dispute.closed")
        await send(hall)
        assert heard.kinds() == ["dispute.closed", "dispute.opened", "grant.revoked"]
        assert dict(heard.heard())["dispute.closed"]["state"] == "lost"


async def test_the_console_of_an_endpoint_over_the_api(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    async with listening(hall, "order.paid") as (receiver, at):
        staff = hall.staff
        assert (await staff.post(f"{at}/test")).status_code == 202
        await send(hall)
        assert receiver.kinds() == ["webhook.test"]

        read = await staff.get(at)
        assert "secret" not in read.json()
        refused = await staff.patch(at, json={"kinds": ["no.such"]}, headers={"If-Match": '"v1"'})
        assert refused.status_code == 422
        edited = await staff.patch(at, json={"kinds": []}, headers={"If-Match": '"v1"'})
        assert edited.json()["kinds"] == []
        stale = await staff.patch(at, json={"kinds": []}, headers={"If-Match": '"v1"'})
        assert stale.status_code == 412

        rotated = (await staff.post(f"{at}/rotate")).json()
        receiver.secrets = [rotated["secret"]]
        await staff.post(f"{at}/test")
        await send(hall)
        page = (await staff.get(f"{at}/deliveries", params={"limit": 1})).json()
        again = page["data"][0]
        assert (again["kind"], again["state"], again["tries"]) == ("webhook.test", "sent", 1)
        onward = {"limit": 1, "cursor": page["next_cursor"]}
        last = (await staff.get(f"{at}/deliveries", params=onward)).json()
        assert last["next_cursor"] is None
        assert last["data"][0]["id"] != again["id"]
        replayed = await staff.post(f"{at}/deliveries/{again['id']}/replay")
        assert replayed.json()["state"] == "waiting"
        await send(hall)

        assert (await staff.post(f"{at}/disable")).json()["state"] == "disabled"
        assert (await staff.post(f"{at}/test")).status_code == 409
        assert (await staff.post(f"{at}/enable")).json()["state"] == "enabled"
        since = {"since": "2026-01-01T00:00:00Z"}
        assert (await staff.post(f"{at}/replay-failed", json=since)).json() == {"count": 0}
        assert len((await staff.get(f"{hall.at}/webhooks")).json()["data"]) == 1
        assert (await staff.delete(at)).status_code == 204
        assert (await staff.get(at)).status_code == 404


async def test_the_same_key_adds_one_endpoint_and_shows_the_same_secret(sqlite_hall: Hall) -> None:
    hall, body = sqlite_hall, {"url": "https://app.example.com/hooks"}
    key = {"Idempotency-Key": "add-once"}
    first = await hall.staff.post(f"{hall.at}/webhooks", json=body, headers=key)
    again = await hall.staff.post(f"{hall.at}/webhooks", json=body, headers=key)
    assert first.json() == again.json()
    assert first.headers["cache-control"] == "no-store"
    assert len((await hall.staff.get(f"{hall.at}/webhooks")).json()["data"]) == 1

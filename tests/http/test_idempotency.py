"""One key, one effect, one answer: whatever repeats, collides or dies."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy import func, select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import Conflict, Invalid, Unavailable
from infra.kernel.idempotency import (
    Claim,
    Finish,
    IdempotencyKey,
    Kept,
    Verdict,
    claim_many,
    purge,
    store_many,
)
from infra.kernel.seal import Sealer
from paywall.accounts.principal import Principal
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.parts import Parts
from tests.http.conftest import Serve

KEY = "0b6e1f0c-6f0e-4c39-8f0c-2f6f6d1f8a51"


class Order(msgspec.Struct, frozen=True):
    item: str


class Kitchen:
    """Toy work that counts its effects and can be told to misbehave."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.fail: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()

    async def cook(self, resume: Resume, item: str) -> Answer:
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fail is not None:
            raise self.fail
        if resume.resource_id not in self.made:
            self.made.append(resume.resource_id)
        return Answer(201, {"id": resume.resource_id, "item": item}, {"X-Kept": "yes"})


def route(kitchen: Kitchen, demand: str = "required") -> Any:
    @post("/v1/dishes", opt={"public": True, "idempotent": demand})
    async def make(
        request: Request[Any, Any, Any],
        data: JSONBody[Order],
        parts: NamedDependency[Parts],
        principal: NamedDependency[Principal],
    ) -> Response[Any]:
        async def run(resume: Resume) -> Answer:
            return await kitchen.cook(resume, data.item)

        return await once(request, parts, principal, "dsh", run)

    return make


async def test_the_same_request_gets_the_same_answer_and_one_effect(serve: Serve) -> None:
    kitchen = Kitchen()
    async with serve([route(kitchen)]) as client:
        first = await client.post(
            "/v1/dishes", json={"item": "soup"}, headers={"Idempotency-Key": KEY}
        )
        again = await client.post(
            "/v1/dishes", json={"item": "soup"}, headers={"Idempotency-Key": f'"{KEY}"'}
        )
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["x-kept"] == "yes"
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(kitchen.made) == 1


async def test_sixteen_at_once_have_one_effect(serve: Serve) -> None:
    kitchen = Kitchen()
    async with serve([route(kitchen)]) as client:
        answers = await asyncio.gather(
            *(
                client.post("/v1/dishes", json={"item": "x"}, headers={"Idempotency-Key": KEY})
                for _ in range(16)
            )
        )
    assert len(kitchen.made) == 1
    statuses = {a.status_code for a in answers}
    assert statuses <= {201, 409}
    assert len({a.content for a in answers if a.status_code == 201}) == 1
    for busy in (a for a in answers if a.status_code == 409):
        assert busy.json()["code"] == "in_flight"
        assert busy.headers["retry-after"] == "1"


async def test_another_body_under_the_key_is_refused(serve: Serve) -> None:
    kitchen = Kitchen()
    async with serve([route(kitchen)]) as client:
        headers = {"Idempotency-Key": KEY}
        await client.post("/v1/dishes", json={"item": "soup"}, headers=headers)
        other = await client.post("/v1/dishes", json={"item": "tart"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_required_key_that_is_missing_or_weak_is_asked_for(serve: Serve) -> None:
    async with serve([route(Kitchen())]) as client:
        missing = await client.post("/v1/dishes", json={"item": "soup"})
        weak = await client.post(
            "/v1/dishes", json={"item": "soup"}, headers={"Idempotency-Key": "1"}
        )
        long = await client.post(
            "/v1/dishes", json={"item": "soup"}, headers={"Idempotency-Key": "k" * 256}
        )
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_required")
    assert weak.status_code == long.status_code == 422


async def test_without_a_key_an_accepting_route_just_works(serve: Serve) -> None:
    kitchen = Kitchen()
    async with serve([route(kitchen, "accepted")]) as client:
        for _ in range(2):
            assert (await client.post("/v1/dishes", json={"item": "x"})).status_code == 201
    assert len(kitchen.made) == 2


async def test_a_crash_is_answered_the_same_way_again(serve: Serve) -> None:
    kitchen = Kitchen()
    kitchen.fail = RuntimeError("the oven broke")
    async with serve([route(kitchen)]) as client:
        headers = {"Idempotency-Key": KEY}
        first = await client.post("/v1/dishes", json={"item": "soup"}, headers=headers)
        kitchen.fail = None
        again = await client.post("/v1/dishes", json={"item": "soup"}, headers=headers)
    assert first.status_code == again.status_code == 500
    assert first.json() == again.json()
    assert not kitchen.made


async def test_a_conflict_is_kept_but_a_typing_mistake_frees_the_key(serve: Serve) -> None:
    kitchen = Kitchen()
    async with serve([route(kitchen)]) as client:
        headers = {"Idempotency-Key": KEY}
        kitchen.fail = Invalid("item", "We have no such dish.")
        wrong = await client.post("/v1/dishes", json={"item": "sop"}, headers=headers)
        kitchen.fail = Conflict("The kitchen is closed.")
        closed = await client.post("/v1/dishes", json={"item": "soup"}, headers=headers)
        kitchen.fail = None
        again = await client.post("/v1/dishes", json={"item": "soup"}, headers=headers)
    assert wrong.status_code == 422
    assert closed.status_code == again.status_code == 409
    assert closed.json() == again.json()


async def test_an_outage_can_be_tried_again_with_the_same_resource(
    serve: Serve, database: Database
) -> None:
    kitchen = Kitchen()
    async with serve([route(kitchen)]) as client:
        headers = {"Idempotency-Key": KEY}
        kitchen.fail = Unavailable("The supplier does not answer.")
        first = await client.post("/v1/dishes", json={"item": "soup"}, headers=headers)
        async with database.read() as tx:
            promised = await tx.scalar(select(IdempotencyKey.resource_id))
        kitchen.fail = None
        again = await client.post("/v1/dishes", json={"item": "soup"}, headers=headers)
    assert first.status_code == 503
    assert again.status_code == 201
    assert again.json()["id"] == promised


async def test_a_key_left_by_a_dead_process_is_resumed_after_30_seconds(
    serve: Serve, clock: HandClock
) -> None:
    kitchen = Kitchen()
    kitchen.gate = asyncio.Event()
    async with serve([route(kitchen)]) as client:

        def send() -> Any:
            return client.post("/v1/dishes", json={"item": "x"}, headers={"Idempotency-Key": KEY})

        dying = asyncio.create_task(send())
        await kitchen.entered.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        kitchen.gate = None
        clock.move(seconds=29)
        assert (await send()).json()["code"] == "in_flight"
        clock.move(seconds=1)
        resumed = await send()
        assert resumed.status_code == 201
        assert (await send()).content == resumed.content
    assert kitchen.made == [resumed.json()["id"]]


def _claim(key: str, body: str = "a") -> Claim:
    return Claim(actor="acc_1", key=key, fingerprint=body * 64, resource_id=f"ord_{key}_{body}")


async def test_a_batch_claims_and_keeps_in_one_transaction(
    database: Database, clock: HandClock
) -> None:
    sealer = Sealer(b"s" * 32)
    now = clock.machine()
    batch = [_claim("k2"), _claim("k1"), _claim("k2"), _claim("k1", "b")]
    async with database.transaction() as tx:
        claimed = await claim_many(tx, sealer, batch, now)
        assert [c.verdict for c in claimed] == [
            Verdict.RUN,
            Verdict.RUN,
            Verdict.IN_FLIGHT,
            Verdict.REUSED,
        ]
        kept = Kept(status=201, headers={"ETag": '"v1"'}, body=b"{}\xff")
        await store_many(
            tx,
            sealer,
            [Finish(actor="acc_1", key=k, attempt=1, kept=kept) for k in ("k1", "k2")],
        )
    async with database.transaction() as tx:
        again = await claim_many(tx, sealer, [*batch, _claim("k3")], now)
    assert [c.verdict for c in again] == [
        Verdict.REPEAT,
        Verdict.REPEAT,
        Verdict.REPEAT,
        Verdict.REUSED,
        Verdict.RUN,
    ]
    assert again[0].kept == kept
    assert again[0].resource_id == "ord_k2_a"


async def test_a_process_that_was_taken_for_dead_can_no_longer_answer(
    database: Database, clock: HandClock
) -> None:
    sealer = Sealer(b"s" * 32)
    async with database.transaction() as tx:
        (late,) = await claim_many(tx, sealer, [_claim("k")], clock.machine())
    clock.move(seconds=31)
    async with database.transaction() as tx:
        (heir,) = await claim_many(tx, sealer, [_claim("k")], clock.machine())
    assert (heir.attempt, heir.resource_id) == (2, late.resource_id)
    for attempt, status in ((late.attempt, 500), (heir.attempt, 201)):
        kept = Kept(status=status, headers={}, body=b"")
        async with database.transaction() as tx:
            await store_many(
                tx, sealer, [Finish(actor="acc_1", key="k", attempt=attempt, kept=kept)]
            )
    async with database.transaction() as tx:
        (seen,) = await claim_many(tx, sealer, [_claim("k")], clock.machine())
    assert seen.kept is not None
    assert seen.kept.status == 201


async def test_keys_are_dropped_after_a_day(database: Database, clock: HandClock) -> None:
    sealer = Sealer(b"s" * 32)
    async with database.transaction() as tx:
        await claim_many(tx, sealer, [_claim("old")], clock.machine())
    clock.move(hours=23)
    async with database.transaction() as tx:
        await claim_many(tx, sealer, [_claim("new")], clock.machine())
    clock.move(hours=2)
    async with database.transaction() as tx:
        assert await purge(tx, clock.machine()) == 1
        assert await tx.scalar(select(func.count()).select_from(IdempotencyKey)) == 1

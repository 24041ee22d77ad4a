"""The API keeps to its own description: no server error, no undocumented status, no other shape."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.accounts.roles import API_KEY_SCOPES
from paywall.accounts.sessions import open_session
from paywall.accounts.tables import Account
from paywall.app import create_app
from paywall.app.assembly import assemble
from tests.http.conftest import KEY, VENUE, api_key, venue
from tests.http.test_catalogue_routes import EVENT, SEASON
from tests.http.test_offers_routes import TICKET

T = TypeVar("T")
EXAMPLES = int(os.environ.get("PAYWALL_TEST_EXAMPLES", "200"))
"""How often each operation is asked in the drill."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class Served:
    """The app on a loop of its own, so that synchronous examples can talk to it."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.secrets: dict[str, str] = {}
        self.run(self._open(folder))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _open(self, folder: Path) -> None:
        clock = HandClock(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))
        db = Database(f"sqlite+aiosqlite:///{folder / 'api.sqlite3'}")
        await db.create_all()
        settings_ = Settings(data_dir=folder, public_url="http://test", rate_scale=0)
        self._parts = assemble(settings_, clock=clock, db=db)
        now = clock.machine()
        async with db.transaction() as tx:
            tx.add(venue(VENUE, "verriere", now))
            tx.add(api_key(VENUE, KEY, sorted(API_KEY_SCOPES), now))
            viewer = Account(
                id="acc_viewer", email="v@example.org", created_at=now, email_proven_at=now
            )
            tx.add(viewer)
            await tx.flush()
            opened = await open_session(tx, "acc_viewer", now, strong=True)
        self.secrets = {"key": KEY, "viewer": opened.secret}
        transport = httpx.ASGITransport(create_app(self._parts), client=("203.0.113.7", 50000))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://test")
        self.ids = {"venue_id": VENUE, "venue_slug": "verriere"}
        await self._make("season", SEASON)
        await self._make("event", EVENT | {"season_id": self.ids["season_id"]})
        await self._make("offer", TICKET | {"scope_id": self.ids["event_id"]})
        await self._make("coupon", {"code": "AMIS", "percent_bps": 1000})

    async def _make(self, noun: str, body: dict[str, Any]) -> None:
        answer = await self._client.post(
            f"/v1/venues/{VENUE}/{noun}s", json=body, headers={"Authorization": f"Bearer {KEY}"}
        )
        assert answer.status_code == 201, answer.text
        self.ids[f"{noun}_id"] = answer.json()["id"]

    def ask(self, case: Any, secret: str) -> httpx.Response:
        for name, known in self.ids.items():  # else nearly everything would be a 404
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = known
        sent = case.as_transport_kwargs(base_url="http://test")
        body = sent.pop("data", None)
        if isinstance(body, bytes | str):
            sent["content"] = body
        elif body is not None:
            sent["data"] = body
        sent["headers"] = dict(sent["headers"]) | {"Authorization": f"Bearer {secret}"}
        sent.pop("cookies", None)
        return self.run(self._client.request(**sent))

    def close(self) -> None:
        self.run(self._client.aclose())
        self.run(self._parts.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("schemathesis"))
    yield made
    made.close()


def fuzz(served: Served, who: str, examples: int) -> None:
    seed = int(os.environ.get("PAYWALL_TEST_SEED", random.SystemRandom().randrange(10**6)))
    described = served.run(served._client.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(described)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 60
    wrong: dict[str, str] = {}
    asked = 0
    for operation in operations:
        if operation.label == "DELETE /v1/auth/session" or "sessions" in operation.label:
            continue  # the viewer would sign out in the middle

        @seeded(seed)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            nonlocal asked
            asked += 1
            case.validate_response(served.ask(case, served.secrets[who]), checks=CHECKS)

        try:
            check()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            parts = getattr(error, "exceptions", [error])
            wrong[operation.label] = str(parts[0])[:600]
    print(f"schemathesis as {who}: {len(operations)} operations, {asked} requests, seed {seed}")
    assert not wrong, "\n\n".join(f"{name} (seed {seed}): {why}" for name, why in wrong.items())


@pytest.mark.slow
@pytest.mark.parametrize("who", ["key", "viewer"])
def test_every_operation_answers_as_described(served: Served, who: str) -> None:
    fuzz(served, who, examples=4)


@pytest.mark.drill
@pytest.mark.parametrize("who", ["key", "viewer"])
def test_every_operation_answers_as_described_to_many(served: Served, who: str) -> None:
    fuzz(served, who, examples=EXAMPLES)

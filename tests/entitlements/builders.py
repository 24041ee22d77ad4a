"""Builders of what the tests of entitlements need, with keyword arguments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from entitlements.edge_keys import EdgeRing
from entitlements.grants import NewGrant
from entitlements.issue import Issuer, IssueRequest, Terms
from entitlements.keys import KeyRing, ensure_key, load_ring
from entitlements.ports import Kind, Watchable, Window
from entitlements.tables import ScopeKind, Transport
from infra.kernel.db import Database
from infra.kernel.seal import Sealer

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
SEALER = Sealer(b"a master secret for tests, 32+ b")
TERMS = Terms(media_url="https://cave.example/media", api_url="https://cave.example")
ISSUER = "https://cave.example/v/cave"
HOUR = timedelta(hours=1)


def watchable(**changes: Any) -> Watchable:
    facts: dict[str, Any] = {
        "event_id": "evt_1",
        "venue_id": "ven_1",
        "season_id": "sea_1",
        "path_prefix": "/ven_1/evt_1/",
        "live": Window(NOW - HOUR, NOW + 2 * HOUR),
        "replay": Window(NOW - HOUR, NOW + 100 * HOUR),
    }
    return Watchable(**(facts | changes))


def new_grant(**changes: Any) -> NewGrant:
    facts: dict[str, Any] = {
        "venue_id": "ven_1",
        "customer_id": "cus_1",
        "scope_kind": ScopeKind.EVENT,
        "scope_id": "evt_1",
        "starts_at": NOW - 24 * HOUR,
        "ends_at": NOW + 48 * HOUR,
        "opens_live": True,
        "opens_replay": True,
        "order_id": "ord_1",
        "source_key": "1:1",
    }
    return NewGrant(**(facts | changes))


def request(**changes: Any) -> IssueRequest:
    facts: dict[str, Any] = {
        "venue_id": "ven_1",
        "issuer": ISSUER,
        "customer_id": "cus_1",
        "event": watchable(),
        "kind": Kind.LIVE,
        "transport": Transport.HEADER,
        "device_id": "phone",
    }
    return IssueRequest(**(facts | changes))


def edge_ring(group: str = "main") -> EdgeRing:
    return EdgeRing(SEALER, group)


async def key_ring(database: Database, now: datetime = NOW) -> KeyRing:
    async with database.transaction() as tx:
        await ensure_key(tx, SEALER, now)
        return await load_ring(tx, SEALER)


async def issuer(database: Database, terms: Terms = TERMS) -> Issuer:
    return Issuer(await key_ring(database), edge_ring(), SEALER, terms)

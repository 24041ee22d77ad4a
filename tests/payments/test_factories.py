"""Credentials of every processor: what is wrong is said by field, and no test key goes live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings
from paywall.app.assembly import factories
from paywall.catalogue.tables import Mode
from paywall.payments.credentials import Gateways, WrongMode
from paywall.payments.tables import GatewayAccount

GOOD: dict[str, dict[str, Any]] = {
    "sandbox": {"secret_key": "sk_test_sandbox_x", "webhook_secret": "whsec_AAAA"},
    "stripe": {
        "secret_key": "sk_test_x",
        "publishable_key": "pk_test_x",
        "webhook_secrets": ["whsec_x"],
    },
    "adyen": {
        "merchant_account": "LaSalleECOM",
        "api_key": "AQE",
        "client_key": "test_X",
        "hmac_keys": ["44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"],
        "webhook_user": "adyen",
        "webhook_password": "long",
    },
}
LIVE: dict[str, dict[str, Any]] = {
    "stripe": {"secret_key": "rk_live_x", "publishable_key": "pk_live_x"},
    "adyen": {"environment": "live", "client_key": "live_X", "live_prefix": "1797a841fbb37ca7-X"},
}
WRONG: list[tuple[str, str, Any]] = [
    ("sandbox", "secret_key", "sk_live_x"),
    ("sandbox", "webhook_secret", "whsec_not base64!"),
    ("stripe", "secret_key", "pk_test_x"),
    ("stripe", "publishable_key", "pk_live_x"),
    ("stripe", "webhook_secrets", ["nonsense"]),
    ("stripe", "webhook_secrets", "whsec_x"),
    ("adyen", "merchant_account", ""),
    ("adyen", "client_key", "live_X"),
    ("adyen", "hmac_keys", ["not hexadecimal"]),
    ("adyen", "environment", "production"),
    ("adyen", "live_prefix", "1797a841"),
]


@pytest.fixture
async def gateways(database: Database, clock: HandClock) -> AsyncIterator[Gateways]:
    async with httpx.AsyncClient() as http:
        yield Gateways(database, clock, Sealer(b"m" * 32), factories(Settings(), http))


def told(gateways: Gateways, gateway: str, credentials: dict[str, Any]) -> Invalid:
    with pytest.raises(Invalid) as caught:
        gateways.build(gateway, credentials)
    return caught.value


@pytest.mark.parametrize(("gateway", "field", "value"), WRONG)
async def test_a_wrong_field_is_named(
    gateways: Gateways, gateway: str, field: str, value: Any
) -> None:
    assert told(gateways, gateway, GOOD[gateway] | {field: value}).field == field


@pytest.mark.parametrize(
    ("gateway", "field"), [(name, field) for name, fields in GOOD.items() for field in fields]
)
async def test_a_missing_field_and_one_of_another_kind_are_named(
    gateways: Gateways, gateway: str, field: str
) -> None:
    without = {name: value for name, value in GOOD[gateway].items() if name != field}
    assert told(gateways, gateway, without).field == field
    assert told(gateways, gateway, GOOD[gateway] | {field: 17}).field == field


async def _open(gateways: Gateways, db: Database, mode: Mode, name: str, **more: Any) -> None:
    async with db.transaction() as tx:
        gateways.open_account(
            tx,
            datetime(2026, 11, 20, tzinfo=UTC),
            venue_id="ven_1",
            venue_mode=mode,
            gateway=name,
            credentials=GOOD[name] | more,
        )


@pytest.mark.parametrize("name", sorted(GOOD))
async def test_a_live_venue_takes_no_test_keys(
    gateways: Gateways, database: Database, name: str
) -> None:
    await _open(gateways, database, Mode.TEST, name)
    with pytest.raises(WrongMode):
        await _open(gateways, database, Mode.LIVE, name)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", sorted(LIVE))
async def test_live_keys_may_wait_at_a_test_venue(
    gateways: Gateways, database: Database, name: str, mode: Mode
) -> None:
    await _open(gateways, database, mode, name, **LIVE[name])
    async with database.read() as tx:
        (account,) = await tx.scalars(select(GatewayAccount))
    assert not account.test

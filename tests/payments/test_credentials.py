"""Merchant accounts: sealed, routed, and never mixed between test and live."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.kernel.errors import Conflict, Invalid
from paywall.catalogue.tables import Mode
from paywall.payments.credentials import WrongMode
from paywall.payments.routing import NoRoute, choose
from paywall.payments.tables import AccountState, GatewayAccount
from tests.payments.conftest import Till

KEYS = {"secret_key": "sk_test_sandbox_x", "webhook_secret": "whsec_AAAA"}


def account(name: str = "a", **more: object) -> GatewayAccount:
    fields: dict[str, object] = {
        "id": f"gwa_{name}",
        "state": AccountState.ACTIVE,
        "test": True,
        "countries": [],
        "currencies": [],
        "priority": 100,
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return GatewayAccount(**(fields | more))


def test_the_first_that_fits_country_and_currency_takes_the_payment() -> None:
    everything = account("everything", priority=100)
    dutch = account("dutch", countries=["NL"], currencies=["EUR"], priority=10)
    both = [everything, dutch]
    assert choose(both, mode=Mode.TEST, currency="EUR", country="NL") is dutch
    assert choose(both, mode=Mode.TEST, currency="USD", country="NL") is everything
    assert choose(both, mode=Mode.TEST, currency="EUR", country="") is everything
    with pytest.raises(NoRoute):
        choose([dutch], mode=Mode.TEST, currency="EUR", country="")


def test_live_is_never_routed_to_test_keys_nor_test_to_live_ones() -> None:
    with pytest.raises(NoRoute):
        choose([account(test=True)], mode=Mode.LIVE, currency="EUR", country="FR")
    with pytest.raises(NoRoute):
        choose([account(test=False)], mode=Mode.TEST, currency="EUR", country="FR")


@pytest.mark.parametrize("state", [AccountState.PAUSED, AccountState.CLOSED])
def test_paused_and_closed_accounts_take_nothing(state: AccountState) -> None:
    with pytest.raises(NoRoute):
        choose([account(state=state)], mode=Mode.TEST, currency="EUR", country="FR")


async def test_a_live_venue_can_not_open_a_sandbox_account(till: Till) -> None:
    async with till.db.transaction() as tx:
        with pytest.raises(WrongMode):
            till.gateways.open_account(
                tx,
                till.clock.machine(),
                venue_id="ven_1",
                venue_mode=Mode.LIVE,
                gateway="sandbox",
                credentials=KEYS,
            )


async def test_a_gateway_nobody_knows_is_named_in_the_refusal(till: Till) -> None:
    with pytest.raises(Invalid, match="known are sandbox"):
        till.gateways.build("paybuddy", KEYS)


async def test_credentials_are_not_readable_in_the_row_and_replaced_ones_are_used(
    till: Till,
) -> None:
    secret = till.bench.credentials.secret_key
    assert secret not in till.account.credentials
    before = await till.gateways.of(till.account.id)
    async with till.db.transaction() as tx:
        row = await tx.get_one(GatewayAccount, till.account.id)
        till.gateways.replace_credentials(row, KEYS)
    assert await till.gateways.of(till.account.id) is before, "remembered for some seconds"
    till.clock.move(seconds=6)
    assert await till.gateways.of(till.account.id) is not before


async def test_a_closed_account_is_asked_nothing(till: Till) -> None:
    async with till.db.transaction() as tx:
        (await tx.get_one(GatewayAccount, till.account.id)).move(AccountState.CLOSED)
    with pytest.raises(Conflict, match="closed"):
        await till.gateways.of(till.account.id)

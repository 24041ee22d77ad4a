"""Which merchant account takes a payment."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict
from paywall.catalogue.tables import Mode
from paywall.payments.tables import AccountState, GatewayAccount


class NoRoute(Conflict):
    """The venue has no account that takes this currency from this country."""

    code = "no_payment_account"


def choose(
    accounts: Iterable[GatewayAccount], *, mode: Mode, currency: str, country: str
) -> GatewayAccount:
    """The fitting account of the lowest priority, the oldest of equals; else NoRoute. Pure.

    A live venue is never routed to the sandbox or to test keys, nor a test venue to live ones
    (law 13). An account with a list of countries does not take a payer whose country is unknown.
    """
    fitting = [
        account
        for account in accounts
        if account.state is AccountState.ACTIVE
        and account.test == (mode is Mode.TEST)
        and (not account.currencies or currency in account.currencies)
        and (not account.countries or country in account.countries)
    ]
    if not fitting:
        raise NoRoute(
            f"This venue can't take payments in {currency} here yet. "
            "The venue adds an account under Payments in its console."
        )
    return min(fitting, key=lambda account: (account.priority, account.created_at, account.id))


async def route(
    tx: Tx, *, venue_id: str, mode: Mode, currency: str, country: str = ""
) -> GatewayAccount:
    """`choose` among the venue's accounts."""
    found = await tx.scalars(select(GatewayAccount).where(GatewayAccount.venue_id == venue_id))
    return choose(found, mode=mode, currency=currency, country=country)

"""A venue's merchant accounts: listed, routed, paused. Each in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, NotFound, StaleEdit
from paywall.catalogue.tables import Venue
from paywall.payments.credentials import refuse_wrong_mode
from paywall.payments.tables import AccountState, GatewayAccount

PRIORITY_MAX = 1000
_LISTED_MAX = 60


@runtime_checkable
class TakesWebhookAddress(Protocol):
    """A gateway that can be told by us where its webhooks go; the others' owners paste it."""

    async def announce(self, *, name: str, webhook_url: str) -> None: ...


def hook_path(account: GatewayAccount) -> str:
    """Where the processor's webhooks are sent, below the public address."""
    return f"/v1/gateways/{account.hook_token}/webhook"


async def listed(tx: Tx, venue_id: str) -> list[GatewayAccount]:
    """Every account of the venue, in the order in which payments are offered to them."""
    query = (
        select(GatewayAccount)
        .where(GatewayAccount.venue_id == venue_id)
        .order_by(GatewayAccount.priority, GatewayAccount.created_at, GatewayAccount.id)
    )
    return list(await tx.scalars(query))


async def get(tx: Tx, venue_id: str, account_id: str, *, lock: bool = False) -> GatewayAccount:
    query = select(GatewayAccount).where(
        GatewayAccount.id == account_id, GatewayAccount.venue_id == venue_id
    )
    account = await tx.scalar(query.with_for_update() if lock else query)
    if account is None:
        raise NotFound("payment account")
    return account


async def reroute(
    tx: Tx,
    venue_id: str,
    account_id: str,
    version: int,
    *,
    label: str,
    countries: Sequence[str],
    currencies: Sequence[str],
    priority: int,
) -> GatewayAccount:
    """Change which payments go to the account; Invalid names the field."""
    account = await get(tx, venue_id, account_id, lock=True)
    if account.version != version:
        raise StaleEdit("Somebody changed this payment account meanwhile. Read it again.")
    check_codes("countries", countries, 2)
    check_codes("currencies", currencies, 3)
    if not 0 <= priority <= PRIORITY_MAX:
        raise Invalid("priority", f"Use a number between 0 and {PRIORITY_MAX}.")
    account.label = label[:80]
    account.countries = sorted(set(countries))
    account.currencies = sorted(set(currencies))
    account.priority = priority
    account.version += 1
    await tx.flush()
    return account


async def switch(tx: Tx, venue: Venue, account_id: str, to: AccountState) -> GatewayAccount:
    """Pause, resume or close; BadTransition where the state forbids it, WrongMode the venue's."""
    account = await get(tx, venue.id, account_id, lock=True)
    if to is AccountState.ACTIVE:
        refuse_wrong_mode(venue.mode, test=account.test)
    account.move(to)
    account.version += 1
    await tx.flush()
    return account


async def pause_tests(tx: Tx, venue_id: str) -> list[str]:
    """Pause every account with test keys; their ids. What it still owes (refunds) goes on."""
    paused = []
    for account in await listed(tx, venue_id):
        if account.test and account.state is AccountState.ACTIVE:
            account.move(AccountState.PAUSED)
            account.version += 1
            paused.append(account.id)
    await tx.flush()
    return paused


def check_codes(field: str, codes: Sequence[str], length: int) -> None:
    """Countries have two capital letters, currencies three."""
    if len(codes) > _LISTED_MAX:
        raise Invalid(field, f"List at most {_LISTED_MAX}; leave it empty for all.")
    for code in codes:
        if len(code) != length or not code.isascii() or not code.isalpha() or not code.isupper():
            raise Invalid(field, f"{code[:8]} is no code of {length} capital letters.")

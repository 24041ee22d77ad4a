"""Merchant accounts: sealed credentials, and the one place that turns them into gateways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.ids import new_id, new_secret
from infra.kernel.seal import Sealer
from paywall.catalogue.tables import Mode
from paywall.payments.port import Gateway
from paywall.payments.tables import AccountState, GatewayAccount

Factory = Callable[[dict[str, Any]], Gateway]
"""Builds an adapter from unsealed credentials; raises Invalid when one is missing or malformed."""
REMEMBERED_S = 5.0


def _purpose(account_id: str) -> str:
    return f"gateway credentials {account_id}"


class Gateways:
    """Gateways by merchant account. Accounts are read again after REMEMBERED_S seconds."""

    def __init__(
        self, db: Database, clock: Clock, sealer: Sealer, factories: Mapping[str, Factory]
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._factories = factories
        self._built: dict[str, tuple[int, Gateway]] = {}
        self._retired: list[Gateway] = []
        self._accounts: dict[str, tuple[float, GatewayAccount]] = {}
        self._by_token: dict[str, str] = {}

    def open_account(
        self,
        tx: Tx,
        now: datetime,
        *,
        venue_id: str,
        venue_mode: Mode,
        gateway: str,
        credentials: dict[str, Any],
        label: str = "",
        public: dict[str, str] | None = None,
        countries: list[str] | None = None,
        currencies: list[str] | None = None,
        priority: int = 100,
    ) -> GatewayAccount:
        """Add a merchant account in the caller's transaction; Invalid when it can't be used.

        A live venue refuses the sandbox and test keys (law 13).
        """
        built = self.build(gateway, credentials)
        refuse_wrong_mode(venue_mode, test=built.test)
        account_id = new_id("gwa")
        account = GatewayAccount(
            id=account_id,
            venue_id=venue_id,
            gateway=gateway,
            label=label,
            test=built.test,
            credentials=self._seal(account_id, credentials),
            public=public or {},
            countries=countries or [],
            currencies=currencies or [],
            priority=priority,
            hook_token=new_secret(24),
            state=AccountState.ACTIVE,
            created_at=now,
            version=1,
        )
        tx.add(account)
        return account

    def replace_credentials(self, account: GatewayAccount, credentials: dict[str, Any]) -> None:
        """New keys of the same account and environment; the caller commits."""
        if self.build(account.gateway, credentials).test != account.test:
            raise Invalid(
                "credentials", "These keys belong to the other environment; open a new account."
            )
        account.credentials = self._seal(account.id, credentials)
        account.version += 1

    def build(self, gateway: str, credentials: dict[str, Any]) -> Gateway:
        """A gateway from plain credentials, kept nowhere; Invalid when they can't be used."""
        factory = self._factories.get(gateway)
        if factory is None:
            known = ", ".join(sorted(self._factories))
            raise Invalid("gateway", f"There is no gateway “{gateway}”; known are {known}.")
        return factory(credentials)

    async def account(self, account_id: str) -> GatewayAccount:
        """The account, detached; at most REMEMBERED_S seconds old."""
        known = self._accounts.get(account_id)
        if known is not None and self._clock.monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        async with self._db.read() as tx:
            found = await tx.get(GatewayAccount, account_id)
        if found is None:
            raise NotFound("payment account")
        self._accounts[account_id] = self._clock.monotonic(), found
        return found

    async def account_of_hook(self, token: str) -> GatewayAccount:
        """The account that a webhook address names, or NotFound."""
        account_id = self._by_token.get(token)
        if account_id is None:
            async with self._db.read() as tx:
                account_id = await tx.scalar(
                    select(GatewayAccount.id).where(GatewayAccount.hook_token == token)
                )
            if account_id is None:
                raise NotFound("webhook address")
            self._by_token[token] = account_id
        return await self.account(account_id)

    async def of(self, account_id: str) -> Gateway:
        """The gateway of an account that was not closed."""
        account = await self.account(account_id)
        if account.state is AccountState.CLOSED:
            raise Conflict("This payment account was closed.", code="account_closed")
        built = self._built.get(account_id)
        if built is not None and built[0] == account.version:
            return built[1]
        plain = self._sealer.unseal(account.credentials, _purpose(account_id))
        gateway = self.build(account.gateway, msgspec.json.decode(plain))
        assert gateway.test == account.test, "an account changed its environment"
        if built is not None:
            self._retired.append(built[1])  # calls of others may still be running on it
        self._built[account_id] = account.version, gateway
        return gateway

    def _seal(self, account_id: str, credentials: dict[str, Any]) -> str:
        return self._sealer.seal(msgspec.json.encode(credentials), _purpose(account_id))

    async def close(self) -> None:
        for gateway in [*self._retired, *(gateway for _, gateway in self._built.values())]:
            await gateway.close()
        self._retired.clear()
        self._built.clear()


class WrongMode(Conflict):
    """The sandbox or test keys at a live venue (law 13)."""

    code = "wrong_mode"


def refuse_wrong_mode(mode: Mode, *, test: bool) -> None:
    """Raise WrongMode for test keys at a live venue.

    Live keys may wait at a test venue for its first day; no payment is routed to them until then.
    """
    if mode is Mode.LIVE and test:
        raise WrongMode("The venue is live; the sandbox and test keys can't be used here.")

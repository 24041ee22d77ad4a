"""The console over a venue with staff in every role; each signs in as strongly as a test needs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from infra.kernel.settings import Settings
from paywall.accounts.identify import SESSION_PREFIX, fingerprint
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Role
from paywall.accounts.tables import Account, AuthSession, Membership
from paywall.accounts.totp import sealed_secret
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Mode, Venue
from tests.apps import app_over

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FORM_ID = re.compile(r'name="form_id" value="([a-z]+_[0-9a-z]{26})"')


class Console:
    """One product, one venue with a neighbour, and browsers of its staff."""

    def __init__(self, db: Database, clock: HandClock, folder: Path) -> None:
        self.db, self.clock = db, clock
        settings = Settings(data_dir=folder, public_url="http://test", rate_scale=0)
        self.parts = assemble(settings, clock=clock, db=db)
        self.app = app_over(self.parts)
        self.venue_id, self.neighbour_id = new_id("ven"), new_id("ven")
        self._stack = AsyncExitStack()
        self._people = 0

    async def open(self) -> None:
        async with self.db.transaction() as tx:
            tx.add(self._venue(self.venue_id, "verriere", "La Verrière"))
            tx.add(self._venue(self.neighbour_id, "autre", "L'Autre"))

    def _venue(self, venue_id: str, slug: str, name: str) -> Venue:
        return Venue(
            id=venue_id, slug=slug, name=name, mode=Mode.TEST, country="FR",
            timezone="Europe/Paris", currency="EUR", vat_bps=550, platform_fee_bps=300,
            created_at=self.clock.machine(),
        )  # fmt: skip

    @property
    def at(self) -> str:
        return f"/console/{self.venue_id}"

    async def sign_in(
        self, *roles: Role, strong: bool = True, fresh: bool = True, totp: bool = False,
        place: str = "",
    ) -> httpx.AsyncClient:  # fmt: skip
        """A browser of somebody with these roles; without any, of a viewer."""
        self._people += 1
        now = self.clock.machine()
        account_id, secret = new_id("acc"), SESSION_PREFIX + f"{self._people}" * 40
        async with self.db.transaction() as tx:
            account = Account(
                id=account_id, email=f"person{self._people}@example.org", email_proven_at=now,
                created_at=now,
            )  # fmt: skip
            if totp:
                account.totp_sealed = sealed_secret(self.parts.sealer, account_id, TOTP_SECRET)
                account.totp_confirmed_at = now
            tx.add(account)
            for role in roles:
                tx.add(
                    Membership(
                        id=new_id("mem"), venue_id=place or self.venue_id, account_id=account_id,
                        role=role, created_at=now,
                    )
                )  # fmt: skip
            tx.add(
                AuthSession(
                    id=new_id("ses"), secret_hash=fingerprint(secret), account_id=account_id,
                    created_at=now, expires_at=now + timedelta(days=30), last_seen_at=now,
                    strong_until=now + timedelta(hours=12) if strong else None,
                    fresh_until=now + timedelta(minutes=10) if fresh else None,
                )
            )  # fmt: skip
        return await self.client(secret)

    async def client(self, secret: str = "") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("203.0.113.7", 50000))
        return await self._stack.enter_async_context(
            httpx.AsyncClient(
                transport=transport,
                base_url="http://test",
                headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"},
                cookies={"pw_session": secret} if secret else {},
            )
        )

    async def operator(self) -> httpx.AsyncClient:
        return await self.sign_in(Role.OPERATOR, place=INSTALLATION)

    async def close(self) -> None:
        await self._stack.aclose()
        await self.parts.close()


async def submit(client: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    """Open a form, then send it with the id that it brought along."""
    page = await client.get(path)
    assert page.status_code == 200, page.text
    found = FORM_ID.search(page.text)
    if found is not None:
        fields.setdefault("form_id", found[1])
    version = re.search(r'name="version" value="(\d+)"', page.text)
    if version is not None:
        fields.setdefault("version", version[1])
    action = re.search(r'<form class="form console-form" method="post" action="([^"]+)"', page.text)
    assert action is not None, page.text
    return await client.post(action[1].replace("&amp;", "&"), data=fields)


@pytest.fixture
async def console(database: Database, clock: HandClock, tmp_path: Path) -> AsyncIterator[Console]:
    made = Console(database, clock, tmp_path)
    await made.open()
    yield made
    await made.close()

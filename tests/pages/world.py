"""The demo's hall without servers: pages over a fresh SQLite, asked through ASGI."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from offers.tables import Offer, OfferKind
from paywall.accounts.sessions import open_session
from paywall.accounts.tables import Account
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Event
from paywall.cli import seed
from paywall.http.parts import Parts
from tests.apps import app_over
from tests.support_bot.fake_bots import FakeBots

BROWSER = {
    "accept": "text/html,application/xhtml+xml",
    "accept-language": "en-GB,en;q=0.9",
    "sec-fetch-site": "same-origin",
}


class Hall:
    """The demo venue, its app, and a browser that keeps cookies."""

    def __init__(self, parts: Parts, clock: HandClock, bots: FakeBots) -> None:
        self.parts = parts
        self.bots = bots
        self.clock = clock
        self.app = app_over(parts)
        self.browser = self.new_browser()

    def new_browser(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=("127.0.0.1", 50000))
        return httpx.AsyncClient(
            transport=transport, base_url="http://localhost:8000", headers=BROWSER | headers
        )

    async def event(self, slug: str) -> Event:
        async with self.parts.db.read() as tx:
            return (await tx.scalars(select(Event).where(Event.slug == slug))).one()

    async def offer(self, slug: str, kind: OfferKind = OfferKind.STREAM_TICKET) -> Offer:
        event = await self.event(slug)
        scopes = [event.id, event.season_id]
        query = select(Offer).where(Offer.scope_id.in_(scopes), Offer.kind == kind)
        async with self.parts.db.read() as tx:
            return (await tx.scalars(query)).one()

    async def change(self, row: Any, **values: Any) -> None:
        """Edit a stored row past the use cases."""
        async with self.parts.db.transaction() as tx:
            stored = await tx.get_one(type(row), row.id)
            for name, value in values.items():
                setattr(stored, name, value)

    async def sign_in(self, email: str) -> None:
        async with self.parts.db.transaction() as tx:
            account = (await tx.scalars(select(Account).where(Account.email == email))).one()
            opened = await open_session(tx, account.id, self.clock.machine(), strong=False)
        self.browser.cookies.set("pw_session", opened.secret)


@asynccontextmanager
async def open_hall(folder: Path, clock: HandClock) -> AsyncIterator[Hall]:
    db = Database(f"sqlite+aiosqlite:///{folder / 'pages.sqlite3'}")
    await db.create_all()
    settings = Settings(data_dir=folder, sandbox_url="http://127.0.0.1:9", rate_scale=0)
    bots = FakeBots()
    parts = assemble(settings, clock=clock, db=db, bots=bots)
    async with db.transaction() as tx:
        await seed.write_demo(tx, parts, "")
    hall = Hall(parts, clock, bots)
    try:
        yield hall
    finally:
        await hall.browser.aclose()
        await parts.close()


def form_of(html: str) -> dict[str, str]:
    """The hidden fields of the checkout form."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
    return dict(found)

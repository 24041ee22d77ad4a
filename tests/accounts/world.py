"""What tests of accounts stand on: the use cases over a database, a mailbox, short cuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from argon2 import PasswordHasher

from infra.kernel.clock import HandClock
from infra.kernel.db import Database, Tx
from infra.kernel.ids import new_id
from infra.kernel.seal import Sealer
from paywall.accounts.identify import identify
from paywall.accounts.limits import MemoryLimiter
from paywall.accounts.passwords import Passwords
from paywall.accounts.people import People, make_people
from paywall.accounts.principal import INSTALLATION, NOBODY, Principal
from paywall.accounts.roles import Role
from paywall.accounts.sessions import Caller, OpenedSession, mark_fresh
from paywall.accounts.tables import Membership
from paywall.catalogue.tables import Mode, Venue

HERE = Caller("203.0.113.7", "Firefox")
PASSWORD = "tide lantern oboe gravel"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Mail:
    to: str
    template: str
    venue_id: str
    data: dict[str, Any]
    cause_id: str

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(str(self.data["url"])).query)["token"][0]


@dataclass
class Mailbox:
    """Notices kept in a list."""

    mails: list[Mail] = field(default_factory=list)

    async def mail(
        self,
        tx: Tx,
        *,
        venue_id: str,
        to: str,
        template: str,
        cause_id: str,
        data: Mapping[str, Any],
        now: datetime,
        locale: str = "",
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        self.mails.append(Mail(to, template, venue_id, {**data, **(secrets or {})}, cause_id))

    @property
    def last(self) -> Mail:
        return self.mails[-1]


@dataclass
class World:
    db: Database
    clock: HandClock
    mailbox: Mailbox
    people: People

    async def who(self, opened: OpenedSession | str) -> Principal:
        secret = opened if isinstance(opened, str) else opened.secret
        async with self.db.glance() as connection:
            found = await identify(connection, [secret], self.clock.machine())
        return found.get(secret, NOBODY)

    async def sign_in(self, email: str) -> OpenedSession:
        """By mailed link, so the address is proven."""
        await self.people.links.request(email, HERE)
        return await self.people.links.redeem(self.mailbox.last.token, HERE)

    async def with_password(self, email: str, password: str = PASSWORD) -> OpenedSession:
        browser = await self.people.links.register(email, password, HERE)
        return await self.people.links.redeem(self.mailbox.last.token, HERE, browser=browser)

    async def venue(self, mode: Mode = Mode.TEST) -> str:
        venue_id = new_id("ven")
        async with self.db.transaction() as tx:
            tx.add(
                Venue(
                    id=venue_id,
                    slug=venue_id[-20:],
                    name="Salle des Ondes",
                    mode=mode,
                    country="FR",
                    timezone="Europe/Paris",
                    currency="EUR",
                    created_at=self.clock.machine(),
                )
            )
        return venue_id

    async def staff(self, email: str, venue_id: str, *roles: Role) -> Principal:
        """Signed in, strong and fresh, with these roles."""
        opened = await self.sign_in(email)
        async with self.db.transaction() as tx:
            for role in roles:
                tx.add(
                    Membership(
                        id=new_id("mem"),
                        venue_id=venue_id,
                        account_id=opened.account_id,
                        role=role,
                        created_at=self.clock.machine(),
                    )
                )
        return await self.strong(opened)

    async def operator(self, email: str = "op@example.org") -> Principal:
        return await self.staff(email, INSTALLATION, Role.OPERATOR)

    async def strong(self, opened: OpenedSession) -> Principal:
        async with self.db.transaction() as tx:
            await mark_fresh(tx, opened.session_id, self.clock.machine(), strong=True)
        return await self.who(opened)


def make_world(db: Database, clock: HandClock) -> World:
    mailbox = Mailbox()
    people = make_people(
        db,
        clock,
        sealer=Sealer(b"k" * 32),
        limiter=MemoryLimiter(clock),
        notices=mailbox,
        public_url="http://localhost:8000",
        name="Paywall",
        passwords=Passwords(CHEAP),
    )
    return World(db, clock, mailbox, people)

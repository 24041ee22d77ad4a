"""A venue whose cases are worked: its jobs, its outbox, mails put in by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from infra.kernel.seal import Sealer
from paywall.accounts.roles import Role
from paywall.accounts.tables import Account, Membership
from paywall.app.wording import CatalogueWording
from paywall.bridges.support_cases import CaseWork
from paywall.bridges.support_jobs import SupportJobs
from paywall.bridges.support_letters import CaseLetters
from paywall.bridges.support_people import SupportPeople
from paywall.catalogue.tables import Event, EventState, Mode, Venue
from paywall.notices.outbox import Outbox
from paywall.notices.tables import EndpointState, OutboxRow, WebhookEndpoint
from support_bot import cases, mail_in
from support_bot.case_tables import Case, CaseMessage, MailIn
from support_bot.mail_in import Names
from support_bot.ports import Advice, Suggestion
from tests.support_bot.cases.builders import VENUE, asked, keep_hours

BASE = "support@tickets.example"
KEY = b"k" * 32


class Scripted:
    """A bot that suggests what it was told to, and an ear that keeps what it was taught."""

    def __init__(self) -> None:
        self.answers: list[Suggestion] = []
        self.advice: Advice | None = Advice(outcome="hand_over", lang="fr", found=())
        self.away = False
        self.asked: list[str] = []
        self.taught: list[dict[str, Any]] = []

    async def suggest(self, *, venue_id: str, lang: str, text: str) -> Sequence[Suggestion]:
        self.asked.append(text)
        return self.answers

    async def advise(self, *, venue_id: str, lang: str, text: str) -> Advice | None:
        self.asked.append(text)
        return None if self.away else self.advice

    async def confirm_answer(self, tx: Any, **facts: Any) -> object:
        self.taught.append(facts)
        return None


class Desk:
    """One venue in Paris, open on weekdays; it is Friday evening, 18:00 UTC."""

    def __init__(self, db: Database, clock: HandClock) -> None:
        self.db, self.clock, self.bot = db, clock, Scripted()
        self.names = Names(KEY, BASE, "tickets.example", ("tickets@tickets.example", BASE))
        letters = CaseLetters(Outbox(Sealer(b"m" * 32)), self.names, "https://t.example")
        self.work = CaseWork(
            letters, SupportPeople(clock, BASE), self.names, CatalogueWording(), self.bot, self.bot
        )
        self.jobs = SupportJobs(db, clock, self.work)

    async def open(self) -> None:
        now = self.clock.machine()
        async with self.db.transaction() as tx:
            tx.add(
                Venue(
                    id=VENUE, slug="verriere", name="La Verrière", mode=Mode.TEST, country="FR",
                    timezone="Europe/Paris", locale="fr", currency="EUR", created_at=now,
                )
            )  # fmt: skip
            await keep_hours(tx)

    async def case(self, **given: Any) -> Case:
        async with self.db.transaction() as tx:
            return await asked(tx, **({"now": self.clock.machine()} | given))

    async def again(self, case: Case) -> Case:
        async with self.db.read() as tx:
            return await tx.get_one(Case, case.id)

    async def all_cases(self) -> list[Case]:
        async with self.db.read() as tx:
            return list(await tx.scalars(select(Case).order_by(Case.number)))

    async def said(self, case: Case) -> list[CaseMessage]:
        async with self.db.read() as tx:
            query = select(CaseMessage).where(CaseMessage.case_id == case.id)
            return list(await tx.scalars(query.order_by(CaseMessage.at, CaseMessage.id)))

    async def reply(self, case: Case, text: str = "Try Firefox.", **more: Any) -> None:
        async with self.db.transaction() as tx:
            now = self.clock.machine()
            wanted = cases.Reply(text=text, agent_id="acc_agent", **more)
            await self.work.reply(tx, VENUE, case.id, wanted, now, now)

    async def run(self) -> None:
        """Everything that is due."""
        now = self.clock.machine()
        while (
            await self.jobs.mails(now)
            + await self.jobs.arrivals(now, 0)
            + await self.jobs.live(now, 0)
            + await self.jobs.alarms(now, 0)
            + await self.jobs.follow_ups(now, 0)
        ):
            pass

    async def mail_comes(self, raw: bytes, *, venue_id: str = mail_in.ANYWHERE) -> MailIn:
        """Stored and handled; what became of it."""
        async with self.db.transaction() as tx:
            now = self.clock.machine()
            await mail_in.store(tx, raw, source="imap", now=now, venue_id=venue_id)
        await self.run()
        async with self.db.read() as tx:
            return (await tx.scalars(select(MailIn).order_by(MailIn.id.desc()).limit(1))).one()

    async def mails(self, template: str) -> list[OutboxRow]:
        async with self.db.read() as tx:
            query = select(OutboxRow).where(OutboxRow.template == template)
            return list(await tx.scalars(query.order_by(OutboxRow.id)))

    async def staff(self, email: str, role: Role = Role.SUPPORT) -> str:
        now, account_id = self.clock.machine(), new_id("acc")
        async with self.db.transaction() as tx:
            tx.add(Account(id=account_id, email=email, locale="fr", created_at=now))
            tx.add(
                Membership(
                    id=new_id("mem"), venue_id=VENUE, account_id=account_id, role=role,
                    created_at=now,
                )
            )  # fmt: skip
        return account_id

    async def concert(self, in_minutes: float, lasts_minutes: float = 120) -> str:
        """Published, with doors half an hour before."""
        starts = self.clock.machine() + timedelta(minutes=in_minutes)
        event_id = new_id("evt")
        async with self.db.transaction() as tx:
            tx.add(
                Event(
                    id=event_id, venue_id=VENUE, slug=event_id[-20:], name="Maud & the Tides",
                    timezone="Europe/Paris", starts_at=starts, doors_s=1800,
                    ends_at=starts + timedelta(minutes=lasts_minutes),
                    state=EventState.PUBLISHED, created_at=self.clock.machine(),
                )
            )  # fmt: skip
        return event_id

    async def hook(self) -> None:
        async with self.db.transaction() as tx:
            tx.add(
                WebhookEndpoint(
                    id=new_id("whe"), venue_id=VENUE, url="https://x.example", kinds=[],
                    secret_sealed="", state=EndpointState.ENABLED, failures=0,
                    created_at=self.clock.machine(),
                )
            )  # fmt: skip

"""People of a hall's audience as the last refresh knows them, and the worker that acts on them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from churn.tables import PERSON_TODAY, PersonToday
from churn.triggers import define
from churn.triggers.acts import Act, LetterText, Mail
from churn.triggers.arms import arm_of
from churn.triggers.tables import Arm, Assignment, Touch, Trigger
from infra.kernel.bounds import MoneyAsk
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from paywall.accounts.consents import Purpose, Source, Word, record_consents
from paywall.accounts.customers import accounts_for, customers_for
from paywall.accounts.tables import Account
from paywall.notices.dev_mailbox import DevMail
from paywall.worker.tick import Worker
from support_bot.case_tables import Case, CaseState, Channel
from tests.stories.hall import Hall, worker_of

JOBS = frozenset({"actions", "mails"})
LETTER = {
    "en": LetterText("Your card, {name}", "Hello {name}, your card for **{plan}** ends soon."),
    "fr": LetterText("Votre carte, {name}", "Bonjour {name}, votre carte arrive à son terme."),
}
SUBSCRIBER = {
    "subscribed": 1.0, "plan": "Live", "price_month_minor": 1200.0, "risk": 0.4,
    "risk_before": 0.2, "payment_risk": 0.5, "value_month_minor": 1200.0, "may_write": 1.0,
}  # fmt: skip


class Audience:
    """Adds people, defines actions, lets the worker go round, reads what was done."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.db: Database = hall.db
        self._stack = AsyncExitStack()
        self._worker: Worker | None = None

    async def add(self, name: str, *, agrees: bool | None = True, **known: Any) -> str:
        """Somebody with an account and a row of features; their pseudonym."""
        hall, now = self.hall, self.hall.clock.machine()
        email, person = f"{name}@example.org", f"p-{name}"
        async with self.db.transaction() as tx:
            account = (await accounts_for(tx, [email], now))[email]
            values = {"email_proven_at": now, "name": name.title(), "locale": "fr"}
            await tx.execute(update(Account).where(Account.id == account).values(values))
            pair = (hall.venue_id, account)
            customer = (await customers_for(tx, [pair], now))[pair]
            row = SUBSCRIBER | known
            tx.add(
                PersonToday(
                    venue_id=hall.venue_id, person=person, customer_id=customer, as_of=now,
                    currency="EUR", reasons=[], model_id="", **row,
                )
            )  # fmt: skip
        if agrees is not None:
            await self.says(name, agrees)
        return person

    async def says(self, name: str, yes: bool) -> None:
        """A yes or a no to the venue's news."""
        now = self.hall.clock.machine()
        async with self.db.transaction() as tx:
            account = (await accounts_for(tx, [f"{name}@example.org"], now))[f"{name}@example.org"]
            word = Word(
                account_id=account, venue_id=self.hall.venue_id, purpose=Purpose.MARKETING,
                granted=yes, source=Source.ACCOUNT_PAGE, wording="t", at=now,
            )  # fmt: skip
            await record_consents(tx, [word])

    async def known(self, name: str, **values: Any) -> None:
        """What the next refresh found."""
        async with self.db.transaction() as tx:
            await tx.execute(
                update(PERSON_TODAY)
                .where(
                    PERSON_TODAY.c.venue_id == self.hall.venue_id,
                    PERSON_TODAY.c.person == f"p-{name}",
                )
                .values(values)
            )

    async def asks_for_help(self, name: str) -> str:
        """A case of theirs that nobody has answered yet."""
        now = self.hall.clock.machine()
        customer = (
            select(PersonToday.customer_id)
            .where(PersonToday.person == f"p-{name}")
            .scalar_subquery()
        )
        async with self.db.transaction() as tx:
            case = Case(
                id=new_id("cas"), venue_id=self.hall.venue_id, number=1001, state=CaseState.NEW,
                channel=Channel.WEB, subject="No picture", lang="fr", topic="no-picture",
                customer_id=await tx.scalar(select(customer)), email=f"{name}@example.org",
                opened_at=now, changed_at=now,
            )  # fmt: skip
            tx.add(case)
        return case.id

    async def settled(self, case_id: str) -> None:
        """An agent answered it for good."""
        async with self.db.transaction() as tx:
            (await tx.get_one(Case, case_id)).state = CaseState.SOLVED

    async def action(self, act: Act | None = None, **more: Any) -> str:
        """A running action; without more said, a mail when a card expires, to everybody."""
        values: dict[str, Any] = {
            "name": "Card", "occasion": "card_expires", "act": act or Mail(LETTER, service=False),
            "cost": MoneyAsk(10, "EUR"), "budget": MoneyAsk(100_000, "EUR"),
            "quiet_from": "", "quiet_until": "", "rest_days": 0,
        }  # fmt: skip
        new = define.NewTrigger(**(values | more))
        now = self.hall.clock.machine()
        async with self.db.transaction() as tx:
            trigger = await define.create(tx, self.hall.venue_id, new_id("trg"), new, now=now)
            await define.start(tx, trigger, now=now, machine_now=now)
        return trigger.id

    async def everybody_is_treated(self, trigger_id: str) -> None:
        """A seed under which nobody of this audience is held out."""
        async with self.db.transaction() as tx:
            trigger = await tx.get_one(Trigger, trigger_id)
            people = (await tx.scalars(select(PersonToday.person))).all()
            number = 0
            while any(arm_of(f"s{number}", p, 1500) is not Arm.TREATED for p in people):
                number += 1
            trigger.seed = f"s{number}"
            await tx.flush()

    async def tick(self) -> None:
        if self._worker is None:
            self._worker = worker_of(self.hall.parts, self._stack, JOBS)
        await self._worker.run_all_once()

    async def hours(self, count: float) -> None:
        """Hours pass, one round of the worker in each."""
        for _ in range(int(count)):
            self.hall.clock.move(hours=1)
            await self.tick()

    async def mails(self, name: str = "") -> list[DevMail]:
        query = select(DevMail).order_by(DevMail.id)
        if name:
            query = query.where(DevMail.recipient == f"{name}@example.org")
        async with self.db.read() as tx:
            return list(await tx.scalars(query))

    async def touches(self, trigger_id: str) -> dict[str, Touch]:
        """The latest touch of each person by name."""
        query = select(Touch).where(Touch.trigger_id == trigger_id).order_by(Touch.id)
        async with self.db.read() as tx:
            return {row.person.removeprefix("p-"): row for row in await tx.scalars(query)}

    async def drawn(self, trigger_id: str) -> Sequence[Assignment]:
        query = select(Assignment).where(Assignment.trigger_id == trigger_id)
        async with self.db.read() as tx:
            return (await tx.scalars(query.order_by(Assignment.id))).all()

    async def close(self) -> None:
        await self._stack.aclose()


SOON = timedelta(days=20)

"""What is due of cases: new ones told of, deadlines watched, solved ones asked about and closed.

Each job is a query for due rows and one transaction a row, so that two workers, or one that was
killed, do nothing twice: every mail and webhook has its cause, and the outbox knows it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from paywall.bridges.support_cases import CaseWork
from paywall.bridges.support_people import alarmed, live_venues, live_windows
from paywall.catalogue.tables import Venue
from support_bot import case_replies, cases, mail_answers, mail_in
from support_bot.case_clock import reply_due
from support_bot.case_presence import forget
from support_bot.case_tables import (
    OURS,
    Author,
    Case,
    CaseMessage,
    CaseState,
    Channel,
    MailIn,
    MailState,
)
from support_bot.mail_reading import UnreadableMail, read, reads_nobody
from support_bot.ports import Advice, Postbox

log = structlog.get_logger("paywall.support")

BATCH = 20
FETCHED = 10
"""Mails fetched at once: a few of them fill a worker's memory."""
RECEIPTS_MAX = 3
"""Receipts that one address gets in an hour for mails: two machines that answer each other stop
here, whatever their headers say (RFC 3834, section 2)."""


class SupportJobs:
    """The worker's side of cases."""

    def __init__(self, db: Database, clock: Clock, work: CaseWork) -> None:
        self._db = db
        self._clock = clock
        self._work = work

    async def arrivals(self, now: datetime, offset_s: int) -> int:
        """Tell of what customers wrote; put it under the live rule where an event is on."""
        async with self._db.read() as tx:
            ids = await self._due(tx, Case.arrived_due_at <= now, offset_s)
        done = 0
        for case_id in ids:
            advice = await self._advice(case_id)
            async with self._db.transaction() as tx:
                case = await self._again(tx, case_id)
                if case is not None and case.arrived_due_at is not None:
                    await self._arrived(tx, case, advice, now)
                    done += 1
        return done

    async def _advice(self, case_id: str) -> Advice | None:
        """What the bot makes of a new case's mail. Asked with no transaction open."""
        async with self._db.read() as tx:
            case = await tx.get_one(Case, case_id)
            if not mail_answers.asks_bot(case):
                return None
            query = select(CaseMessage.text).where(
                CaseMessage.case_id == case_id, CaseMessage.author == Author.VIEWER
            )
            text = await tx.scalar(query.order_by(CaseMessage.at, CaseMessage.id).limit(1))
        return await self._work.suggests.advise(
            venue_id=case.venue_id, lang=case.lang, text=f"{case.subject}\n{text}"
        )

    async def _arrived(self, tx: Tx, case: Case, advice: Advice | None, now: datetime) -> None:
        settings = await cases.settings_of(tx, case.venue_id)
        asks = advice is None and mail_answers.asks_bot(case)
        if asks and mail_answers.waits(case, settings, now):
            return
        asked_at = case.changed_at
        case.arrived_due_at = None
        if case.state in OURS and case.reply_due_at is not None:
            windows = await live_windows(tx, case.venue_id, asked_at)
            due = reply_due(cases.promise_of(settings), asked_at, windows)
            if due.at < case.reply_due_at:
                case.reply_due_at, case.live = due.at, due.live
                case.was_live = case.was_live or due.live
            cases.watch(case)
        machine_now = self._clock.machine()
        first, case.told = not case.told, True
        if first:
            await self._work.letters.opened(tx, case, machine_now)
        if first and case.state is CaseState.NEW:
            bot = self._work.bot_mails
            articles = await bot.handle(tx, case, advice, settings, now, machine_now)
            if articles is not None and await self._may_receipt(tx, case, now):
                await bot.receipt(tx, case, articles, now, machine_now)

    async def _may_receipt(self, tx: Tx, case: Case, now: datetime) -> bool:
        if case.channel is not Channel.MAIL:
            return True
        if reads_nobody(case.email):
            return False
        query = select(func.count()).where(
            Case.venue_id == case.venue_id,
            func.lower(Case.email) == case.email.lower(),
            Case.channel == Channel.MAIL,
            Case.opened_at > now - timedelta(hours=1),
        )
        return (await tx.execute(query)).scalar_one() <= RECEIPTS_MAX

    async def replies(self, now: datetime) -> int:
        """Let agents' answers leave whose seconds for taking back are over. `now`: machine time."""
        async with self._db.read() as tx:
            found = await case_replies.due(tx, now)
        for case_id, reply_id in found:
            async with self._db.transaction() as tx:
                await self._work.leaves(tx, case_id, reply_id, now)
        return len(found)

    async def live(self, now: datetime, offset_s: int) -> int:
        """Where doors are open, what still waits is answered within the live rule."""
        moved = 0
        async with self._db.read() as tx:
            venues = await live_venues(tx, now, offset_s)
        for venue_id in venues:
            async with self._db.transaction() as tx:
                promise = cases.promise_of(await cases.settings_of(tx, venue_id))
                query = (
                    select(Case)
                    .where(
                        Case.venue_id == venue_id,
                        Case.state.in_(OURS),
                        Case.reply_due_at > now + promise.live_reply,
                    )
                    .order_by(Case.id)
                    .limit(200)
                    .with_for_update(skip_locked=True)
                )
                for case in await tx.scalars(query):
                    case.reply_due_at = now + promise.live_reply
                    case.live = case.was_live = True
                    cases.watch(case)
                    moved += 1
        return moved

    async def alarms(self, now: datetime, offset_s: int) -> int:
        """Tell the venue's people of each deadline that passed, once."""
        async with self._db.read() as tx:
            ids = await self._due(tx, Case.alarm_due_at < now, offset_s)
        done = 0
        for case_id in ids:
            async with self._db.transaction() as tx:
                case = await self._again(tx, case_id)
                if case is not None and case.alarm_due_at is not None and case.alarm_due_at < now:
                    await self._alarm(tx, case, now)
                    done += 1
        return done

    async def _alarm(self, tx: Tx, case: Case, now: datetime) -> None:
        at = case.alarm_due_at
        assert at is not None
        what = "reply" if at == case.reply_due_at else "solve"
        venue = await tx.get_one(Venue, case.venue_id)
        settings = await cases.settings_of(tx, case.venue_id)
        people = await alarmed(tx, venue, settings)
        machine_now = self._clock.machine()
        await self._work.letters.late(tx, case, venue, people, what, at, machine_now)
        cases.step(tx, case, "clock", "late", now, what=what)
        case.alarmed_through = at
        cases.watch(case)

    async def follow_ups(self, now: datetime, offset_s: int) -> int:
        """Ask how it went, a while after a case was solved; close it days later."""
        async with self._db.read() as tx:
            ids = await self._due(tx, Case.follow_up_at <= now, offset_s)
        done = 0
        for case_id in ids:
            async with self._db.transaction() as tx:
                case = await self._again(tx, case_id)
                if case is None or case.follow_up_at is None or case.state not in cases.FOLLOWED:
                    continue
                settings = await cases.settings_of(tx, case.venue_id)
                pause = timedelta(days=settings.close_after_days)
                if cases.follow_up(tx, case, pause, now):
                    await self._work.letters.asks_rating(tx, case, self._clock.machine())
                done += 1
        return done

    async def fetch(self, postbox: Postbox, now: datetime) -> int:
        """Store what came into the mailbox, then mark it there. `now` is machine time.

        A mail that was stored but not marked comes again, and is known by its Message-ID.
        """
        found = await postbox.fetch(FETCHED)
        for one in found:
            async with self._db.transaction() as tx:
                await mail_in.store(tx, one.raw, source="imap", now=now)
        if found:
            await postbox.stored([one.uid for one in found])
        return len(found)

    async def mails(self, now: datetime) -> int:
        """Put stored mails into their cases. `now` is machine time."""
        async with self._db.read() as tx:
            ids = await mail_in.due(tx, now)
        for mail_id in ids:
            await self._take(mail_id, now)
        return len(ids)

    async def _take(self, mail_id: str, now: datetime) -> None:
        async with self._db.read() as tx:
            raw = (await tx.get_one(MailIn, mail_id)).raw
        outcome: mail_in.Outcome | None = None
        try:
            letter = await asyncio.to_thread(read, raw)
        except UnreadableMail as error:
            outcome, letter = mail_in.unreadable(error), None
        try:
            async with self._db.transaction() as tx:
                row = await mail_in.locked(tx, mail_id)
                if row is None:
                    return
                if letter is not None:
                    outcome = await mail_in.take(
                        tx, row, letter, self._work.names, self._work.people
                    )
                assert outcome is not None
                mail_in.settle(row, outcome, now)
                if outcome.state is MailState.IGNORED:
                    await mail_in.attribute(tx, row, outcome.venue_id)
        except Exception as error:
            log.exception("mail in not handled", mail_id=mail_id)
            async with self._db.transaction() as tx:
                row = await mail_in.locked(tx, mail_id)
                if row is not None:
                    mail_in.put_off(row, type(error).__name__, now)

    async def tidy(self, now: datetime) -> int:
        """Forget readers who have gone, answers that left, bytes of mails handled a month ago."""
        async with self._db.transaction() as tx:
            gone = await forget(tx, now) + await case_replies.tidy(tx, now)
            return gone + await mail_in.forget_raw(tx, now)

    async def _due(self, tx: Tx, due: object, offset_s: int) -> list[str]:
        query = (
            select(Case.id)
            .join(Venue, Venue.id == Case.venue_id)
            .where(due, Venue.clock_offset_s == offset_s)  # type: ignore[arg-type]
            .order_by(Case.id)
            .limit(BATCH)
        )
        return list(await tx.scalars(query))

    async def _again(self, tx: Tx, case_id: str) -> Case | None:
        """The case, locked; None while another worker has it."""
        query = select(Case).where(Case.id == case_id).with_for_update(skip_locked=True)
        return await tx.scalar(query)

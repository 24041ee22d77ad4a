"""The outbox: written with its cause, leased to one, never lost, doubled at most once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import BadTransition
from paywall.notices.mails import MailDelivery
from paywall.notices.outbox import (
    KEEP,
    LEASE,
    MAIL_BACKOFF_S,
    Failed,
    Notice,
    Outbox,
    Sent,
    mail,
)
from paywall.notices.ports import NotSent, OutcomeUnknown, Refused
from paywall.notices.tables import OUTBOX_TRANSITIONS, OutboxKind, OutboxRow, OutboxState

from .conftest import ListSender, add_venue


def login_mail(cause: str = "lnk_1", to: str = "ada@example.org") -> Notice:
    return mail("ven_1", to, "login_link", cause, {"name": "Ada"}, secrets={"token": "s3cr3t"})


async def put(db: Database, outbox: Outbox, clock: HandClock, *notices: Notice) -> None:
    async with db.transaction() as tx:
        await outbox.enqueue(tx, notices, clock.machine())


async def rows(db: Database) -> list[OutboxRow]:
    async with db.read() as tx:
        return list((await tx.execute(select(OutboxRow).order_by(OutboxRow.id))).scalars())


async def test_a_mail_goes_out_once_with_the_id_it_was_stored_under(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await add_venue(database)
    await put(database, outbox, clock, login_mail())
    assert await mails.run(clock.machine()) == 1
    assert await mails.run(clock.machine()) == 0
    [row] = await rows(database)
    [sent] = sender.taken
    assert sent.message_id == f"{row.id}@example.org"
    assert (sent.recipient, sent.sender_name) == ("ada@example.org", "La Cigale")
    assert sent.reply_to == "office@venue.example"
    assert row.state is OutboxState.SENT
    assert row.done_at == clock.machine()


async def test_the_same_cause_never_mails_twice(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await put(database, outbox, clock, login_mail(), login_mail())
    await put(database, outbox, clock, login_mail())
    await mails.run(clock.machine())
    await put(database, outbox, clock, login_mail())
    await mails.run(clock.machine())
    assert len(sender.taken) == 1


async def test_a_rolled_back_cause_sends_nothing(
    database: Database, clock: HandClock, outbox: Outbox
) -> None:
    async def fails_after_enqueueing() -> None:
        async with database.transaction() as tx:
            await outbox.enqueue(tx, [login_mail()], clock.machine())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails_after_enqueueing()
    assert await rows(database) == []


async def test_secrets_are_sealed_at_rest_and_wiped_after_sending(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await put(database, outbox, clock, login_mail())
    [row] = await rows(database)
    assert "s3cr3t" not in str(row.data)
    assert row.sealed
    await mails.run(clock.machine())
    assert "token=s3cr3t" in sender.taken[0].text
    [row] = await rows(database)
    assert row.sealed == ""


async def test_a_mail_not_taken_comes_again_after_the_documented_pauses_then_fails(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await put(database, outbox, clock, login_mail())
    for pause_s in MAIL_BACKOFF_S:
        sender.errors = [NotSent("connection refused")]
        assert await mails.run(clock.machine()) == 1
        clock.move(seconds=pause_s - 1)
        assert await mails.run(clock.machine()) == 0
        clock.move(seconds=1)
    sender.errors = [NotSent("connection refused")]
    assert await mails.run(clock.machine()) == 1
    [row] = await rows(database)
    assert (row.state, row.tries) == (OutboxState.FAILED, 10)
    assert row.last_error == "connection refused"


async def test_a_refused_mail_is_not_tried_again(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await put(database, outbox, clock, login_mail())
    sender.errors = [Refused("no such user")]
    await mails.run(clock.machine())
    assert (await rows(database))[0].state is OutboxState.FAILED


async def test_a_mail_of_unknown_outcome_is_repeated_once_under_the_same_id_then_rests(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await put(database, outbox, clock, login_mail())
    for _ in range(2):
        sender.errors = [OutcomeUnknown("broken after DATA")]
        assert await mails.run(clock.machine()) == 1
        clock.move(hours=1)
    assert await mails.run(clock.machine()) == 0
    assert (await rows(database))[0].state is OutboxState.UNKNOWN


async def test_a_dead_workers_mail_is_sent_by_the_next_one_after_the_lease(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await put(database, outbox, clock, login_mail())
    await outbox.claim_due(database, OutboxKind.MAIL, clock.machine(), 10)  # and dies
    clock.move(seconds=LEASE.total_seconds() - 1)
    assert await mails.run(clock.machine()) == 0
    clock.move(seconds=1)
    assert await mails.run(clock.machine()) == 1
    assert len(sender.taken) == 1


async def test_after_two_dead_workers_a_mail_waits_for_a_person(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    await put(database, outbox, clock, login_mail())
    for _ in range(2):
        assert await outbox.claim_due(database, OutboxKind.MAIL, clock.machine(), 10)
        clock.move(seconds=LEASE.total_seconds())
    assert await mails.run(clock.machine()) == 0
    assert sender.taken == []
    assert (await rows(database))[0].state is OutboxState.UNKNOWN


async def test_a_late_outcome_of_a_lost_lease_changes_nothing(
    database: Database, clock: HandClock, outbox: Outbox
) -> None:
    await put(database, outbox, clock, login_mail())
    [first] = await outbox.claim_due(database, OutboxKind.MAIL, clock.machine(), 10)
    clock.move(seconds=LEASE.total_seconds())
    [second] = await outbox.claim_due(database, OutboxKind.MAIL, clock.machine(), 10)
    async with database.transaction() as tx:
        assert await outbox.settle(tx, first, Failed(error="late"), clock.machine()) is None
    async with database.transaction() as tx:
        assert await outbox.settle(tx, second, Sent(), clock.machine()) is not None
    assert (await rows(database))[0].state is OutboxState.SENT


async def test_workers_side_by_side_never_lease_the_same_row(
    database: Database, clock: HandClock, outbox: Outbox
) -> None:
    await put(database, outbox, clock, *(login_mail(f"lnk_{i}") for i in range(60)))
    batches = await asyncio.gather(
        *(outbox.claim_due(database, OutboxKind.MAIL, clock.machine(), 10) for _ in range(6))
    )
    ids = [row.id for batch in batches for row in batch]
    assert len(ids) == len(set(ids))


async def test_rows_come_oldest_first_and_not_before_they_are_due(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery, sender: ListSender
) -> None:
    later = mail("ven_1", "a@example.org", "receipt", "ord_1", {})
    await put(database, outbox, clock, login_mail())
    async with database.transaction() as tx:
        at = clock.machine() + timedelta(minutes=5)
        await outbox.enqueue(tx, [later], at)
    await mails.run(clock.machine())
    assert [m.subject for m in sender.taken] == ["login_link"]
    clock.move(minutes=5)
    await mails.run(clock.machine())
    assert [m.subject for m in sender.taken] == ["login_link", "receipt"]


async def test_finished_rows_are_forgotten_after_ninety_days(
    database: Database, clock: HandClock, outbox: Outbox, mails: MailDelivery
) -> None:
    await put(database, outbox, clock, login_mail())
    await mails.run(clock.machine())
    assert await outbox.purge(database, clock.machine()) == 0
    clock.move(seconds=KEEP.total_seconds() + 1)
    await put(database, outbox, clock, login_mail("lnk_2"))
    assert await outbox.purge(database, clock.machine()) == 1
    assert [row.cause_id for row in await rows(database)] == ["lnk_2"]


@pytest.mark.parametrize("source", OutboxState)
@pytest.mark.parametrize("target", OutboxState)
def test_every_step_of_a_row_is_in_its_table(source: OutboxState, target: OutboxState) -> None:
    row = OutboxRow(id="out_1", state=source)
    if target in OUTBOX_TRANSITIONS[source]:
        row.move(target)
        assert row.state is target
    else:
        with pytest.raises(BadTransition):
            row.move(target)

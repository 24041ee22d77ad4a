"""What the worker does for cases: receipts, the live rule, alarms, the question afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.accounts.roles import Role
from paywall.notices.tables import OutboxKind, OutboxRow
from support_bot import cases
from support_bot.case_tables import CaseState
from tests.bridges.support_world import Desk
from tests.support_bot.cases.builders import VENUE, line

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
async def desk(database: Database, clock: HandClock) -> Desk:
    """Friday 18:00 UTC: closed until Monday at ten."""
    made = Desk(database, clock)
    await made.open()
    return made


async def test_a_new_case_is_told_once_however_often_the_job_runs(desk: Desk) -> None:
    await desk.hook()
    case = await desk.case()
    for _ in range(3):
        await desk.run()
    [receipt] = await desk.mails("case_received")
    assert receipt.data["by"] == "2026-11-23T14:00:00Z"
    async with desk.db.read() as tx:
        hooks = list(
            await tx.scalars(select(OutboxRow.template).where(OutboxRow.kind == OutboxKind.WEBHOOK))
        )
    assert hooks == ["case.opened"]
    assert (await desk.again(case)).arrived_due_at is None


async def test_on_a_closed_night_with_a_concert_the_answer_is_due_within_fifteen_minutes(
    desk: Desk,
) -> None:
    await desk.concert(in_minutes=10)  # doors have been open for twenty
    case = await desk.case()
    assert case.reply_due_at == MONDAY + timedelta(hours=4)
    await desk.run()
    row = await desk.again(case)
    assert (row.live, row.reply_due_at) == (True, desk.clock.machine() + timedelta(minutes=15))


async def test_what_waits_when_doors_open_comes_under_the_rule(desk: Desk) -> None:
    case = await desk.case()
    await desk.run()
    await desk.concert(in_minutes=60)  # published after the question
    desk.clock.move(minutes=31)
    await desk.run()
    row = await desk.again(case)
    assert (row.live, row.reply_due_at) == (True, desk.clock.machine() + timedelta(minutes=15))
    desk.clock.move(minutes=5)
    await desk.run()  # the deadline does not move on with the clock
    assert (await desk.again(case)).reply_due_at == row.reply_due_at


async def test_a_missed_deadline_alarms_everybody_with_the_support_role_once(desk: Desk) -> None:
    await desk.staff("lea@verriere.example")
    await desk.staff("boss@verriere.example", Role.MANAGER)
    await desk.concert(in_minutes=0)
    await desk.case()
    await desk.run()
    desk.clock.move(minutes=16)
    for _ in range(3):
        await desk.run()
    [alarm] = await desk.mails("case_late")
    assert (alarm.recipient, alarm.locale) == ("lea@verriere.example", "fr")
    assert alarm.data["live"] is True
    assert alarm.data["what"] == "reply"


async def test_without_a_support_role_those_who_may_answer_are_alarmed(desk: Desk) -> None:
    await desk.staff("boss@verriere.example", Role.MANAGER)
    await desk.staff("till@verriere.example", Role.BOX_OFFICE)
    await desk.case()
    desk.clock.move(days=3)  # Monday 18:00: the answer was due at 14:00
    await desk.run()
    assert [m.recipient for m in await desk.mails("case_late")] == ["boss@verriere.example"]


async def test_an_answer_in_time_raises_no_alarm_and_the_solution_has_one_of_its_own(
    desk: Desk,
) -> None:
    await desk.staff("lea@verriere.example")
    case = await desk.case()
    desk.clock.move(days=2, hours=17)  # Monday 11:00
    await desk.reply(case, then=CaseState.OPEN)
    await desk.run()
    assert await desk.mails("case_late") == []
    desk.clock.move(days=1)  # Tuesday 11:00; solved by Monday 18:00 was the promise
    await desk.run()
    assert [m.data["what"] for m in await desk.mails("case_late")] == ["solve"]


async def test_a_second_question_has_a_deadline_and_an_alarm_of_its_own(desk: Desk) -> None:
    await desk.staff("lea@verriere.example")
    case = await desk.case()
    await desk.run()
    desk.clock.move(days=2, hours=17)
    await desk.reply(case)
    async with desk.db.transaction() as tx:
        row = await cases.case_for_update(tx, VENUE, case.id)
        now = desk.clock.machine()
        await cases.viewer_writes(tx, row, line("And now?", now), now)
    await desk.run()
    assert len(await desk.mails("case_received")) == 1  # no receipt in the middle of a talk
    desk.clock.move(hours=5)
    await desk.run()
    assert [m.data["what"] for m in await desk.mails("case_late")] == ["reply"]


async def test_two_hours_after_the_solution_the_customer_is_asked_once_then_it_is_closed(
    desk: Desk,
) -> None:
    case = await desk.case()
    await desk.reply(case, then=CaseState.SOLVED)
    await desk.run()
    assert await desk.mails("case_rating") == []
    desk.clock.move(hours=2)
    await desk.run()
    await desk.run()
    [question] = await desk.mails("case_rating")
    assert f"/requests/{case.id}/rating?mark=" in question.data["url"]
    desk.clock.move(days=7)
    await desk.run()
    assert (await desk.again(case)).state is CaseState.CLOSED


async def test_who_said_that_it_is_not_solved_is_not_asked(desk: Desk) -> None:
    case = await desk.case()
    await desk.reply(case, then=CaseState.SOLVED)
    async with desk.db.transaction() as tx:
        row = await cases.case_for_update(tx, VENUE, case.id)
        now = desk.clock.machine()
        await cases.viewer_writes(tx, row, line("It is not.", now), now)
    desk.clock.move(hours=3)
    await desk.run()
    assert await desk.mails("case_rating") == []


async def test_a_case_that_is_answered_at_once_gets_no_receipt_and_is_still_told(
    desk: Desk,
) -> None:
    await desk.hook()
    case = await desk.case()
    await desk.reply(case)
    await desk.run()
    assert await desk.mails("case_received") == []
    assert len(await desk.mails("case.opened")) == 1


async def test_an_agent_teaches_the_bot_what_was_right(desk: Desk) -> None:
    case = await desk.case()
    [asked] = await desk.said(case)
    async with desk.db.transaction() as tx:
        row = await cases.case_for_update(tx, VENUE, case.id)
        now = desk.clock.machine()
        await desk.work.confirm(tx, row, asked.id, "no-picture", "acc_agent", now, now)
    [taught] = desk.bot.taught
    assert (taught["question"], taught["article"], taught["source"]) == (
        "I can't see the picture.", "no-picture", "case",
    )  # fmt: skip
    assert (await desk.again(case)).topic == "no-picture"

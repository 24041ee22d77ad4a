"""A case's life: every step that is allowed and none that is not, and what its clocks do."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select

from infra.kernel.db import Database
from infra.kernel.errors import BadTransition, Invalid, NotFound, StaleEdit
from support_bot import cases
from support_bot.case_tables import (
    CASE_TRANSITIONS,
    MAIL_TRANSITIONS,
    Case,
    CaseMessage,
    CaseState,
    MailIn,
    MailState,
)
from tests.support_bot.cases.builders import (
    AGENT,
    FRIDAY,
    NEIGHBOUR,
    VENUE,
    asked,
    keep_hours,
    kept,
    line,
)

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("state", "target"), list(product(CaseState, CaseState)))
def test_every_step_of_a_case_is_in_the_table_or_refused(
    state: CaseState, target: CaseState
) -> None:
    case = Case(id="cas_1", state=state)
    if target in CASE_TRANSITIONS[state]:
        case.move(target)
        assert case.state is target
    else:
        with pytest.raises(BadTransition):
            case.move(target)


@pytest.mark.parametrize(("state", "target"), list(product(MailState, MailState)))
def test_every_step_of_a_mail_is_in_the_table_or_refused(
    state: MailState, target: MailState
) -> None:
    mail = MailIn(id="mli_1", state=state)
    if target in MAIL_TRANSITIONS[state]:
        mail.move(target)
    else:
        with pytest.raises(BadTransition):
            mail.move(target)


async def test_cases_are_counted_from_1001_at_each_venue(database: Database) -> None:
    async with database.transaction() as tx:
        numbers = [(await asked(tx)).number for _ in range(2)]
        numbers.append((await asked(tx, venue_id=NEIGHBOUR)).number)
    assert numbers == [1001, 1002, 1001]


async def test_a_case_without_a_subject_is_called_what_was_said_first(database: Database) -> None:
    async with database.transaction() as tx:
        case = await asked(tx, "Hello\n\nno sound  at all", subject="")
    assert case.subject == "Hello no sound at all"


async def test_an_empty_question_opens_nothing(database: Database) -> None:
    with pytest.raises(Invalid):
        async with database.transaction() as tx:
            await asked(tx, "  \n ")


async def test_a_case_of_another_venue_is_not_there(database: Database) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        with pytest.raises(NotFound):
            await cases.case_for_update(tx, NEIGHBOUR, case.id)


async def test_the_clock_of_the_solution_stands_while_the_customer_is_asked(
    database: Database,
) -> None:
    case = await kept(database)  # Friday noon: eight business hours end on Monday at 12:00
    assert case.solve_due_at == FRIDAY + timedelta(days=3)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        reply = cases.Reply(text="Which browser?", agent_id=AGENT)
        await cases.agent_replies(tx, case, reply, FRIDAY + HOUR)
        assert case.state is CaseState.WAITING
        assert (case.reply_due_at, case.solve_due_at, case.alarm_due_at) == (None, None, None)
        assert case.solve_left_s == 7 * 3600
        monday = FRIDAY + timedelta(days=3)
        await cases.viewer_writes(tx, case, line("Firefox", monday), monday)
        assert case.state is CaseState.OPEN
        assert case.reply_due_at == monday + 4 * HOUR
        assert case.solve_due_at == monday + 23 * HOUR  # six today, one tomorrow from ten
        assert case.alarm_due_at == case.reply_due_at


async def test_a_second_message_does_not_give_the_venue_more_time(database: Database) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        later = FRIDAY + HOUR
        await cases.viewer_writes(tx, case, line("Hello?", later), later)
    assert case.reply_due_at == FRIDAY + 4 * HOUR


async def test_an_answer_that_comes_late_is_written_down_as_late(database: Database) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        at = FRIDAY + 5 * HOUR
        await cases.agent_replies(tx, case, cases.Reply(text="Sorry.", agent_id=AGENT), at)
    assert case.replied_late
    assert case.first_replied_at == at
    assert case.assignee_id == AGENT  # who answers first has it


async def test_who_writes_after_the_solution_opens_the_case_again(database: Database) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        solved = cases.Reply(text="Done.", agent_id=AGENT, then=CaseState.SOLVED)
        await cases.agent_replies(tx, case, solved, FRIDAY + HOUR)
        assert (case.state, case.solved_by) == (CaseState.SOLVED, AGENT)
        assert case.follow_up_at == FRIDAY + 3 * HOUR
        at = FRIDAY + 2 * HOUR
        await cases.viewer_writes(tx, case, line("It is not.", at), at)
    assert (case.state, case.reopened, case.solved_at) == (CaseState.OPEN, 1, None)
    assert case.follow_up_at is None
    assert case.solve_due_at is not None


async def test_a_closed_case_takes_no_more_messages(database: Database) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        await cases.solve(tx, case, AGENT, FRIDAY)
        cases.close(tx, case, FRIDAY)
        with pytest.raises(cases.CaseOver):
            await cases.viewer_writes(tx, case, line("Hello?", FRIDAY), FRIDAY)
        with pytest.raises(cases.CaseOver):
            await cases.agent_replies(tx, case, cases.Reply(text="x", agent_id=AGENT), FRIDAY)


async def test_an_answer_written_before_the_customers_last_word_is_not_sent(
    database: Database,
) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        read_at_version = case.version
        await cases.viewer_writes(tx, case, line("Solved, thanks", FRIDAY), FRIDAY)
        reply = cases.Reply(text="Try again", agent_id=AGENT, version=read_at_version)
        with pytest.raises(StaleEdit):
            await cases.agent_replies(tx, case, reply, FRIDAY)


async def test_a_note_changes_no_deadline_and_is_internal(database: Database) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        due = case.reply_due_at
        await cases.note(tx, case, AGENT, "Known troll?", FRIDAY)
        await tx.flush()
        said = list(await tx.scalars(select(CaseMessage).where(CaseMessage.internal.is_(True))))
    assert case.reply_due_at == due
    assert [one.text for one in said] == ["Known troll?"]


async def test_solved_is_asked_about_once_then_closed(database: Database) -> None:
    case = await kept(database)
    week = timedelta(days=7)
    async with database.transaction() as tx:
        await keep_hours(tx)
        case = await cases.case_for_update(tx, VENUE, case.id)
        done = cases.Reply(text="Done.", agent_id=AGENT, then=CaseState.SOLVED)
        await cases.agent_replies(tx, case, done, FRIDAY)
        assert cases.follow_up(tx, case, week, FRIDAY + 2 * HOUR)
        assert case.follow_up_at == FRIDAY + week
        assert not cases.follow_up(tx, case, week, FRIDAY + week)
    assert (case.state, case.closed_at) == (CaseState.CLOSED, FRIDAY + week)


async def test_nobody_is_asked_how_it_went_when_no_person_answered(database: Database) -> None:
    case = await kept(database)
    async with database.transaction() as tx:
        case = await cases.case_for_update(tx, VENUE, case.id)
        await cases.solve(tx, case, "customer", FRIDAY)
        assert not cases.follow_up(tx, case, timedelta(days=7), FRIDAY + 2 * HOUR)
        assert case.asked_rating_at is None
    assert case.state is CaseState.SOLVED

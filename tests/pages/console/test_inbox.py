"""The agents' inbox: read, answered, given away, merged; what stands beside; who is there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from infra.kernel.ids import new_id
from paywall.accounts.roles import Role
from paywall.accounts.tables import Account, Customer, Membership
from paywall.bridges.support_jobs import SupportJobs
from paywall.notices.tables import OutboxRow
from paywall.pages.console import inbox_case
from support_bot import case_presence, cases
from support_bot.case_attach import attach
from support_bot.case_files import Offered
from support_bot.case_tables import (
    Author,
    BotMail,
    Case,
    CaseFile,
    CaseMessage,
    CaseReader,
    CaseState,
    Channel,
    Macro,
    Priority,
)
from tests.pages.console.conftest import Console, submit
from tests.support_bot.cases.builders import asked


async def opened(console: Console, text: str = "I can't see the picture.", **given: Any) -> Case:
    facts = {"venue_id": console.venue_id, "now": console.clock.machine(), "person_name": "Ada L."}
    async with console.db.transaction() as tx:
        return await asked(tx, text, **(facts | given))


async def again(console: Console, case: Case) -> Case:
    async with console.db.read() as tx:
        return await tx.get_one(Case, case.id)


async def mails(console: Console, template: str) -> list[OutboxRow]:
    async with console.db.read() as tx:
        found = await tx.scalars(select(OutboxRow).where(OutboxRow.template == template))
        return list(found)


async def leave(console: Console) -> None:
    """The seconds for taking an answer back are over."""
    console.clock.move(seconds=10)
    jobs = SupportJobs(console.db, console.clock, console.parts.cases)
    await jobs.replies(console.clock.machine())


@pytest.fixture
async def agent(console: Console) -> httpx.AsyncClient:
    return await console.sign_in(Role.SUPPORT)


async def test_an_empty_queue_says_where_questions_come_from(
    console: Console, agent: httpx.AsyncClient
) -> None:
    page = await agent.get(f"{console.at}/inbox")
    assert page.status_code == 200, page.text
    assert "Nobody waits for an answer" in page.text


async def test_live_cases_come_first_then_high_ones_then_by_deadline(
    console: Console, agent: httpx.AsyncClient
) -> None:
    late, high, live = [await opened(console, subject=s) for s in ("Late", "High", "Live now")]
    async with console.db.transaction() as tx:
        (await tx.get_one(Case, live.id)).live = True
        (await tx.get_one(Case, high.id)).priority = Priority.HIGH
        (await tx.get_one(Case, late.id)).reply_due_at = console.clock.machine() - timedelta(
            hours=2
        )
    page = await agent.get(f"{console.at}/inbox")
    assert page.text.index("Live now") < page.text.index("<bdi>High") < page.text.index("<bdi>Late")
    assert "2 h late" in page.text
    assert "<bdi>Late" in (await agent.get(f"{console.at}/inbox?view=late")).text
    assert "<bdi>High" not in (await agent.get(f"{console.at}/inbox?view=late")).text


async def test_filters_find_by_number_address_words_tag_and_way_in(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console, subject="Où est mon billet ?", channel=Channel.MAIL)
    async with console.db.transaction() as tx:
        (await tx.get_one(Case, case.id)).tags = ["à rappeler"]
    for query in ("q=%231001", "q=ADA@example.org", "q=billet", "tag=à rappeler", "channel=mail"):
        assert "<bdi>Où est" in (await agent.get(f"{console.at}/inbox?{query}")).text, query
    for query in (
        "q=1002",
        "q=eve@example.org",
        "q=100%25",
        "tag=rappeler",
        "channel=form",
        "lang=fr",
    ):
        assert "<bdi>Où est" not in (await agent.get(f"{console.at}/inbox?{query}")).text, query


async def test_an_answer_is_mailed_and_is_the_customers_turn(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    page = await agent.get(f"{console.at}/inbox/{case.id}")
    assert "I can&#39;t see the picture." in page.text
    answer = await agent.post(
        f"{console.at}/inbox/{case.id}/reply",
        data={"text": "Which **browser**?", "version": str(case.version), "then": "waiting"},
    )
    assert answer.status_code == 303, answer.text
    await leave(console)
    row = await again(console, case)
    assert row.state is CaseState.WAITING
    [mail] = await mails(console, "case_reply")
    assert mail.recipient == "ada@example.org"
    assert mail.data["thread"]["by_a_person"] is True
    assert re.fullmatch(r"\[#1001-[0-9a-z]{10}\]", mail.data["tag"])
    assert "<strong>browser</strong>" in (await agent.get(f"{console.at}/inbox/{case.id}")).text


async def test_an_answer_to_an_old_state_is_kept_and_not_sent(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    async with console.db.transaction() as tx:
        row = await cases.case_for_update(tx, console.venue_id, case.id)
        line = cases.Line(author=Author.VIEWER, text="It works now", at=console.clock.machine())
        await cases.viewer_writes(tx, row, line, console.clock.machine())
    answer = await agent.post(
        f"{console.at}/inbox/{case.id}/reply",
        data={"text": "Try another one", "version": str(case.version)},
    )
    assert answer.status_code == 412
    assert "Try another one" in answer.text
    assert "It works now" in answer.text
    assert await mails(console, "case_reply") == []


async def test_a_suggested_answer_that_was_changed_is_marked_as_changed(
    console: Console, agent: httpx.AsyncClient
) -> None:
    for text, edited in (("Clear the cache.", False), ("Clear the cache, please.", True)):
        case = await opened(console)
        await agent.post(
            f"{console.at}/inbox/{case.id}/reply",
            data={"text": text, "original": "Clear the cache.", "article": "no-picture"},
        )
        await leave(console)
        async with console.db.read() as tx:
            query = select(CaseMessage).where(
                CaseMessage.case_id == case.id, CaseMessage.author == Author.AGENT
            )
            message = (await tx.scalars(query)).one()
        assert (message.article, message.edited) == ("no-picture", edited)


async def test_a_note_is_never_mailed_and_never_the_customers_to_read(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await agent.post(f"{console.at}/inbox/{case.id}/note", data={"note": "Third time this week."})
    assert "Third time this week." in (await agent.get(f"{console.at}/inbox/{case.id}")).text
    assert await mails(console, "case_reply") == []


async def test_a_case_is_given_ranked_tagged_and_named(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    async with console.db.read() as tx:
        me = await tx.scalar(select(Membership.account_id))
    answer = await agent.post(
        f"{console.at}/inbox/{case.id}/set",
        data={"assignee": me, "priority": "high", "topic": "no-picture", "tags": "VIP, vip , tv"},
    )
    assert answer.status_code == 303
    row = await again(console, case)
    assert (row.assignee_id, row.priority, row.topic, row.tags) == (
        me, Priority.HIGH, "no-picture", ["tv", "vip"],
    )  # fmt: skip
    assert "<bdi>No picture" in (await agent.get(f"{console.at}/inbox?view=mine")).text


async def test_nobody_from_outside_is_given_a_case(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    stranger = new_id("acc")
    answer = await agent.post(f"{console.at}/inbox/{case.id}/set", data={"assignee": stranger})
    assert answer.status_code == 422
    assert (await again(console, case)).assignee_id is None


async def test_two_cases_of_one_person_become_one(
    console: Console, agent: httpx.AsyncClient
) -> None:
    one, other = await opened(console, "No sound"), await opened(console, "No picture")
    answer = await agent.post(f"{console.at}/inbox/{other.id}/merge", data={"into": "#1001"})
    assert answer.headers["location"] == f"{console.at}/inbox/{one.id}"
    page = await agent.get(answer.headers["location"])
    assert "No sound" in page.text
    assert page.text.count("talk__line--viewer") == 2
    moved = await agent.get(f"{console.at}/inbox/{other.id}")
    assert moved.headers["location"] == f"{console.at}/inbox/{one.id}"


async def test_cases_of_two_people_are_never_merged(
    console: Console, agent: httpx.AsyncClient
) -> None:
    await opened(console)
    other = await opened(console, email="eve@example.org")
    answer = await agent.post(f"{console.at}/inbox/{other.id}/merge", data={"into": "1001"})
    assert answer.status_code == 409
    assert "different people" in answer.text
    itself = await agent.post(f"{console.at}/inbox/{other.id}/merge", data={"into": "1002"})
    assert itself.status_code == 409


async def test_many_cases_are_solved_at_once_and_that_is_undone(
    console: Console, agent: httpx.AsyncClient
) -> None:
    ids = [(await opened(console)).id for _ in range(3)]
    done = await agent.post(f"{console.at}/inbox/bulk", data={"act": "solve", "case": ids})
    assert done.status_code == 303
    async with console.db.read() as tx:
        assert set(await tx.scalars(select(Case.state))) == {CaseState.SOLVED}
    page = await agent.get(f"{console.at}/inbox")
    assert "3 cases changed." in page.text
    await agent.post(f"{console.at}/inbox/bulk", data={"act": "reopen", "cases": ",".join(ids)})
    async with console.db.read() as tx:
        assert set(await tx.scalars(select(Case.state))) == {CaseState.OPEN}


async def test_a_bulk_act_on_a_neighbours_case_changes_nothing(
    console: Console, agent: httpx.AsyncClient
) -> None:
    mine = await opened(console)
    theirs = await opened(console, venue_id=console.neighbour_id)
    await agent.post(
        f"{console.at}/inbox/bulk", data={"act": "solve", "case": [mine.id, theirs.id]}
    )
    for case in (mine, theirs):
        assert (await again(console, case)).state is CaseState.NEW


@pytest.mark.parametrize("path", ["", "/suggestions", "/files/cfl_01k9x4m8z2v7q0n3t5r6s8w1ya"])
async def test_a_neighbours_case_is_not_there(
    console: Console, agent: httpx.AsyncClient, path: str
) -> None:
    theirs = await opened(console, venue_id=console.neighbour_id)
    assert (await agent.get(f"{console.at}/inbox/{theirs.id}{path}")).status_code == 404


async def test_colleagues_in_the_same_case_see_each_other(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    colleague = await console.sign_in(Role.MANAGER)
    sign = f"{console.at}/inbox/{case.id}/reading"
    await colleague.post(sign, data={"writes": "yes"})
    seen = await agent.post(sign, data={"version": str(case.version)})
    assert "person2 is writing an answer right now." in seen.text
    assert "person2 is there" in (await agent.get(f"{console.at}/inbox")).text
    await colleague.post(sign, data={"leaves": "yes"})
    assert (await agent.post(sign, data={})).text.strip() == ""


async def test_a_colleague_who_went_away_is_no_longer_there(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    colleague = await console.sign_in(Role.MANAGER)
    await colleague.post(f"{console.at}/inbox/{case.id}/reading", data={})
    console.clock.move(seconds=36)
    assert (await agent.post(f"{console.at}/inbox/{case.id}/reading", data={})).text.strip() == ""
    async with console.db.transaction() as tx:
        assert await case_presence.forget(tx, console.clock.machine()) == 1
        assert len(list(await tx.scalars(select(CaseReader)))) == 1


async def test_the_page_says_when_the_case_changed_under_it(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    await agent.post(f"{console.at}/inbox/{case.id}/note", data={"note": "x"})
    sign = await agent.post(
        f"{console.at}/inbox/{case.id}/reading", data={"version": str(case.version)}
    )
    assert "has changed since you opened it" in sign.text


async def test_macros_are_filled_with_what_is_known(
    console: Console, agent: httpx.AsyncClient
) -> None:
    kept = await submit(
        agent, f"{console.at}/inbox/macros/new", name="Hello", lang="",
        text="Hello {first_name}, about #{number}.", solves="yes",
    )  # fmt: skip
    assert kept.status_code == 303, kept.text
    case = await opened(console)
    assert "Hello Ada, about #1001." in (await agent.get(f"{console.at}/inbox/{case.id}")).text
    nameless = await opened(console, person_name="")
    assert "Hello, about #1002." in (await agent.get(f"{console.at}/inbox/{nameless.id}")).text


async def test_a_macro_with_a_hole_nobody_fills_is_refused(
    console: Console, agent: httpx.AsyncClient
) -> None:
    answer = await submit(
        agent, f"{console.at}/inbox/macros/new", name="x", text="Dear {surname}", lang=""
    )
    assert answer.status_code == 422
    assert "{surname}" in answer.text
    async with console.db.read() as tx:
        assert list(await tx.scalars(select(Macro))) == []


async def test_files_are_downloads_that_no_browser_runs(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console)
    now = console.clock.machine()
    async with console.db.transaction() as tx:
        row = await cases.case_for_update(tx, console.venue_id, case.id)
        message = (await tx.scalars(select(CaseMessage))).one()
        png = b"\x89PNG\r\n\x1a\n" + b"0" * 9
        files = [Offered("écran.png", png), Offered("evil.svg", b"<svg onload=alert(1)>")]
        await attach(tx, row, message.id, files, now)
        await tx.flush()
        file_id = (await tx.scalars(select(CaseFile.id))).one()
    page = await agent.get(f"{console.at}/inbox/{case.id}")
    assert "file not taken: evil.svg" in page.text
    file = await agent.get(f"{console.at}/inbox/{case.id}/files/{file_id}")
    assert file.content == png
    assert file.headers["content-disposition"].startswith('attachment; filename="_cran.png"')
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in file.headers["content-security-policy"]


async def test_what_the_customer_bought_is_shown_with_a_word_about_forged_addresses(
    console: Console, agent: httpx.AsyncClient
) -> None:
    async with console.db.transaction() as tx:
        account = Account(
            id=new_id("acc"),
            email="ada@example.org",
            name="Ada",
            created_at=console.clock.machine(),
        )
        tx.add(account)
        tx.add(
            Customer(
                id=new_id("cus"), venue_id=console.venue_id, account_id=account.id,
                created_at=console.clock.machine(),
            )
        )  # fmt: skip
    by_mail = await opened(console, channel=Channel.MAIL)
    page = await agent.get(f"{console.at}/inbox/{by_mail.id}")
    assert "which a mail can forge" in page.text
    signed_in = await opened(console, account_id=account.id)
    assert (
        "which a mail can forge" not in (await agent.get(f"{console.at}/inbox/{signed_in.id}")).text
    )


async def test_the_words_of_a_customer_are_never_html(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console, "<script>alert(1)</script>", subject="<b>x</b>")
    page = await agent.get(f"{console.at}/inbox/{case.id}")
    assert "<script>alert(1)" not in page.text
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text


async def test_settings_keep_hours_and_promises_and_name_mistakes(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    good = {
        "day0": "9:00 12:00", "reply_minutes": "60", "live_reply_minutes": "15",
        "solve_minutes": "600", "close_after_days": "5", "minute_cost_minor": "70",
    }  # fmt: skip
    wrong = await submit(owner, f"{console.at}/inbox/settings", **good)
    assert wrong.status_code == 422  # 9:00 is no time of ISO 8601
    kept = await submit(owner, f"{console.at}/inbox/settings", **(good | {"day0": "09:00 12:00"}))
    assert kept.status_code == 303, kept.text
    async with console.db.transaction() as tx:
        row = await cases.settings_of(tx, console.venue_id)
    assert (row.hours, row.timezone, row.reply_minutes) == (
        {"0": ["09:00", "12:00"]}, "Europe/Paris", 60,
    )  # fmt: skip


async def test_what_the_assistant_mails_by_itself_is_on_until_one_press_turns_it_off(
    console: Console,
) -> None:
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/inbox/settings")
    assert page.text.count('name="switch"') == page.text.count("Turn off") == 2
    for switch in ("bot_answers_mails", "bot_suggests_in_mails"):
        answer = await owner.post(f"{console.at}/inbox/settings/assistant", data={"switch": switch})
        assert answer.status_code == 303
        async with console.db.transaction() as tx:
            assert getattr(await cases.settings_of(tx, console.venue_id), switch) is False
    after = await owner.get(answer.headers["location"])
    undo = re.search(r'action="([^"]+/settings/assistant)"', after.text)
    assert undo is not None
    back = {"switch": "bot_answers_mails", "on": "yes"}
    await owner.post(f"{console.at}/inbox/settings/assistant", data=back)
    async with console.db.transaction() as tx:
        assert (await cases.settings_of(tx, console.venue_id)).bot_answers_mails
    wrong = await owner.post(f"{console.at}/inbox/settings/assistant", data={"switch": "version"})
    assert wrong.status_code == 422


async def test_answered_by_the_assistant_has_a_view_and_comes_back_with_a_badge(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console, subject="Black screen", channel=Channel.MAIL)
    now = console.clock.machine()
    async with console.db.transaction() as tx:
        row = await cases.case_for_update(tx, case.venue_id, case.id)
        await cases.bot_replies(tx, row, BotMail.ANSWER, "Clear it.", "buffering", now)
    assert "Black screen" not in (await agent.get(f"{console.at}/inbox")).text
    view = await agent.get(f"{console.at}/inbox?view=answered")
    assert "Black screen" in view.text
    assert "Answered by the assistant" in view.text
    async with console.db.transaction() as tx:
        row = await cases.case_for_update(tx, case.venue_id, case.id)
        await cases.comes_back(tx, row, now)
    for path in ("", f"/{case.id}"):
        page = await agent.get(f"{console.at}/inbox{path}")
        assert "Black screen" in page.text
        assert "Asked again" in page.text
    assert "Clear it." in page.text


async def test_the_mail_secret_is_shown_once(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    made = await owner.post(f"{console.at}/inbox/settings/secret")
    page = await owner.get(made.headers["location"])
    assert "whsec_" in page.text
    assert "whsec_" not in (await owner.get(f"{console.at}/inbox/settings")).text


async def test_every_step_of_a_case_has_words() -> None:
    written = {"opened", "assigned", "ranked", "topic", "tagged", "merged", "took_over", "solved",
               "reopened", "closed", "late", "rated", "suggested", "confirmed", "file_refused",
               "bounced", "came_back", "judged", "held"}  # fmt: skip
    assert set(inbox_case.STEPS) == written

"""Mails find their case, and only theirs; machines get no answer; nobody learns from a forgery."""

from __future__ import annotations

import base64
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.catalogue.tables import Mode, Venue
from paywall.notices.mails import compose
from paywall.notices.ports import Mail
from support_bot import cases, mail_in, mail_tokens
from support_bot.case_queue import whole
from support_bot.case_tables import CaseState, MailIn, MailState
from tests.bridges.support_world import BASE, KEY, Desk
from tests.support_bot.cases.builders import FRIDAY, NEIGHBOUR, VENUE, keep_hours
from tests.support_bot.cases.mails import multipart, raw


@pytest.fixture
async def desk(database: Database, clock: HandClock) -> Desk:
    made = Desk(database, clock)
    await made.open()
    return made


async def test_a_first_mail_opens_a_case_and_gets_one_receipt(desk: Desk) -> None:
    row = await desk.mail_comes(raw("Pas d'image.", to="support+verriere@tickets.example"))
    assert (row.state, row.outcome) == (MailState.DONE, "new case")
    [case] = await desk.all_cases()
    assert (case.email, case.person_name, case.lang) == ("ada@example.org", "Ada", "fr")
    [receipt] = await desk.mails("case_received")
    assert receipt.recipient == "ada@example.org"
    assert receipt.data["thread"]["reply_to"] == mail_tokens.reply_address(BASE, KEY, case.id)


async def test_the_same_mail_twice_is_one_case(desk: Desk) -> None:
    mail = raw("Pas d'image.", to="support+verriere@tickets.example")
    await desk.mail_comes(mail)
    await desk.mail_comes(mail)
    assert len(await desk.all_cases()) == 1


async def test_a_venues_own_address_may_forward_to_ours(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        await keep_hours(tx, mail_address="aide@verriere.example")
    mail = raw("Bonjour", to="Aide <AIDE@verriere.example>", delivered_to=BASE)
    assert (await desk.mail_comes(mail)).outcome == "new case"


async def test_mail_to_nobody_we_know_opens_nothing(desk: Desk) -> None:
    row = await desk.mail_comes(raw("x", to="someone@else.example"))
    assert (row.state, row.outcome) == (MailState.IGNORED, "no venue has this address")


async def test_an_answer_finds_its_case_by_the_address_though_its_headers_are_lost(
    desk: Desk,
) -> None:
    case = await desk.case()
    await desk.reply(case)
    to = mail_tokens.reply_address(BASE, KEY, case.id).upper()
    row = await desk.mail_comes(raw("Still black.", to=to, subject="(no subject)"))
    assert (row.outcome, row.case_id) == ("answer", case.id)
    assert (await desk.again(case)).state is CaseState.OPEN


async def test_an_answer_finds_its_case_by_the_id_of_our_mail(desk: Desk) -> None:
    case = await desk.case()
    await desk.reply(case)
    [mail] = await desk.mails("case_reply")
    ours = f"<{mail.data['thread']['id']}@tickets.example>"
    row = await desk.mail_comes(raw("Still black.", to="x@y.example", references=f"<q@r> {ours}"))
    assert row.case_id == case.id


async def test_an_answer_finds_its_case_by_the_mark_in_its_subject(desk: Desk) -> None:
    case = await desk.case()
    tag = mail_tokens.subject_tag(KEY, VENUE, case.number)
    row = await desk.mail_comes(raw("Noch schwarz", to="x@y.example", subject=f"AW: Bild {tag}"))
    assert row.case_id == case.id


async def test_a_customers_own_thread_counts_from_themselves_alone(desk: Desk) -> None:
    await desk.mail_comes(raw("One", to="support+verriere@tickets.example"))
    [case] = await desk.all_cases()
    more = {"to": "support+verriere@tickets.example", "in_reply_to": "<a1@example.org>"}
    mine = await desk.mail_comes(raw("Two", message_id="<a2@example.org>", **more))
    assert mine.case_id == case.id
    theirs = await desk.mail_comes(
        raw("Three", message_id="<e1@evil.example>", **more, **{"from": "eve@evil.example"})
    )
    assert theirs.outcome == "new case"


@pytest.mark.parametrize("subject", ["Re: [#1001]", "#1001 please", "[#1001-aaaaaaaaaa]"])
async def test_another_persons_case_number_gives_nothing_away(desk: Desk, subject: str) -> None:
    case = await desk.case()
    await desk.mail_comes(
        raw("What did they ask?", subject=subject, to="support+verriere@tickets.example",
            **{"from": "eve@evil.example"})
    )  # fmt: skip
    assert len(await desk.said(case)) == 1
    assert [one.email for one in await desk.all_cases()] == ["ada@example.org", "eve@evil.example"]
    assert {mail.recipient for mail in await desk.mails("case_received")} == {
        "ada@example.org", "eve@evil.example",
    }  # fmt: skip


async def test_a_bare_number_counts_from_the_cases_own_address(desk: Desk) -> None:
    case = await desk.case()
    mail = raw("More.", subject="case #1001", to="x@y.example")
    row = await desk.mail_comes(mail, venue_id=VENUE)
    assert row.case_id == case.id


async def test_a_mark_that_was_made_up_is_no_mark(desk: Desk) -> None:
    case = await desk.case()
    local, _, domain = mail_tokens.reply_address(BASE, KEY, case.id).rpartition("@")
    forged = local[:-1] + ("0" if local[-1] != "0" else "1") + "@" + domain
    row = await desk.mail_comes(raw("x", to=forged, **{"from": "eve@evil.example"}))
    assert row.case_id != case.id


async def test_somebody_else_with_the_mark_is_named_and_never_answered(desk: Desk) -> None:
    case = await desk.case()
    to = mail_tokens.reply_address(BASE, KEY, case.id)
    await desk.mail_comes(raw("I am the husband.", to=to, **{"from": "bob@example.org"}))
    assert (await desk.said(case))[-1].from_email == "bob@example.org"
    await desk.reply(case)
    assert [mail.recipient for mail in await desk.mails("case_reply")] == ["ada@example.org"]


async def test_a_mark_of_another_venue_opens_nothing_at_a_webhook(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        tx.add(
            Venue(id=NEIGHBOUR, slug="autre", name="L'Autre", mode=Mode.TEST, country="FR",
                  timezone="Europe/Paris", currency="EUR", created_at=desk.clock.machine())
        )  # fmt: skip
    case = await desk.case()
    to = mail_tokens.reply_address(BASE, KEY, case.id)
    row = await desk.mail_comes(raw("x", to=to), venue_id=NEIGHBOUR)
    assert row.outcome == "new case"
    assert len(await desk.said(case)) == 1


async def test_an_answer_to_a_closed_case_opens_one_that_follows_it(desk: Desk) -> None:
    case = await desk.case(account_id="acc_01k9x4m8z2v7q0n3t5r6s8w1ya")
    async with desk.db.transaction() as tx:
        row = await cases.case_for_update(tx, VENUE, case.id)
        await cases.solve(tx, row, "acc_agent", desk.clock.machine())
        cases.close(tx, row, desk.clock.machine())
    await desk.mail_comes(raw("Again.", to=mail_tokens.reply_address(BASE, KEY, case.id)))
    _, fresh = await desk.all_cases()
    assert fresh.follows == case.id
    assert fresh.account_id is None  # a sender's address proves nobody


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({"auto_submitted": "auto-replied"}, "auto_reply"),
        ({"precedence": "bulk"}, "bulk"),
        ({"return_path": "<>"}, "auto_reply"),
        ({"list_id": "<l.example>"}, "list"),
        ({"from": "tickets@tickets.example"}, "loop"),
        ({"from": BASE}, "loop"),
        ({"message_id": "<cmg_1@tickets.example>"}, "loop"),
        ({"from": "nobody"}, "no sender"),
    ],
)
async def test_machines_open_no_case_and_get_no_answer(
    desk: Desk, headers: dict[str, str], outcome: str
) -> None:
    row = await desk.mail_comes(raw("x", to="support+verriere@tickets.example", **headers))
    assert (row.state, row.outcome) == (MailState.IGNORED, outcome)
    assert await desk.all_cases() == []
    assert await desk.mails("case_received") == []


async def test_a_bounce_of_our_answer_is_a_step_of_the_case(desk: Desk) -> None:
    case = await desk.case()
    await desk.reply(case)
    [mail] = await desk.mails("case_reply")
    headers = f"Message-ID: <{mail.data['thread']['id']}@tickets.example>"
    bounce = multipart(
        "report",
        "Content-Type: text/plain\n\nUser unknown",
        f"Content-Type: text/rfc822-headers\n\n{headers}",
        **{"from": "MAILER-DAEMON@mx.example", "to": BASE},
    )
    row = await desk.mail_comes(bounce)
    assert (row.state, row.case_id) == (MailState.IGNORED, case.id)
    async with desk.db.read() as tx:
        steps = (await whole(tx, VENUE, case.id)).steps
    assert [one.kind for one in steps][-1] == "bounced"


async def test_two_machines_that_answer_each_other_stop_after_three_receipts(desk: Desk) -> None:
    for n in range(14):
        mail = raw(
            "I got your mail.", to="support+verriere@tickets.example", message_id=f"<m{n}@x>"
        )
        await desk.mail_comes(mail)
    assert len(await desk.mails("case_received")) == 3
    found = await desk.all_cases()
    assert len(found) == mail_in.FLOOD
    assert len(await desk.said(found[-1])) == 5  # nothing is lost: the rest went in there


async def test_files_of_a_mail_are_checked_by_content(desk: Desk) -> None:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 30).decode()
    mail = multipart(
        "mixed",
        "Content-Type: text/plain\n\nLook",
        "Content-Type: image/png\nContent-Transfer-Encoding: base64\n"
        f'Content-Disposition: attachment; filename="shot.png"\n\n{png}',
        'Content-Type: image/png\nContent-Disposition: attachment; filename="a.png"\n\n<svg/>',
        to="support+verriere@tickets.example",
    )
    await desk.mail_comes(mail)
    [case] = await desk.all_cases()
    async with desk.db.read() as tx:
        found = await whole(tx, VENUE, case.id)
    assert [one.name for one in found.files] == ["shot.png"]
    assert [s.data["why"] for s in found.steps if s.kind == "file_refused"] == ["kind"]


async def test_a_mail_too_large_to_read_waits_for_a_person(desk: Desk) -> None:
    huge = await desk.mail_comes(b"From: a@b.example\r\n\r\n" + b"x" * 20_000_000)
    assert (huge.state, huge.outcome) == (MailState.FAILED, "It is larger than 20 MB.")


async def test_a_mail_that_could_not_be_handled_comes_again_later_and_then_rests(
    desk: Desk,
) -> None:
    row = MailIn(id="mli_1", state=MailState.NEW, tries=0, outcome="", due_at=FRIDAY)
    for tries in range(1, mail_in.TRIES_MAX):
        mail_in.put_off(row, "OperationalError", FRIDAY)
        assert row.due_at == FRIDAY + timedelta(minutes=2**tries)
    mail_in.put_off(row, "OperationalError", FRIDAY)
    assert row.state is MailState.FAILED


def test_our_answer_carries_the_thread_and_is_no_automatic_mail() -> None:
    mail = Mail(
        message_id="cmg_2@t.example", venue_id=VENUE, sent_at=FRIDAY,
        sender="tickets@t.example", sender_name="La Verrière", recipient="ada@example.org",
        subject="Re: x", text="x", html="<p>x</p>", reply_to="support+1-2@t.example",
        in_reply_to="a1@example.org", references=["a0@example.org", "a1@example.org"],
        by_a_person=True,
    )  # fmt: skip
    sent = message_from_bytes(compose(mail).as_bytes(), policy=policy.default)
    assert sent["In-Reply-To"] == "<a1@example.org>"
    assert sent["References"] == "<a0@example.org> <a1@example.org>"
    assert sent["Reply-To"] == "support+1-2@t.example"
    assert sent["Auto-Submitted"] is None


async def two_venues(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        tx.add(
            Venue(
                id=NEIGHBOUR, slug="neighbour", name="Neighbour", mode=Mode.TEST, country="FR",
                timezone="Europe/Paris", locale="fr", currency="EUR",
                created_at=desk.clock.machine(),
            )
        )  # fmt: skip


async def test_one_mail_to_two_venues_reaches_both_once(desk: Desk) -> None:
    await two_venues(desk)
    mail = raw("Hello, both of you.", to="support+verriere@tickets.example",
               cc="support+neighbour@tickets.example")  # fmt: skip
    await desk.mail_comes(mail)
    for at in ("support+verriere@tickets.example", "support+neighbour@tickets.example"):
        await desk.mail_comes(b"Delivered-To: " + at.encode() + b"\r\n" + mail)
    assert sorted(case.venue_id for case in await desk.all_cases()) == sorted([VENUE, NEIGHBOUR])
    assert [len(await desk.said(case)) for case in await desk.all_cases()] == [1, 1]


async def test_a_blind_copy_for_another_venue_is_not_taken_for_the_first(desk: Desk) -> None:
    await two_venues(desk)
    mail = raw("Hello, all of you.", to="undisclosed-recipients:;")
    for at in ("support+verriere@tickets.example", "support+neighbour@tickets.example"):
        await desk.mail_comes(b"Delivered-To: " + at.encode() + b"\r\n" + mail)
    assert sorted(case.venue_id for case in await desk.all_cases()) == sorted([VENUE, NEIGHBOUR])


async def test_an_automatic_answer_is_set_aside_where_it_was_sent(desk: Desk) -> None:
    row = await desk.mail_comes(
        raw("Away.", to="support+verriere@tickets.example", auto_submitted="auto-replied")
    )
    assert (row.state, row.venue_id) == (MailState.IGNORED, VENUE)

"""The assistant answers first mails alone: once, for people only, and never against a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.notices.mails import compose
from paywall.notices.ports import Mail
from support_bot import cases, live_notices, mail_tokens
from support_bot.case_queue import Asked, counts, queue
from support_bot.case_tables import Author, BotMail, CaseState, Priority
from support_bot.ports import Advice, Suggestion
from tests.bridges.support_world import BASE, KEY, Desk
from tests.support_bot.cases.builders import VENUE, keep_hours
from tests.support_bot.cases.mails import raw

TO = "support+verriere@tickets.example"
SURE = Suggestion(
    article="no-picture", title="Pas d’image", text="Videz le cache.", score=0.97, sure=True,
    lang="fr",
)  # fmt: skip
OTHER = Suggestion(article="buffering", title="Ça saccade", text="…", score=0.2, lang="fr")
ANSWER = Advice(outcome="answer", lang="fr", found=[SURE])
SUGGEST = Advice(outcome="suggest", lang="fr", found=[OTHER, SURE])


@pytest.fixture
async def desk(database: Database, clock: HandClock) -> Desk:
    made = Desk(database, clock)
    await made.open()
    return made


async def answered(desk: Desk) -> str:
    desk.bot.advice = ANSWER
    await desk.mail_comes(raw("Pas d'image.", to=TO))
    [case] = await desk.all_cases()
    assert case.state is CaseState.ANSWERED
    return case.id


async def test_a_sure_answer_goes_out_at_once_with_its_article_instead_of_a_receipt(
    desk: Desk,
) -> None:
    desk.bot.advice = ANSWER
    await desk.mail_comes(raw("Pas d'image.", to=TO, subject="Écran noir"))
    [case] = await desk.all_cases()
    assert desk.bot.asked == ["Écran noir\nPas d'image."]
    assert (case.state, case.bot_mail, case.topic) == (
        CaseState.ANSWERED, BotMail.ANSWER, "no-picture",
    )  # fmt: skip
    assert (case.reply_due_at, case.solve_due_at, case.first_replied_at) == (None, None, None)
    [mail] = await desk.mails("case_answer")
    assert (mail.recipient, mail.locale) == ("ada@example.org", "fr")
    assert mail.data["text"] == "Videz le cache."
    assert mail.data["article"] == [
        "Pas d’image", "https://t.example/venues/verriere/help/no-picture?lang=fr",
    ]  # fmt: skip
    assert mail.data["judge_url"].startswith(f"https://t.example/requests/{case.id}/answer?mark=")
    assert mail.data["thread"]["in_reply_to"] == "a1@example.org"
    assert mail.data["thread"].get("by_a_person", False) is False
    assert await desk.mails("case_received") == []
    assert [one.author for one in await desk.said(case)] == [Author.VIEWER, Author.BOT]


async def test_the_answer_is_in_the_language_of_the_mail(desk: Desk) -> None:
    german = Suggestion(
        article="no-picture", title="Kein Bild", text="Cache leeren.", score=1, sure=True, lang="de"
    )
    desk.bot.advice = Advice(outcome="answer", lang="de", found=[german])
    await desk.mail_comes(raw("Ich sehe kein Bild.", to=TO))
    [mail] = await desk.mails("case_answer")
    assert (mail.locale, mail.data["text"]) == ("de", "Cache leeren.")


async def test_a_text_that_falls_back_to_another_language_is_not_sent_by_itself(
    desk: Desk,
) -> None:
    desk.bot.advice = Advice(outcome="answer", lang="mt", found=[SURE])
    await desk.mail_comes(raw("Ma nara xejn.", to=TO))
    assert await desk.mails("case_answer") == []
    [receipt] = await desk.mails("case_received")
    assert [title for title, _ in receipt.data["articles"]] == ["Pas d’image"]


async def test_an_unsure_bot_names_articles_in_the_receipt_and_the_case_waits_for_a_person(
    desk: Desk,
) -> None:
    desk.bot.advice = SUGGEST
    await desk.mail_comes(raw("Image bizarre.", to=TO))
    [case] = await desk.all_cases()
    assert (case.state, case.bot_mail) == (CaseState.NEW, BotMail.SUGGEST)
    assert case.reply_due_at is not None
    [receipt] = await desk.mails("case_received")
    assert [title for title, _ in receipt.data["articles"]] == ["Ça saccade", "Pas d’image"]


async def test_what_the_bot_hands_over_gets_the_receipt_alone(desk: Desk) -> None:
    desk.bot.advice = Advice(outcome="hand_over", lang="fr", found=[OTHER])
    await desk.mail_comes(raw("Puis-je venir avec mon chien ?", to=TO))
    [case] = await desk.all_cases()
    [receipt] = await desk.mails("case_received")
    assert (case.state, case.bot_mail, receipt.data["articles"]) == (
        CaseState.NEW, BotMail.NONE, [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("switch", "advice"), [("bot_answers_mails", ANSWER), ("bot_suggests_in_mails", SUGGEST)]
)
async def test_a_venue_turns_either_off(desk: Desk, switch: str, advice: Advice) -> None:
    async with desk.db.transaction() as tx:
        await keep_hours(tx, **{switch: False})
    desk.bot.advice = advice
    await desk.mail_comes(raw("Pas d'image.", to=TO))
    [case] = await desk.all_cases()
    assert case.state is CaseState.NEW
    assert await desk.mails("case_answer") == []
    [receipt] = await desk.mails("case_received")
    assert bool(receipt.data["articles"]) is (switch == "bot_answers_mails")


async def test_however_often_and_by_whomever_the_job_is_run_nothing_goes_out_twice(
    desk: Desk,
) -> None:
    case_id = await answered(desk)
    async with desk.db.transaction() as tx:  # a worker died after it had committed: told again
        case = await cases.case_for_update(tx, VENUE, case_id)
        case.arrived_due_at = desk.clock.machine()
    for _ in range(3):
        await desk.run()
    assert len(await desk.mails("case_answer")) == 1
    assert await desk.mails("case_received") == []


async def test_a_worker_killed_before_its_commit_leaves_the_whole_of_it_to_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.bot.advice = ANSWER

    async def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(desk.work.letters, "answered", dies)
        with pytest.raises(KeyboardInterrupt):
            await desk.mail_comes(raw("Pas d'image.", to=TO))
    [case] = await desk.all_cases()
    assert (case.state, len(await desk.said(case))) == (CaseState.NEW, 1)
    await desk.run()
    assert len(await desk.mails("case_answer")) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"in_reply_to": "<news-7@elsewhere.example>"},
        {"references": "<news-7@elsewhere.example>"},
        {"from": "No Reply <no-reply@shop.example>"},
        {"from": "ne-pas-repondre@shop.example"},
        {"from": "notifications@social.example"},
    ],
)
async def test_answers_in_a_thread_and_senders_that_read_nothing_wait_for_a_person(
    desk: Desk, headers: dict[str, str]
) -> None:
    desk.bot.advice = ANSWER
    await desk.mail_comes(raw("Pas d'image.", to=TO, **headers))
    [case] = await desk.all_cases()
    assert (case.state, case.topic) == (CaseState.NEW, "no-picture")
    assert await desk.mails("case_answer") == []
    receipts = await desk.mails("case_received")
    assert len(receipts) == (0 if "from" in headers else 1)
    assert all(not one.data["articles"] for one in receipts)


@pytest.mark.parametrize(
    "headers",
    [
        {"auto_submitted": "auto-replied"},
        {"precedence": "bulk"},
        {"list_id": "<news.example>"},
        {"list_unsubscribe": "<https://x.example>"},
        {"return_path": "<>"},
        {"from": "MAILER-DAEMON@mx.example"},
    ],
)
async def test_machines_open_nothing_and_hear_nothing(desk: Desk, headers: dict[str, str]) -> None:
    desk.bot.advice = ANSWER
    await desk.mail_comes(raw("Pas d'image.", to=TO, **headers))
    assert await desk.all_cases() == []
    assert await desk.mails("case_answer") == []


async def test_a_mail_that_a_person_took_in_from_those_set_aside_is_never_answered_alone(
    desk: Desk,
) -> None:
    from support_bot import mail_in
    from support_bot.mail_reading import read

    desk.bot.advice = ANSWER
    mail = raw("Pas d'image.", to=TO, precedence="bulk")
    row = await desk.mail_comes(mail, venue_id=VENUE)
    async with desk.db.transaction() as tx:
        aside = await mail_in.one_aside(tx, VENUE, row.id, lock=True)
        await mail_in.take_aside(tx, aside, VENUE, read(mail), desk.work.people)
    await desk.run()
    [case] = await desk.all_cases()
    assert case.state is CaseState.NEW
    assert await desk.mails("case_answer") == []


async def test_a_reply_comes_first_in_the_queue_with_the_whole_conversation(desk: Desk) -> None:
    case_id = await answered(desk)
    other = await desk.case(email="bo@example.org", now=desk.clock.machine() - timedelta(hours=9))
    async with desk.db.transaction() as tx:
        (await cases.case_for_update(tx, VENUE, other.id)).priority = Priority.HIGH
    desk.clock.move(hours=2)
    to = mail_tokens.reply_address(BASE, KEY, case_id)
    await desk.mail_comes(raw("Toujours noir.", to=to, message_id="<a2@example.org>"))
    now = desk.clock.machine()
    async with desk.db.read() as tx:
        found = await queue(tx, VENUE, Asked(), now)
        held = await counts(tx, VENUE, "", now)
    assert [one.id for one in found] == [case_id, other.id]
    assert (found[0].state, found[0].came_back_at) == (CaseState.OPEN, now)
    assert found[0].bot_asked_again
    assert found[0].reply_due_at is not None
    assert (held["todo"], held["answered"]) == (2, 0)
    assert [one.author for one in await desk.said(found[0])] == [
        Author.VIEWER, Author.BOT, Author.VIEWER,
    ]  # fmt: skip
    assert len(await desk.mails("case_answer")) == 1


async def test_the_same_question_again_in_a_new_mail_goes_to_a_person_and_marks_the_answer(
    desk: Desk,
) -> None:
    first = await answered(desk)
    desk.clock.move(hours=5)
    await desk.mail_comes(raw("Toujours pas d'image.", to=TO, message_id="<b1@example.org>"))
    before, again = await desk.all_cases()
    assert (before.id, before.bot_asked_again) == (first, True)
    assert (again.state, again.came_back_at) == (CaseState.NEW, desk.clock.machine())
    assert len(await desk.mails("case_answer")) == 1


async def test_three_automatic_answers_a_day_for_one_address_then_people_answer(
    desk: Desk,
) -> None:
    for n in range(5):
        article = Suggestion(
            article=f"topic-{n}", title="t", text="x", score=1, sure=True, lang="fr"
        )
        desk.bot.advice = Advice(outcome="answer", lang="fr", found=[article])
        await desk.mail_comes(raw(f"Question {n}", to=TO, message_id=f"<q{n}@example.org>"))
    assert len(await desk.mails("case_answer")) == 3
    desk.clock.move(days=1)
    desk.bot.advice = Advice(outcome="answer", lang="fr", found=[SURE])
    await desk.mail_comes(raw("Question 9", to=TO, message_id="<q9@example.org>"))
    assert len(await desk.mails("case_answer")) == 4


async def test_our_answer_sent_back_by_a_machine_opens_no_loop(desk: Desk) -> None:
    case_id = await answered(desk)
    [row] = await desk.mails("case_answer")
    thread = row.data["thread"]
    mail = Mail(
        message_id=f"{thread['id']}@tickets.example", venue_id=VENUE,
        sent_at=desk.clock.machine(), sender="tickets@tickets.example", sender_name="La Verrière",
        recipient="ada@example.org", subject="Re: x", text="x", html="<p>x</p>",
    )  # fmt: skip
    assert compose(mail)["Auto-Submitted"] == "auto-generated"
    for n in range(4):  # a machine that hides that it is one
        await desk.mail_comes(
            raw("Thanks for your mail!", to=thread["reply_to"], message_id=f"<m{n}@example.org>")
        )
    assert len(await desk.mails("case_answer")) == 1
    assert await desk.mails("case_received") == []
    assert [one.id for one in await desk.all_cases()] == [case_id]


async def test_a_bot_that_is_just_starting_is_asked_once_more_then_a_person_has_it(
    desk: Desk,
) -> None:
    desk.bot.away = True
    await desk.mail_comes(raw("Pas d'image.", to=TO))
    assert await desk.mails("case_received") == []
    desk.bot.away, desk.bot.advice = False, ANSWER
    desk.clock.move(seconds=20)
    await desk.run()
    assert len(await desk.mails("case_answer")) == 1

    desk.bot.away = True
    await desk.mail_comes(raw("Autre chose.", to=TO, message_id="<c1@example.org>"))
    for _ in range(3):
        desk.clock.move(seconds=20)
        await desk.run()
    [receipt] = await desk.mails("case_received")
    assert receipt.data["articles"] == []
    assert (await desk.all_cases())[-1].state is CaseState.NEW


async def test_while_a_stream_has_trouble_its_canned_words_are_the_answer(desk: Desk) -> None:
    event_id = await desk.concert(in_minutes=-10)
    async with desk.db.transaction() as tx:
        await live_notices.switch_on(
            tx, venue_id=VENUE, event_id=event_id, text="Retour à 20 h 15.", by="acc_x",
            now=desk.clock.machine(),
        )  # fmt: skip
    stopped = Suggestion(article="stream-stopped", title="Arrêt", text="…", score=0.6, lang="fr")
    desk.bot.advice = Advice(outcome="suggest", lang="fr", found=[stopped])
    await desk.mail_comes(raw("Plus rien !", to=TO))
    [case] = await desk.all_cases()
    assert (case.state, case.bot_mail, case.event_id) == (
        CaseState.ANSWERED, BotMail.NOTICE, event_id,
    )  # fmt: skip
    [mail] = await desk.mails("case_answer")
    assert "Maud & the Tides" in mail.data["text"]
    assert mail.data["text"].endswith("Retour à 20 h 15.")
    assert mail.data["article"] == []


async def test_an_answer_that_nobody_speaks_of_is_closed_after_the_venues_days(desk: Desk) -> None:
    case_id = await answered(desk)
    desk.clock.move(days=6, hours=23)
    await desk.run()
    [case] = await desk.all_cases()
    assert case.state is CaseState.ANSWERED
    desk.clock.move(hours=2)
    await desk.run()
    [case] = await desk.all_cases()
    assert (case.id, case.state) == (case_id, CaseState.CLOSED)
    assert await desk.mails("case_rating") == []


async def test_the_receipt_of_what_nothing_answers_is_in_the_language_of_the_mail(
    desk: Desk,
) -> None:
    desk.bot.advice = Advice(outcome="hand_over", lang="en", found=[OTHER])
    await desk.mail_comes(raw("Which tyres fit my bicycle?", to=TO))
    [mail] = await desk.mails("case_received")
    assert mail.locale == "en"

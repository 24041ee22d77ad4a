"""The report's figures: silence is no success, and an agent's word stands before a vote."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from infra.kernel.db import Database
from infra.kernel.ids import new_id
from support_bot import cases, mail_answers
from support_bot.article_tables import SupportVote
from support_bot.case_tables import BotMail, CaseState, Channel
from support_bot.conversation_tables import (
    Conversation,
    Line,
    Outcome,
    Speaker,
    TalkChannel,
    TalkState,
)
from support_bot.outcome_facts import facts_of
from support_bot.outcomes import Figures, Settled, figures, rows_of
from tests.support_bot.cases.builders import AGENT, FRIDAY, VENUE, asked, keep_hours, line

EVENT = "evt_01k9x4m8z2v7q0n3t5r6s8w1ya"


def lines_of(talk: str, *replies: dict[str, Any]) -> list[Line]:
    """Each reply of the bot after a question of the viewer's."""
    rows = []
    for n, reply in enumerate(replies):
        facts: dict[str, Any] = {
            "venue_id": VENUE, "conversation_id": talk, "lang": "en", "at": FRIDAY,
            "article": "", "topic": "no-picture", "confidence": 0.9, "suggestions": [],
            "chosen": "", "vote": 0, "asked_again": False,
        }  # fmt: skip
        asked_id = new_id("lin")
        rows.append(Line(**{**facts, "id": asked_id, "n": 2 * n + 1, "speaker": Speaker.VIEWER,
                            "text": "?"}))  # fmt: skip
        rows.append(Line(**{**facts, "id": new_id("lin"), "n": 2 * n + 2, "text": "!",
                            "speaker": Speaker.BOT, "asked_id": asked_id, **reply}))  # fmt: skip
    return rows


async def talk(db: Database, *replies: dict[str, Any], case: dict[str, Any] | None = None) -> str:
    talk_id = new_id("con")
    async with db.transaction() as tx:
        tx.add(
            Conversation(
                id=talk_id, venue_id=VENUE, token_hash="x", lang="en", channel=TalkChannel.WEB,
                event_id=EVENT, state=TalkState.OPEN, lines=2, created_at=FRIDAY, last_at=FRIDAY,
            )
        )  # fmt: skip
        tx.add_all(lines_of(talk_id, *replies))
        if case is not None:
            row = await asked(tx, conversation_id=talk_id)
            reply = cases.Reply(text="So.", agent_id=AGENT, then=CaseState.SOLVED)
            await cases.agent_replies(tx, row, reply, FRIDAY)
            if "confirmed" in case:
                cases.step(tx, row, AGENT, "confirmed", FRIDAY, article=case["confirmed"])
    return talk_id


async def report(db: Database) -> Figures:
    async with db.transaction() as tx:
        since, until = FRIDAY.replace(hour=0), FRIDAY.replace(hour=23)
        return figures(await facts_of(tx, VENUE, since, until, currency="EUR"))


ANSWER = {"outcome": Outcome.ANSWER, "article": "no-picture"}


@pytest.mark.parametrize(
    ("reply", "settled"),
    [
        (ANSWER, Settled.UNSAID),
        (ANSWER | {"vote": 1}, Settled.BOT),
        (ANSWER | {"vote": -1}, Settled.WRONG),
        (ANSWER | {"asked_again": True}, Settled.WRONG),
        (ANSWER | {"asked_again": True, "vote": 1}, Settled.BOT),
        ({"outcome": Outcome.SUGGEST}, Settled.UNSAID),
        ({"outcome": Outcome.SUGGEST, "chosen": "no-picture"}, Settled.SUGGESTION),
        ({"outcome": Outcome.SUGGEST, "chosen": "no-picture", "vote": -1}, Settled.WRONG),
        ({"outcome": Outcome.SEARCH, "vote": 1}, Settled.ARTICLE),
        ({"outcome": Outcome.HAND_OVER}, Settled.WAITING),
    ],
)
async def test_what_came_of_one_question(
    database: Database, reply: dict[str, Any], settled: Settled
) -> None:
    await talk(database, reply)
    found = await report(database)
    assert {name for name, count in found.settled.items() if count} == {settled.value}


async def test_precision_counts_only_answers_that_somebody_judged(database: Database) -> None:
    for vote in (1, 1, 1, -1, 0, 0, 0, 0):
        await talk(database, ANSWER | {"vote": vote})
    found = await report(database)
    assert (found.direct, found.direct_right, found.direct_wrong) == (8, 3, 1)
    assert found.precision == 0.75
    assert found.automatic_share == 0.375


async def test_an_agents_correction_makes_an_answer_wrong_whatever_was_voted(
    database: Database,
) -> None:
    await talk(database, ANSWER | {"vote": 1}, case={"confirmed": "refund"})
    found = await report(database)
    assert (found.direct_right, found.direct_wrong) == (0, 1)
    assert found.settled["person"] == 1


async def test_cases_and_articles_count_beside_conversations_and_cost_what_they_took(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await keep_hours(tx, minute_cost_minor=60)
        case = await asked(tx, event_id=EVENT, topic="refund", lang="fr")
        reply = cases.Reply(text="So.", agent_id=AGENT, then=CaseState.SOLVED)
        await cases.agent_replies(tx, case, reply, FRIDAY.replace(hour=13))
        case.handled_s = 150
        await asked(tx, lang="fr")
        tx.add(
            SupportVote(
                id=new_id("vot"), venue_id=VENUE, slug="refund", lang="fr", reader="r",
                useful=True, at=FRIDAY,
            )
        )  # fmt: skip
    found = await report(database)
    assert (found.settled["person"], found.settled["waiting"], found.settled["article"]) == (
        1,
        1,
        1,
    )
    assert (found.cases.opened, found.cases.solved, found.cases.reply_minutes_median) == (2, 1, 60)
    assert (found.cases.handled_minutes, found.cases.cost_minor) == (2.5, 150)
    assert found.cases.cost_per_case_minor == 75
    assert [one.key for one in found.by_language] == ["fr"]
    assert {one.key: one.requests for one in found.by_topic} == {"refund": 2, "": 1}
    assert ("language", "fr", 3) in [row[:3] for row in rows_of(found)]


async def test_nothing_asked_is_nothing_divided(database: Database) -> None:
    found = await report(database)
    assert (found.requests, found.precision, found.automatic_share) == (0, None, None)
    assert found.cases.cost_minor is None


async def mail_case(db: Database, kind: BotMail, *then: str) -> None:
    """A case by mail with what the assistant sent, and what happened after it, in order."""
    async with db.transaction() as tx:
        case = await asked(tx, channel=Channel.MAIL, email=f"{new_id('x')}@example.org")
        case.bot_may_answer = True
        if kind is BotMail.SUGGEST:
            case.bot_mail, case.bot_mailed_at = kind, FRIDAY
        elif kind is not BotMail.NONE:
            await cases.bot_replies(tx, case, kind, "So.", "no-picture", FRIDAY)
        for what in then:
            match what:
                case "yes" | "no":
                    await mail_answers.judge(
                        tx, case, helped=what == "yes", words="", now=FRIDAY
                    )  # fmt: skip
                case "writes" | "writes later":
                    at = FRIDAY if what == "writes" else FRIDAY + timedelta(days=2)
                    await cases.viewer_writes(tx, case, line("And?", at), at)
                case "agent":
                    reply = cases.Reply(text="So.", agent_id=AGENT, then=CaseState.SOLVED)
                    await cases.agent_replies(tx, case, reply, FRIDAY)
                case _:
                    cases.step(tx, case, AGENT, "confirmed", FRIDAY, article=what)
        await tx.flush()


@pytest.mark.parametrize(
    ("kind", "then", "settled", "right"),
    [
        (BotMail.ANSWER, (), Settled.UNSAID, None),
        (BotMail.ANSWER, ("yes",), Settled.BOT, True),
        (BotMail.ANSWER, ("no",), Settled.WAITING, False),
        (BotMail.ANSWER, ("writes",), Settled.WAITING, False),
        (BotMail.ANSWER, ("writes later", "agent"), Settled.PERSON, None),
        (BotMail.ANSWER, ("writes", "agent", "no-picture"), Settled.PERSON, True),
        (BotMail.ANSWER, ("yes", "refund"), Settled.WRONG, False),
        (BotMail.SUGGEST, (), Settled.WAITING, None),
        (BotMail.SUGGEST, ("yes",), Settled.SUGGESTION, True),
        (BotMail.SUGGEST, ("agent",), Settled.PERSON, None),
        (BotMail.NOTICE, (), Settled.UNSAID, None),
        (BotMail.NOTICE, ("yes",), Settled.ARTICLE, True),
        (BotMail.NONE, ("agent",), Settled.PERSON, None),
    ],
)  # fmt: skip
async def test_what_came_of_a_mail(
    database: Database, kind: BotMail, then: tuple[str, ...], settled: Settled, right: bool | None
) -> None:
    await mail_case(database, kind, *then)
    found = await report(database)
    assert {name: n for name, n in found.settled.items() if n} == {settled.value: 1}
    assert found.direct == (kind is BotMail.ANSWER)
    judged = {True: (1, 0), False: (0, 1), None: (0, 0)}[right]
    if kind is BotMail.ANSWER:
        assert (found.direct_right, found.direct_wrong) == judged

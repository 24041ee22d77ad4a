"""Conversations and spikes on both databases."""

from __future__ import annotations

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import Conflict, Invalid, NotFound
from support_bot import conversations, spikes
from support_bot.conversation_tables import (
    TALK_TRANSITIONS,
    Conversation,
    Line,
    Outcome,
    TalkChannel,
    TalkState,
)

VENUE = "ven_1"


async def begin(
    database: Database, clock: HandClock, account: str | None = None
) -> tuple[str, str]:
    async with database.transaction() as tx:
        talk, token = await conversations.begin(
            tx, venue_id=VENUE, account_id=account, customer_id=None, lang="en",
            channel=TalkChannel.WEB, event_id="evt_1", now=clock.machine(),
        )  # fmt: skip
        return talk.id, token


async def answered(
    database: Database, clock: HandClock, talk_id: str, topic: str = "stream-stopped"
) -> Line:
    async with database.transaction() as tx:
        talk = await tx.get_one(Conversation, talk_id)
        asked = await conversations.viewer_said(tx, talk, f"at {clock.machine()}", clock.machine())
        await conversations.note_asked_again(tx, talk, topic, clock.machine())
        return conversations.bot_said(
            tx, talk, "…", clock.machine(), outcome=Outcome.ANSWER, asked=asked, article=topic,
            topic=topic,
        )  # fmt: skip


async def test_ten_people_are_a_spike_once_an_hour(database: Database, clock: HandClock) -> None:
    for _ in range(10):
        talk_id, _ = await begin(database, clock)
        await answered(database, clock, talk_id)
    raised = []
    for _ in range(2):
        async with database.transaction() as tx:
            raised.append(await spikes.look(tx, VENUE, "stream-stopped", clock.machine()))
    assert [one is not None for one in raised] == [True, False]
    assert raised[0] is not None
    assert (raised[0].questions, raised[0].usual, raised[0].event_id) == (10, 0.0, "evt_1")
    async with database.transaction() as tx:
        assert await spikes.look(tx, "ven_2", "stream-stopped", clock.machine()) is None
        assert await spikes.look(tx, VENUE, "gift", clock.machine()) is None


@pytest.mark.parametrize(
    ("asking", "usual", "spike"),
    [(9, 0.0, False), (10, 0.0, True), (10, 2.1, False), (11, 2.1, True)],
)  # fmt: skip
def test_a_spike_is_many_and_many_more_than_usual(asking: int, usual: float, spike: bool) -> None:
    assert spikes.is_spike(asking, usual) is spike


async def test_the_same_person_asking_again_is_noted_across_conversations(
    database: Database, clock: HandClock
) -> None:
    first, _ = await begin(database, clock, "acc_1")
    line = await answered(database, clock, first, "gift")
    clock.move(hours=20)
    second, _ = await begin(database, clock, "acc_1")
    await answered(database, clock, second, "gift")
    other, _ = await begin(database, clock, "acc_2")
    kept = await answered(database, clock, other, "gift")
    clock.move(hours=25)
    await answered(database, clock, other, "gift")
    async with database.read() as tx:
        assert (await tx.get_one(Line, line.id)).asked_again is True
        assert (await tx.get_one(Line, kept.id)).asked_again is False


async def test_a_conversation_is_its_owners(database: Database, clock: HandClock) -> None:
    theirs, token = await begin(database, clock)
    mine, my_token = await begin(database, clock, "acc_1")
    async with database.transaction() as tx:
        assert (await conversations.find(tx, theirs, token, "", lock=True)).id == theirs
        assert (await conversations.find(tx, mine, "", "acc_1", lock=False)).id == mine
        for talk_id, shown, account in (
            (theirs, my_token, ""), (theirs, "", "acc_1"), (mine, my_token, ""),
            (mine, my_token, "acc_2"), ("cnv_none", token, ""),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                await conversations.find(tx, talk_id, shown, account, lock=False)


async def test_a_message_is_cleaned_bounded_and_sent_twice_kept_once(
    database: Database, clock: HandClock
) -> None:
    talk_id, _ = await begin(database, clock)
    async with database.transaction() as tx:
        talk = await tx.get_one(Conversation, talk_id)
        one = await conversations.viewer_said(
            tx, talk, "he\x00llo\r\n\r\n\r\n\r\nyou", clock.machine()
        )
        assert one.text == "hello\n\nyou"
        await tx.flush()
        again = await conversations.viewer_said(tx, talk, "hello\n\nyou", clock.machine())
        assert again is one
        long = await conversations.viewer_said(tx, talk, "word " * 9_000, clock.machine())
        assert len(long.text) <= conversations.KEPT_CHARS
        with pytest.raises(Invalid):
            await conversations.viewer_said(tx, talk, " \x00 ", clock.machine())
        talk.lines = conversations.LINES_MAX
        with pytest.raises(Conflict):
            await conversations.viewer_said(tx, talk, "more", clock.machine())


def test_states_move_by_their_table() -> None:
    assert TALK_TRANSITIONS.keys() == set(TalkState)
    assert TALK_TRANSITIONS[TalkState.CLOSED] == frozenset()

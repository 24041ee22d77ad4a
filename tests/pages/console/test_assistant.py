"""What the bot learned and live help, in the console."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from infra.kernel.clock import HandClock
from infra.kernel.ids import new_id
from paywall.accounts.roles import Role
from paywall.catalogue.tables import Event, EventState
from support_bot import learned, live_notices
from support_bot.conversation_tables import BotSettings, BotTask
from tests.pages.console.conftest import Console


async def taught(console: Console, clock: HandClock) -> None:
    async with console.db.transaction() as tx:
        await learned.confirm_answer(
            tx, venue_id=console.venue_id, question="can I wrap it", article="gift", lang="en",
            source="case", source_id="cas_1", confirmed_by="acc_1", now=clock.machine(),
        )  # fmt: skip
        found = [("is there parking", "en", ["is there parking", "where to park"], 4)]
        await learned.keep_clusters(tx, console.venue_id, found, clock.machine())


async def settings(console: Console) -> BotSettings:
    async with console.db.read() as tx:
        return await learned.settings_of(tx, console.venue_id)


async def test_an_empty_page_says_what_will_appear(console: Console) -> None:
    page = await (await console.sign_in(Role.SUPPORT)).get(f"{console.at}/assistant")
    assert page.status_code == 200
    assert "Nobody has taught it yet" in page.text
    assert "Nothing is missing yet" in page.text


async def test_what_was_taught_and_what_nobody_wrote(console: Console, clock: HandClock) -> None:
    await taught(console, clock)
    agent = await console.sign_in(Role.SUPPORT)
    page = (await agent.get(f"{console.at}/assistant")).text
    assert "can I wrap it" in page
    assert "is there parking" in page
    editor = await agent.get(
        f"{console.at}/help/new?title=is+there+parking&phrasings=where+to+park"
    )
    assert 'value="is there parking"' in editor.text
    assert "where to park" in editor.text


async def test_rules_are_checked_and_kept_by_managers_of_the_venue(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    at = f"{console.at}/assistant/settings"
    wrong = await owner.post(at, data={"precision": "20", "refund_hours": ""})
    assert wrong.status_code == 422
    await owner.post(at, data={"precision": "97.5", "refund_hours": "48"})
    row = await settings(console)
    assert (row.wanted_precision_bps, row.refund_until_h) == (9750, 48)
    agent = await console.sign_in(Role.SUPPORT)
    refused = await agent.post(at, data={"precision": "60", "refund_hours": "1"})
    assert refused.status_code == 403


async def test_a_button_leaves_the_task_to_a_worker(console: Console, clock: HandClock) -> None:
    await taught(console, clock)
    agent = await console.sign_in(Role.SUPPORT)
    answer = await agent.post(f"{console.at}/assistant/training", data={"task": "back"})
    assert answer.status_code == 303
    assert (await settings(console)).task is BotTask.BACK
    strange = await agent.post(f"{console.at}/assistant/training", data={"task": "rm"})
    assert strange.status_code == 404


async def event(console: Console, clock: HandClock, venue_id: str) -> str:
    made, now = new_id("evt"), clock.machine()
    async with console.db.transaction() as tx:
        tx.add(
            Event(
                id=made, venue_id=venue_id, slug=made[-20:], name="Nuit gnawa",
                timezone="Europe/Paris", starts_at=now - timedelta(hours=1),
                ends_at=now + timedelta(hours=2), state=EventState.PUBLISHED, poster_seed=1,
                created_at=now,
            )
        )  # fmt: skip
    return made


async def running(console: Console, clock: HandClock) -> list[Any]:
    async with console.db.read() as tx:
        return await live_notices.all_running(tx, console.venue_id, clock.machine())


async def test_one_person_switches_live_help_on_and_off(console: Console, clock: HandClock) -> None:
    here = await event(console, clock, console.venue_id)
    agent = await console.sign_in(Role.SUPPORT)
    at = f"{console.at}/live-help"
    assert "Nuit gnawa" in (await agent.get(at)).text
    await agent.post(f"{at}/{here}/on", data={"text": "Back at 21:10."})
    (notice,) = await running(console, clock)
    assert "Back at 21:10." in (await agent.get(at)).text
    await agent.post(f"{at}/{here}/on", data={"text": "Back at 21:20."})
    assert [one.text for one in await running(console, clock)] == ["Back at 21:20."]
    await agent.post(f"{at}/{notice.id}/off")
    assert await running(console, clock) == []


async def test_it_goes_off_by_itself_and_knows_only_its_own_events(
    console: Console, clock: HandClock
) -> None:
    here = await event(console, clock, console.venue_id)
    theirs = await event(console, clock, console.neighbour_id)
    agent = await console.sign_in(Role.SUPPORT)
    await agent.post(f"{console.at}/live-help/{theirs}/on", data={"text": "ha"})
    assert await running(console, clock) == []
    await agent.post(f"{console.at}/live-help/{here}/on", data={"text": ""})
    clock.move(hours=3)
    assert await running(console, clock) == []

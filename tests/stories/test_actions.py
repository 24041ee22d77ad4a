"""Actions on the audience: one mail about a card, gifts and codes, a no that holds, hold-outs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select

from churn.triggers import define
from churn.triggers.acts import Coupon, FreeDays, LetterText, Mail, Task, Webhook
from churn.triggers.conditions import Compare
from churn.triggers.tables import Arm, Spend, Touch, TouchState
from churn.triggers.tables import Task as TaskRow
from entitlements.tables import Grant
from infra.kernel.bounds import MoneyAsk
from offers.tables import Coupon as CouponRow
from paywall.notices.dev_mailbox import DevMail
from paywall.notices.ports import Refused
from paywall.notices.tables import OutboxRow
from tests.stories.audience import LETTER, Audience
from tests.stories.doomed import TICK, Request, lived
from tests.stories.hall import Hall

GIFT = {"en": LetterText("A gift", "Until {until}."), "fr": LetterText("Cadeau", "Au {until}.")}
CODE = {"en": LetterText("{off} off", "Take {code} until {until}, {off} off.")}


@pytest.fixture
async def audience(hall: Hall) -> AsyncIterator[Audience]:
    made = Audience(hall)
    yield made
    await made.close()


async def test_an_expiring_card_is_renewed_after_one_mail(audience: Audience) -> None:
    """A notice about the contract: no yes is needed, and one mail is all there is."""
    await audience.add("maud", agrees=None, card_expires_in_days=20.0)
    await audience.add("iris", agrees=None, card_expires_in_days=200.0)
    action = await audience.action(Mail(LETTER, service=True), again_after_days=30)
    await audience.everybody_is_treated(action)
    await audience.tick()
    (mail,) = await audience.mails("maud")
    assert mail.subject == "Votre carte, Maud"
    assert "Bonjour Maud" in mail.html
    assert "unsubscribe" not in mail.html
    await audience.hours(5)
    assert len(await audience.mails()) == 1
    assert (await audience.touches(action))["maud"].state is TouchState.DONE
    await audience.known("maud", card_expires_in_days=1400.0)  # she has renewed it
    for _ in range(4):
        audience.hall.clock.move(days=10)
        await audience.hours(2)
    assert len(await audience.mails()) == 1


async def test_a_condition_that_no_longer_holds_sends_nothing(audience: Audience) -> None:
    await audience.add("maud", card_expires_in_days=20.0)
    action = await audience.action(delay_s=3 * 3600)
    await audience.everybody_is_treated(action)
    await audience.hours(2)
    await audience.known("maud", card_expires_in_days=1400.0)
    await audience.hours(3)
    touch = (await audience.touches(action))["maud"]
    assert (touch.state, touch.reason) == (TouchState.SKIPPED, "no_longer")
    assert await audience.mails() == []


async def test_an_opted_out_person_is_never_written_to(audience: Audience) -> None:
    """Not at the draw, not at the moment of doing, not when the mail was already in the outbox."""
    for name, agrees in (("never", None), ("out", False), ("later", True), ("last", True)):
        await audience.add(name, agrees=agrees, card_expires_in_days=20.0)
    action = await audience.action(delay_s=2 * 3600)
    notice = await audience.action(Mail(LETTER, service=True))
    for one in (action, notice):
        await audience.everybody_is_treated(one)
    await audience.tick()
    assert {a.person for a in await audience.drawn(action)} == {"p-later", "p-last"}
    assert "p-out" not in {a.person for a in await audience.drawn(notice)}
    written = {mail.recipient for mail in await audience.mails()}
    assert written == {f"{name}@example.org" for name in ("never", "later", "last")}
    await audience.says("later", False)
    audience.hall.clock.move(hours=3)
    # Only the acts are carried out: the mail to `last` waits in the outbox when the no comes.
    await _only(audience, "actions")
    await audience.says("last", False)
    await audience.hours(2)
    touches = await audience.touches(action)
    assert {name: (t.state.value, t.reason) for name, t in touches.items()} == {
        "later": ("skipped", "opted_out"),
        "last": ("skipped", "opted_out"),
    }
    assert {mail.recipient for mail in await audience.mails()} == written
    assert len(await audience.mails()) == 3


async def _only(audience: Audience, *jobs: str) -> None:
    from tests.stories.hall import worker_of

    await worker_of(audience.hall.parts, audience._stack, frozenset(jobs)).run_all_once()


async def test_the_way_out_in_a_mail_works_in_one_step_and_everywhere(audience: Audience) -> None:
    await audience.add("maud", card_expires_in_days=20.0)
    action = await audience.action(again_after_days=1)
    await audience.everybody_is_treated(action)
    await audience.tick()
    (mail,) = await audience.mails("maud")
    found = re.search(r"http://[^\s\"]+(/unsubscribe/[\w-]+)", mail.html)
    assert found is not None
    client = await audience.hall.client()
    page = await client.get(found[1])
    assert page.status_code == 200
    assert "La Verrière" in page.text
    audience.hall.clock.move(days=2)
    await audience.tick()
    assert len(await audience.mails("maud")) == 2, "a scanner's GET is no word of hers"
    # As RFC 8058 has a mail program do it: no cookie, this body, from wherever it runs.
    answer = await client.post(
        found[1],
        content="List-Unsubscribe=One-Click",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "cross-site",
        },
    )
    assert answer.status_code == 200
    for _ in range(3):
        audience.hall.clock.move(days=2)
        await audience.tick()
    assert len(await audience.mails("maud")) == 2
    assert (await client.get(found[1] + "x")).status_code == 404


async def test_two_free_weeks_open_the_season_and_a_code_works_once(audience: Audience) -> None:
    hall = audience.hall
    season = await hall.season(days=90)
    event = await hall.event(in_hours=1, season_id=season)
    ticket = await hall.ticket(event)
    for name in ("maud", "iris"):
        await audience.add(name, days_since_watched=30.0, plan=name)
    weeks = await audience.action(
        FreeDays(GIFT, season_id=season, days=14),
        occasion="silent", who=Compare("plan", "eq", "maud"),
    )  # fmt: skip
    codes = await audience.action(
        Coupon(CODE, percent_bps=10_000),
        occasion="silent", who=Compare("plan", "eq", "iris"),
    )  # fmt: skip
    for one in (weeks, codes):
        await audience.everybody_is_treated(one)
    await audience.tick()
    await hall.move(hours=1, minutes=1)
    maud = await hall.buyer("maud@example.org")
    assert await maud.sees(event) == "open"
    iris = await hall.buyer("iris@example.org")
    assert await iris.sees(event) == "not_bought"
    (letter,) = await audience.mails("iris")
    code = re.search(r"Take (\w{10}) until", letter.text)
    assert code is not None, letter.text
    assert "100%" in letter.subject
    order_id = await iris.order(ticket, coupon=code[1])
    assert await hall.state(order_id) == "paid"
    again = await iris.send(ticket, await iris.form(ticket, coupon=code[1]))
    assert again.status_code != 303
    await hall.move(days=15)
    assert await maud.sees(event, "replay") != "open"


async def test_a_hold_out_stays_held_out_through_every_round(audience: Audience) -> None:
    for number in range(60):
        await audience.add(f"n{number}", card_expires_in_days=20.0)
    action = await audience.action(again_after_days=5, holdout_bps=2000)
    for _ in range(3):
        await audience.tick()
        audience.hall.clock.move(days=6)
    drawn = await audience.drawn(action)
    assert {a.round for a in drawn} == {1, 2, 3}
    arms: dict[str, set[Arm]] = {}
    for one in drawn:
        arms.setdefault(one.person, set()).add(one.arm)
    assert len(arms) == 60
    assert all(len(each) == 1 for each in arms.values())
    held = {p.removeprefix("p-") for p, each in arms.items() if each == {Arm.HELD_OUT}}
    assert 4 <= len(held) <= 22
    assert not held & {mail.recipient.split("@")[0] for mail in await audience.mails()}


async def test_people_are_left_alone_as_often_as_the_action_says(audience: Audience) -> None:
    await audience.add("maud", card_expires_in_days=20.0, days_since_watched=40.0)
    first = await audience.action()
    second = await audience.action(occasion="silent", rest_days=7)
    for one in (first, second):
        await audience.everybody_is_treated(one)
    await audience.hours(3)
    assert len(await audience.mails()) == 1
    audience.hall.clock.move(days=8)
    await audience.hours(2)
    assert len(await audience.mails()) == 2, "the other one's turn came after a week"


async def test_quiet_hours_and_open_cases_put_an_act_off(audience: Audience) -> None:
    clock = audience.hall.clock
    await audience.add("maud", card_expires_in_days=20.0, country="FR")
    await audience.add("yuki", card_expires_in_days=20.0, country="JP")
    now = clock.machine()
    # From the hour before to eight hours later in Paris: in Tokyo that is no night at all.
    paris = (now.hour + (1 if now.month in (11, 12, 1, 2) else 2)) % 24
    action = await audience.action(
        quiet_from=f"{(paris - 1) % 24:02}:00", quiet_until=f"{(paris + 3) % 24:02}:00"
    )
    await audience.everybody_is_treated(action)
    await audience.tick()
    assert [mail.recipient for mail in await audience.mails()] == ["yuki@example.org"]
    # She asks for help this very afternoon; no night has told the features of it.
    case_id = await audience.asks_for_help("maud")
    await audience.hours(4)
    assert len(await audience.mails()) == 1
    await audience.settled(case_id)
    await audience.hours(30)
    assert len(await audience.mails("maud")) == 1


async def test_an_open_case_is_a_condition_at_this_moment(audience: Audience) -> None:
    """The night's word of a customer's case counts for nothing beside the desk's own."""
    await audience.add("maud", card_expires_in_days=20.0, open_case=0.0)
    await audience.add("iris", card_expires_in_days=20.0, open_case=1.0)
    action = await audience.action(
        who=Compare("open_case", "eq", 1), again_after_days=1, not_during_case=False
    )
    await audience.everybody_is_treated(action)
    await audience.tick()
    assert await audience.mails() == []
    await audience.asks_for_help("maud")
    await audience.hours(2)
    assert [mail.recipient for mail in await audience.mails()] == ["maud@example.org"]


async def test_a_budget_is_never_exceeded_and_begins_again_each_month(audience: Audience) -> None:
    for number in range(30):
        await audience.add(f"n{number}", card_expires_in_days=20.0)
    action = await audience.action(cost=MoneyAsk(30, "EUR"), budget=MoneyAsk(100, "EUR"))
    await audience.hours(3)
    assert len(await audience.mails()) == 3
    audience.hall.clock.move(days=31)
    await audience.hours(2)
    assert len(await audience.mails()) == 6
    async with audience.db.read() as tx:
        spends = (await tx.scalars(select(Spend).where(Spend.trigger_id == action))).all()
    assert [row.spent_minor for row in spends] == [90, 90]


async def test_it_acts_where_it_pays(audience: Audience) -> None:
    """Chance x value x months x uplift: 0.5 x 12.00 x 6 x 10 % = 3.60 against the cost."""
    await audience.add("pays", card_expires_in_days=20.0)
    await audience.add("little", card_expires_in_days=20.0, value_month_minor=100.0)
    await audience.add("loyal", card_expires_in_days=20.0, payment_risk=0.01)
    action = await audience.action(cost=MoneyAsk(300, "EUR"))
    await audience.everybody_is_treated(action)
    await audience.tick()
    assert [a.person for a in await audience.drawn(action)] == ["p-pays"]


async def test_tasks_and_webhooks_are_done_by_others(audience: Audience) -> None:
    hall = audience.hall
    await audience.add("maud", card_expires_in_days=20.0)
    call = await audience.action(Task("Call them", note="Kindly."))
    told = await audience.action(Webhook("our crm"))
    for one in (call, told):
        await audience.everybody_is_treated(one)
    await hall.staff.post(
        f"{hall.at}/webhooks", json={"url": "http://127.0.0.1:9/hook", "kinds": ["action.due"]}
    )
    await audience.tick()
    async with audience.db.read() as tx:
        (task,) = (await tx.scalars(select(TaskRow))).all()
        (hook,) = (
            await tx.scalars(select(OutboxRow).where(OutboxRow.template == "action.due"))
        ).all()
    assert (task.title, task.trigger_id) == ("Call them", call)
    assert hook.data["touch_id"] == (await audience.touches(told))["maud"].id
    assert hook.data["risk"] == 0.4
    assert (await audience.touches(told))["maud"].state is TouchState.DOING


async def test_a_paused_action_waits_and_an_ended_one_drops_what_it_planned(
    audience: Audience,
) -> None:
    await audience.add("maud", card_expires_in_days=20.0)
    action = await audience.action(delay_s=3600)
    await audience.everybody_is_treated(action)
    await audience.tick()
    venue = audience.hall.venue_id
    async with audience.db.transaction() as tx:
        await define.pause(tx, await define.get(tx, venue, action))
    await audience.hours(5)
    assert await audience.mails() == []
    async with audience.db.transaction() as tx:
        trigger = await define.get(tx, venue, action)
        await define.end(tx, trigger, now=audience.hall.clock.machine())
    await audience.hours(2)
    touch = (await audience.touches(action))["maud"]
    assert (touch.state, touch.reason) == (TouchState.SKIPPED, "ended")


async def test_a_refused_mail_is_told_as_failed(audience: Audience) -> None:
    await audience.add("maud", card_expires_in_days=20.0)
    action = await audience.action()
    await audience.everybody_is_treated(action)
    await _only(audience, "actions")
    async with audience.db.transaction() as tx:
        row = (await tx.scalars(select(OutboxRow).where(OutboxRow.template == "action_news"))).one()
        outbox = audience.hall.parts.outbox
        row.template = "action_news"
        await tx.flush()
    (claimed,) = await outbox.claim_due(audience.db, row.kind, audience.hall.clock.machine(), 5)
    from paywall.notices.outbox import Failed

    async with audience.db.transaction() as tx:
        await outbox.settle(
            tx, claimed, Failed(error=str(Refused("550")), final=True),
            audience.hall.clock.machine(),
        )  # fmt: skip
    await audience.hours(1)
    assert (await audience.touches(action))["maud"].state is TouchState.FAILED


async def _count(audience: Audience, model: Any, *where: Any) -> int:
    async with audience.db.read() as tx:
        return await tx.scalar(select(func.count()).select_from(model).where(*where)) or 0


@pytest.mark.slow
async def test_nobody_gets_a_thing_twice_whenever_the_worker_dies(sqlite_hall: Hall) -> None:
    """The worker is killed at its 1st, 2nd, 3rd ... step until it comes to its end unharmed."""
    audience = Audience(sqlite_hall)
    season = await sqlite_hall.season()
    action = await audience.action(FreeDays(GIFT, season_id=season), occasion="silent")
    codes = await audience.action(Coupon(CODE, percent_bps=1000), occasion="silent")
    kill_at = 0
    where = "not yet"
    while where:
        kill_at += 1
        name = f"k{kill_at}"
        await audience.add(name, days_since_watched=30.0)
        for one in (action, codes):
            await audience.everybody_is_treated(one)
        sqlite_hall.clock.move(hours=1, minutes=1)
        where = await lived(
            kill_at, sqlite_hall.db, sqlite_hall.settings, sqlite_hall.clock.machine(),
            [Request(TICK, "actions,mails")],
        )  # fmt: skip
        await audience.hours(3)
        touches = [(await audience.touches(one))[name] for one in (action, codes)]
        assert {t.state for t in touches} <= {TouchState.DONE, TouchState.UNKNOWN}, where
        done = [t for t in touches if t.state is TouchState.DONE]
        assert len(done) <= len(await audience.mails(name)) <= 2, where
        for touch in touches:
            grants = await _count(audience, Grant, Grant.customer_id == touch.customer_id)
            assert grants == 1, where
            drawn = [
                a for a in await audience.drawn(touch.trigger_id) if a.id == touch.assignment_id
            ]
            assert len(drawn) == 1
    assert kill_at >= 8
    assert await _count(audience, CouponRow) == kill_at
    assert await _count(audience, Grant) == kill_at
    assert await _count(audience, Touch) == 2 * kill_at
    assert await _count(audience, DevMail) <= 2 * kill_at
    await audience.close()

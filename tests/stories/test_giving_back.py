"""A ticket given back by its owner from the assistant's button, within the venue's rule."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from sqlalchemy import select, update

from entitlements.tables import Grant
from paywall.accounts.tables import AuditEntry
from paywall.payments.tables import Refund, RefundState
from support_bot import learned
from support_bot.conversation_tables import ActConfirmation, ConfirmationState
from tests.stories.hall import Buyer, Hall

GONE = "This ticket can’t be given back any more."


class Talk:
    """One conversation of somebody signed in with a proven address."""

    def __init__(self, who: Buyer) -> None:
        self.who = who
        self.at = ""
        self.headers: dict[str, str] = {}

    async def begin(self) -> Talk:
        hall = self.who.hall
        signed_in = await self.who.signed_in()
        body = {"venue": hall.venue_id[-20:], "language": "en"}
        begun = await self.who.client.post("/v1/conversations", json=body, headers=signed_in)
        assert begun.status_code == 201, begun.text
        self.at = f"/v1/conversations/{begun.json()['conversation']['id']}"
        self.headers = signed_in | {"Conversation-Token": begun.json()["token"]}
        return self

    async def buttons(self) -> list[dict[str, Any]]:
        answer = await self.who.client.post(f"{self.at}/acts/refund", headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["confirmations"]
        return found

    async def button(self) -> str:
        (only,) = await self.buttons()
        return str(only["id"])

    async def press(self, button: str) -> httpx.Response:
        return await self.who.client.post(f"{self.at}/confirmations/{button}", headers=self.headers)

    async def gives_back(self, button: str) -> tuple[bool, str]:
        answer = await self.press(button)
        assert answer.status_code == 200, answer.text
        return answer.json()["done"], answer.json()["text"]


async def allow(hall: Hall, hours: int | None = 48) -> None:
    async with hall.db.transaction() as tx:
        (await learned.own_settings(tx, hall.venue_id)).refund_until_h = hours


async def owner_of_a_ticket(hall: Hall, in_hours: float = 72) -> tuple[Buyer, str, str]:
    """Ada, her paid order, its event; tickets may be given back until two days before."""
    await allow(hall)
    event_id = await hall.event(in_hours=in_hours)
    offer_id = await hall.ticket(event_id)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    await hall.deliver()
    return ada, order_id, event_id


async def refunds(hall: Hall) -> list[Refund]:
    async with hall.db.read() as tx:
        return list(await tx.scalars(select(Refund)))


async def test_a_press_of_the_button_moves_the_money_closes_the_door_and_balances_the_books(
    hall: Hall,
) -> None:
    ada, order_id, event_id = await owner_of_a_ticket(hall)
    assert (await hall.money())["processor"] > 0
    talk = await Talk(ada).begin()
    (offered,) = await talk.buttons()
    assert offered["text"] == (
        "Give back Maud · Billet. You get €12.00 where it came from, and the ticket ends at once."
    )
    assert await hall.state(order_id) == "paid"  # nothing happens before the press
    done, text = await talk.gives_back(offered["id"])
    assert (done, text) == (True, "€12.00 is on its way back to you.")
    await hall.deliver()
    assert await hall.state(order_id) == "refunded"
    # What the processor took for the payment is all that is left of it.
    assert await hall.money() == {"processor": -42, "processor_fees": 42}
    (refund,) = await refunds(hall)
    assert (refund.amount_minor, refund.state) == (1200, RefundState.SUCCEEDED)
    assert await ada.sees(event_id) != "open"
    assert "refund" in [m for r in await refunds(hall) for m in await hall.mails(r.id)]
    async with hall.db.read() as tx:
        kept = list(
            await tx.scalars(
                select(AuditEntry.action).where(
                    AuditEntry.action.in_(("support.act_confirmed", "order.refund"))
                )
            )
        )
    assert sorted(kept) == ["order.refund", "support.act_confirmed"]
    lines = (await ada.client.get(talk.at, headers=talk.headers)).json()["lines"]
    assert "is on its way back to you" in lines[-1]["text"]
    await hall.agree()


async def test_pressed_twice_and_at_once_it_is_one_refund_with_one_answer(hall: Hall) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall)
    talk = await Talk(ada).begin()
    one, other = await talk.button(), await talk.button()  # two previews of the same order
    answers = await asyncio.gather(*(talk.press(one) for _ in range(3)))
    assert {a.status_code for a in answers} == {200}
    assert await talk.gives_back(one) == (True, "€12.00 is on its way back to you.")
    done, text = await talk.gives_back(other)
    assert (done, text) == (False, GONE)
    await hall.deliver()
    assert len(await refunds(hall)) == 1
    assert await hall.state(order_id) == "refunded"
    await hall.agree()


async def test_once_the_rules_hours_are_over_no_button_is_shown_and_an_old_one_refuses(
    hall: Hall,
) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall, in_hours=48.1)
    talk = await Talk(ada).begin()
    button = await talk.button()
    await hall.move(minutes=7)
    assert await talk.buttons() == []
    assert await talk.gives_back(button) == (False, GONE)
    assert await talk.gives_back(button) == (False, GONE)
    async with hall.db.read() as tx:
        row = await tx.get_one(ActConfirmation, button)
    assert row.state is ConfirmationState.REFUSED
    assert await hall.state(order_id) == "paid"
    assert await refunds(hall) == []
    await hall.agree()


async def test_what_is_given_back_already_whole_or_in_part_has_no_button(hall: Hall) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall)
    talk = await Talk(ada).begin()
    button = await talk.button()
    assert (await hall.refund(order_id, 200)).is_success
    await hall.deliver()
    assert await talk.buttons() == []
    assert await talk.gives_back(button) == (False, GONE)
    assert (await hall.refund(order_id)).is_success
    await hall.deliver()
    assert await talk.buttons() == []
    assert [one.amount_minor for one in await refunds(hall)] == [200, 1000]
    await hall.agree()


async def test_a_ticket_that_was_played_is_not_given_back(hall: Hall) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall)
    talk = await Talk(ada).begin()
    button = await talk.button()
    async with hall.db.transaction() as tx:
        query = update(Grant).where(Grant.order_id == order_id)
        await tx.execute(query.values(first_played_at=hall.clock.machine()))
    assert await talk.buttons() == []
    assert await talk.gives_back(button) == (False, GONE)
    assert await refunds(hall) == []
    await hall.agree()


async def test_a_venue_that_takes_its_rule_away_refuses_buttons_that_were_shown_before(
    hall: Hall,
) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall)
    talk = await Talk(ada).begin()
    button = await talk.button()
    await allow(hall, hours=None)
    assert await talk.buttons() == []
    assert await talk.gives_back(button) == (False, GONE)
    assert await hall.state(order_id) == "paid"
    await hall.agree()


async def test_nobody_gives_back_anothers_ticket_and_a_button_is_its_owners_alone(
    hall: Hall,
) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall)
    talk = await Talk(ada).begin()
    button = await talk.button()
    eve = await hall.buyer("eve@example.org")
    hers = await Talk(eve).begin()
    assert await hers.buttons() == []
    assert (await hers.press(button)).status_code == 404
    stolen = Talk(eve)
    stolen.at, stolen.headers = talk.at, hers.headers
    assert (await stolen.press(button)).status_code == 404
    assert await hall.state(order_id) == "paid"
    assert await refunds(hall) == []
    await hall.agree()


async def test_a_button_that_was_shown_too_long_ago_moves_nothing(hall: Hall) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall)
    talk = await Talk(ada).begin()
    button = await talk.button()
    await hall.move(minutes=11)
    answer = await talk.press(button)
    assert (answer.status_code, answer.json()["code"]) == (410, "confirmation_expired")
    assert await hall.state(order_id) == "paid"
    await hall.agree()


async def test_after_twenty_presses_in_an_hour_nothing_more_is_pressed(hall: Hall) -> None:
    ada, order_id, _ = await owner_of_a_ticket(hall)
    talk = await Talk(ada).begin()
    for _ in range(19):
        button = await talk.button()
    assert (await talk.press("acf_made_up")).status_code == 404
    assert (await talk.press(button)).status_code == 429
    assert await hall.state(order_id) == "paid"
    await hall.move(minutes=61)
    assert await talk.gives_back(await talk.button()) == (
        True, "€12.00 is on its way back to you.",
    )  # fmt: skip

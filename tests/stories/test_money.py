"""Money that comes late, twice, or goes back: access, places and books follow it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from infra.kernel.idempotency import Claim
from infra.kernel.ids import new_id
from paywall.checkout.buy import OrderClosed
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.place_orders import Placed
from paywall.checkout.sell_directly import DirectSale, Sold
from paywall.http.idempotency import kept_json
from paywall.payments.tables import PaymentState
from tests.conformance.gateway_bench import Act
from tests.stories.hall import Buyer, Hall


async def on_air(hall: Hall, minor: int = 1200, **more: object) -> tuple[str, str]:
    """An event that is live now, and its ticket."""
    event_id = await hall.event(in_hours=0.25, lasts_h=4)
    offer_id = await hall.ticket(event_id, minor, **more)
    await hall.move(minutes=15)
    return event_id, offer_id


async def test_forty_buyers_of_five_places_pay_five_times(hall: Hall) -> None:
    _, offer_id = await on_air(hall, capacity=5)
    buyers = [await hall.buyer(f"b{n}@example.org") for n in range(40)]
    forms = [await buyer.form(offer_id) for buyer in buyers]

    async def go(buyer: Buyer, form: dict[str, str]) -> str:
        answer = await buyer.send(offer_id, form)
        if answer.status_code != 303:
            assert answer.status_code == 409, answer.text
            return ""
        order_id = answer.headers["location"].split("/")[2]
        await buyer.card(order_id)
        await buyer.page(order_id)
        return order_id

    orders = [o for o in await asyncio.gather(*map(go, buyers, forms)) if o]
    assert len(orders) == 5
    assert {await hall.state(order_id) for order_id in orders} == {"paid"}
    await hall.tick()
    money = await hall.sandbox_money()
    assert sorted(kind for moves in money.values() for kind, _ in moves) == ["charge"] * 5
    assert await hall.taken(offer_id) == 5
    await hall.agree()


async def test_a_decline_is_explained_and_the_next_card_pays_the_same_order(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    await ada.card(order_id, Act.INSUFFICIENT_FUNDS)
    told = await ada.page(order_id)
    assert told.status_code == 200
    assert "/retry" in told.text
    again = await ada.client.post(f"/orders/{order_id}/retry")
    assert again.status_code == 303
    await ada.card(order_id)
    await ada.page(order_id)
    assert [p.state for p in await hall.payments(order_id)] == [
        PaymentState.FAILED,
        PaymentState.CAPTURED,
    ]
    assert await ada.sees(event_id) == "open"
    await hall.deliver()
    await hall.agree()


async def test_declined_cards_keep_a_place_from_others_for_an_hour_at_most(hall: Hall) -> None:
    _, offer_id = await on_air(hall, capacity=1)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    for _ in range(4):
        await ada.card(order_id, Act.INSUFFICIENT_FUNDS)
        await ada.page(order_id)
        await hall.move(minutes=14)
        assert (await hall.parts.buy.resume(order_id)).order_id == order_id
    await ada.card(order_id, Act.INSUFFICIENT_FUNDS)
    await ada.page(order_id)
    await hall.move(minutes=10)
    with pytest.raises(OrderClosed):
        await hall.parts.buy.resume(order_id)
    await hall.tick()
    bob = await hall.buyer("bob@example.org")
    assert await bob.order(offer_id)


async def test_a_refund_that_is_too_much_says_what_is_left_and_a_second_that_nothing_is(
    hall: Hall,
) -> None:
    _, offer_id = await on_air(hall)
    order_id = await (await hall.buyer()).buy(offer_id)
    too_much = await hall.refund(order_id, 1300)
    assert too_much.status_code == 422
    assert too_much.json()["detail"] == "Give back between 0.01 and 12.00 EUR."
    assert (await hall.refund(order_id)).status_code < 300
    nothing = await hall.refund(order_id)
    assert nothing.status_code == 409


async def test_the_same_checkout_sent_twice_at_once_charges_once(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    ada = await hall.buyer()
    form = await ada.form(offer_id)
    answers = await asyncio.gather(*(ada.send(offer_id, form) for _ in range(4)))
    assert {a.status_code for a in answers} == {303}
    (order_id,) = {a.headers["location"].split("/")[2] for a in answers}
    assert len(await hall.payments(order_id)) == 1
    await ada.card(order_id)
    await asyncio.gather(*(ada.page(order_id) for _ in range(4)))
    assert await hall.mails(order_id) == ["receipt"]
    await hall.deliver()
    await hall.agree()


async def test_the_last_place_with_a_code_sent_twice_is_one_purchase(hall: Hall) -> None:
    _, offer_id = await on_air(hall, capacity=1)
    await hall.make("coupons", code="UNE", percent_bps=1000, max_uses=1)
    ada = await hall.buyer()
    form = await ada.form(offer_id, coupon="UNE")
    answers = [
        *await asyncio.gather(ada.send(offer_id, form), ada.send(offer_id, form)),
        await ada.send(offer_id, form),
    ]
    assert [a.status_code for a in answers] == [303, 303, 303]
    assert len({a.headers["location"] for a in answers}) == 1
    assert await hall.taken(offer_id) == 1


async def test_the_same_checkout_sent_to_two_processes_at_once_charges_once(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    _, other = await hall.another_process()
    ada = await hall.buyer()
    form = await ada.form(offer_id)
    twin = await hall.buyer(app=other)
    answers = await asyncio.gather(ada.send(offer_id, form), twin.send(offer_id, form))
    assert {a.status_code for a in answers} == {303}
    (order_id,) = {a.headers["location"].split("/")[2] for a in answers}
    await ada.card(order_id)
    await asyncio.gather(ada.page(order_id), twin.page(order_id), hall.tick())
    await hall.deliver()
    await hall.agree()


@pytest.mark.parametrize("reverse", [False, True], ids=["in order", "backwards"])
async def test_each_webhook_twice_in_any_order_with_bad_ones_between(
    hall: Hall, reverse: bool
) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    declined = await ada.order(offer_id)
    await ada.card(declined, Act.DECLINE)
    await ada.page(declined)
    await ada.client.post(f"/orders/{declined}/retry")
    await ada.card(declined)  # and closes the tab: only webhooks tell
    (payment,) = [p for p in await hall.payments(declined) if p.state is PaymentState.PENDING]
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    await hall.bench.dispute(found)
    await hall.bench.close_dispute(found, won=False)
    sent: list[Any] = []
    async with asyncio.timeout(10):
        while not any(json.loads(i.body)["type"] == "dispute.closed" for i in sent):
            sent += await hall.webhooks()
    told = [one for one in sent for _ in range(2)]
    for inbound in reversed(told) if reverse else told:
        forged = await hall.receive(inbound, **{"webhook-signature": "v1,Zm9yZ2Vk"})
        assert forged.status_code == 400, forged.text
        assert (await hall.receive(inbound)).status_code == 202
        if reverse:
            await hall.tick()
    await hall.tick()
    assert await hall.state(declined) == "refunded"
    assert await ada.sees(event_id) == "revoked"
    assert await hall.mails(declined) == ["receipt"]
    await hall.agree()


async def test_late_money_is_served_while_a_place_is_free(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall, capacity=1)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    await hall.move(minutes=16)
    await hall.tick()
    assert await hall.state(order_id) == "expired"
    assert await hall.taken(offer_id) == 0
    (payment,) = await hall.payments(order_id)
    await ada_pays_late(hall, payment.id)
    await hall.deliver()
    assert await hall.state(order_id) == "paid"
    assert await ada.sees(event_id) == "open"
    assert await hall.taken(offer_id) == 1
    await hall.agree()


async def ada_pays_late(hall: Hall, payment_id: str) -> None:
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment_id)
    assert found is not None
    await hall.bench.ask("POST", f"/test/payments/{found.processor_ref}/take")


async def test_late_money_without_a_free_place_goes_back_by_itself(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall, capacity=1)
    ada, bea = await hall.buyer(), await hall.buyer("bea@example.org")
    order_id = await ada.order(offer_id)
    await hall.move(minutes=16)
    await hall.tick()
    await bea.buy(offer_id)
    (payment,) = await hall.payments(order_id)
    await ada_pays_late(hall, payment.id)
    await hall.deliver()
    await hall.deliver()
    assert await hall.state(order_id) == "refunded"
    assert await ada.sees(event_id) == "not_bought"
    assert await bea.sees(event_id) == "open"
    assert await hall.taken(offer_id) == 1
    await hall.agree()


async def test_money_for_what_is_over_goes_back_by_itself(hall: Hall) -> None:
    event_id = await hall.event(in_hours=0.1, lasts_h=0.25)
    offer_id = await hall.ticket(event_id, replay_window_s=0)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    await hall.move(hours=1)
    await hall.tick()
    (payment,) = await hall.payments(order_id)
    await ada_pays_late(hall, payment.id)
    await hall.deliver()
    await hall.deliver()
    assert await hall.state(order_id) == "refunded"
    await hall.agree()


async def test_money_for_a_cancelled_event_goes_back_by_itself(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    assert (await hall.staff.post(f"{hall.at}/events/{event_id}/cancel")).is_success
    await ada.card(order_id)
    await ada.page(order_id)
    await hall.deliver()
    assert await hall.state(order_id) == "refunded"
    await hall.agree()


async def test_of_two_payments_of_one_order_the_second_goes_back(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    await ada.card(order_id, Act.DECLINE)
    await ada.page(order_id)
    await ada.client.post(f"/orders/{order_id}/retry")
    await ada.card(order_id)
    await ada.page(order_id)
    first, second = await hall.payments(order_id)
    assert second.state is PaymentState.CAPTURED
    await ada_pays_late(hall, first.id)  # the bank changes its mind about the declined one
    await hall.deliver()
    await hall.deliver()
    assert await hall.state(order_id) == "paid"
    assert await ada.sees(event_id) == "open"
    moved = await hall.sandbox_money()
    assert [kind for kind, _ in moved[first.id]] == ["charge", "refund"]
    assert [kind for kind, _ in moved[second.id]] == ["charge"]
    await hall.agree()


async def test_a_whole_refund_closes_and_a_part_does_not(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    assert (await hall.refund(order_id, 200)).json()["door_closed"] is False
    assert await hall.state(order_id) == "partly_refunded"
    assert await ada.sees(event_id) == "open"
    too_much = await hall.refund(order_id, 1001)
    assert too_much.status_code == 422
    rest = await hall.refund(order_id)
    assert rest.json()["door_closed"] is True
    assert await ada.sees(event_id) == "revoked"
    assert await hall.taken(offer_id) == 0
    money = await hall.money()
    assert money["processor"] + money["processor_fees"] == 0
    assert {"tax", "platform", "venue"}.isdisjoint(money)
    await hall.agree()


async def test_a_refund_key_sent_again_refunds_once(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    order_id = await (await hall.buyer()).buy(offer_id)
    answers = [await hall.refund(order_id, 300, key="k-1") for _ in range(3)]
    assert {a.json()["refund_id"] for a in answers} == {answers[0].json()["refund_id"]}
    assert (await hall.order(order_id))["refunded"]["amount"] == 300
    await hall.agree()


async def test_a_dispute_closes_the_door_until_it_is_won(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    (payment,) = await hall.payments(order_id)
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    await hall.bench.dispute(found)
    await hall.deliver()
    await hall.deliver()
    assert await ada.sees(event_id) == "suspended"
    await hall.bench.close_dispute(found, won=True)
    await hall.deliver()
    assert await ada.sees(event_id) == "open"
    assert await hall.state(order_id) == "paid"
    await hall.agree()


async def test_a_lost_dispute_ends_access_and_is_booked(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    await hall.refund(order_id, 500)
    (payment,) = await hall.payments(order_id)
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    await hall.bench.dispute(found)
    await hall.bench.close_dispute(found, won=False)
    await hall.deliver()
    await hall.deliver()
    assert await hall.state(order_id) == "refunded"
    assert await ada.sees(event_id) == "revoked"
    assert await hall.taken(offer_id) == 0
    assert {"tax", "platform", "venue", "disputed"}.isdisjoint(await hall.money())
    await hall.agree()


async def test_a_won_dispute_does_not_open_what_staff_had_stopped(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    stopped = await hall.staff.post(f"{hall.at}/orders/{order_id}/stop", json={"reason": "shared"})
    assert stopped.status_code == 204
    (payment,) = await hall.payments(order_id)
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    await hall.bench.dispute(found)
    await hall.deliver()
    await hall.deliver()
    await hall.bench.close_dispute(found, won=True)
    await hall.deliver()
    assert await ada.sees(event_id) == "suspended"
    assert (await hall.staff.post(f"{hall.at}/orders/{order_id}/open")).status_code == 204
    assert await ada.sees(event_id) == "open"
    await hall.agree()


async def test_staff_cannot_open_what_a_bank_disputes(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    (payment,) = await hall.payments(order_id)
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    await hall.bench.dispute(found)
    await hall.deliver()
    await hall.deliver()
    refused = await hall.staff.post(f"{hall.at}/orders/{order_id}/open")
    assert refused.status_code == 409
    assert await ada.sees(event_id) == "suspended"


async def test_a_refund_at_the_moment_of_play_never_leaves_a_player_in(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    await ada.sees(event_id)  # signed in, so that both really meet
    answers = await asyncio.gather(*(ada.watch(event_id) for _ in range(6)), hall.refund(order_id))
    assert answers[-1].status_code == 201
    await hall.parts.playback.refresh_denials()
    for answer in answers[:-1]:
        if answer.is_success:
            sid, secret = answer.json()["session_id"], answer.json()["heartbeat"]["secret"]
            beat = await ada.client.post(
                f"/v1/playback/sessions/{sid}/beat",
                json={},
                headers={"X-Session-Secret": secret},
            )
            assert (beat.status_code, beat.json()["code"]) == (410, "refunded")
    assert await ada.sees(event_id) == "revoked"
    await hall.agree()


async def test_money_taken_at_a_till_goes_back_in_several_parts(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    sold = await hall.staff.post(
        "/v1/orders",
        json={
            "offer_id": offer_id,
            "email": "ada@example.org",
            "payment": {"kind": "external", "reference": "till 4"},
        },
        headers={"Idempotency-Key": "till-4"},
    )
    order_id = sold.json()["id"]
    for _ in range(3):
        answer = await hall.refund(order_id, 300)
        assert answer.status_code == 201, answer.text
        assert answer.json()["door_closed"] is False
    assert (await hall.order(order_id))["refunded"]["amount"] == 900
    assert (await hall.refund(order_id)).json()["door_closed"] is True
    assert await hall.state(order_id) == "refunded"
    assert set((await hall.money()).values()) <= {0}
    await hall.agree()


async def test_one_sale_that_breaks_fails_nobody_beside_it(hall: Hall) -> None:
    _, offer_id = await on_air(hall)

    def keep(placed: Placed) -> Any:
        if placed.request.email == "odd@example.org":
            raise RuntimeError("no answer can be made of this one")
        return kept_json(201, {})

    def sale(name: str) -> DirectSale:
        order_id = new_id("ord")
        request = OrderRequest(
            order_id=order_id, venue_id=hall.venue_id, offer_id=offer_id,
            email=f"{name}@example.org", channel="api", external_reference=name,
        )  # fmt: skip
        claim = Claim(actor="till", key=order_id, fingerprint="f", resource_id=order_id)
        return DirectSale(request=request, claim=claim, keep=keep)

    sell = hall.parts.sell.sell
    sales = [sell(sale(name)) for name in ("ada", "odd", "eve")]
    ada, odd, eve = await asyncio.gather(*sales, return_exceptions=True)
    assert isinstance(ada, Sold)
    assert isinstance(odd, RuntimeError)
    assert isinstance(eve, Sold)
    assert await hall.taken(offer_id) == 2
    await hall.agree()


async def test_what_staff_write_at_a_stop_closes_the_door_and_is_not_told(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    player = (await ada.watch(event_id)).json()
    why = "Her neighbours say that she shares her password with the whole street. " * 2
    body = {"reason": why}
    stopped = await hall.staff.post(f"{hall.at}/orders/{order_id}/stop", json=body)
    assert stopped.status_code == 204, stopped.text
    again = await ada.watch(event_id)
    assert again.json()["code"] == "suspended"
    assert "disputed" not in again.json()["detail"]
    beat = await ada.client.post(
        player["heartbeat"]["url"],
        json={},
        headers={"X-Session-Secret": player["heartbeat"]["secret"]},
    )
    assert (beat.status_code, beat.json()["code"]) == (410, "stopped")
    assert "password" not in beat.text

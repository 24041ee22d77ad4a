"""A processor that is away for days, and refunds that come back from the bank."""

from __future__ import annotations

import asyncio

import pytest

from infra.kernel.money import Money
from paywall.payments.disputes import settle_disputes
from paywall.payments.port import (
    DisputeChanged,
    DisputeStanding,
    RefundSnapshot,
    RefundStanding,
)
from paywall.payments.tables import PaymentState, RefundState
from tests.conformance.gateway_bench import Act
from tests.stories.hall import Hall
from tests.stories.test_money import on_air

GOOD = "4242 4242 4242 4242"


@pytest.mark.parametrize("lost", ["500_before", "drop_after"])
async def test_an_outage_longer_than_the_keys_life_charges_once_at_most(
    hall: Hall, lost: str
) -> None:
    event_id = await hall.event(in_hours=40, lasts_h=4)
    offer_id = await hall.ticket(event_id)
    ada = await hall.buyer()
    await ada.signed_in()
    await hall.bench.fault("payments.create", lost)
    answer = await ada.checkout(offer_id, GOOD, key="outage")
    await hall.bench.fault("*", "500_before", times=100_000)
    assert answer.json()["payment_state"] == "unknown"
    order_id = answer.json()["order_id"]
    for hours in (1, 6, 6, 6, 7):  # and each hour somebody asks again
        await hall.move(hours=hours)
        await hall.tick()
    (payment,) = await hall.payments(order_id)
    assert payment.state is PaymentState.UNKNOWN
    assert "dashboard" in payment.needs_person
    await hall.bench.ask("POST", "/test/faults/clear")
    await hall.move(hours=1)
    await hall.tick()
    (payment,) = await hall.payments(order_id)
    charged = lost == "drop_after"
    # Its hold ran out meanwhile, so that the payment was called off too: no money came.
    assert payment.state is (PaymentState.CAPTURED if charged else PaymentState.CANCELLED)
    assert await hall.state(order_id) == ("paid" if charged else "expired")
    assert await ada.sees(event_id) == ("not_yet" if charged else "not_bought")
    assert len((await hall.sandbox_money()).get(payment.id, [])) == int(charged)
    await hall.agree()


async def test_a_short_outage_is_over_before_anybody_is_told_twice(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    await hall.bench.fault("payments.create", "drop_before")
    answer = await ada.checkout(offer_id, GOOD, key="k")
    order_id = answer.json()["order_id"]
    assert (await ada.checkout(offer_id, GOOD, key="k")).json() == answer.json()
    await hall.move(seconds=31)
    await hall.tick()
    assert await hall.state(order_id) == "paid"
    assert await ada.sees(event_id) == "open"
    await hall.agree()


async def settle(hall: Hall, refund_id: str, minor: int, to: RefundStanding) -> RefundState:
    """What the processor says of the refund, days later."""
    said = RefundSnapshot(
        processor_ref="",
        refund_id=refund_id,
        standing=to,
        amount=Money(minor, "EUR"),
        failure="account closed",
    )
    return await hall.parts.desk.settler.refund(refund_id, said)


async def test_a_whole_refund_that_the_bank_returns_opens_the_door_again(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall, capacity=2)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    before = await hall.money()
    refund_id = (await hall.refund(order_id)).json()["refund_id"]
    assert await ada.sees(event_id) == "revoked"
    assert await settle(hall, refund_id, 1200, RefundStanding.FAILED) is RefundState.FAILED
    assert await hall.state(order_id) == "paid"
    assert await ada.sees(event_id) == "open"
    assert await hall.taken(offer_id) == 1
    assert await hall.money() == before
    await hall.healthy()
    again = await hall.refund(order_id)
    assert again.status_code == 201, again.text


async def test_a_returned_refund_whose_place_is_gone_waits_for_a_person(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall, capacity=1)
    ada, bea = await hall.buyer(), await hall.buyer("bea@example.org")
    order_id = await ada.buy(offer_id)
    refund_id = (await hall.refund(order_id)).json()["refund_id"]
    await bea.buy(offer_id)
    await settle(hall, refund_id, 1200, RefundStanding.FAILED)
    assert await hall.state(order_id) == "unserved"
    assert await ada.sees(event_id) == "revoked"
    assert await hall.taken(offer_id) == 1
    await hall.healthy(but="waits for a person")


async def test_one_of_two_part_refunds_comes_back(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    first = (await hall.refund(order_id, 200)).json()["refund_id"]
    await hall.refund(order_id, 300)
    await settle(hall, first, 200, RefundStanding.FAILED)
    assert await hall.state(order_id) == "partly_refunded"
    assert (await hall.order(order_id))["refunded"]["amount"] == 300
    assert await ada.sees(event_id) == "open"
    await hall.healthy()


async def test_a_part_refund_that_comes_back_leaves_a_stopped_door_closed(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    refund_id = (await hall.refund(order_id, 200)).json()["refund_id"]
    await hall.staff.post(f"{hall.at}/orders/{order_id}/stop", json={})
    await settle(hall, refund_id, 200, RefundStanding.FAILED)
    assert await ada.sees(event_id) == "suspended"
    await hall.healthy()


async def test_money_sent_back_for_want_of_a_place_that_returns_serves_nobody(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall, capacity=1)
    ada, bea = await hall.buyer(), await hall.buyer("bea@example.org")
    order_id = await ada.order(offer_id)
    await hall.move(minutes=16)
    await hall.tick()
    await bea.buy(offer_id)
    (payment,) = await hall.payments(order_id)
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    await hall.bench.ask("POST", f"/test/payments/{found.processor_ref}/take")
    await hall.deliver()
    await hall.deliver()
    money = (await hall.staff.get(f"{hall.at}/orders/{order_id}/money")).json()
    (refund,) = money["refunds"]
    await settle(hall, refund["id"], 1200, RefundStanding.FAILED)
    assert await hall.state(order_id) == "unserved"
    assert await ada.sees(event_id) == "not_bought"
    await hall.healthy(but="waits for a person")


async def test_a_lost_dispute_of_what_was_refunded_before_changes_nothing(hall: Hall) -> None:
    """A bank may close a dispute whose payment had gone back meanwhile: nothing left to count."""
    _event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    await hall.refund(order_id)
    (payment,) = await hall.payments(order_id)
    for standing in (DisputeStanding.OPEN, DisputeStanding.LOST):
        told = DisputeChanged(
            dispute_ref="dp_1",
            payment_ref=payment.processor_ref or "",
            payment_id=payment.id,
            standing=standing,
            amount=Money(1200, "EUR"),
            reason="fraudulent",
        )
        async with hall.db.transaction() as tx:
            consequences = hall.parts.desk.settler.consequences
            await settle_disputes(tx, [(payment.id, told)], consequences, hall.clock.machine())
    assert await hall.state(order_id) == "refunded"
    await hall.healthy(but="waits for a person")


async def test_refunds_disputes_and_part_refunds_at_once_never_give_back_more(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    order_id = await (await hall.buyer()).buy(offer_id)
    (payment,) = await hall.payments(order_id)
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    answers = await asyncio.gather(
        *(hall.refund(order_id, 500) for _ in range(5)), hall.bench.dispute(found)
    )
    codes = sorted(a.status_code for a in answers if a is not None)
    assert set(codes) <= {201, 409, 422}, codes
    await hall.deliver(until="dispute.opened")
    await hall.bench.close_dispute(found, won=False)
    await hall.deliver(until="dispute.closed")
    await hall.healthy()


async def test_a_three_d_secure_payment_and_a_slow_one_are_paid_in_the_end(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada, bea = await hall.buyer(), await hall.buyer("bea@example.org")
    first, second = await ada.order(offer_id), await bea.order(offer_id)
    await ada.card(first, Act.PASS_CHALLENGE)
    await bea.card(second, Act.SUCCEED_LATER)
    assert (await ada.page(first)).status_code == 303
    assert (await bea.page(second)).status_code == 200
    assert await bea.sees(event_id) == "not_bought"
    await hall.bench.settle()
    while await hall.state(second) != "paid":
        await hall.deliver()
    assert await bea.sees(event_id) == await ada.sees(event_id) == "open"
    await hall.agree()

"""What processors do on their own: refunds in their dashboards, second chargebacks, late money."""

from __future__ import annotations

import msgspec
import pytest

from infra.kernel.money import Money
from paywall.payments.disputes import settle_disputes
from paywall.payments.port import DisputeChanged, DisputeStanding, Standing
from paywall.payments.tables import Payment, PaymentState
from tests.conformance.gateway_bench import Act
from tests.stories.hall import Hall
from tests.stories.test_money import on_air


async def in_the_dashboard(hall: Hall, payment: Payment, minor: int) -> None:
    """Somebody at the venue gives money back at the processor itself."""
    body = {"payment": payment.processor_ref, "reference": "by hand", "amount": minor}
    await hall.bench.ask_keyed("/v1/refunds", body)


@pytest.mark.parametrize(
    ("minor", "state", "door"), [(1200, "refunded", "revoked"), (500, "partly_refunded", "open")]
)
@pytest.mark.parametrize("told", ["by webhook", "by the total"])
async def test_a_refund_in_the_dashboard_is_booked_and_closes_the_door_if_it_is_whole(
    hall: Hall, minor: int, state: str, door: str, told: str
) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    await hall.deliver()
    (payment,) = await hall.payments(order_id)
    await in_the_dashboard(hall, payment, minor)
    late = await hall.webhooks()
    if told == "by webhook":
        for inbound in late:
            await hall.receive(inbound)
        await hall.tick()
    else:  # the refund's own webhook is late; the payment's total is what is seen first
        assert await hall.parts.desk.reconciler.look(payment.id) is PaymentState.CAPTURED
        found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
        assert found is not None
        await hall.parts.desk.settler.payment(payment.id, found)
        await hall.move(minutes=3)
        await hall.tick()
    assert await hall.state(order_id) == state
    assert await ada.sees(event_id) == door
    for inbound in late:
        await hall.receive(inbound)
    await hall.tick()
    (payment,) = await hall.payments(order_id)
    assert (payment.refunded_minor, payment.due_at) == (minor, None)
    await hall.agree()


async def test_an_unpaid_orders_payment_is_called_off_when_its_hold_runs_out(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    order_id = await (await hall.buyer()).order(offer_id)
    await hall.move(minutes=16)
    await hall.tick()
    assert await hall.state(order_id) == "expired"
    (payment,) = await hall.payments(order_id)
    assert payment.state is PaymentState.CANCELLED
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    assert found.standing is Standing.CANCELLED
    await hall.agree()


async def test_a_call_off_that_the_processor_did_not_hear_is_asked_again(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    order_id = await (await hall.buyer()).order(offer_id)
    await hall.bench.fault("*", "500_before", times=3)
    await hall.move(minutes=16)
    await hall.tick()
    (payment,) = await hall.payments(order_id)
    assert (payment.state, payment.asked) == (PaymentState.PENDING, "cancel")
    await hall.bench.ask("POST", "/test/faults/clear")
    await hall.move(minutes=5)
    await hall.tick()
    (payment,) = await hall.payments(order_id)
    assert payment.state is PaymentState.CANCELLED


async def test_a_declined_payment_is_called_off_before_the_next_is_started(hall: Hall) -> None:
    """At Stripe it could still be paid. The sandbox has nothing to call off, and says so."""
    _, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    await ada.card(order_id, Act.DECLINE)
    await ada.page(order_id)
    await hall.parts.buy.resume(order_id)
    first, second = await hall.payments(order_id)
    assert (first.state, first.asked, first.due_at) == (PaymentState.FAILED, "", None)
    assert second.state is PaymentState.PENDING


async def dispute(hall: Hall, payment: Payment, standing: DisputeStanding, **more: object) -> None:
    fields: dict[str, object] = {
        "dispute_ref": "d1",
        "payment_ref": payment.processor_ref,
        "payment_id": payment.id,
        "standing": standing,
        "amount": payment.amount,
    }
    change = DisputeChanged(**(fields | more))  # type: ignore[arg-type]
    consequences = hall.parts.desk.settler.consequences
    async with hall.db.transaction() as tx:
        await settle_disputes(tx, [(payment.id, change)], consequences, hall.clock.machine())


async def test_a_second_chargeback_after_a_won_dispute_is_booked_and_ends_access(
    hall: Hall,
) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    (payment,) = await hall.payments(order_id)
    await dispute(hall, payment, DisputeStanding.OPEN)
    await dispute(hall, payment, DisputeStanding.WON)
    assert await ada.sees(event_id) == "open"
    await dispute(hall, payment, DisputeStanding.OPEN)
    assert await ada.sees(event_id) == "open"
    await dispute(hall, payment, DisputeStanding.LOST)
    assert await ada.sees(event_id) == "revoked"
    assert await hall.state(order_id) == "refunded"
    assert {"tax", "platform", "venue", "disputed"}.isdisjoint(await hall.money())
    await hall.healthy()


async def test_an_inquiry_leaves_the_door_open_and_the_books_alone(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    (payment,) = await hall.payments(order_id)
    before = await hall.money()
    await dispute(hall, payment, DisputeStanding.OPEN, moved=False)
    assert await ada.sees(event_id) == "open"
    stop = await hall.staff.post(f"{hall.at}/orders/{order_id}/stop", json={"reason": "shared"})
    assert stop.is_success
    assert (await hall.staff.post(f"{hall.at}/orders/{order_id}/open")).is_success
    assert await hall.money() == before
    await hall.agree()


async def test_a_dispute_fee_that_is_told_later_is_the_venues_cost(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    order_id = await (await hall.buyer()).buy(offer_id)
    (payment,) = await hall.payments(order_id)
    before = (await hall.money())["processor_fees"]
    await dispute(hall, payment, DisputeStanding.OPEN)
    await dispute(hall, payment, DisputeStanding.OPEN, fee=Money(1500, "EUR"))
    assert (await hall.money())["processor_fees"] == before + 1500
    await dispute(hall, payment, DisputeStanding.WON, fee=Money(0, "EUR"))
    assert (await hall.money())["processor_fees"] == before
    await hall.healthy()


async def test_money_that_could_not_be_collected_is_unbooked_and_the_door_held(
    hall: Hall,
) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.buy(offer_id)
    (payment,) = await hall.payments(order_id)
    found = await hall.bench.gateway.read(processor_ref="", payment_id=payment.id)
    assert found is not None
    gone = msgspec.structs.replace(found, standing=Standing.REVERSED)
    assert await hall.parts.desk.settler.payment(payment.id, gone) is PaymentState.REVERSED
    assert await hall.parts.desk.settler.payment(payment.id, found) is PaymentState.REVERSED
    assert await ada.sees(event_id) == "suspended"
    assert {"tax", "platform", "venue"}.isdisjoint(await hall.money())
    assert await hall.state(order_id) == "paid"
    await hall.healthy(but="could not collect")

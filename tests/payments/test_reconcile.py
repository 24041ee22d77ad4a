"""The reconciler: killed between any two steps, the next tick reaches the truth."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest

from infra.adapters.sandbox import register
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.payments.port import Decline, StartPayment
from paywall.payments.tables import PaymentState
from tests.conformance.benches.sandbox import Process, SandboxBench, merchant
from tests.conformance.gateway_bench import Act
from tests.payments.conftest import Till


async def test_killed_after_the_intent_it_is_sent_by_the_next_tick(till: Till) -> None:
    payment = await till.intend()  # and here the process died
    await till.move(seconds=31)
    await till.reborn().tick()
    row = await till.payment(payment.id)
    assert row.state is PaymentState.PENDING
    assert row.next_step, "the payer's page finds where to go on"


async def test_killed_after_the_call_it_is_read_by_the_next_tick(till: Till) -> None:
    payment = await till.intend(metadata={"sandbox_card": "4242424242424242"})
    gateway = await till.gateways.of(till.account.id)
    await gateway.start(msgspec.json.decode(payment.request, type=StartPayment))
    await till.move(seconds=31)  # the process died before it wrote the answer down
    await till.reborn().tick()
    assert (await till.payment(payment.id)).state is PaymentState.CAPTURED
    assert await till.bench.charges(payment.id) == 1
    assert till.heard.of(payment.id) == ["captured", "fee"]


async def test_nobody_asks_while_the_first_call_may_still_be_running(till: Till) -> None:
    payment = await till.intend()
    await till.move(seconds=20)
    assert await till.desk.tick() == 0
    assert (await till.payment(payment.id)).state is PaymentState.SENT


async def test_the_time_out_card_is_known_later_and_never_failed(till: Till) -> None:
    started = await till.start(metadata={"sandbox_card": "4000 0000 0000 0408"})
    assert started.state is PaymentState.UNKNOWN
    for _ in range(2):
        await till.move(seconds=6)
        await till.desk.tick()
        assert (await till.payment(started.payment_id)).state is PaymentState.UNKNOWN
    await till.move(seconds=60)
    await till.desk.tick()
    assert (await till.payment(started.payment_id)).state is PaymentState.CAPTURED
    assert await till.bench.charges(started.payment_id) == 1


async def test_a_lost_webhook_is_made_up_for_by_asking(till: Till) -> None:
    started = await till.start()
    await till.bench.fault("webhooks", "lose", times=5)
    await till.pay(started, Act.SUCCEED_LATER)
    await till.desk.reconciler.look(started.payment_id)
    assert (await till.payment(started.payment_id)).state is PaymentState.PENDING
    await till.move(minutes=3)
    await till.desk.tick()
    assert (await till.payment(started.payment_id)).state is PaymentState.CAPTURED


async def test_an_outage_longer_than_the_keys_life_never_charges_twice(till: Till) -> None:
    payment = await till.intend(metadata={"sandbox_card": "4242424242424242"})
    await till.bench.lose_next_answer("start")
    assert (await till.desk.starter.send(payment)).state is PaymentState.UNKNOWN
    till.url = "http://127.0.0.1:9"  # nobody listens there: the processor is gone
    till.reborn()
    for _ in range(5):
        await till.move(hours=6)
        await till.desk.tick()
        row = await till.payment(payment.id)
        assert row.state is PaymentState.UNKNOWN
    assert payment.id in row.needs_person
    assert "too late to send it again" in row.needs_person
    till.url = till.bench.url
    till.reborn()
    await till.move(hours=2)
    await till.desk.tick()
    row = await till.payment(payment.id)
    assert (row.state, row.needs_person) == (PaymentState.CAPTURED, "")
    assert await till.bench.charges(payment.id) == 1


async def test_what_never_arrived_is_given_up_after_half_of_the_keys_life(till: Till) -> None:
    await till.bench.fault("payments.create", "drop_before")
    started = await till.start(metadata={"sandbox_card": "4242424242424242"})
    assert started.state is PaymentState.UNKNOWN
    await till.move(hours=13)
    await till.desk.tick()
    row = await till.payment(started.payment_id)
    assert (row.state, row.decline) == (PaymentState.FAILED, Decline.ABANDONED)
    assert await till.bench.charges(row.id) == 0
    assert till.heard.of(row.id) == ["failed"]


async def test_what_never_arrived_is_sent_again_while_the_key_lives(till: Till) -> None:
    await till.bench.fault("payments.create", "500_before")
    started = await till.start(metadata={"sandbox_card": "4242424242424242"})
    assert started.state is PaymentState.UNKNOWN
    await till.move(seconds=6)
    await till.desk.tick()
    assert (await till.payment(started.payment_id)).state is PaymentState.CAPTURED


async def test_a_run_of_charges_is_sent_by_the_tick(till: Till) -> None:
    card = {"sandbox_card": "4242424242424242"}
    run = [await till.intend(later=True, metadata=card) for _ in range(3)]
    assert all(payment.state is PaymentState.CREATED for payment in run)
    await till.desk.tick()
    for payment in run:
        assert (await till.payment(payment.id)).state is PaymentState.CAPTURED


async def test_a_charge_that_was_called_off_before_it_was_sent_is_never_sent(till: Till) -> None:
    payment = await till.intend(later=True)
    await till.desk.finisher.cancel(payment.id)
    await till.move(seconds=31)
    await till.desk.tick()
    assert (await till.payment(payment.id)).state is PaymentState.CANCELLED
    assert await till.bench.gateway.read(processor_ref="", payment_id=payment.id) is None


async def test_a_charge_that_was_called_off_is_not_sent_again(till: Till) -> None:
    await till.bench.fault("payments.create", "drop_before")
    started = await till.start(metadata={"sandbox_card": "4242424242424242"})
    assert await till.desk.finisher.cancel(started.payment_id) is PaymentState.UNKNOWN
    await till.move(seconds=31)
    await till.desk.tick()
    assert (await till.payment(started.payment_id)).state is PaymentState.UNKNOWN
    await till.move(minutes=11)
    await till.desk.tick()
    assert (await till.payment(started.payment_id)).state is PaymentState.CANCELLED
    assert await till.bench.charges(started.payment_id) == 0


async def test_a_charge_that_was_called_off_too_late_is_released(till: Till) -> None:
    await till.bench.lose_next_answer("start")
    started = await till.start()
    assert await till.desk.finisher.cancel(started.payment_id) is PaymentState.UNKNOWN
    await till.move(seconds=31)
    await till.desk.tick()
    assert (await till.payment(started.payment_id)).state is PaymentState.CANCELLED
    shot = await till.at_processor(started.payment_id)
    assert shot.standing == "cancelled"


async def test_an_unpaid_payment_is_released(till: Till) -> None:
    started = await till.start()
    assert await till.desk.finisher.cancel(started.payment_id) is PaymentState.CANCELLED
    assert till.heard.of(started.payment_id) == ["failed"]


async def test_a_payer_who_was_faster_than_the_cancellation_has_paid(till: Till) -> None:
    started = await till.start()
    await till.pay(started)
    assert await till.desk.finisher.cancel(started.payment_id) is PaymentState.CAPTURED


async def test_a_cancellation_that_was_not_heard_is_made_up_for(till: Till) -> None:
    started = await till.start()
    await till.bench.fault("payments.cancel", "500_before")
    assert await till.desk.finisher.cancel(started.payment_id) is PaymentState.PENDING
    await till.move(seconds=31)
    await till.desk.tick()
    assert (await till.payment(started.payment_id)).state is PaymentState.CANCELLED


async def test_an_authorised_payment_is_captured_in_part_on_request(till: Till) -> None:
    started = await till.start(5000, capture_later=True)
    await till.pay(started)
    assert await till.desk.reconciler.look(started.payment_id) is PaymentState.AUTHORISED
    row = await till.payment(started.payment_id)
    assert await till.desk.finisher.capture(row.id, row.money(3000)) is PaymentState.CAPTURED
    assert (await till.payment(row.id)).captured_minor == 3000


async def test_two_workers_tick_at_once_and_nothing_happens_twice(till: Till) -> None:
    run = [
        await till.intend(later=True, metadata={"sandbox_card": "4242424242424242"})
        for _ in range(10)
    ]
    await asyncio.gather(*(till.desk.tick() for _ in range(4)))
    for payment in run:
        assert till.heard.of(payment.id) == ["captured", "fee"]
        assert await till.bench.charges(payment.id) == 1


@pytest.mark.slow
async def test_a_processor_killed_after_it_charged_remembers(
    database: Database, tmp_path: Path
) -> None:
    process = Process(tmp_path)
    process.start()
    try:
        async with merchant(process.url) as bench:
            till = Till(database, bench, HandClock(bench.now()))
            await till.open()
            started = await till.start(metadata={"sandbox_card": "4242424242424242"})
            assert started.state is PaymentState.CAPTURED
            process.kill()
            process.start()
            again = await till.intend(metadata={"sandbox_card": "4242424242424242"})
            await till.desk.starter.send(again)
            assert await bench.charges(started.payment_id) == 1
            assert await bench.charges(again.id) == 1
    finally:
        process.stop()


async def test_an_unknown_key_is_refused_until_it_is_registered(
    sandbox_process: Process,
) -> None:
    async with merchant(sandbox_process.url) as bench, httpx.AsyncClient() as http:
        stranger = SandboxBench(bench.url, http, bench.wire, bench.mailbox)
        headers = {"authorization": f"Bearer {stranger.credentials.secret_key}"}
        url = f"{bench.url}/v1/payments?reference=x"
        assert (await http.get(url, headers=headers)).status_code == 401
        assert (await http.get(url)).status_code == 401
        await register(bench.wire, bench.url, stranger.credentials, name="New", webhook_url="")
        assert (await http.get(url, headers=headers)).status_code == 200

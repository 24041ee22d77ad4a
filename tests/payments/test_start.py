"""Starting a payment: intent, call, outcome, and every way in which they come apart."""

from __future__ import annotations

from paywall.payments.port import Decline, Redirect
from paywall.payments.tables import PaymentState
from tests.conformance.gateway_bench import Act
from tests.payments.conftest import Till


async def test_a_started_payment_leads_to_the_card_page(till: Till) -> None:
    started = await till.start()
    assert started.state is PaymentState.PENDING
    assert isinstance(started.next, Redirect)
    row = await till.payment(started.payment_id)
    assert row.next == started.next
    assert row.request == "", "what was sent is forgotten once it was answered"


async def test_a_paid_payment_is_captured_once_with_its_fee(till: Till) -> None:
    paid = await till.paid(1299)
    assert paid.state is PaymentState.CAPTURED
    assert (paid.captured_minor, paid.fee_minor) == (1299, 43)
    assert paid.method == "Visa ···· 4242"
    assert paid.due_at is None
    await till.deliver()
    await till.desk.reconciler.look(paid.id)
    assert till.heard.of(paid.id) == ["captured", "fee"]


async def test_a_declined_payment_says_why(till: Till) -> None:
    started = await till.start()
    await till.pay(started, Act.INSUFFICIENT_FUNDS)
    await till.deliver()
    row = await till.payment(started.payment_id)
    assert (row.state, row.decline) == (PaymentState.FAILED, Decline.INSUFFICIENT_FUNDS)
    assert till.heard.of(row.id) == ["failed"]


async def test_a_lost_answer_leaves_the_payment_unknown_not_failed(till: Till) -> None:
    await till.bench.lose_next_answer("start")
    started = await till.start()
    assert started.state is PaymentState.UNKNOWN
    assert till.heard.heard == []


async def test_a_processor_that_hangs_leaves_the_payment_unknown(till: Till) -> None:
    await till.bench.fault("payments.create", "hang_after", seconds=3)
    started = await till.start()
    assert started.state is PaymentState.UNKNOWN


async def test_a_refused_request_fails_the_payment(till: Till) -> None:
    payment = await till.intend(mandate_ref="sbm_unheard_of")
    started = await till.desk.starter.send(payment)
    assert started.state is PaymentState.FAILED
    assert till.heard.of(payment.id) == ["failed"]


async def test_a_webhook_that_overtakes_the_answer_is_not_undone_by_it(till: Till) -> None:
    payment = await till.intend(metadata={"sandbox_card": "4242424242424242"})
    await till.bench.lose_next_answer("start")
    # The processor captured and told us, before our own call has come back broken.
    sending = till.desk.starter.send(payment)
    started = await sending
    assert started.state is PaymentState.UNKNOWN
    await till.deliver()
    assert (await till.payment(payment.id)).state is PaymentState.CAPTURED
    await till.desk.starter.send(payment)
    assert (await till.payment(payment.id)).state is PaymentState.CAPTURED
    assert await till.bench.charges(payment.id) == 1
    assert till.heard.of(payment.id) == ["captured", "fee"]

"""What the gateway suite does not ask, on a running localstripe."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.payments.port import OutcomeUnknown, Standing, StartRefund
from tests.conformance.benches import stripe
from tests.conformance.benches.stripe import StripeBench
from tests.conformance.gateway_bench import Act, payment


@pytest.fixture
async def bench() -> AsyncIterator[StripeBench]:
    async with stripe.bench() as made:
        yield made


async def test_search_finds_a_payment_by_our_id_once_it_has_caught_up(bench: StripeBench) -> None:
    started = await bench.gateway.start(payment())
    assert await bench.gateway.read(processor_ref="", payment_id=started.payment_id) is None
    bench.proxy.index()
    found = await bench.gateway.read(processor_ref="", payment_id=started.payment_id)
    assert found is not None
    assert found.processor_ref == started.processor_ref


async def test_a_start_asked_again_after_the_payer_paid_tells_of_the_paid_payment(
    bench: StripeBench,
) -> None:
    intent = payment()
    started = await bench.gateway.start(intent)
    await bench.pay(started, Act.SUCCEED)
    again = await bench.gateway.start(intent)
    assert (again.processor_ref, again.standing) == (started.processor_ref, Standing.CAPTURED)
    assert again.method == "Visa ···· 4242"


async def test_the_same_key_with_another_amount_leaves_the_first_payment_alone(
    bench: StripeBench,
) -> None:
    intent = payment()
    started = await bench.gateway.start(intent)
    other = payment(minor=2, payment_id=intent.payment_id)
    with pytest.raises(OutcomeUnknown):
        await bench.gateway.start(other)
    now = await bench.gateway.read(
        processor_ref=started.processor_ref, payment_id=intent.payment_id
    )
    assert now is not None
    assert now.amount == intent.amount


async def test_capture_and_cancel_asked_twice_answer_alike(bench: StripeBench) -> None:
    held = await bench.gateway.start(payment(capture_later=True))
    await bench.pay(held, Act.SUCCEED)
    refs = {"processor_ref": held.processor_ref, "payment_id": held.payment_id}
    first = await bench.gateway.capture(**refs, amount=held.amount)
    second = await bench.gateway.capture(**refs, amount=held.amount)
    assert first == second
    assert first.standing is Standing.CAPTURED
    unpaid = await bench.gateway.start(payment())
    refs = {"processor_ref": unpaid.processor_ref, "payment_id": unpaid.payment_id}
    assert await bench.gateway.cancel(**refs) == await bench.gateway.cancel(**refs)


async def test_a_method_kept_with_a_payment_is_charged_again_later(bench: StripeBench) -> None:
    started = await bench.gateway.start(payment(save_for_later=True))
    await bench.pay(started, Act.SUCCEED)
    paid = await bench.gateway.read(
        processor_ref=started.processor_ref, payment_id=started.payment_id
    )
    assert paid is not None
    assert paid.mandate_ref.startswith("pm_")
    assert paid.customer_ref.startswith("cus_")
    again = await bench.gateway.start(
        payment(mandate_ref=paid.mandate_ref, customer_ref=paid.customer_ref)
    )
    assert again.standing is Standing.CAPTURED


async def test_a_refund_whose_answer_was_lost_is_found_by_our_id(bench: StripeBench) -> None:
    started = await bench.gateway.start(payment())
    await bench.pay(started, Act.SUCCEED)
    refund = StartRefund(
        refund_id=new_id("ref"),
        payment_id=started.payment_id,
        processor_ref=started.processor_ref,
        amount=Money(400, "EUR"),
    )
    await bench.lose_next_answer("refund")
    with pytest.raises(OutcomeUnknown):
        await bench.gateway.refund(refund)
    found = await bench.gateway.read_refund(
        processor_ref="", refund_id=refund.refund_id, payment_ref=started.processor_ref
    )
    assert found is not None
    assert (found.refund_id, found.amount) == (refund.refund_id, refund.amount)

"""Refunds: reserved first, never above what is left, never twice."""

from __future__ import annotations

import asyncio

import pytest

from infra.kernel.errors import Conflict
from infra.kernel.money import Money
from paywall.payments.port import Standing
from paywall.payments.refund import RefundTooLarge
from paywall.payments.tables import Refund, RefundState
from tests.payments.conftest import Till


async def test_partial_refunds_go_back_until_nothing_is_left(till: Till) -> None:
    paid = await till.paid(1000)
    first = await till.desk.refunder.give_back(paid.id, Money(400, "EUR"), "one seat")
    second = await till.desk.refunder.give_back(paid.id, Money(600, "EUR"))
    assert [first.state, second.state] == [RefundState.SUCCEEDED] * 2
    with pytest.raises(RefundTooLarge):
        await till.desk.refunder.give_back(paid.id, Money(1, "EUR"))
    row = await till.payment(paid.id)
    assert (row.refunded_minor, row.refundable.minor) == (1000, 0)
    assert till.heard.of(first.id) == till.heard.of(second.id) == ["refunded"]


async def test_refunds_at_once_never_exceed_what_was_captured(till: Till) -> None:
    paid = await till.paid(1000)
    asked = [till.desk.refunder.give_back(paid.id, Money(300, "EUR")) for _ in range(8)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    made = [o for o in outcomes if isinstance(o, Refund)]
    refused = [o for o in outcomes if isinstance(o, RefundTooLarge)]
    assert (len(made), len(refused)) == (3, 5)
    assert (await till.at_processor(paid.id)).refunded == Money(900, "EUR")


async def test_what_was_not_captured_is_not_given_back(till: Till) -> None:
    started = await till.start()
    with pytest.raises(Conflict, match="only a captured one"):
        await till.desk.refunder.give_back(started.payment_id, Money(1, "EUR"))


async def test_a_refund_whose_answer_was_lost_is_found_by_the_reconciler(till: Till) -> None:
    paid = await till.paid(1000)
    await till.bench.lose_next_answer("refund")
    refund = await till.desk.refunder.give_back(paid.id, Money(1000, "EUR"))
    assert refund.state is RefundState.UNKNOWN
    assert (await till.payment(paid.id)).refundable.minor == 0, "still reserved"
    await till.move(seconds=10)
    await till.reborn().reconciler.tick()
    assert (await till.refund(refund.id)).state is RefundState.SUCCEEDED
    assert (await till.at_processor(paid.id)).refunded == Money(1000, "EUR")
    assert till.heard.of(refund.id) == ["refunded"]


async def test_a_refund_that_never_arrived_is_sent_again_once(till: Till) -> None:
    paid = await till.paid(1000)
    await till.bench.fault("refunds.create", "drop_before")
    refund = await till.desk.refunder.give_back(paid.id, Money(1000, "EUR"))
    assert refund.state is RefundState.UNKNOWN
    await till.move(seconds=10)
    await till.desk.reconciler.tick()
    assert (await till.refund(refund.id)).state is RefundState.SUCCEEDED


async def test_a_refund_is_not_sent_again_after_half_of_the_keys_life(till: Till) -> None:
    paid = await till.paid(1000)
    await till.bench.fault("refunds.create", "drop_before")
    refund = await till.desk.refunder.give_back(paid.id, Money(1000, "EUR"))
    await till.move(hours=13)
    await till.desk.reconciler.tick()
    row = await till.refund(refund.id)
    assert row.state is RefundState.UNKNOWN
    assert refund.id in row.needs_person
    assert row.due_at is None
    assert not (await till.at_processor(paid.id)).refunded


async def test_a_refused_refund_frees_what_it_had_reserved(till: Till) -> None:
    paid = await till.paid(1000)
    # Somebody gave 900 back in the processor's own dashboard, and we have not heard of it yet.
    await till.bench.ask_keyed(
        "/v1/refunds",
        {"payment": paid.processor_ref, "reference": "by hand", "amount": 900},
    )
    refund = await till.desk.refunder.give_back(paid.id, Money(500, "EUR"))
    assert refund.state is RefundState.FAILED
    assert "amount_too_large" in refund.failure
    assert till.heard.of(refund.id) == ["refund_failed"]
    assert (await till.payment(paid.id)).refundable.minor == 1000
    await till.deliver()
    assert (await till.payment(paid.id)).refundable.minor == 100, "the foreign refund is adopted"


async def test_a_captured_payment_stays_captured_when_all_of_it_went_back(till: Till) -> None:
    paid = await till.paid(1000)
    await till.desk.refunder.give_back(paid.id, Money(1000, "EUR"))
    assert (await till.at_processor(paid.id)).standing is Standing.CAPTURED

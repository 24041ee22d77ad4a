"""The gateway port's contract, in sentences, run on every adapter (see gateway_bench.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta

import msgspec
import pytest

from infra.kernel.db import Database
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.payments.port import (
    BadSignature,
    Decline,
    DisputeChanged,
    DisputeStanding,
    Element,
    GatewayRefused,
    Inbound,
    InboxItem,
    NoStep,
    OutcomeUnknown,
    PaymentChanged,
    Redirect,
    RefundChanged,
    RefundStanding,
    Snapshot,
    Standing,
    StartRefund,
)
from tests.conformance.gateway_bench import Act, Bench, Can, mandate, payment


def need(bench: Bench, *abilities: Can) -> None:
    missing = [ability.value for ability in abilities if ability not in bench.can]
    if missing:
        pytest.skip(f"{bench.gateway.name}'s stand-in has no {', '.join(missing)}")


async def read(bench: Bench, started: Snapshot) -> Snapshot:
    found = await bench.gateway.read(
        processor_ref=started.processor_ref, payment_id=started.payment_id
    )
    assert found is not None
    return found


async def captured(bench: Bench, minor: int = 1299) -> Snapshot:
    started = await bench.gateway.start(payment(bench.currencies[0], minor))
    await bench.pay(started, Act.SUCCEED)
    now = await read(bench, started)
    assert now.standing is Standing.CAPTURED
    return now


def refund_of(paid: Snapshot, minor: int) -> StartRefund:
    return StartRefund(
        refund_id=new_id("ref"),
        payment_id=paid.payment_id,
        processor_ref=paid.processor_ref,
        amount=Money(minor, paid.amount.currency),
        reason="The concert moved",
    )


@asynccontextmanager
async def refused(bench: Bench) -> AsyncIterator[None]:
    """Refused in the answer; where the processor only ever says "received", by a later webhook."""
    with pytest.raises(GatewayRefused) if Can.REFUSES_AT_ONCE in bench.can else nullcontext():
        yield
    await bench.settle()


async def test_a_started_payment_waits_for_its_payer_with_a_step_to_show(bench: Bench) -> None:
    intent = payment(bench.currencies[0])
    started = await bench.gateway.start(intent)
    assert started.standing is Standing.PENDING
    assert started.processor_ref
    assert started.payment_id == intent.payment_id
    assert started.amount == intent.amount
    assert not started.captured
    assert isinstance(started.next, Redirect | Element)


async def test_a_paid_payment_is_captured_in_full(bench: Bench) -> None:
    now = await captured(bench)
    assert now.captured == now.amount == Money(1299, bench.currencies[0])
    assert not now.refunded
    assert isinstance(now.next, NoStep)
    assert now.decline is None


async def test_amounts_keep_their_value_in_every_currency(bench: Bench) -> None:
    for currency in bench.currencies:
        # KWD has three places, and processors want its last digit to be 0.
        intent = payment(currency, 1300)
        started = await bench.gateway.start(intent)
        assert started.amount == intent.amount
        assert (await read(bench, started)).amount == intent.amount


async def test_the_fee_is_told_in_the_payments_currency(bench: Bench) -> None:
    need(bench, Can.REPORTS_FEES)
    now = await captured(bench)
    assert now.fee is not None
    assert now.fee.currency == now.amount.currency
    assert Money.zero(now.fee.currency) < now.fee < now.amount


async def test_the_same_payment_started_twice_is_one_payment(bench: Bench) -> None:
    intent = payment(bench.currencies[0])
    first = await bench.gateway.start(intent)
    second = await bench.gateway.start(intent)
    assert first.processor_ref == second.processor_ref
    await bench.pay(first, Act.SUCCEED)
    if Can.COUNTS_CHARGES in bench.can:
        assert await bench.charges(intent.payment_id) == 1


async def test_the_same_id_with_another_amount_is_refused(bench: Bench) -> None:
    need(bench, Can.KEY_CHECKS_BODY)
    intent = payment(bench.currencies[0])
    await bench.gateway.start(intent)
    other = msgspec.structs.replace(intent, amount=intent.amount + intent.amount)
    # Some say of the key that it was used; what became of the first use is then not known.
    with pytest.raises((GatewayRefused, OutcomeUnknown)):
        await bench.gateway.start(other)


# Reading


async def test_a_payment_is_found_by_our_reference_alone(bench: Bench) -> None:
    intent = payment(bench.currencies[0])
    started = await bench.gateway.start(intent)
    found = await bench.gateway.read(processor_ref="", payment_id=intent.payment_id)
    if bench.gateway.can_read_by_reference:
        assert found is not None
        assert found.processor_ref == started.processor_ref
    else:
        assert found is None


async def test_a_payment_that_never_was_reads_as_none(bench: Bench) -> None:
    assert await bench.gateway.read(processor_ref="", payment_id=new_id("pay")) is None


# Declines and challenges


@pytest.mark.parametrize(
    ("act", "decline"),
    [
        (Act.DECLINE, Decline.CARD_DECLINED),
        (Act.INSUFFICIENT_FUNDS, Decline.INSUFFICIENT_FUNDS),
        (Act.EXPIRED_CARD, Decline.EXPIRED_CARD),
        (Act.INCORRECT_CVC, Decline.INCORRECT_CVC),
    ],
)
async def test_a_decline_says_why(bench: Bench, act: Act, decline: Decline) -> None:
    need(bench, Can.DECLINES)
    if act is not Act.DECLINE:
        need(bench, Can.DECLINE_REASONS)
    started = await bench.gateway.start(payment(bench.currencies[0]))
    await bench.pay(started, act)
    now = await read(bench, started)
    assert now.standing is Standing.FAILED
    assert now.decline is decline
    assert not now.captured
    if Can.COUNTS_CHARGES in bench.can:
        assert await bench.charges(started.payment_id) == 0


async def test_a_passed_challenge_captures(bench: Bench) -> None:
    need(bench, Can.CHALLENGES)
    started = await bench.gateway.start(payment(bench.currencies[0]))
    await bench.pay(started, Act.PASS_CHALLENGE)
    assert (await read(bench, started)).standing is Standing.CAPTURED


async def test_a_refused_challenge_fails_as_not_authenticated(bench: Bench) -> None:
    need(bench, Can.CHALLENGES)
    started = await bench.gateway.start(payment(bench.currencies[0]))
    await bench.pay(started, Act.REFUSE_CHALLENGE)
    now = await read(bench, started)
    assert (now.standing, now.decline) == (Standing.FAILED, Decline.AUTHENTICATION_FAILED)


async def test_a_slow_method_is_pending_until_it_settles(bench: Bench) -> None:
    need(bench, Can.SLOW_METHODS)
    started = await bench.gateway.start(payment(bench.currencies[0]))
    await bench.pay(started, Act.SUCCEED_LATER)
    assert (await read(bench, started)).standing is Standing.PENDING
    await bench.settle()
    assert (await read(bench, started)).standing is Standing.CAPTURED


# Capture and cancel


async def test_an_authorised_payment_is_captured_in_part(bench: Bench) -> None:
    need(bench, Can.CAPTURE_LATER)
    started = await bench.gateway.start(payment(bench.currencies[0], 5000, capture_later=True))
    await bench.pay(started, Act.SUCCEED)
    assert (await read(bench, started)).standing is Standing.AUTHORISED
    part = Money(3000, started.amount.currency)
    await bench.gateway.capture(
        processor_ref=started.processor_ref, payment_id=started.payment_id, amount=part
    )
    await bench.settle()
    now = await read(bench, started)
    assert (now.standing, now.captured) == (Standing.CAPTURED, part)


async def test_more_than_was_authorised_is_not_captured(bench: Bench) -> None:
    need(bench, Can.CAPTURE_LATER)
    started = await bench.gateway.start(payment(bench.currencies[0], 5000, capture_later=True))
    await bench.pay(started, Act.SUCCEED)
    async with refused(bench):
        await bench.gateway.capture(
            processor_ref=started.processor_ref,
            payment_id=started.payment_id,
            amount=Money(5001, started.amount.currency),
        )
    assert (await read(bench, started)).standing is Standing.AUTHORISED


async def test_an_authorised_payment_is_released(bench: Bench) -> None:
    need(bench, Can.CAPTURE_LATER)
    started = await bench.gateway.start(payment(bench.currencies[0], capture_later=True))
    await bench.pay(started, Act.SUCCEED)
    await bench.gateway.cancel(processor_ref=started.processor_ref, payment_id=started.payment_id)
    await bench.settle()
    assert (await read(bench, started)).standing is Standing.CANCELLED


async def test_an_unpaid_payment_is_cancelled(bench: Bench) -> None:
    need(bench, Can.CANCELS)
    started = await bench.gateway.start(payment(bench.currencies[0]))
    await bench.gateway.cancel(processor_ref=started.processor_ref, payment_id=started.payment_id)
    assert (await read(bench, started)).standing is Standing.CANCELLED


async def test_a_captured_payment_is_not_cancelled(bench: Bench) -> None:
    need(bench, Can.CANCELS)
    paid = await captured(bench)
    with pytest.raises(GatewayRefused):
        await bench.gateway.cancel(processor_ref=paid.processor_ref, payment_id=paid.payment_id)
    assert (await read(bench, paid)).standing is Standing.CAPTURED


# Refunds


async def test_partial_refunds_add_up(bench: Bench) -> None:
    need(bench, Can.REFUNDS)
    paid = await captured(bench, 1000)
    for minor in (300, 700):
        answer = await bench.gateway.refund(refund_of(paid, minor))
        assert answer.amount == Money(minor, paid.amount.currency)
        assert answer.standing in (RefundStanding.PENDING, RefundStanding.SUCCEEDED)
        assert answer.processor_ref
    await bench.settle()
    assert (await read(bench, paid)).refunded == Money(1000, paid.amount.currency)


async def test_the_same_refund_asked_twice_moves_money_once(bench: Bench) -> None:
    need(bench, Can.REFUNDS)
    paid = await captured(bench, 1000)
    intent = refund_of(paid, 400)
    first = await bench.gateway.refund(intent)
    second = await bench.gateway.refund(intent)
    assert first.processor_ref == second.processor_ref
    await bench.settle()
    assert (await read(bench, paid)).refunded == Money(400, paid.amount.currency)


async def test_more_than_was_captured_is_not_refunded(bench: Bench) -> None:
    need(bench, Can.REFUNDS)
    paid = await captured(bench, 1000)
    await bench.gateway.refund(refund_of(paid, 600))
    async with refused(bench):
        await bench.gateway.refund(refund_of(paid, 401))
    assert (await read(bench, paid)).refunded.minor == 600


async def test_a_refund_is_read_again(bench: Bench) -> None:
    need(bench, Can.REFUNDS, Can.READS_REFUNDS)
    paid = await captured(bench, 1000)
    intent = refund_of(paid, 400)
    made = await bench.gateway.refund(intent)
    await bench.settle()
    found = await bench.gateway.read_refund(
        processor_ref=made.processor_ref,
        refund_id=intent.refund_id,
        payment_ref=paid.processor_ref,
    )
    assert found is not None
    assert (found.refund_id, found.amount) == (intent.refund_id, intent.amount)
    assert found.standing is RefundStanding.SUCCEEDED
    nothing = await bench.gateway.read_refund(
        processor_ref="", refund_id=new_id("ref"), payment_ref=paid.processor_ref
    )
    assert nothing is None


# The network


async def test_a_lost_answer_is_unknown_and_asking_again_charges_once(bench: Bench) -> None:
    need(bench, Can.LOSES_ANSWERS)
    intent = payment(bench.currencies[0])
    await bench.lose_next_answer("start")
    with pytest.raises(OutcomeUnknown):
        await bench.gateway.start(intent)
    again = await bench.gateway.start(intent)
    await bench.pay(again, Act.SUCCEED)
    assert (await read(bench, again)).standing is Standing.CAPTURED
    if bench.gateway.can_read_by_reference:
        found = await bench.gateway.read(processor_ref="", payment_id=intent.payment_id)
        assert found is not None
        assert found.processor_ref == again.processor_ref
    if Can.COUNTS_CHARGES in bench.can:
        assert await bench.charges(intent.payment_id) == 1


async def test_a_refund_whose_answer_was_lost_is_asked_again_and_moves_money_once(
    bench: Bench,
) -> None:
    need(bench, Can.LOSES_ANSWERS, Can.REFUNDS)
    paid = await captured(bench, 1000)
    intent = refund_of(paid, 600)
    await bench.lose_next_answer("refund")
    with pytest.raises(OutcomeUnknown):
        await bench.gateway.refund(intent)
    await bench.gateway.refund(intent)
    await bench.settle()
    assert (await read(bench, paid)).refunded == Money(600, paid.amount.currency)


async def test_a_processor_that_nobody_reaches_leaves_the_outcome_unknown(bench: Bench) -> None:
    gateway = bench.unreachable()
    try:
        with pytest.raises(OutcomeUnknown):
            await gateway.start(payment(bench.currencies[0]))
        if gateway.can_read_by_reference:
            with pytest.raises(OutcomeUnknown):
                await gateway.read(processor_ref="", payment_id=new_id("pay"))
    finally:
        await gateway.close()


async def test_no_call_is_made_inside_a_transaction(bench: Bench) -> None:
    db = Database("sqlite+aiosqlite://")
    try:
        async with db.transaction():
            with pytest.raises(AssertionError, match="inside a database transaction"):
                await bench.gateway.start(payment(bench.currencies[0]))
            with pytest.raises(AssertionError, match="inside a database transaction"):
                await bench.gateway.read(processor_ref="x", payment_id="y")
    finally:
        await db.close()


# Webhooks


async def payment_webhook(bench: Bench) -> tuple[Snapshot, Inbound, list[InboxItem]]:
    """A paid payment, and the first webhook that speaks of it."""
    paid = await captured(bench)
    for inbound in await bench.webhooks():
        items = bench.gateway.verify(inbound, bench.now())
        for item in items:
            for change in bench.gateway.interpret(item):
                if isinstance(change, PaymentChanged) and paid.payment_id in (
                    change.payment_id,
                    change.snapshot.payment_id if change.snapshot else "",
                ):
                    return paid, inbound, items
    raise AssertionError("no webhook spoke of the payment")


async def test_a_webhook_says_which_payment_changed(bench: Bench) -> None:
    need(bench, Can.WEBHOOKS)
    _, inbound, items = await payment_webhook(bench)
    again = bench.gateway.verify(inbound, bench.now())
    assert [item.natural_key for item in again] == [item.natural_key for item in items]
    assert all(item.natural_key and item.kind for item in items)
    # A stored payload means the same after it has been through JSON.
    for item in items:
        stored = msgspec.json.decode(msgspec.json.encode(item.payload))
        copy = msgspec.structs.replace(item, payload=stored)
        assert bench.gateway.interpret(copy) == bench.gateway.interpret(item)


async def test_a_changed_body_is_refused(bench: Bench) -> None:
    need(bench, Can.WEBHOOKS)
    paid, inbound, _ = await payment_webhook(bench)
    body = inbound.body.replace(str(paid.amount.minor).encode(), b"1")
    assert body != inbound.body
    with pytest.raises(BadSignature):
        bench.gateway.verify(Inbound(headers=inbound.headers, body=body), bench.now())


async def test_a_webhook_without_a_signature_is_refused(bench: Bench) -> None:
    need(bench, Can.WEBHOOKS)
    for body in (b"", b"{}", b"[]", b"null", b"\xff", b'{"id": 1}'):
        with pytest.raises(BadSignature):
            bench.gateway.verify(Inbound(headers={}, body=body), bench.now())


async def test_an_old_webhook_is_refused(bench: Bench) -> None:
    need(bench, Can.WEBHOOKS, Can.TIMESTAMPED)
    _, inbound, _ = await payment_webhook(bench)
    for away in (timedelta(minutes=6), timedelta(minutes=-6)):
        with pytest.raises(BadSignature):
            bench.gateway.verify(inbound, bench.now() + away)


async def test_kinds_that_mean_nothing_to_us_are_passed_over(bench: Bench) -> None:
    item = InboxItem(natural_key="k", kind="something.nobody_heard_of", payload={})
    assert bench.gateway.interpret(item) == []


async def test_a_refund_is_told_by_webhook(bench: Bench) -> None:
    need(bench, Can.WEBHOOKS, Can.REFUNDS)
    paid = await captured(bench, 1000)
    await bench.webhooks()
    intent = refund_of(paid, 400)
    await bench.gateway.refund(intent)
    await bench.settle()
    changes = await _changes(bench)
    told = [c for c in changes if isinstance(c, RefundChanged) and c.refund_id == intent.refund_id]
    assert told


async def _changes(bench: Bench) -> list[object]:
    return [
        change
        for inbound in await bench.webhooks()
        for item in bench.gateway.verify(inbound, bench.now())
        for change in bench.gateway.interpret(item)
    ]


# Disputes


@pytest.mark.parametrize("won", [True, False])
async def test_a_dispute_opens_and_closes(bench: Bench, won: bool) -> None:
    need(bench, Can.DISPUTES, Can.WEBHOOKS)
    paid = await captured(bench)
    await bench.webhooks()
    await bench.dispute(paid)
    opened = [c for c in await _changes(bench) if isinstance(c, DisputeChanged)]
    assert opened
    assert opened[0].standing is DisputeStanding.OPEN
    assert opened[0].amount == paid.amount
    assert opened[0].payment_ref == paid.processor_ref
    await bench.close_dispute(paid, won=won)
    closed = [c for c in await _changes(bench) if isinstance(c, DisputeChanged)]
    assert closed[-1].dispute_ref == opened[0].dispute_ref
    assert closed[-1].standing is (DisputeStanding.WON if won else DisputeStanding.LOST)


# Mandates


async def test_a_mandate_is_set_up_and_charged_with_the_payer_absent(bench: Bench) -> None:
    need(bench, Can.MANDATES)
    intent = mandate(bench.currencies[0])
    started = await bench.gateway.set_up(intent)
    assert not started.ready
    assert isinstance(started.next, Redirect | Element)
    again = await bench.gateway.set_up(intent)
    assert again.setup_ref == started.setup_ref
    await bench.set_up(started.setup_ref, Act.SUCCEED)
    made = await bench.gateway.read_mandate(
        setup_ref=started.setup_ref, mandate_id=intent.mandate_id
    )
    assert made is not None
    assert made.ready
    assert made.mandate_ref
    charge = await bench.gateway.start(
        payment(bench.currencies[0], mandate_ref=made.mandate_ref, customer_ref=made.customer_ref)
    )
    await bench.settle()
    now = await read(bench, charge)
    assert now.standing is Standing.CAPTURED
    assert isinstance(now.next, NoStep)
    assert all(told.kind in ("", "card") for told in (charge.means, now.means))


async def test_a_mandate_that_never_was_reads_as_none(bench: Bench) -> None:
    need(bench, Can.MANDATES)
    assert await bench.gateway.read_mandate(setup_ref="", mandate_id=new_id("mdt")) is None

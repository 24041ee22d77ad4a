"""Snapshots late, twice and out of order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import permutations

import pytest

from infra.kernel.money import Money
from paywall.payments.port import Decline, Means, Snapshot, Standing
from paywall.payments.settle import News, apply
from paywall.payments.tables import Payment, PaymentState
from tests.payments.conftest import Till

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def row(state: PaymentState = PaymentState.SENT, **more: object) -> Payment:
    fields: dict[str, object] = {
        "id": "pay_1",
        "state": state,
        "amount_minor": 1000,
        "currency": "EUR",
        "captured_minor": 0,
        "refunded_minor": 0,
        "disputed_minor": 0,
        "tries": 3,
        "needs_person": "",
        "method": "",
        "customer_ref": "",
        "mandate_ref": "",
        "asked": "",
    }
    return Payment(**(fields | more))


def said(standing: Standing, **more: object) -> Snapshot:
    captured = 1000 if standing is Standing.CAPTURED else 0
    fields: dict[str, object] = {
        "processor_ref": "ref_1",
        "payment_id": "pay_1",
        "standing": standing,
        "amount": Money(1000, "EUR"),
        "captured": Money(captured, "EUR"),
        "refunded": Money(0, "EUR"),
    }
    return Snapshot(**(fields | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "order",
    list(permutations([Standing.PENDING, Standing.AUTHORISED, Standing.CAPTURED, Standing.FAILED])),
    ids=lambda order: "-".join(order),
)
def test_in_whatever_order_they_come_captured_money_is_captured_once(
    order: tuple[Standing, ...],
) -> None:
    payment = row()
    news = [n for standing in order * 2 for n in apply(payment, said(standing), NOW)]
    assert payment.state is PaymentState.CAPTURED
    assert news.count(News.CAPTURED) == 1
    assert payment.captured_minor == 1000


def test_a_late_success_after_a_cancellation_is_heard() -> None:
    payment = row(PaymentState.CANCELLED)
    assert apply(payment, said(Standing.CAPTURED), NOW) == [News.CAPTURED]


def test_an_old_pending_wakes_nothing() -> None:
    payment = row(PaymentState.FAILED, decline=Decline.CARD_DECLINED)
    assert apply(payment, said(Standing.PENDING), NOW) == []
    assert (payment.state, payment.decline) == (PaymentState.FAILED, Decline.CARD_DECLINED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": Money(999, "EUR")},
        {"amount": Money(1000, "USD"), "captured": Money(1000, "USD")},
        {"captured": Money(1001, "EUR")},
        {"payment_id": "pay_2"},
    ],
)
def test_a_snapshot_that_does_not_fit_moves_nothing_and_calls_a_person(
    wrong: dict[str, object],
) -> None:
    payment = row(PaymentState.PENDING)
    assert apply(payment, said(Standing.CAPTURED, **wrong), NOW) == []
    assert payment.state is PaymentState.PENDING
    assert payment.needs_person


def test_a_second_charge_under_one_reference_calls_a_person() -> None:
    payment = row()
    apply(payment, said(Standing.CAPTURED), NOW)
    assert apply(payment, said(Standing.CAPTURED, processor_ref="ref_2"), NOW) == []
    assert "charged twice" in payment.needs_person
    assert payment.processor_ref == "ref_1"


def test_a_fee_that_is_told_later_is_told_once() -> None:
    payment = row()
    assert apply(payment, said(Standing.CAPTURED), NOW) == [News.CAPTURED]
    assert payment.due_at is not None, "somebody asks for the fee"
    told = said(Standing.CAPTURED, fee=Money(39, "EUR"))
    assert apply(payment, told, NOW) == [News.FEE]
    assert apply(payment, told, NOW) == []
    assert payment.due_at is None


async def test_one_that_can_not_be_carried_out_does_not_hold_up_the_others(till: Till) -> None:
    good, bad = await till.intend(1000), await till.intend(1000)
    till.heard.refuse.add(bad.id)
    outcomes = await asyncio.gather(
        *(
            till.desk.settler.payment(
                p.id, said(Standing.CAPTURED, payment_id=p.id, processor_ref=f"r_{p.id}")
            )
            for p in (good, bad)
        ),
        return_exceptions=True,
    )
    assert outcomes[0] is PaymentState.CAPTURED
    assert isinstance(outcomes[1], AssertionError)
    assert (await till.payment(good.id)).state is PaymentState.CAPTURED
    assert (await till.payment(bad.id)).state is PaymentState.SENT


def test_what_a_card_was_is_kept_when_a_later_answer_does_not_say() -> None:
    payment = row()
    means = Means(kind="card", brand="visa", expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    apply(payment, said(Standing.AUTHORISED, means=means), NOW)
    apply(payment, said(Standing.CAPTURED), NOW)
    assert (payment.method_kind, payment.card_brand) == ("card", "visa")
    assert payment.card_expires_at == datetime(2030, 1, 1, tzinfo=UTC)

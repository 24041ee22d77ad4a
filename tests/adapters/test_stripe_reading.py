"""Readings of Stripe's answers, held to Stripe's own example objects."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from infra.adapters import stripe_reading as reading
from infra.adapters.stripe_reading import (
    Unreadable,
    mandate_snapshot_of,
    means_of,
    read_as,
    refund_snapshot_of,
    snapshot_of,
)
from infra.kernel.money import Money
from paywall.payments.port import (
    Decline,
    Element,
    Means,
    NoStep,
    RefundStanding,
    Snapshot,
    Standing,
)
from tests.adapters.stripe_examples import example

PK = "pk_test_x"


def paid_intent(**charge: object) -> dict[str, object]:
    """Stripe's examples put together: a captured intent of 10.99 with its charge and fee."""
    booked = example("balance_transaction", fee=46, currency="usd")
    details: dict[str, object] = {
        "amount": 1099,
        "amount_captured": 1099,
        "captured": True,
        "balance_transaction": booked,
    }
    return example(
        "payment_intent",
        status="succeeded",
        amount_received=1099,
        last_payment_error=None,
        latest_charge=example("charge", **(details | charge)),
        metadata={"payment_id": "pay_1"},
    )


def read_payment(data: dict[str, object]) -> Snapshot:
    return snapshot_of(read_as(reading.PaymentIntent, data), PK)


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("payment_intent", reading.PaymentIntent),
        ("charge", reading.Charge),
        ("balance_transaction", reading.BalanceTransaction),
        ("setup_intent", reading.SetupIntent),
        ("setup_attempt", reading.SetupAttempt),
        ("dispute", reading.Dispute),
    ],
)
def test_stripes_example_is_read_and_holds_every_field_we_name(
    resource: str, kind: type[msgspec.Struct]
) -> None:
    data = example(resource)
    read_as(kind, data)
    assert set(kind.__struct_fields__) <= data.keys()


def test_a_refund_is_read_whose_failure_reason_only_failures_have() -> None:
    data = example("refund")
    read_as(reading.Refund, data)
    assert set(reading.Refund.__struct_fields__) - data.keys() == {"failure_reason"}


def test_a_captured_payment_tells_fee_card_and_nothing_left_to_do() -> None:
    now = read_payment(paid_intent())
    assert (now.standing, now.captured) == (Standing.CAPTURED, Money(1099, "USD"))
    assert now.payment_id == "pay_1"
    assert now.fee == Money(46, "USD")
    assert now.method == "Visa ···· 4242"
    assert now.next == NoStep()
    assert not now.refunded


def test_a_card_tells_its_brand_and_when_its_last_month_is_over() -> None:
    means = read_payment(paid_intent()).means
    assert (means.kind, means.brand) == ("card", "visa")
    assert means.expires_at == datetime(2030, 9, 1, tzinfo=UTC)
    iban = {"type": "sepa_debit", "sepa_debit": {"last4": "3000"}}
    assert means_of(iban) == Means(kind="sepa_debit")
    assert means_of({"type": "card", "card": {"brand": None}}) == Means(kind="card")
    assert means_of(None) == Means()


def test_a_fee_that_stripe_has_not_booked_yet_is_not_zero_but_untold() -> None:
    assert read_payment(paid_intent(balance_transaction=None)).fee is None
    assert read_payment(paid_intent(balance_transaction="txn_1")).fee is None


def test_a_fee_settled_in_another_currency_is_the_same_share_of_the_payment() -> None:
    # 10.99 USD settled as 1,300 krónur (sent in hundredths), of which 39 are the fee: 3 %.
    booked = example("balance_transaction", amount=130_000, fee=3900, currency="isk")
    assert read_payment(paid_intent(balance_transaction=booked)).fee == Money(33, "USD")


def test_what_a_partial_capture_released_does_not_count_as_refunded() -> None:
    # The amounts of woocommerce-gateway-stripe issue 1073.
    data = paid_intent(amount=20675, amount_captured=20300, amount_refunded=375)
    assert not read_payment(data | {"amount": 20675, "amount_received": 20300}).refunded
    data = paid_intent(amount=20675, amount_captured=20300, amount_refunded=375 + 300)
    now = read_payment(data | {"amount": 20675, "amount_received": 20300})
    assert now.refunded == Money(300, "USD")


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("requires_payment_method", Standing.PENDING),
        ("requires_confirmation", Standing.PENDING),
        ("requires_action", Standing.PENDING),
        ("processing", Standing.PENDING),
        ("requires_capture", Standing.AUTHORISED),
        ("canceled", Standing.CANCELLED),
        ("succeeded", Standing.CAPTURED),
    ],
)
def test_each_status_has_its_standing(status: str, standing: Standing) -> None:
    data = example("payment_intent", status=status, last_payment_error=None)
    assert read_payment(data).standing is standing


def test_the_card_form_is_offered_while_the_payer_can_act() -> None:
    data = example("payment_intent", status="requires_action", last_payment_error=None)
    assert read_payment(data).next == Element(
        gateway="stripe",
        params={"client_secret": data["client_secret"], "publishable_key": PK},
    )
    assert read_payment(data | {"status": "processing"}).next == NoStep()


def test_a_refused_card_fails_the_payment_and_says_why() -> None:
    error = {"type": "card_error", "code": "card_declined", "decline_code": "expired_card"}
    now = read_payment(
        example("payment_intent", status="requires_payment_method", last_payment_error=error)
    )
    assert (now.standing, now.decline) == (Standing.FAILED, Decline.EXPIRED_CARD)
    assert now.next == NoStep()


def test_an_earlier_refusal_does_not_stick_to_a_paid_payment() -> None:
    error = {"type": "card_error", "code": "card_declined", "decline_code": "expired_card"}
    now = read_payment(paid_intent() | {"last_payment_error": error})
    assert (now.standing, now.decline) == (Standing.CAPTURED, None)


def test_a_method_kept_for_later_is_told_once_the_money_is_there() -> None:
    kept = {"setup_future_usage": "off_session", "payment_method": "pm_1", "customer": "cus_1"}
    now = read_payment(paid_intent() | kept)
    assert (now.mandate_ref, now.customer_ref) == ("pm_1", "cus_1")
    assert read_payment(paid_intent() | kept | {"status": "processing"}).mandate_ref == ""
    ideal = {"type": "ideal", "ideal": {"generated_sepa_debit": "pm_sepa"}}
    now = read_payment(paid_intent(payment_method_details=ideal) | kept)
    assert (now.mandate_ref, now.method) == ("pm_sepa", "iDEAL")


def test_a_status_that_nobody_heard_of_concludes_nothing() -> None:
    with pytest.raises(Unreadable):
        read_payment(example("payment_intent", status="levitating"))
    with pytest.raises(Unreadable):
        read_payment(example("payment_intent", currency="isk", amount=1050))


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("pending", RefundStanding.PENDING),
        ("requires_action", RefundStanding.PENDING),
        (None, RefundStanding.PENDING),
        ("succeeded", RefundStanding.SUCCEEDED),
        ("failed", RefundStanding.FAILED),
        ("canceled", RefundStanding.FAILED),
    ],
)
def test_each_refund_status_has_its_standing(status: str | None, standing: RefundStanding) -> None:
    data = example("refund", status=status, metadata={"refund_id": "ref_1"})
    now = refund_snapshot_of(read_as(reading.Refund, data))
    assert (now.standing, now.refund_id, now.amount) == (standing, "ref_1", Money(100, "USD"))


def test_a_mandate_is_ready_when_the_setup_succeeded() -> None:
    data = example("setup_intent", metadata={"mandate_id": "mdt_1"}, last_setup_error=None)
    waiting = mandate_snapshot_of(read_as(reading.SetupIntent, data), PK)
    assert (waiting.ready, waiting.mandate_ref) == (False, "")
    assert isinstance(waiting.next, Element)
    done = data | {"status": "succeeded", "payment_method": "pm_1", "customer": "cus_1"}
    ready = mandate_snapshot_of(read_as(reading.SetupIntent, done), PK)
    assert (ready.ready, ready.mandate_ref, ready.customer_ref) == (True, "pm_1", "cus_1")
    assert ready.next == NoStep()


def test_a_refused_setup_says_why_and_may_be_tried_again() -> None:
    error = {"type": "card_error", "code": "setup_intent_authentication_failure"}
    data = example("setup_intent", last_setup_error=error)
    now = mandate_snapshot_of(read_as(reading.SetupIntent, data), PK)
    assert now.decline is Decline.AUTHENTICATION_FAILED
    assert isinstance(now.next, Element)

"""Stripe's webhooks: signatures against Stripe's own signer, events from its example objects."""

from __future__ import annotations

import inspect
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import stripe

from infra.adapters.stripe_webhooks import EVENTS, interpret, verify
from infra.kernel.clock import epoch_s
from infra.kernel.money import Money
from paywall.payments.port import (
    BadSignature,
    Change,
    DisputeChanged,
    DisputeStanding,
    Inbound,
    InboxItem,
    MandateChanged,
    PaymentChanged,
    RefundChanged,
)
from tests.adapters.stripe_examples import example

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
SECRET = "whsec_one"
BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": {"id": "pi_1", "metadata": {"payment_id": "pay_1"}}},
    }
)


def header(body: str = BODY, secret: str = SECRET, at: datetime = NOW) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(body, secret, epoch_s(at)))


def inbound(signature: str | None, body: str | bytes = BODY) -> Inbound:
    headers = {} if signature is None else {"stripe-signature": signature}
    return Inbound(headers=headers, body=body if isinstance(body, bytes) else body.encode())


def test_what_stripes_own_library_signs_is_accepted() -> None:
    item = verify(inbound(header()), [SECRET], NOW)
    assert (item.natural_key, item.kind) == ("evt_1", "payment_intent.succeeded")


def test_any_of_several_signatures_and_any_of_our_secrets_will_do() -> None:
    good = header().split("v1=")[1]
    several = f"t={epoch_s(NOW)},v1={'0' * 64},v0=abc,v1={good}"
    assert verify(inbound(several), [SECRET], NOW)
    assert verify(inbound(header()), ["whsec_new", SECRET], NOW)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "garbage",
        f"t={epoch_s(NOW)}",
        f"v1={header().split('v1=')[1]}",
        f"t=,v1={header().split('v1=')[1]}",
        f"t=-1,v1={header().split('v1=')[1]}",
        f"t={'9' * 400},v1={header().split('v1=')[1]}",
        f"t={epoch_s(NOW)},v1=é{'0' * 63}",
        f"t={epoch_s(NOW)},v0={header().split('v1=')[1]}",
        header(secret="whsec_other"),
        header(body=BODY + " "),
    ],
)
def test_a_signature_that_is_not_ours_is_refused(signature: str | None) -> None:
    with pytest.raises(BadSignature):
        verify(inbound(signature), [SECRET], NOW)


def test_the_bytes_count_not_what_they_mean() -> None:
    respaced = json.dumps(json.loads(BODY), separators=(",", ":"))
    with pytest.raises(BadSignature):
        verify(inbound(header(), respaced), [SECRET], NOW)


@pytest.mark.parametrize("away_s", [-300, 300])
def test_five_minutes_either_way_are_tolerated_and_no_more(away_s: int) -> None:
    away = timedelta(seconds=away_s)
    assert verify(inbound(header()), [SECRET], NOW + away)
    with pytest.raises(BadSignature):
        verify(inbound(header()), [SECRET], NOW + away + timedelta(seconds=away_s / 300))


def test_another_time_in_the_header_breaks_the_signature() -> None:
    moved = header().replace(str(epoch_s(NOW)), str(epoch_s(NOW) + 1))
    with pytest.raises(BadSignature):
        verify(inbound(moved), [SECRET], NOW)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "not json",
        '{"id": "evt_1", "object": "v2.core.event", "type": "v1.charge.updated"}',
        '{"id": "evt_1", "object": "event", "type": "x", "data": {"object": "pi_1"}}',
    ],
)
def test_a_signed_body_that_is_no_snapshot_event_is_refused_loudly(body: str) -> None:
    with pytest.raises(BadSignature, match="snapshot"):
        verify(inbound(header(body=body), body), [SECRET], NOW)


# What events mean


def event(kind: str, data: dict[str, Any], *, livemode: bool = False) -> InboxItem:
    """Stripe's example event around an object, as it comes out of the inbox."""
    payload = example("event", type=kind, data={"object": data}, livemode=livemode)
    body = json.dumps(payload)
    return verify(inbound(header(body=body), body), [SECRET], NOW)


def meaning(kind: str, data: dict[str, Any]) -> list[Change]:
    return interpret(event(kind, data), livemode=False)


@pytest.mark.parametrize("kind", [k for k in EVENTS if k.startswith("payment_intent.")])
def test_a_payment_event_says_which_payment_to_read(kind: str) -> None:
    intent = example("payment_intent", metadata={"payment_id": "pay_1"})
    told = PaymentChanged(processor_ref=intent["id"], payment_id="pay_1")
    assert meaning(kind, intent) == [told]


def test_what_the_account_sells_elsewhere_is_passed_over() -> None:
    assert meaning("payment_intent.succeeded", example("payment_intent")) == []
    assert meaning("charge.refunded", example("charge")) == []
    assert meaning("setup_intent.succeeded", example("setup_intent")) == []


@pytest.mark.parametrize("kind", ["charge.refunded", "charge.updated"])
def test_a_refund_in_the_dashboard_and_a_late_fee_have_the_payment_read(kind: str) -> None:
    charge = example("charge", payment_intent="pi_1", metadata={"payment_id": "pay_1"})
    assert meaning(kind, charge) == [PaymentChanged(processor_ref="pi_1", payment_id="pay_1")]


@pytest.mark.parametrize("kind", [k for k in EVENTS if "refund." in k])
def test_a_refund_event_names_our_refund(kind: str) -> None:
    ours = {"refund_id": "ref_1", "payment_id": "pay_1"}
    refund = example("refund", payment_intent="pi_1", metadata=ours)
    assert meaning(kind, refund) == [
        RefundChanged(
            refund_id="ref_1",
            processor_ref=refund["id"],
            payment_ref="pi_1",
            payment_id="pay_1",
        )
    ]


@pytest.mark.parametrize("kind", [k for k in EVENTS if k.startswith("setup_intent.")])
def test_a_setup_event_names_our_mandate(kind: str) -> None:
    setup = example("setup_intent", metadata={"mandate_id": "mdt_1"})
    assert meaning(kind, setup) == [MandateChanged(mandate_id="mdt_1", setup_ref=setup["id"])]


@pytest.mark.parametrize("kind", [k for k in EVENTS if k.startswith("charge.dispute.")])
@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("needs_response", DisputeStanding.OPEN),
        ("under_review", DisputeStanding.OPEN),
        ("appeal_needs_response", DisputeStanding.OPEN),
        ("won", DisputeStanding.WON),
        ("lost", DisputeStanding.LOST),
    ],
)
def test_a_dispute_is_told_with_its_fee_and_the_last_day_for_evidence(
    kind: str, status: str, standing: DisputeStanding
) -> None:
    booked = example("balance_transaction", amount=-1000, fee=1500, net=-2500)
    data = example("dispute", status=status, payment_intent="pi_1", balance_transactions=[booked])
    assert meaning(kind, data) == [
        DisputeChanged(
            dispute_ref=data["id"],
            payment_ref="pi_1",
            payment_id="",
            standing=standing,
            amount=Money(1000, "USD"),
            reason="general",
            fee=Money(1500, "USD"),
            evidence_due_at=datetime.fromtimestamp(1723679999, UTC),
        )
    ]


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("warning_needs_response", DisputeStanding.OPEN),
        ("warning_under_review", DisputeStanding.OPEN),
        ("warning_closed", DisputeStanding.WON),
    ],
)
def test_an_inquiry_is_told_as_one_that_takes_no_money(
    status: str, standing: DisputeStanding
) -> None:
    data = example("dispute", status=status, payment_intent="pi_1")
    (told,) = meaning("charge.dispute.created", data)
    assert isinstance(told, DisputeChanged)
    assert (told.standing, told.moved) == (standing, False)


def test_a_prevented_dispute_is_none_as_it_comes_as_a_refund() -> None:
    data = example("dispute", status="prevented", payment_intent="pi_1")
    assert meaning("charge.dispute.created", data) == []


def test_a_refund_made_in_the_dashboard_is_told_by_its_payment() -> None:
    refund = example("refund", payment_intent="pi_1", metadata={})
    assert meaning("refund.created", refund) == [
        RefundChanged(refund_id="", processor_ref=refund["id"], payment_ref="pi_1")
    ]


def test_an_event_of_the_other_mode_is_ignored_and_said_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    intent = example("payment_intent", metadata={"payment_id": "pay_1"})
    item = event("payment_intent.succeeded", intent, livemode=True)
    with caplog.at_level(logging.WARNING):
        assert interpret(item, livemode=False) == []
    assert "is from live mode and the key is not" in caplog.text
    assert interpret(item, livemode=True)


def test_every_event_is_one_that_stripe_python_lets_an_endpoint_enable() -> None:
    source = inspect.getsource(import_module("stripe.params._webhook_endpoint_create_params"))
    assert [kind for kind in EVENTS if f'"{kind}"' not in source] == []


def test_the_guide_names_exactly_the_events_to_enable() -> None:
    guide = Path(__file__).parents[2] / "docs" / "payments-stripe.md"
    named = re.findall(
        r"`((?:charge|payment_intent|refund|setup_intent)\.[a-z_.]+)`", guide.read_text()
    )
    assert set(named) == set(EVENTS)

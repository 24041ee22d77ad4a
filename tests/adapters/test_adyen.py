"""The Adyen gateway before the stand-in: keys, refusals, unknown outcomes, references, set-up."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from infra.adapters.adyen import AdyenGateway
from infra.adapters.adyen_http import AdyenCalls
from infra.adapters.adyen_words import SessionRef, with_session_result
from infra.kernel.db import Database
from infra.kernel.money import Money
from paywall.payments.port import (
    Decline,
    Element,
    GatewayRefused,
    OutcomeUnknown,
    PaymentChanged,
    Standing,
    StartRefund,
)
from tests.conformance.adyen_contracts import CHECKOUT, WEBHOOKS, Description, contract_path, needed
from tests.conformance.adyen_standin import AdyenStandIn
from tests.conformance.benches.adyen import NOW, credentials
from tests.conformance.gateway_bench import mandate, payment

PSP = "QFQTPCQ8HXSKGK82"


@pytest.fixture
def adyen() -> Iterator[AdyenStandIn]:
    path = contract_path(CHECKOUT)
    made = AdyenStandIn(Description(path).check if path else None)
    yield made
    made.stop()


@pytest.fixture
async def gateway(adyen: AdyenStandIn) -> AsyncIterator[AdyenGateway]:
    made = AdyenGateway(credentials(), api_url=adyen.url, timeout_s=5)
    yield made
    await made.close()


def refund(**changes: Any) -> StartRefund:
    fields: dict[str, Any] = {
        "refund_id": "ref_1",
        "payment_id": "pay_1",
        "processor_ref": PSP,
        "amount": Money(100, "EUR"),
    }
    return StartRefund(**(fields | changes))


# Credentials


def test_credentials_show_no_secret() -> None:
    made = credentials()
    shown = f"{made!r} {made}"
    for secret in (made.api_key, made.hmac_keys[0], made.webhook_password):
        assert secret not in shown


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"merchant_account": ""}, "merchant_account"),
        ({"api_key": ""}, "api_key"),
        ({"webhook_password": ""}, "webhook_password"),
        ({"client_key": "live_X"}, "client_key"),
        ({"hmac_keys": ()}, "hmac_keys"),
        ({"hmac_keys": ("not hex",)}, "hmac_keys"),
        ({"hmac_keys": ("00",)}, "hmac_keys"),
        ({"environment": "production"}, "environment"),
        ({"environment": "live", "client_key": "live_X"}, "live_prefix"),
        ({"live_prefix": "1797a841fbb37ca7-Venue"}, "live_prefix"),
        ({"environment": "live", "live_prefix": "1797a-Venue"}, "client_key"),
        ({"environment": "live", "live_prefix": "evil.example/?", "client_key": "live_X"}, "live"),
    ],
)
def test_credentials_that_can_not_be_right_name_the_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValueError, match=field):
        AdyenGateway(credentials(**changes))


async def test_live_mode_talks_to_adyens_own_address_only() -> None:
    live = {"environment": "live", "live_prefix": "1797a-Venue", "client_key": "live_X"}
    with pytest.raises(ValueError, match="Adyen only"):
        AdyenGateway(credentials(**live), api_url="http://127.0.0.1:1")
    gateway = AdyenGateway(credentials(**live))
    assert not gateway.test
    await gateway.close()


@pytest.mark.parametrize(
    ("prefix", "address"),
    [
        ("", "https://checkout-test.adyen.com/v71/sessions"),
        (
            "1797a-Venue",
            "https://1797a-Venue-checkout-live.adyenpayments.com/checkout/v71/sessions",
        ),
    ],
)
async def test_the_address_is_the_environments_and_version_71(prefix: str, address: str) -> None:
    calls = AdyenCalls(api_key="k", live_prefix=prefix, api_url="", timeout_s=1, at_once=1)
    asked: list[str] = []

    class Transport:
        user_agent = "test"

        def request(self, method: str, url: str, **_: Any) -> tuple[str, None, int, dict[str, str]]:
            asked.append(f"{method} {url}")
            return '{"id": "CS1"}', None, 201, {}

    client = calls.api.payments_api.client
    client.http_client, client.http_init = Transport(), True
    await calls.call(calls.api.payments_api.sessions, {"reference": "pay_1"})
    assert asked == [f"POST {address}"]
    calls.close()


def test_what_it_can_do_is_said() -> None:
    assert AdyenGateway.can_read_by_reference is False
    assert AdyenGateway.key_life == timedelta(days=7)


# Keys and references


async def test_each_call_carries_its_own_idempotency_key(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    intent = payment()
    started = await gateway.start(intent)
    session = SessionRef.parse(started.processor_ref)
    assert session is not None
    adyen.pay(session.session_id, outcome="authorise")
    psp = adyen.sessions[session.session_id]["psp"]
    await gateway.cancel(processor_ref=psp, payment_id=intent.payment_id)
    await gateway.capture(processor_ref=psp, payment_id=intent.payment_id, amount=Money(500, "EUR"))
    await gateway.refund(refund(refund_id="ref_7", processor_ref=psp))
    keys = [headers["idempotency-key"] for _, _, headers in adyen.requests]
    assert keys == [
        intent.payment_id,
        f"{intent.payment_id}-cancel",
        f"{intent.payment_id}-capture-500",
        "ref_7",
    ]
    assert all(len(key) <= 64 for key in keys)


async def test_a_key_that_adyen_would_not_take_is_a_bug(gateway: AdyenGateway) -> None:
    with pytest.raises(AssertionError, match="64"):
        await gateway.start(payment(payment_id="p" * 65))


async def test_our_reference_is_the_payments_id(adyen: AdyenStandIn, gateway: AdyenGateway) -> None:
    plain, later = payment(), payment(capture_later=True)
    for intent in (plain, later):
        await gateway.start(intent)
    requests = [session["request"] for session in adyen.sessions.values()]
    assert [one["reference"] for one in requests] == [
        plain.payment_id,
        f"{later.payment_id}.later",
    ]
    assert requests[0]["captureDelayHours"] == 0
    assert requests[1]["additionalData"] == {"manualCapture": "true"}


async def test_the_page_gets_what_drop_in_needs_and_no_secret(gateway: AdyenGateway) -> None:
    step = (await gateway.start(payment())).next
    assert isinstance(step, Element)
    assert step.gateway == "adyen"
    assert (step.params["client_key"], step.params["environment"]) == ("test_STANDIN", "test")
    assert credentials().api_key not in json.dumps(step.params)


@pytest.mark.parametrize("ref", ["", "CS1.EUR.100", "../refunds", "a/b", "é"])
async def test_nothing_is_asked_about_a_payment_whose_reference_is_unknown(
    adyen: AdyenStandIn, gateway: AdyenGateway, ref: str
) -> None:
    with pytest.raises(GatewayRefused, match="AUTHORISATION"):
        await gateway.refund(refund(processor_ref=ref))
    with pytest.raises(GatewayRefused, match="AUTHORISATION"):
        await gateway.capture(processor_ref=ref, payment_id="pay_1", amount=Money(1, "EUR"))
    assert adyen.requests == []


async def test_a_session_authorised_meanwhile_is_cancelled_by_our_reference(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    started = await gateway.start(payment(capture_later=True))
    session = SessionRef.parse(started.processor_ref)
    assert session is not None
    adyen.pay(session.session_id, outcome="authorise")
    await gateway.cancel(processor_ref=started.processor_ref, payment_id=started.payment_id)
    assert [held["state"] for held in adyen.payments.values()] == ["cancelled"]


# Reading


async def paid_session(adyen: AdyenStandIn, gateway: AdyenGateway, outcome: str) -> tuple[str, str]:
    """The payment's id, and the reference with what the page brought back."""
    started = await gateway.start(payment())
    session = SessionRef.parse(started.processor_ref)
    assert session is not None
    result = adyen.pay(session.session_id, outcome=outcome)
    return started.payment_id, with_session_result(started.processor_ref, result)


async def test_a_sessions_result_tells_of_the_payment(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    payment_id, ref = await paid_session(adyen, gateway, "authorise")
    now = await gateway.read(processor_ref=ref, payment_id=payment_id)
    assert now is not None
    assert now.standing is Standing.CAPTURED
    assert now.processor_ref in adyen.payments
    assert (now.captured, now.method) == (Money(1299, "EUR"), "visa")


async def test_a_result_of_another_payment_is_not_believed(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    _, ref = await paid_session(adyen, gateway, "authorise")
    assert await gateway.read(processor_ref=ref, payment_id="pay_other") is None


async def test_a_made_up_result_is_no_news(adyen: AdyenStandIn, gateway: AdyenGateway) -> None:
    started = await gateway.start(payment())
    ref = with_session_result(started.processor_ref, "made up & sent")
    assert await gateway.read(processor_ref=ref, payment_id=started.payment_id) is None


async def test_without_a_result_nothing_is_asked(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    started = await gateway.start(payment())
    adyen.requests.clear()
    for ref in (started.processor_ref, PSP, ""):
        assert await gateway.read(processor_ref=ref, payment_id=started.payment_id) is None
    found = await gateway.read_refund(processor_ref=PSP, refund_id="ref_1", payment_ref=PSP)
    assert found is None
    assert adyen.requests == []


async def test_a_result_that_is_new_to_us_is_unknown_not_failed(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    payment_id, ref = await paid_session(adyen, gateway, "authorise")
    adyen.answer_next = (200, b'{"status": "brandNew"}')
    with pytest.raises(OutcomeUnknown, match="brandNew"):
        await gateway.read(processor_ref=ref, payment_id=payment_id)


# Stored cards


async def test_a_stored_card_that_is_refused_says_why(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    started = await gateway.set_up(mandate())
    adyen.pay(started.setup_ref, outcome="authorise")
    made = await gateway.read_mandate(setup_ref=started.setup_ref, mandate_id=started.mandate_id)
    assert made is not None
    adyen.refuse_charges = "12"
    charged = await gateway.start(
        payment(mandate_ref=made.mandate_ref, customer_ref=made.customer_ref)
    )
    assert (charged.standing, charged.decline) == (Standing.FAILED, Decline.INSUFFICIENT_FUNDS)
    assert not charged.captured


async def test_a_mandate_that_nobody_finished_is_not_ready(gateway: AdyenGateway) -> None:
    started = await gateway.set_up(mandate())
    found = await gateway.read_mandate(setup_ref=started.setup_ref, mandate_id=started.mandate_id)
    assert found is not None
    assert (found.ready, found.mandate_ref) == (False, "")


# What an answer means


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 415, 422])
async def test_a_plain_refusal_did_nothing(
    adyen: AdyenStandIn, gateway: AdyenGateway, status: int
) -> None:
    adyen.answer_next = (status, b'{"errorCode": "702", "message": "Invalid amount"}')
    with pytest.raises(GatewayRefused, match=f"{status} 702: Invalid amount"):
        await gateway.start(payment())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((status, b"{}") for status in (408, 409, 425, 429, 500, 502, 503, 504)),
        (422, b'{"errorCode": "704", "message": "already processed or in progress"}'),
        (503, b"<html>"),
        (500, b"[1]"),
        (200, b"<html>"),
        (200, b"[1]"),
        (200, b""),
        (201, b'{"id": "CS1"}'),
        (302, b"{}"),
    ],
)
async def test_anything_else_leaves_the_outcome_unknown(
    adyen: AdyenStandIn, gateway: AdyenGateway, status: int, body: bytes
) -> None:
    adyen.answer_next = (status, body)
    with pytest.raises(OutcomeUnknown):
        await gateway.start(payment())


async def test_an_answer_that_does_not_come_in_time_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        gateway = AdyenGateway(credentials(), api_url=url, timeout_s=1)
        with pytest.raises(OutcomeUnknown):
            await gateway.refund(refund())
        await gateway.close()


async def test_a_wrong_api_key_is_refused_without_showing_it(adyen: AdyenStandIn) -> None:
    gateway = AdyenGateway(credentials(api_key="another-secret"), api_url=adyen.url)
    with pytest.raises(GatewayRefused, match="401") as refused:
        await gateway.start(payment())
    assert "another-secret" not in str(refused.value)
    await gateway.close()


async def test_every_call_refuses_to_run_inside_a_transaction(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    db = Database("sqlite+aiosqlite://")
    async with db.transaction():
        for call in (
            gateway.capture(processor_ref=PSP, payment_id="p", amount=Money(1, "EUR")),
            gateway.cancel(processor_ref=PSP, payment_id="p"),
            gateway.refund(refund()),
            gateway.set_up(mandate()),
            gateway.read_mandate(setup_ref="", mandate_id="mdt_1"),
        ):
            with pytest.raises(AssertionError, match="inside a database transaction"):
                await call
    await db.close()
    assert adyen.requests == []


# The stand-in itself


async def test_the_stand_in_refuses_what_adyens_description_does(adyen: AdyenStandIn) -> None:
    needed(CHECKOUT)
    gateway = AdyenGateway(credentials(), api_url=adyen.url)
    with pytest.raises(GatewayRefused, match="CreateCheckoutSessionRequest"):
        await gateway.start(payment(return_url="https://x.example/" + "x" * 8000))
    await gateway.close()


async def test_the_stand_ins_webhooks_fit_adyens_description(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    description = Description(needed(WEBHOOKS))
    later, saving = payment(capture_later=True), payment(save_for_later=True)
    for intent in (later, saving):
        started = await gateway.start(intent)
        session = SessionRef.parse(started.processor_ref)
        assert session is not None
        adyen.attempt(session.session_id)
        adyen.pay(session.session_id, outcome="authorise")
        psp = adyen.sessions[session.session_id]["psp"]
        await gateway.refund(refund(refund_id=f"ref_{psp}", processor_ref=psp))
        await gateway.cancel(processor_ref=psp, payment_id=intent.payment_id)
        adyen.event("CHARGEBACK", psp, {"currency": "EUR", "value": 1299})
        adyen.event("CHARGEBACK_REVERSED", psp, {"currency": "EUR", "value": 1299})
        adyen.event("SECOND_CHARGEBACK", psp, {"currency": "EUR", "value": 1299})
    psp = next(one["psp"] for one in adyen.sessions.values())
    await gateway.capture(processor_ref=psp, payment_id="pay_1", amount=Money(1, "EUR"))
    adyen.settle()
    kinds = set()
    for inbound in adyen.sent:
        document = json.loads(inbound.body)
        description.check_webhook(document)
        kinds.add(document["notificationItems"][0]["NotificationRequestItem"]["eventCode"])
    assert kinds == {
        *("AUTHORISATION", "CAPTURE", "CANCELLATION", "REFUND", "RECURRING_CONTRACT"),
        *("CHARGEBACK", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"),
    }


async def test_a_payer_who_tries_twice_in_one_session_pays_once(
    adyen: AdyenStandIn, gateway: AdyenGateway
) -> None:
    started = await gateway.start(payment())
    session = SessionRef.parse(started.processor_ref)
    assert session is not None
    adyen.attempt(session.session_id)
    adyen.pay(session.session_id, outcome="authorise")
    standings = [
        change.snapshot.standing
        for inbound in adyen.sent
        for item in gateway.verify(inbound, NOW)
        for change in gateway.interpret(item)
        if isinstance(change, PaymentChanged) and change.snapshot
    ]
    assert standings == [Standing.PENDING, Standing.CAPTURED]
    assert len(adyen.payments) == 2

"""Adyen's webhooks: what proves them, what is kept of them, what they mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import msgspec
import pytest

from infra.adapters.adyen import AdyenGateway
from infra.adapters.adyen_webhooks import DISPUTES, interpret
from infra.kernel.money import Money
from paywall.payments.port import (
    BadSignature,
    Change,
    Decline,
    DisputeChanged,
    DisputeStanding,
    Inbound,
    InboxItem,
    MandateChanged,
    PaymentChanged,
    RefundChanged,
    RefundStanding,
    Standing,
)
from tests.conformance.adyen_contracts import WEBHOOKS, Description, needed
from tests.conformance.adyen_standin import HMAC_KEY, MERCHANT, webhook
from tests.conformance.benches.adyen import NOW, credentials

PSP, PAYMENT_PSP = "QFQTPCQ8HXSKGK82", "JVBXGSDM53RZNN82"
SIGNED = {
    "pspReference",
    "originalReference",
    "merchantAccountCode",
    "merchantReference",
    "value",
    "currency",
    "eventCode",
    "success",
}


def item(code: str = "AUTHORISATION", **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "amount": {"currency": "EUR", "value": 1299},
        "eventCode": code,
        "eventDate": "2026-11-22T20:00:00+01:00",
        "merchantAccountCode": MERCHANT,
        "merchantReference": "pay_1",
        "originalReference": "" if code == "AUTHORISATION" else PAYMENT_PSP,
        "pspReference": PSP,
        "reason": "033899:1111:03/2030",
        "paymentMethod": "visa",
        "success": "true",
    }
    return fields | changes


def gateway(**changes: Any) -> AdyenGateway:
    return AdyenGateway(credentials(**changes))


def taken(inbound: Inbound, **changes: Any) -> InboxItem:
    (only,) = gateway(**changes).verify(inbound, NOW)
    return only


def meant(code: str, **changes: Any) -> Change:
    (only,) = interpret(taken(webhook(item(code, **changes))))
    return only


def hand_signed(fields: dict[str, Any], *, escape: bool) -> Inbound:
    """Signed here by hand, over the documented string, to check the signer that tests use."""
    parts = [
        fields["pspReference"],
        fields["originalReference"],
        fields["merchantAccountCode"],
        fields["merchantReference"],
        str(fields["amount"]["value"]),
        fields["amount"]["currency"],
        fields["eventCode"],
        fields["success"],
    ]
    if escape:
        parts = [part.replace("\\", "\\\\").replace(":", "\\:") for part in parts]
    digest = hmac.new(bytes.fromhex(HMAC_KEY), ":".join(parts).encode(), hashlib.sha256).digest()
    fields = fields | {"additionalData": {"hmacSignature": base64.b64encode(digest).decode()}}
    made = webhook(item())
    body = json.loads(made.body)
    body["notificationItems"] = [{"NotificationRequestItem": fields}]
    return Inbound(headers=made.headers, body=json.dumps(body).encode())


def test_only_signed_fields_are_kept() -> None:
    kept = taken(webhook(item(additionalData={"disputeStatus": "Won"})))
    assert set(kept.payload) == SIGNED
    assert "reason" not in kept.payload
    assert kept.kind == "AUTHORISATION"


def test_the_natural_key_is_account_event_reference_and_success() -> None:
    assert taken(webhook(item())).natural_key == f"{MERCHANT}:AUTHORISATION:{PSP}:true"
    refused = taken(webhook(item(success="false")))
    assert refused.natural_key == f"{MERCHANT}:AUTHORISATION:{PSP}:false"


def test_the_key_may_be_changed_while_the_old_one_still_signs() -> None:
    new = "0" * 64
    old_signed, new_signed = webhook(item()), webhook(item(), key=new)
    for inbound in (old_signed, new_signed):
        assert taken(inbound, hmac_keys=(new, HMAC_KEY))
    with pytest.raises(BadSignature):
        taken(old_signed, hmac_keys=(new,))


@pytest.mark.parametrize("reference", ["pay_1", "2026-11-22 20:00", "a\\b:c", "Café ✓"])
@pytest.mark.parametrize("escape", [False, True])
def test_a_reference_with_colons_is_proven_as_adyen_signs_it_and_as_it_was_documented(
    reference: str, escape: bool
) -> None:
    inbound = hand_signed(item(merchantReference=reference), escape=escape)
    assert taken(inbound).payload["merchantReference"] == reference


def test_a_colon_can_not_carry_a_value_into_another_field() -> None:
    honest = json.loads(webhook(item(merchantReference="pay_1:1")).body)
    fields = honest["notificationItems"][0]["NotificationRequestItem"]
    moved = webhook(item())
    for change in (
        {"merchantAccountCode": f"{MERCHANT}:pay_1", "merchantReference": "1"},
        {"pspReference": f"{PSP}:", "originalReference": MERCHANT},
    ):
        forged = {"live": "false"}
        forged["notificationItems"] = [{"NotificationRequestItem": fields | change}]
        with pytest.raises(BadSignature):
            taken(Inbound(headers=moved.headers, body=json.dumps(forged).encode()))


@pytest.mark.parametrize(
    "change",
    [
        {"pspReference": "AAAAAAAAAAAAAAAA"},
        {"originalReference": "AAAAAAAAAAAAAAAA"},
        {"merchantAccountCode": "Another"},
        {"merchantReference": "pay_2"},
        {"amount": {"currency": "EUR", "value": 1}},
        {"amount": {"currency": "JPY", "value": 1299}},
        {"eventCode": "CAPTURE"},
        {"success": "false"},
        {"success": True},
        {"additionalData": {}},
        {"additionalData": None},
        {"additionalData": {"hmacSignature": ""}},
        {"additionalData": {"hmacSignature": "é"}},
    ],
)
def test_a_change_of_any_signed_field_is_refused(change: dict[str, Any]) -> None:
    inbound = webhook(item())
    body = json.loads(inbound.body)
    body["notificationItems"][0]["NotificationRequestItem"] |= change
    with pytest.raises(BadSignature):
        taken(Inbound(headers=inbound.headers, body=json.dumps(body).encode()))


@pytest.mark.parametrize("given", ["", "Basic", "Basic Zm9vOmJhcg==", "Bearer x", "Basic é"])
def test_basic_auth_is_needed_as_well(given: str) -> None:
    inbound = webhook(item())
    with pytest.raises(BadSignature, match="user and password"):
        taken(Inbound(headers={"authorization": given}, body=inbound.body))


def test_the_right_token_under_another_scheme_is_refused() -> None:
    inbound = webhook(item())
    token = inbound.headers["authorization"].split()[1]
    with pytest.raises(BadSignature):
        taken(Inbound(headers={"authorization": f"Bearer {token}"}, body=inbound.body))


def test_another_merchant_account_is_refused_though_it_is_signed() -> None:
    with pytest.raises(BadSignature, match="another merchant account"):
        taken(webhook(item(merchantAccountCode="AnotherVenueECOM")))


def test_a_live_webhook_is_refused_in_test_mode() -> None:
    with pytest.raises(BadSignature, match="other environment"):
        taken(webhook(item(), live="true"))


def test_one_bad_item_spoils_the_webhook_and_none_is_no_webhook() -> None:
    good = webhook(item())
    body = json.loads(good.body)
    body["notificationItems"].append({"NotificationRequestItem": item(pspReference="X")})
    for items in (body["notificationItems"], [], body["notificationItems"][:1] * 101):
        spoiled = json.dumps({"live": "false", "notificationItems": items}).encode()
        with pytest.raises(BadSignature):
            taken(Inbound(headers=good.headers, body=spoiled))


def test_several_items_are_all_taken() -> None:
    one, two = webhook(item()), webhook(item("CAPTURE"))
    items = [json.loads(inbound.body)["notificationItems"][0] for inbound in (one, two)]
    both = json.dumps({"live": "false", "notificationItems": items}).encode()
    kept = gateway().verify(Inbound(headers=one.headers, body=both), NOW)
    assert [one.kind for one in kept] == ["AUTHORISATION", "CAPTURE"]


def changed(change: Change) -> tuple[Standing, int, str, str]:
    assert isinstance(change, PaymentChanged)
    assert change.snapshot is not None
    snapshot = change.snapshot
    return snapshot.standing, snapshot.captured.minor, snapshot.processor_ref, snapshot.payment_id


@pytest.mark.parametrize(
    ("code", "fields", "standing", "captured", "ref"),
    [
        ("AUTHORISATION", {}, Standing.CAPTURED, 1299, PSP),
        ("AUTHORISATION", {"merchantReference": "pay_1.later"}, Standing.AUTHORISED, 0, PSP),
        ("AUTHORISATION", {"merchantReference": "pay_1.absent"}, Standing.CAPTURED, 1299, PSP),
        ("AUTHORISATION", {"success": "false"}, Standing.PENDING, 0, ""),
        (
            "AUTHORISATION",
            {"success": "false", "merchantReference": "pay_1.absent"},
            Standing.FAILED,
            0,
            PSP,
        ),
        ("OFFER_CLOSED", {"originalReference": ""}, Standing.PENDING, 0, ""),
        ("CAPTURE", {"merchantReference": "pay_1.later"}, Standing.CAPTURED, 1299, PAYMENT_PSP),
        ("CAPTURE", {"success": "false"}, Standing.AUTHORISED, 0, PAYMENT_PSP),
        ("CAPTURE_FAILED", {}, Standing.REVERSED, 0, PAYMENT_PSP),
        ("CANCELLATION", {}, Standing.CANCELLED, 0, PAYMENT_PSP),
        ("TECHNICAL_CANCEL", {}, Standing.CANCELLED, 0, PAYMENT_PSP),
        (
            "EXPIRE",
            {"originalReference": "", "merchantReference": "pay_1.later"},
            Standing.CANCELLED,
            0,
            PSP,
        ),
    ],
)
def test_a_payments_events(
    code: str, fields: dict[str, Any], standing: Standing, captured: int, ref: str
) -> None:
    assert changed(meant(code, **fields)) == (standing, captured, ref, "pay_1")


def test_a_refused_try_and_then_another_that_succeeds_pays_the_payment() -> None:
    first = meant("AUTHORISATION", success="false", pspReference="AAAAAAAAAAAAAAAA")
    assert changed(first)[0] is Standing.PENDING
    assert isinstance(first, PaymentChanged)
    assert first.snapshot is not None
    assert first.snapshot.decline is Decline.OTHER
    second = meant("AUTHORISATION", pspReference="BBBBBBBBBBBBBBBB")
    assert changed(second) == (Standing.CAPTURED, 1299, "BBBBBBBBBBBBBBBB", "pay_1")


@pytest.mark.parametrize(
    ("code", "success"), [("CANCEL_OR_REFUND", "true"), ("CANCELLATION", "false")]
)
def test_what_the_signed_fields_do_not_say_is_left_to_a_read_or_a_person(
    code: str, success: str
) -> None:
    change = meant(code, success=success)
    assert change == PaymentChanged(processor_ref=PAYMENT_PSP, payment_id="pay_1")


@pytest.mark.parametrize(
    ("code", "success", "standing"),
    [
        ("REFUND", "true", RefundStanding.SUCCEEDED),
        ("REFUND", "false", RefundStanding.FAILED),
        ("REFUND_FAILED", "true", RefundStanding.FAILED),
        ("REFUNDED_REVERSED", "true", RefundStanding.FAILED),
    ],
)
def test_a_refunds_events(code: str, success: str, standing: RefundStanding) -> None:
    change = meant(code, merchantReference="ref_1", success=success)
    assert isinstance(change, RefundChanged)
    assert (change.refund_id, change.processor_ref, change.payment_ref) == (
        "ref_1",
        PSP,
        PAYMENT_PSP,
    )
    assert change.snapshot is not None
    assert change.snapshot.standing is standing
    assert bool(change.snapshot.failure) is (standing is RefundStanding.FAILED)


@pytest.mark.parametrize("code", sorted(DISPUTES))
def test_a_disputes_events(code: str) -> None:
    assert meant(code) == DisputeChanged(
        dispute_ref=PSP,
        payment_ref=PAYMENT_PSP,
        payment_id="pay_1",
        standing=DISPUTES[code][0],
        amount=Money(1299, "EUR"),
        moved=DISPUTES[code][1],
    )


def test_a_dispute_that_was_won_may_still_be_lost() -> None:
    standings = [DISPUTES[code][0] for code in ("CHARGEBACK", "CHARGEBACK_REVERSED")]
    assert standings == [DisputeStanding.OPEN, DisputeStanding.WON]
    assert DISPUTES["SECOND_CHARGEBACK"] == (DisputeStanding.LOST, True)


@pytest.mark.parametrize("code", ["REQUEST_FOR_INFORMATION", "NOTIFICATION_OF_CHARGEBACK"])
def test_a_warning_takes_no_money(code: str) -> None:
    assert DISPUTES[code] == (DisputeStanding.OPEN, False)


@pytest.mark.parametrize("code", ["CAPTURE", "CAPTURE_FAILED", "CANCELLATION", "TECHNICAL_CANCEL"])
def test_the_amount_of_a_step_is_not_the_payments(code: str) -> None:
    change = meant(code)
    assert isinstance(change, PaymentChanged)
    assert change.snapshot is not None
    assert not change.snapshot.amount_told


def test_a_mandates_token_is_the_signed_reference_of_its_contract() -> None:
    zero = {"currency": "EUR", "value": 0}
    authorised = meant("AUTHORISATION", amount=zero, merchantReference="mdt_1")
    assert authorised == MandateChanged(mandate_id="mdt_1", setup_ref="")
    change = meant("RECURRING_CONTRACT", amount=zero, merchantReference="mdt_1")
    assert isinstance(change, MandateChanged)
    assert change.snapshot is not None
    snapshot = change.snapshot
    assert (snapshot.ready, snapshot.mandate_ref, snapshot.customer_ref) == (True, PSP, "mdt_1")


def test_a_contract_that_was_not_made_means_nothing() -> None:
    refused = taken(webhook(item("RECURRING_CONTRACT", success="false")))
    assert interpret(refused) == []


@pytest.mark.parametrize("code", ["REPORT_AVAILABLE", "MANUAL_REVIEW_ACCEPT", "SOMETHING_NEW"])
def test_events_about_other_things_are_passed_over(code: str) -> None:
    assert interpret(taken(webhook(item(code)))) == []


def test_an_item_without_an_amount_is_kept_and_means_nothing() -> None:
    bare = {name: value for name, value in item().items() if name != "amount"}
    parts = ":".join([PSP, "", MERCHANT, "pay_1", "", "", "AUTHORISATION", "true"])
    digest = hmac.new(bytes.fromhex(HMAC_KEY), parts.encode(), hashlib.sha256).digest()
    bare["additionalData"] = {"hmacSignature": base64.b64encode(digest).decode()}
    made = webhook(item())
    body = {"live": "false", "notificationItems": [{"NotificationRequestItem": bare}]}
    kept = taken(Inbound(headers=made.headers, body=json.dumps(body).encode()))
    assert kept.payload["value"] is None
    assert interpret(kept) == []


# Adyen's own examples


def test_adyens_own_examples_fit_its_description_and_are_understood() -> None:
    description = Description(needed(WEBHOOKS))
    checked, understood = 0, set()
    for name, hook in description.document["webhooks"].items():
        content = hook["post"]["requestBody"]["content"]["application/json"]
        for example in content.get("examples", {}).values():
            found = example["$ref"].rsplit("/", 1)[-1]
            document = description.document["components"]["examples"][found]["value"]
            if "notificationItems" not in document:
                continue
            description.check_webhook(document)
            fields = document["notificationItems"][0]["NotificationRequestItem"]
            inbound = webhook(fields | {"merchantAccountCode": MERCHANT})
            kept = taken(inbound)
            assert set(kept.payload) == SIGNED
            stored = msgspec.json.decode(msgspec.json.encode(kept.payload))
            changes = interpret(msgspec.structs.replace(kept, payload=stored))
            understood |= {name.strip("/")} if changes else set()
            checked += 1
    assert checked >= 30
    assert understood >= {
        *("AUTHORISATION", "CAPTURE", "CAPTURE_FAILED", "CANCELLATION", "CANCEL_OR_REFUND"),
        *("REFUND", "REFUND_FAILED", "REFUNDED_REVERSED", "CHARGEBACK", "CHARGEBACK_REVERSED"),
        *("NOTIFICATION_OF_CHARGEBACK", "REQUEST_FOR_INFORMATION", "SECOND_CHARGEBACK"),
        *("PREARBITRATION_WON", "PREARBITRATION_LOST", "RECURRING_CONTRACT"),
    }


def test_every_dispute_event_that_we_name_is_one_of_adyens() -> None:
    description = Description(needed(WEBHOOKS))
    assert {f"/{code}" for code in DISPUTES} <= set(description.document["webhooks"])

"""Stripe's webhooks: the signature over the raw bytes, and what an event means to us. Pure.

The check is our own because stripe-python's reads the wall clock.
Sources: stripe-python 16.1, `stripe/_webhook.py` (v1 = HMAC-SHA256 of "timestamp.body", any of
several v1 will do, 300 s) and the event names of its WebhookEndpointCreateParams.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from infra.adapters.stripe_reading import (
    Dispute,
    dispute_fee_of,
    dispute_standing_of,
    evidence_due_at,
    money_of,
    read_as,
)
from infra.kernel.clock import epoch_s
from paywall.payments.port import (
    BadSignature,
    Change,
    DisputeChanged,
    Inbound,
    InboxItem,
    MandateChanged,
    PaymentChanged,
    RefundChanged,
)

TOLERANCE_S = 300

_log = logging.getLogger(__name__)


def verify(inbound: Inbound, secrets: Sequence[str], now: datetime) -> InboxItem:
    """The event of a request that one of the endpoint's secrets signed within 300 s of now.

    Raises BadSignature otherwise, and for a body that is no snapshot event: an endpoint set to
    "thin" payloads shows failed deliveries in Stripe's Workbench instead of losing events.
    """
    header = inbound.headers.get("stripe-signature", "")
    signed_at, signatures = _parse(header)
    if abs(epoch_s(now) - int(signed_at)) > TOLERANCE_S:
        raise BadSignature(f"The signature is not from within {TOLERANCE_S} s of now.")
    message = signed_at + b"." + inbound.body
    expected = [hmac.new(s.encode(), message, hashlib.sha256).hexdigest() for s in secrets]
    # Every pair is compared, so that the time taken says nothing about which one matched.
    matches = [
        hmac.compare_digest(mine.encode(), theirs) for mine in expected for theirs in signatures
    ]
    if not any(matches):
        raise BadSignature("No v1 signature matches this endpoint's signing secret.")
    try:
        event = msgspec.json.decode(inbound.body, type=dict[str, Any])
        key, kind = event["id"], event["type"]
        if event["object"] != "event" or not isinstance(event["data"]["object"], dict):
            raise KeyError("object")
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise BadSignature("Set the endpoint to send snapshot events of API v1.") from error
    return InboxItem(natural_key=str(key), kind=str(kind), payload=event)


def _parse(header: str) -> tuple[bytes, list[bytes]]:
    """Timestamp digits and v1 signatures of `t=1700000000,v1=abc,v1=def,v0=...`."""
    signed_at = b""
    signatures = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            signed_at = value.encode()
        elif name == "v1":
            signatures.append(value.encode())
    if not signed_at.isdigit() or len(signed_at) > 12 or not signatures:
        raise BadSignature("The Stripe-Signature header is missing or has no t and v1.")
    return signed_at, signatures


def interpret(item: InboxItem, *, livemode: bool) -> list[Change]:
    """What an event means; [] for kinds that mean nothing to us.

    Events arrive in any order, so none carries a snapshot: the payment, refund or mandate is read
    afresh. Disputes can't be read through the port and are told as the event has them; one of
    another shape than we know raises Unreadable, so that it waits for a person.
    An event of the other mode than our key's is not ours: left out, with a line in the log.
    """
    reading = _READINGS.get(item.kind)
    if reading is None:
        return []
    if item.payload.get("livemode") is not livemode:
        _log.warning(
            "stripe event %s (%s) is from %s mode and the key is not; ignored",
            item.natural_key,
            item.kind,
            "live" if item.payload.get("livemode") else "test",
        )
        return []
    return reading(item.payload["data"]["object"])


def _metadata(data: dict[str, Any], name: str) -> str:
    return str((data.get("metadata") or {}).get(name, ""))


def _payment(intent: dict[str, Any]) -> list[Change]:
    payment_id = _metadata(intent, "payment_id")
    if not payment_id:  # the venue's account sells elsewhere too
        return []
    return [PaymentChanged(processor_ref=str(intent["id"]), payment_id=payment_id)]


def _charge(charge: dict[str, Any]) -> list[Change]:
    """Refunds made in Stripe's dashboard, and the fee that arrives after the capture."""
    intent = charge.get("payment_intent")
    if not isinstance(intent, str):
        return []
    # Believed, not confirmed: an intent's metadata is copied to its charges. So a charge without
    # our id is still told, and one of another shop's simply finds no payment here.
    return [PaymentChanged(processor_ref=intent, payment_id=_metadata(charge, "payment_id"))]


def _refund(refund: dict[str, Any]) -> list[Change]:
    """Our own refunds, and those made in Stripe's dashboard, which carry no metadata of ours."""
    if not refund.get("payment_intent"):
        return []
    return [
        RefundChanged(
            refund_id=_metadata(refund, "refund_id"),
            processor_ref=str(refund["id"]),
            payment_ref=str(refund.get("payment_intent") or ""),
            payment_id=_metadata(refund, "payment_id"),
        )
    ]


def _dispute(data: dict[str, Any]) -> list[Change]:
    dispute = read_as(Dispute, data)
    told = dispute_standing_of(dispute)
    if told is None or dispute.payment_intent is None:
        return []
    standing, moved = told
    return [
        DisputeChanged(
            dispute_ref=dispute.id,
            payment_ref=dispute.payment_intent,
            payment_id="",  # a dispute has metadata of its own; the intent finds the payment
            standing=standing,
            amount=money_of(dispute.amount, dispute.currency),
            reason=dispute.reason,
            fee=dispute_fee_of(dispute),
            evidence_due_at=evidence_due_at(dispute),
            moved=moved,
        )
    ]


def _mandate(setup: dict[str, Any]) -> list[Change]:
    mandate_id = _metadata(setup, "mandate_id")
    if not mandate_id:
        return []
    return [MandateChanged(mandate_id=mandate_id, setup_ref=str(setup["id"]))]


_READINGS: dict[str, Callable[[dict[str, Any]], list[Change]]] = {
    "payment_intent.amount_capturable_updated": _payment,
    "payment_intent.canceled": _payment,
    "payment_intent.payment_failed": _payment,
    "payment_intent.processing": _payment,
    "payment_intent.requires_action": _payment,
    "payment_intent.succeeded": _payment,
    "charge.refunded": _charge,
    "charge.updated": _charge,
    "charge.refund.updated": _refund,
    "refund.created": _refund,
    "refund.failed": _refund,
    "refund.updated": _refund,
    "charge.dispute.closed": _dispute,
    "charge.dispute.created": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.updated": _dispute,
    "setup_intent.canceled": _mandate,
    "setup_intent.requires_action": _mandate,
    "setup_intent.setup_failed": _mandate,
    "setup_intent.succeeded": _mandate,
}

EVENTS = tuple(sorted(_READINGS))
"""The kinds to enable on the endpoint."""

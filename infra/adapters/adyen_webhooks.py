"""Adyen's standard webhooks: proving them, and what they mean. Pure; trusts signed fields only.

The HTTP layer answers 202 with the body `[accepted]` once the items are stored: the status is
what counts today (https://docs.adyen.com/development-resources/webhooks/handle-webhook-events,
read 2026-11-22), the body is what older endpoints are asked for. BadSignature is answered as any
Problem (400); Adyen then sends again, for up to 30 days.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from infra.adapters.adyen_words import Reference, from_adyen
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
    MandateSnapshot,
    PaymentChanged,
    RefundChanged,
    RefundSnapshot,
    RefundStanding,
    Snapshot,
    Standing,
)

MAX_ITEMS = 100  # Adyen puts one item in a JSON webhook; more than this is no webhook of theirs


class _Amount(msgspec.Struct):
    currency: str
    value: int


class _Additional(msgspec.Struct, rename="camel"):
    hmac_signature: str = ""


class _Item(msgspec.Struct, rename="camel"):
    psp_reference: str
    merchant_account_code: str
    event_code: str
    success: Literal["true", "false"]
    original_reference: str | None = None
    merchant_reference: str | None = None
    amount: _Amount | None = None
    additional_data: _Additional | None = None

    def signed(self) -> list[str]:
        """The signed fields in the order in which Adyen signs them; an absent one is empty."""
        return [
            self.psp_reference,
            self.original_reference or "",
            self.merchant_account_code,
            self.merchant_reference or "",
            str(self.amount.value) if self.amount else "",
            self.amount.currency if self.amount else "",
            self.event_code,
            self.success,
        ]


class _Wrapper(msgspec.Struct):
    NotificationRequestItem: _Item


class _Envelope(msgspec.Struct, rename="camel"):
    notification_items: list[_Wrapper]
    live: Literal["true", "false"]


class WebhookKeys(msgspec.Struct, frozen=True):
    """What proves a webhook. `hmac_keys` has the newest first; old ones stay during a change."""

    merchant_account: str
    user: str
    password: str
    hmac_keys: tuple[bytes, ...]
    live: bool


def sign(fields: Sequence[str], key: bytes) -> str:
    """Base64 of HMAC-SHA256 over the fields joined by colons, as Adyen signs them.

    Nothing is escaped: that is what Adyen's own libraries compute, whatever older pages said
    (Adyen/adyen-python-api-library issue 117, Adyen/adyen-php-api-library pull request 165, and
    Adyen 16.0.0's util.py).
    """
    digest = hmac.new(key, ":".join(fields).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _escaped(fields: Sequence[str]) -> list[str]:
    return [field.replace("\\", "\\\\").replace(":", "\\:") for field in fields]


def _proven(item: _Item, keys: WebhookKeys) -> bool:
    fields = item.signed()
    # Unescaped colons could be moved from one field to the next under the same signature. Only
    # merchantReference may hold one; with three fields before it and four after, it is one way.
    rest = [*fields[:3], *fields[4:]]
    if any(":" in field or "\\" in field for field in rest):
        return False
    given = (item.additional_data.hmac_signature if item.additional_data else "").encode()
    # The escaped form is what Adyen's pages described. It differs only for a foreign reference
    # with a colon or backslash; taking it too keeps such an item from blocking Adyen's queue.
    return any(
        hmac.compare_digest(sign(form, key).encode(), given)
        for form in (fields, _escaped(fields))
        for key in keys.hmac_keys
    )


def verify(inbound: Inbound, keys: WebhookKeys) -> list[InboxItem]:
    """All items of a webhook, each reduced to its signed fields; BadSignature if any is wrong.

    Basic auth, the environment, the merchant account and each item's HMAC must all be ours.
    """
    expected = base64.b64encode(f"{keys.user}:{keys.password}".encode())
    given = inbound.headers.get("authorization", "")
    scheme, _, token = given.partition(" ")
    if not hmac.compare_digest(token.encode(), expected) or scheme.lower() != "basic":
        raise BadSignature("The webhook's user and password are not those of its settings.")
    try:
        envelope = msgspec.json.decode(inbound.body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadSignature("The body is not a standard webhook of Adyen's.") from error
    wrappers = envelope.notification_items
    if not 0 < len(wrappers) <= MAX_ITEMS:
        raise BadSignature("The webhook has no items, or too many.")
    if (envelope.live == "true") is not keys.live:
        raise BadSignature("The webhook comes from Adyen's other environment (test or live).")
    items = [wrapper.NotificationRequestItem for wrapper in wrappers]
    if not all(_proven(item, keys) for item in items):
        raise BadSignature("An item's HMAC signature is missing or wrong; compare the HMAC key.")
    if any(item.merchant_account_code != keys.merchant_account for item in items):
        raise BadSignature("The webhook is of another merchant account.")
    return [_inbox_item(item) for item in items]


def _inbox_item(item: _Item) -> InboxItem:
    key = (item.merchant_account_code, item.event_code, item.psp_reference, item.success)
    payload: dict[str, Any] = {
        "pspReference": item.psp_reference,
        "originalReference": item.original_reference or "",
        "merchantAccountCode": item.merchant_account_code,
        "merchantReference": item.merchant_reference or "",
        "value": item.amount.value if item.amount else None,
        "currency": item.amount.currency if item.amount else "",
        "eventCode": item.event_code,
        "success": item.success == "true",
    }
    return InboxItem(natural_key=":".join(key), kind=item.event_code, payload=payload)


class _Signed(msgspec.Struct, rename="camel"):
    """An inbox item's payload, typed."""

    psp_reference: str
    original_reference: str
    merchant_reference: str
    value: int
    currency: str
    success: bool

    @property
    def amount(self) -> Money:
        return from_adyen(self.currency, self.value)

    @property
    def of(self) -> Reference:
        return Reference.parse(self.merchant_reference)


# What each dispute event says of it, whatever its `success`.
# https://docs.adyen.com/risk-management/disputes-api/dispute-notifications and the descriptions
# in Adyen's webhooks v1 file (both read 2026-11-22). All events of one dispute share its
# pspReference. CHARGEBACK takes the money; the ones before it are warnings. CHARGEBACK_REVERSED
# "is not final": a SECOND_CHARGEBACK may follow a dispute that was won.
# A second element of True: it tells that money was taken or came back. Warnings and the end of a
# period do not: what they ended may have been a mere request for information. Whether an opened
# prearbitration takes the money again at once is not in those descriptions; here its outcome does.
DISPUTES = {
    "REQUEST_FOR_INFORMATION": (DisputeStanding.OPEN, False),
    "NOTIFICATION_OF_CHARGEBACK": (DisputeStanding.OPEN, False),
    "CHARGEBACK": (DisputeStanding.OPEN, True),
    "CHARGEBACK_REVERSED": (DisputeStanding.WON, True),
    "SECOND_CHARGEBACK": (DisputeStanding.LOST, True),
    "DISPUTE_DEFENSE_PERIOD_ENDED": (DisputeStanding.LOST, False),
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": (DisputeStanding.WON, False),
    "PREARBITRATION_OPEN": (DisputeStanding.OPEN, False),
    "PREARBITRATION_ACCEPTED": (DisputeStanding.LOST, True),  # the venue gave in
    "PREARBITRATION_DECLINED": (
        DisputeStanding.OPEN,
        False,
    ),  # the venue contests; arbitration follows
    "PREARBITRATION_ISSUER_WITHDRAWN": (DisputeStanding.WON, True),
    "PREARBITRATION_WON": (DisputeStanding.WON, True),
    "PREARBITRATION_LOST": (DisputeStanding.LOST, True),
    "SCHEME_ARBITRATION": (DisputeStanding.OPEN, False),
    "SCHEME_ARBITRATION_WON": (DisputeStanding.WON, True),
    "SCHEME_ARBITRATION_LOST": (DisputeStanding.LOST, True),
}


def interpret(item: InboxItem) -> list[Change]:
    """What an item means; [] for what does not concern a payment, refund, dispute or mandate."""
    try:
        signed = msgspec.convert(item.payload, _Signed)
    except msgspec.ValidationError:
        return []  # an event without an amount: reports and the like
    match item.kind:
        case "AUTHORISATION":
            return _authorisation(signed)
        case "CAPTURE" | "CAPTURE_FAILED" | "CANCELLATION" | "TECHNICAL_CANCEL" | "EXPIRE":
            return _modification(item.kind, signed)
        case "CANCEL_OR_REFUND":
            # Which of the two it was stands in an unsigned field, so we can't say.
            return [PaymentChanged(processor_ref=_payment(signed), payment_id=signed.of.payment_id)]
        case "OFFER_CLOSED":
            return [_not_paid(signed, Decline.ABANDONED)]
        case "REFUND" | "REFUND_FAILED" | "REFUNDED_REVERSED":
            return [_refund(item.kind, signed)]
        case "RECURRING_CONTRACT":
            return _token(signed)
        case kind if kind in DISPUTES:
            return [
                DisputeChanged(
                    dispute_ref=signed.psp_reference,
                    payment_ref=signed.original_reference,
                    payment_id=signed.of.payment_id,
                    standing=DISPUTES[kind][0],
                    amount=signed.amount,
                    moved=DISPUTES[kind][1],
                )
            ]
    return []


def _payment(signed: _Signed) -> str:
    """The payment's pspReference: modifications carry their own besides it."""
    return signed.original_reference or signed.psp_reference


def _changed(
    signed: _Signed,
    standing: Standing,
    captured: Money | None = None,
    ref: str | None = None,
    *,
    amount_told: bool = True,
) -> PaymentChanged:
    ref = _payment(signed) if ref is None else ref
    snapshot = Snapshot(
        processor_ref=ref,
        payment_id=signed.of.payment_id,
        standing=standing,
        amount=signed.amount,
        captured=captured or Money.zero(signed.currency),
        refunded=Money.zero(signed.currency),
        amount_told=amount_told,
    )
    return PaymentChanged(processor_ref=ref, payment_id=signed.of.payment_id, snapshot=snapshot)


def _not_paid(signed: _Signed, decline: Decline) -> PaymentChanged:
    """An attempt that came to nothing. In a session the payer may try again, and an attempt may
    be told after another one succeeded; so it ends the payment only where no payer is there.

    `snapshot.processor_ref` is empty: the attempt's reference is not the payment's.
    """
    standing = Standing.FAILED if signed.of.payer_absent else Standing.PENDING
    change = _changed(signed, standing, ref=signed.psp_reference if signed.of.payer_absent else "")
    assert change.snapshot is not None
    return msgspec.structs.replace(
        change, snapshot=msgspec.structs.replace(change.snapshot, decline=decline)
    )


def _authorisation(signed: _Signed) -> list[Change]:
    if signed.value == 0:  # a mandate's session; its token comes with RECURRING_CONTRACT
        return [MandateChanged(mandate_id=signed.of.payment_id, setup_ref="")]
    if not signed.success:
        # The reason is not signed, so not even the kind of refusal is known.
        return [_not_paid(signed, Decline.OTHER)]
    if signed.of.capture_later:
        return [_changed(signed, Standing.AUTHORISED)]
    return [_changed(signed, Standing.CAPTURED, signed.amount)]


def _modification(kind: str, signed: _Signed) -> list[Change]:
    """The amount of these items is the step's, not the payment's."""
    match kind, signed.success:
        case "CAPTURE", True:
            return [_changed(signed, Standing.CAPTURED, signed.amount, amount_told=False)]
        case "CAPTURE", False:
            return [_changed(signed, Standing.AUTHORISED, amount_told=False)]
        case "CAPTURE_FAILED", _:
            # "The capture failed due to rejection by the scheme" comes after a CAPTURE that was
            # told as successful (Adyen's webhooks v1 file, read 2026-11-22).
            return [_changed(signed, Standing.REVERSED, amount_told=False)]
        case (("CANCELLATION" | "TECHNICAL_CANCEL"), True):
            return [_changed(signed, Standing.CANCELLED, amount_told=False)]
        case "EXPIRE", True if signed.of.capture_later:
            return [_changed(signed, Standing.CANCELLED, amount_told=False)]
    # A refused cancellation changes nothing; the payment's own events say where it stands.
    return [PaymentChanged(processor_ref=_payment(signed), payment_id=signed.of.payment_id)]


def _refund(kind: str, signed: _Signed) -> RefundChanged:
    """REFUND with success means accepted for processing; the two others come later, if at all.

    Adyen's description does not say whether merchantReference is the refund's or the payment's,
    so `processor_ref`, which `refund` gave, is the surer match.
    """
    done = kind == "REFUND" and signed.success
    standing = RefundStanding.SUCCEEDED if done else RefundStanding.FAILED
    return RefundChanged(
        refund_id=signed.merchant_reference,
        processor_ref=signed.psp_reference,
        payment_ref=signed.original_reference,
        snapshot=RefundSnapshot(
            processor_ref=signed.psp_reference,
            refund_id=signed.merchant_reference,
            standing=standing,
            amount=signed.amount,
            failure="" if done else kind.lower(),
        ),
    )


def _token(signed: _Signed) -> list[Change]:
    """RECURRING_CONTRACT's pspReference is the token (its example in Adyen's webhooks v1 file).

    `mandate_id` is the payment's id where a payment was started with save_for_later. The
    shopper's reference is not signed, but it is always the id that the token was made under.
    """
    if not signed.success:
        return []
    mandate_id = signed.of.payment_id
    return [
        MandateChanged(
            mandate_id=mandate_id,
            setup_ref="",
            snapshot=MandateSnapshot(
                mandate_id=mandate_id,
                setup_ref="",
                mandate_ref=signed.psp_reference,
                customer_ref=mandate_id,
                ready=True,
            ),
        )
    ]

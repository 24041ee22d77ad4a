"""What we read of Stripe's objects, and what they mean in the port's words. Pure.

Only the fields used here are named; msgspec ignores the rest and refuses a wrong type, so an
answer of another shape is noticed instead of half understood. Fields are those of the pinned API
version (`infra.adapters.stripe.API_VERSION`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal, TypeVar

import msgspec

from infra.adapters.stripe_declines import StripeFailure, decline_of
from infra.adapters.stripe_money import UnreadableAmount, from_stripe
from infra.kernel.clock import from_epoch_s
from infra.kernel.money import Money
from paywall.payments.port import (
    DisputeStanding,
    Element,
    MandateSnapshot,
    Means,
    NextStep,
    NoStep,
    RefundSnapshot,
    RefundStanding,
    Snapshot,
    Standing,
    card_end,
)

T = TypeVar("T")


class Unreadable(Exception):
    """Stripe said something that these readings don't understand; nothing may be concluded."""


class BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    amount: int  # gross; negative for what was taken back
    fee: int
    currency: str  # of settlement; may differ from the payment's


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    amount: int
    captured: bool
    amount_captured: int
    amount_refunded: int
    # None for a moment after an asynchronous capture, then told by charge.updated:
    # https://docs.stripe.com/payments/payment-intents/asynchronous-capture (read 2026-11-22)
    balance_transaction: BalanceTransaction | str | None = None
    payment_intent: str | None = None
    payment_method_details: dict[str, Any] | None = None
    metadata: dict[str, str] = {}


IntentStatus = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
]


class PaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    amount_received: int
    currency: str
    status: IntentStatus
    client_secret: str | None = None
    customer: str | None = None
    payment_method: str | None = None
    setup_future_usage: str | None = None
    last_payment_error: StripeFailure | None = None
    latest_charge: Charge | str | None = None
    metadata: dict[str, str] = {}


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"] | None
    failure_reason: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None


class SetupAttempt(msgspec.Struct, frozen=True, kw_only=True):
    payment_method_details: dict[str, Any] | None = None


class SetupIntent(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: Literal[
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "processing",
        "canceled",
        "succeeded",
    ]
    client_secret: str | None = None
    customer: str | None = None
    payment_method: str | None = None
    last_setup_error: StripeFailure | None = None
    latest_attempt: SetupAttempt | str | None = None
    metadata: dict[str, str] | None = None


class EvidenceDetails(msgspec.Struct, frozen=True, kw_only=True):
    due_by: int | None = None


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str
    reason: str
    payment_intent: str | None = None
    balance_transactions: list[BalanceTransaction] = []
    evidence_details: EvidenceDetails = EvidenceDetails()


def read_as(kind: type[T], data: Mapping[str, Any]) -> T:
    """The fields we know of one Stripe object; Unreadable when they have another shape."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise Unreadable(f"Stripe's {data.get('object', 'object')}: {error}") from error


def money_of(amount: int, currency: str) -> Money:
    try:
        return from_stripe(amount, currency)
    except UnreadableAmount as error:
        raise Unreadable(str(error)) from error


# A refused card sends the intent back to requires_payment_method with last_payment_error set
# (https://stripe.dev/stripe-terminal-ios/docs/Classes/SCPProcessPaymentError.html, read
# 2026-11-22). That reads as FAILED; at Stripe the same intent can still be paid, so whoever
# starts another cancels this one.
_STANDINGS: dict[str, Standing] = {
    "requires_payment_method": Standing.PENDING,
    "requires_confirmation": Standing.PENDING,
    "requires_action": Standing.PENDING,
    "processing": Standing.PENDING,
    "requires_capture": Standing.AUTHORISED,
    "canceled": Standing.CANCELLED,
    "succeeded": Standing.CAPTURED,
}

_TAKEN = ("requires_capture", "succeeded")
_PAYER_MAY_ACT = ("requires_payment_method", "requires_confirmation", "requires_action")


def snapshot_of(intent: PaymentIntent, publishable_key: str) -> Snapshot:
    """A payment as the port tells it; fee, refunds and method need `latest_charge` expanded."""
    charge = intent.latest_charge if isinstance(intent.latest_charge, Charge) else None
    details = charge.payment_method_details if charge else None
    failure = intent.last_payment_error if intent.status == "requires_payment_method" else None
    standing = Standing.FAILED if failure else _STANDINGS[intent.status]
    captured = money_of(intent.amount_received, intent.currency)
    kept = intent.setup_future_usage == "off_session" and intent.status in _TAKEN
    return Snapshot(
        processor_ref=intent.id,
        payment_id=intent.metadata.get("payment_id", ""),
        standing=standing,
        amount=money_of(intent.amount, intent.currency),
        captured=captured,
        refunded=money_of(_refunded(charge) if charge else 0, intent.currency),
        fee=_fee(charge, captured) if charge else None,
        decline=decline_of(failure) if failure else None,
        method=method_label(details),
        means=means_of(details),
        customer_ref=intent.customer or "",
        mandate_ref=_reusable(intent.payment_method, details) if kept else "",
        next=NoStep()
        if failure
        else _element(intent.status, intent.client_secret, publishable_key),
    )


def _element(status: str, client_secret: str | None, publishable_key: str) -> NextStep:
    """The card form, while it can still lead somewhere. The secret opens this one intent only."""
    if status not in _PAYER_MAY_ACT or not client_secret:
        return NoStep()
    params = {"client_secret": client_secret, "publishable_key": publishable_key}
    return Element(gateway="stripe", params=params)


def _refunded(charge: Charge) -> int:
    """What went back to the payer.

    After a partial capture Stripe books the rest of the authorisation as a refund too (amount
    20675, received 20300, amount_refunded 375 in woocommerce-gateway-stripe issue 1073, read
    2026-11-22), though that money was never taken.
    """
    released = charge.amount - charge.amount_captured if charge.captured else 0
    return max(0, charge.amount_refunded - released)


def _fee(charge: Charge, paid: Money) -> Money | None:
    if not isinstance(charge.balance_transaction, BalanceTransaction):
        return None
    return _fee_of(charge.balance_transaction.fee, charge.balance_transaction, paid)


def _fee_of(fee: int, booked: BalanceTransaction, gross: Money) -> Money | None:
    """A fee in the currency of the payment, as the port tells it.

    Stripe books in the account's settlement currency. Where that is another, the fee is the same
    share of the payment as it is of Stripe's converted amount, rounded to a minor unit; the
    account's own statement stays in the settlement currency.
    """
    if booked.currency.upper() == gross.currency:
        return money_of(fee, booked.currency)
    return gross.share(Fraction(fee, abs(booked.amount))) if booked.amount else None


_LABELS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "ideal": "iDEAL",
    "jcb": "JCB",
    "paypal": "PayPal",
    "sepa_debit": "SEPA",
    "unionpay": "UnionPay",
}


def method_label(details: Mapping[str, Any] | None) -> str:
    """For people: "Visa ···· 4242", "SEPA ···· 3000", "iDEAL"."""
    if not details:
        return ""
    kind = str(details.get("type", ""))
    inner = details.get(kind) or {}
    name = str(inner.get("brand") or kind)
    label = _LABELS.get(name, name.replace("_", " ").title())
    last4 = inner.get("last4")
    return f"{label} ···· {last4}" if last4 else label


def means_of(details: Mapping[str, Any] | None) -> Means:
    """`payment_method_details` of a charge: its type, and of a card brand and last month.

    https://docs.stripe.com/api/charges/object (read 2026-11-22): exp_month, exp_year, brand.
    """
    if not details:
        return Means()
    kind = str(details.get("type", ""))
    inner = details.get(kind) or {}
    if kind not in ("card", "card_present"):
        return Means(kind=kind)
    return Means(
        kind="card",
        brand=str(inner.get("brand") or ""),
        expires_at=card_end(_whole(inner.get("exp_year")), _whole(inner.get("exp_month"))),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _reusable(payment_method: str | None, details: Mapping[str, Any] | None) -> str:
    """What can be charged later. iDEAL and Bancontact leave a SEPA debit in their place.

    https://docs.stripe.com/payments/ideal/set-up-payment (read 2026-11-22): the method itself is
    single-use, `generated_sepa_debit` is the reusable one.
    """
    if details:
        generated = (details.get(str(details.get("type", ""))) or {}).get("generated_sepa_debit")
        if isinstance(generated, str):
            return generated
    return payment_method or ""


_REFUND_STANDINGS = {
    "pending": RefundStanding.PENDING,
    "requires_action": RefundStanding.PENDING,
    "succeeded": RefundStanding.SUCCEEDED,
    "failed": RefundStanding.FAILED,
    "canceled": RefundStanding.FAILED,
}


def refund_snapshot_of(refund: Refund) -> RefundSnapshot:
    """A refund as the port tells it. A refund without a status is one that is still moving."""
    return RefundSnapshot(
        processor_ref=refund.id,
        refund_id=(refund.metadata or {}).get("refund_id", ""),
        standing=_REFUND_STANDINGS[refund.status or "pending"],
        amount=money_of(refund.amount, refund.currency),
        failure=refund.failure_reason or ("canceled" if refund.status == "canceled" else ""),
    )


def mandate_snapshot_of(setup: SetupIntent, publishable_key: str) -> MandateSnapshot:
    """A mandate is the payment method that may be charged while the payer is away."""
    ready = setup.status == "succeeded"
    details = (
        setup.latest_attempt.payment_method_details
        if isinstance(setup.latest_attempt, SetupAttempt)
        else None
    )
    failure = setup.last_setup_error if setup.status == "requires_payment_method" else None
    return MandateSnapshot(
        mandate_id=(setup.metadata or {}).get("mandate_id", ""),
        setup_ref=setup.id,
        mandate_ref=_reusable(setup.payment_method, details) if ready else "",
        customer_ref=setup.customer or "",
        ready=ready,
        decline=decline_of(failure) if failure else None,
        next=_element(setup.status, setup.client_secret, publishable_key),
    )


# Inquiries (warning_*) move no money; one may grow into a dispute, which is then told with another
# status. Prevented disputes arrive as refunds. An appeal is a lost dispute taken up again.
# The list of statuses is that of stripe-python 16.1's Dispute; what money they move is known from
# https://docs.stripe.com/disputes/how-disputes-work only in part (read 2026-11-22), to be
# confirmed with test keys.
_DISPUTE_STANDINGS = {
    "warning_needs_response": (DisputeStanding.OPEN, False),
    "warning_under_review": (DisputeStanding.OPEN, False),
    "warning_closed": (DisputeStanding.WON, False),
    "needs_response": (DisputeStanding.OPEN, True),
    "under_review": (DisputeStanding.OPEN, True),
    "appeal_needs_response": (DisputeStanding.OPEN, True),
    "appeal_under_review": (DisputeStanding.OPEN, True),
    "won": (DisputeStanding.WON, True),
    "lost": (DisputeStanding.LOST, True),
}


def dispute_standing_of(dispute: Dispute) -> tuple[DisputeStanding, bool] | None:
    """The standing, and whether money moved; None for a prevented dispute."""
    if dispute.status == "prevented":
        return None
    if dispute.status not in _DISPUTE_STANDINGS:
        raise Unreadable(f"a dispute's status {dispute.status!r} is not known")
    return _DISPUTE_STANDINGS[dispute.status]


def dispute_fee_of(dispute: Dispute) -> Money | None:
    """Stripe's own fee so far, in the dispute's currency; None when it has not said."""
    if not dispute.balance_transactions:
        return None
    fee = sum(booked.fee for booked in dispute.balance_transactions)
    disputed = money_of(dispute.amount, dispute.currency)
    return _fee_of(fee, dispute.balance_transactions[0], disputed)


def evidence_due_at(dispute: Dispute) -> datetime | None:
    due_by = dispute.evidence_details.due_by
    return from_epoch_s(due_by) if due_by else None

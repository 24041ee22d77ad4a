"""Adyen's way of writing money, references, results and refusals, and ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from infra.kernel.errors import Invalid
from infra.kernel.money import Money, exponent
from paywall.payments.port import Decline, Means, Standing, card_end

# Where Adyen's number of decimals differs from ISO 4217: "For CLP, CVE, IDR, and ISK the
# standard has a different number of decimals than shown in our currency codes table"; that table
# gives CLP 2, CVE 0, IDR 0, ISK 2.
# https://docs.adyen.com/development-resources/currency-codes (stored copy, read 2026-11-22).
_DIFFERING_EXPONENTS = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}


def adyen_exponent(currency: str) -> int:
    """Decimal places that Adyen expects for the currency."""
    return _DIFFERING_EXPONENTS.get(currency, exponent(currency))


def to_adyen(amount: Money) -> dict[str, str | int]:
    """The `amount` object of a request.

    Invalid where Adyen's unit is coarser than ISO's (CVE, IDR) and the amount is no whole one.
    """
    shift = adyen_exponent(amount.currency) - exponent(amount.currency)
    if shift >= 0:
        return {"currency": amount.currency, "value": amount.minor * 10**shift}
    value, rest = divmod(amount.minor, 10**-shift)
    if rest:
        raise Invalid("amount", f"Adyen takes whole {amount.currency} only; round the price.")
    return {"currency": amount.currency, "value": value}


def from_adyen(currency: str, value: int) -> Money:
    """Our Money of an `amount` object.

    Invalid where ISO's unit is coarser (CLP, ISK) and the value is no whole one: we never ask for
    such an amount, so a person should look.
    """
    shift = adyen_exponent(currency) - exponent(currency)
    if shift <= 0:
        return Money(value * 10**-shift, currency)
    minor, rest = divmod(value, 10**shift)
    if rest:
        raise Invalid("amount", f"Adyen told {value} in {currency}, which has no smaller unit.")
    return Money(minor, currency)


class Reference(msgspec.Struct, frozen=True):
    """Our reference at Adyen: the payment's id, with what a webhook must be able to tell of it.

    A webhook signs nothing but references, amount, event and success, so the two facts that
    decide what an AUTHORISATION means travel inside the reference: `.later` only authorises,
    `.absent` charged a mandate (no payer can try again). Usually it is the bare id.
    """

    payment_id: str
    capture_later: bool = False
    payer_absent: bool = False

    def __str__(self) -> str:
        text = self.payment_id
        text += ".absent" if self.payer_absent else ""
        text += ".later" if self.capture_later else ""
        # Adyen cuts a reference at 80 characters ("Maximum length: 80 characters", Checkout v71).
        assert len(text) <= 80, "a reference has at most 80 characters at Adyen"
        return text

    @classmethod
    def parse(cls, text: str) -> Reference:
        payment_id, *marks = text.split(".")
        return cls(payment_id, "later" in marks, "absent" in marks)


class SessionRef(msgspec.Struct, frozen=True):
    """`processor_ref` of a payment that has only a session yet: `CS451F2AB1ED897A94.EUR.1299`.

    Adyen's answer about a session names no amount, so it is kept here (in ISO minor units).
    `result` is the sessionResult that Drop-in hands to the page when the payer has finished;
    without it Adyen tells nothing about a session.
    """

    session_id: str
    amount: Money
    capture_later: bool = False
    result: str = ""

    def __str__(self) -> str:
        text = f"{self.session_id}.{self.amount.currency}.{self.amount.minor}"
        text += ".later" if self.capture_later else ""
        return text + (f"?{quote(self.result, safe='')}" if self.result else "")

    @classmethod
    def parse(cls, text: str) -> SessionRef | None:
        """None when the text is not of a session: then it is a pspReference, or empty."""
        head, _, result = text.partition("?")
        session_id, *rest = head.split(".")
        if len(rest) < 2 or not rest[1].isdecimal():
            return None
        return cls(session_id, Money(int(rest[1]), rest[0]), "later" in rest[2:], unquote(result))


def with_session_result(processor_ref: str, session_result: str) -> str:
    """The reference to `read` by, once the page was given a sessionResult; else unchanged.

    For one read when the payer comes back, not for keeping: it is long, and Adyen's answer "does
    not get updated" (Checkout v71, SessionResultResponse.status).
    The value comes from the browser, which is why `read` believes only Adyen's answer to it.
    Invalid when it is longer than any that Adyen gives (they have some hundred characters).
    """
    session = SessionRef.parse(processor_ref)
    if session is None or not session_result:
        return processor_ref
    if len(session_result) > 4000:
        raise Invalid("session_result", "Send the sessionResult as Drop-in gave it.")
    return str(msgspec.structs.replace(session, result=session_result))


# `resultCode` of POST /payments for a payer who is absent.
# https://docs.adyen.com/online-payments/payment-result-codes (read 2026-11-22), and the enum of
# PaymentResponse in the Checkout v71 description; a test holds this table to that enum.
# Authorised is CAPTURED or AUTHORISED by what was asked. What wants the payer's presence
# (redirect, 3-D Secure) can't go on without one, so it has failed.
RESULT_STANDINGS = {
    "Authorised": Standing.AUTHORISED,
    "PartiallyAuthorised": Standing.PENDING,
    "Received": Standing.PENDING,
    "Pending": Standing.PENDING,
    "PresentToShopper": Standing.PENDING,
    "Success": Standing.PENDING,
    "AuthenticationFinished": Standing.PENDING,
    "AuthenticationNotRequired": Standing.PENDING,
    "Refused": Standing.FAILED,
    "Error": Standing.FAILED,
    "Cancelled": Standing.FAILED,
    "RedirectShopper": Standing.FAILED,
    "IdentifyShopper": Standing.FAILED,
    "ChallengeShopper": Standing.FAILED,
}

# `status` of GET /sessions/{id}, enum of SessionResultResponse in Checkout v71.
SESSION_STANDINGS: dict[str, tuple[Standing, Decline | None]] = {
    "completed": (Standing.AUTHORISED, None),
    "paymentPending": (Standing.PENDING, None),
    "active": (Standing.PENDING, None),
    "refused": (Standing.FAILED, Decline.CARD_DECLINED),
    "canceled": (Standing.FAILED, Decline.ABANDONED),
    "expired": (Standing.FAILED, Decline.ABANDONED),
}

# refusalReasonCode, https://docs.adyen.com/development-resources/refusal-reasons (read
# 2026-11-22; the stored copies show the list up to 46, and 50 is known from other integrations).
# 13, 30 and 47-49 are not on it. Adyen asks not to show the finer reason to payers: ours are
# coarse on purpose.
REFUSALS = {
    2: Decline.CARD_DECLINED,  # Refused
    3: Decline.CARD_DECLINED,  # Referral
    4: Decline.METHOD_UNAVAILABLE,  # Acquirer Error
    5: Decline.CARD_DECLINED,  # Blocked Card
    6: Decline.EXPIRED_CARD,  # Expired Card
    7: Decline.OTHER,  # Invalid Amount
    8: Decline.CARD_DECLINED,  # Invalid Card Number
    9: Decline.METHOD_UNAVAILABLE,  # Issuer Unavailable
    10: Decline.METHOD_UNAVAILABLE,  # Not supported
    11: Decline.AUTHENTICATION_FAILED,  # 3D Not Authenticated
    12: Decline.INSUFFICIENT_FUNDS,  # Not enough balance
    14: Decline.FRAUD_SUSPECTED,  # Acquirer Fraud
    15: Decline.ABANDONED,  # Cancelled
    16: Decline.ABANDONED,  # Shopper Cancelled
    17: Decline.AUTHENTICATION_FAILED,  # Invalid Pin
    18: Decline.AUTHENTICATION_FAILED,  # Pin tries exceeded
    19: Decline.AUTHENTICATION_FAILED,  # Pin validation not possible
    20: Decline.FRAUD_SUSPECTED,  # FRAUD
    21: Decline.OTHER,  # Not Submitted
    22: Decline.FRAUD_SUSPECTED,  # FRAUD-CANCELLED
    23: Decline.CARD_DECLINED,  # Transaction Not Permitted
    24: Decline.INCORRECT_CVC,  # CVC Declined
    25: Decline.CARD_DECLINED,  # Restricted Card
    26: Decline.CARD_DECLINED,  # Revocation Of Auth
    27: Decline.CARD_DECLINED,  # Declined Non Generic
    28: Decline.INSUFFICIENT_FUNDS,  # Withdrawal amount exceeded
    29: Decline.INSUFFICIENT_FUNDS,  # Withdrawal count exceeded
    31: Decline.FRAUD_SUSPECTED,  # Issuer Suspected Fraud
    32: Decline.CARD_DECLINED,  # AVS Declined
    33: Decline.AUTHENTICATION_FAILED,  # Card requires online pin
    34: Decline.CARD_DECLINED,  # No checking account available on Card
    35: Decline.CARD_DECLINED,  # No savings account available on Card
    36: Decline.AUTHENTICATION_FAILED,  # Mobile pin required
    37: Decline.ABANDONED,  # Contactless fallback
    38: Decline.AUTHENTICATION_FAILED,  # Authentication required
    39: Decline.AUTHENTICATION_FAILED,  # RReq not received from DS
    40: Decline.METHOD_UNAVAILABLE,  # Current AID is in Penalty Box
    41: Decline.AUTHENTICATION_FAILED,  # CVM Required Restart Payment
    42: Decline.AUTHENTICATION_FAILED,  # 3DS Authentication Error
    43: Decline.AUTHENTICATION_FAILED,  # Online PIN required
    44: Decline.METHOD_UNAVAILABLE,  # Try another interface
    45: Decline.METHOD_UNAVAILABLE,  # Chip downgrade mode
    46: Decline.CARD_DECLINED,  # Transaction blocked by Adyen to prevent excessive retry fees
    50: Decline.CARD_DECLINED,  # Token Revoked
}


def means_of(paid: Mapping[str, Any] | None, more: Mapping[str, Any] | None) -> Means:
    """What an answer of the API says it was paid with: `paymentMethod` and `additionalData`.

    `expiryDate` ("6/2016") is there once it is switched on in the Customer Area, under Developers,
    Additional data (Checkout v71). In webhooks it is unsigned, and not believed.
    """
    kind = str((paid or {}).get("type", ""))
    if kind not in ("scheme", "card"):
        return Means(kind=_KINDS.get(kind, kind))
    month, _, year = str((more or {}).get("expiryDate", "")).partition("/")
    told = month.isdecimal() and year.isdecimal()
    return Means(
        kind="card",
        brand=str((paid or {}).get("brand", "")),
        expires_at=card_end(int(year), int(month)) if told and len(year) == 4 else None,
    )


_KINDS = {"sepadirectdebit": "sepa_debit"}


def decline_of(result_code: str, refusal_reason_code: str = "") -> Decline | None:
    """Why POST /payments did not succeed; None while it has not failed."""
    if RESULT_STANDINGS.get(result_code) is not Standing.FAILED:
        return None
    if result_code in ("RedirectShopper", "IdentifyShopper", "ChallengeShopper"):
        return Decline.AUTHENTICATION_FAILED
    if refusal_reason_code.isdecimal() and int(refusal_reason_code) in REFUSALS:
        return REFUSALS[int(refusal_reason_code)]
    return Decline.ABANDONED if result_code == "Cancelled" else Decline.OTHER

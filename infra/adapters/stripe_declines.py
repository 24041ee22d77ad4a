"""Why Stripe or a bank said no, in the port's words. Pure.

Source: https://docs.stripe.com/declines/codes, tables "Card decline codes" and "Local payment
method decline codes", and https://docs.stripe.com/error-codes; stored copies read 2026-11-22.
"""

from __future__ import annotations

import msgspec

from paywall.payments.port import Decline


class StripeFailure(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of an API error, a `last_payment_error` or a `last_setup_error`."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None


def _rows(decline: Decline, codes: str) -> dict[str, Decline]:
    return dict.fromkeys(codes.split(), decline)


# Stripe asks that lost and stolen cards, `fraudulent` and `merchant_blacklist` be shown to the
# payer like a plain decline. Lost and stolen are one here; FRAUD_SUSPECTED keeps the difference
# for the venue, so pages must word it like CARD_DECLINED.
DECLINES: dict[str, Decline] = {
    **_rows(
        Decline.CARD_DECLINED,
        "approve_with_id call_issuer card_velocity_exceeded do_not_honor do_not_try_again"
        " generic_decline incorrect_address incorrect_number incorrect_pin incorrect_zip"
        " invalid_account invalid_number invalid_pin lost_card"
        " new_account_information_available no_action_taken not_permitted offline_pin_required"
        " online_or_offline_pin_required pickup_card pin_try_exceeded restricted_card"
        " revocation_of_all_authorizations revocation_of_authorization security_violation"
        " service_not_allowed stolen_card stop_payment_order testmode_decline"
        " transaction_not_allowed invalid_customer_account partner_generic_decline"
        " invalid_billing_agreement invalid_authorization invalid_payment_information",
    ),
    **_rows(
        Decline.INSUFFICIENT_FUNDS,
        "insufficient_funds withdrawal_count_limit_exceeded payment_limit_exceeded",
    ),
    **_rows(
        Decline.AUTHENTICATION_FAILED,
        "authentication_required authentication_not_handled mobile_device_authentication_required",
    ),
    **_rows(
        Decline.EXPIRED_CARD,
        "expired_card invalid_expiry_month invalid_expiry_year expired_payment_information",
    ),
    **_rows(Decline.INCORRECT_CVC, "incorrect_cvc invalid_cvc"),
    **_rows(
        Decline.FRAUD_SUSPECTED,
        "fraudulent merchant_blacklist partner_high_risk_customer compliance_violation",
    ),
    **_rows(
        Decline.METHOD_UNAVAILABLE,
        "card_not_supported currency_not_supported invalid_amount invalid_business_account",
    ),
    **_rows(
        Decline.OTHER,
        "duplicate_transaction issuer_not_available processing_error reenter_transaction"
        " try_again_later payment_disputed partner_payment_not_found",
    ),
}

# Error codes that stand where a decline code is missing: the payer's card form, 3-D Secure and
# bank redirects fail before any issuer was asked.
_CODES: dict[str, Decline] = {
    **_rows(
        Decline.CARD_DECLINED,
        "card_declined incorrect_number invalid_number incorrect_zip"
        " payment_method_customer_decline payment_method_provider_decline"
        " payment_intent_payment_attempt_failed setup_attempt_failed",
    ),
    **_rows(Decline.EXPIRED_CARD, "expired_card invalid_expiry_month invalid_expiry_year"),
    **_rows(Decline.INCORRECT_CVC, "incorrect_cvc invalid_cvc"),
    **_rows(Decline.INSUFFICIENT_FUNDS, "insufficient_funds"),
    **_rows(
        Decline.AUTHENTICATION_FAILED,
        "payment_intent_authentication_failure setup_intent_authentication_failure"
        " authentication_required",
    ),
    **_rows(
        Decline.ABANDONED, "payment_intent_payment_attempt_expired payment_method_provider_timeout"
    ),
    **_rows(
        Decline.METHOD_UNAVAILABLE,
        "payment_method_not_available payment_method_unactivated payment_method_currency_mismatch"
        " payment_method_unsupported_type payment_method_restricted",
    ),
}


def decline_of(failure: StripeFailure) -> Decline:
    """The reason to tell the payer; OTHER for codes that Stripe made after this table."""
    if failure.decline_code in DECLINES:
        return DECLINES[failure.decline_code]
    if failure.code in _CODES:
        return _CODES[failure.code]
    return Decline.CARD_DECLINED if failure.decline_code else Decline.OTHER

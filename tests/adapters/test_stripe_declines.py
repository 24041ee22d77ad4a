from __future__ import annotations

import inspect

import pytest
import stripe

from infra.adapters.stripe_declines import _CODES, DECLINES, StripeFailure, decline_of
from paywall.payments.port import Decline

# The page's tables as published (docs.stripe.com/declines/codes, read 2026-11-22).
PUBLISHED = """
authentication_required authentication_not_handled approve_with_id call_issuer card_not_supported
card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction
expired_card fraudulent generic_decline incorrect_address incorrect_number incorrect_cvc
incorrect_pin incorrect_zip insufficient_funds invalid_account invalid_amount invalid_cvc
invalid_expiry_month invalid_expiry_year invalid_number invalid_pin issuer_not_available lost_card
merchant_blacklist new_account_information_available no_action_taken not_permitted
offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded processing_error
reenter_transaction restricted_card revocation_of_all_authorizations revocation_of_authorization
security_violation service_not_allowed stolen_card stop_payment_order testmode_decline
transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
mobile_device_authentication_required
partner_generic_decline invalid_customer_account payment_limit_exceeded invalid_billing_agreement
invalid_business_account partner_high_risk_customer compliance_violation payment_disputed
invalid_authorization invalid_payment_information partner_payment_not_found
expired_payment_information
"""


def test_every_published_decline_code_has_its_row_and_no_other() -> None:
    assert set(DECLINES) == set(PUBLISHED.split())


def test_every_error_code_of_the_table_is_one_that_stripe_python_knows() -> None:
    source = inspect.getsource(inspect.getmodule(stripe.PaymentIntent))  # type: ignore[arg-type]
    known = {code for code in _CODES if f'"{code}"' in source}
    assert known == set(_CODES)


@pytest.mark.parametrize(
    ("failure", "decline"),
    [
        (
            StripeFailure(code="card_declined", decline_code="insufficient_funds"),
            Decline.INSUFFICIENT_FUNDS,
        ),
        (StripeFailure(code="card_declined", decline_code="stolen_card"), Decline.CARD_DECLINED),
        (StripeFailure(code="card_declined", decline_code="made_tomorrow"), Decline.CARD_DECLINED),
        (StripeFailure(code="incorrect_cvc"), Decline.INCORRECT_CVC),
        (
            StripeFailure(code="payment_intent_authentication_failure"),
            Decline.AUTHENTICATION_FAILED,
        ),
        (StripeFailure(code="payment_intent_payment_attempt_expired"), Decline.ABANDONED),
        (StripeFailure(type="api_error"), Decline.OTHER),
    ],
)
def test_the_finer_code_is_believed_first(failure: StripeFailure, decline: Decline) -> None:
    assert decline_of(failure) is decline

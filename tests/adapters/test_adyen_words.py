"""Money, references and refusals between Adyen's words and ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.adapters.adyen_words import (
    REFUSALS,
    RESULT_STANDINGS,
    SESSION_STANDINGS,
    Reference,
    SessionRef,
    adyen_exponent,
    decline_of,
    from_adyen,
    means_of,
    to_adyen,
    with_session_result,
)
from infra.kernel.errors import Invalid
from infra.kernel.money import Money, exponent
from paywall.payments.port import Decline, Means, Standing
from tests.conformance.adyen_contracts import CHECKOUT, Description, needed

CURRENCIES = ("EUR", "USD", "GBP", "JPY", "KRW", "VND", "KWD", "BHD", "TND")
DIFFERING = ("CLP", "CVE", "IDR", "ISK")
minors = st.integers(min_value=0, max_value=10**12)


@given(minors, st.sampled_from(CURRENCIES + DIFFERING))
def test_what_can_be_said_to_adyen_comes_back_the_same(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    try:
        said = to_adyen(amount)
    except Invalid:
        assert adyen_exponent(currency) < exponent(currency)
        assert minor % 100
        return
    assert from_adyen(currency, int(said["value"])) == amount


@given(minors, st.sampled_from(CURRENCIES + DIFFERING))
def test_what_adyen_says_goes_back_the_same(value: int, currency: str) -> None:
    try:
        amount = from_adyen(currency, value)
    except Invalid:
        assert adyen_exponent(currency) > exponent(currency)
        assert value % 100
        return
    assert to_adyen(amount) == {"currency": currency, "value": value}


@given(minors, st.sampled_from(CURRENCIES + DIFFERING))
def test_the_amount_in_whole_units_is_the_same_on_both_sides(minor: int, currency: str) -> None:
    amount = Money(minor * 100, currency)
    scaled = int(to_adyen(amount)["value"]) * 10 ** exponent(currency)
    assert scaled == amount.minor * 10 ** adyen_exponent(currency)


@pytest.mark.parametrize(
    ("amount", "value"),
    [
        (Money(1299, "EUR"), 1299),
        (Money(1200, "JPY"), 1200),
        (Money(1290, "KWD"), 1290),
        (Money(1500, "ISK"), 150_000),
        (Money(9000, "CLP"), 900_000),
        (Money(5_000_000, "IDR"), 50_000),
        (Money(120_000, "CVE"), 1200),
    ],
)
def test_the_currencies_that_differ_from_iso_are_shifted(amount: Money, value: int) -> None:
    assert to_adyen(amount) == {"currency": amount.currency, "value": value}


def test_a_fraction_that_adyen_has_no_unit_for_names_the_remedy() -> None:
    with pytest.raises(Invalid, match="whole IDR"):
        to_adyen(Money(150, "IDR"))
    with pytest.raises(Invalid, match="no smaller unit"):
        from_adyen("ISK", 150)


ids = st.from_regex(r"[a-z]{3}_[0-9a-z]{26}", fullmatch=True)


@given(ids, st.booleans(), st.booleans())
def test_a_reference_keeps_its_marks(payment_id: str, later: bool, absent: bool) -> None:
    reference = Reference(payment_id, later, absent)
    assert Reference.parse(str(reference)) == reference
    assert str(Reference(payment_id)) == payment_id


def test_a_reference_that_adyen_would_cut_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="80"):
        str(Reference("p" * 81))


@given(minors, st.booleans(), st.text(max_size=200))
def test_a_sessions_reference_keeps_what_the_page_brought(
    minor: int, later: bool, result: str
) -> None:
    session = SessionRef("CS451F2AB1ED897A94", Money(minor, "EUR"), later)
    parsed = SessionRef.parse(with_session_result(str(session), result))
    assert parsed is not None
    assert parsed.result == result
    assert (parsed.session_id, parsed.amount) == (session.session_id, session.amount)


def test_other_references_are_not_sessions() -> None:
    for text in ("", "QFQTPCQ8HXSKGK82", "a.b", "a.EUR.x", "x?y.EUR.1"):
        assert SessionRef.parse(text) is None
        assert with_session_result(text, "result") == text


def test_a_sessions_result_is_bounded() -> None:
    with pytest.raises(Invalid, match="Drop-in"):
        with_session_result("CS1.EUR.1", "x" * 4001)


def test_every_result_and_status_of_adyens_has_a_standing() -> None:
    schemas = Description(needed(CHECKOUT)).document["components"]["schemas"]
    results = schemas["PaymentResponse"]["properties"]["resultCode"]["enum"]
    assert set(RESULT_STANDINGS) == set(results)
    statuses = schemas["SessionResultResponse"]["properties"]["status"]["enum"]
    assert set(SESSION_STANDINGS) == set(statuses)


def test_every_refusal_of_adyens_list_has_a_decline() -> None:
    listed = {*range(2, 13), *range(14, 30), *range(31, 47), 50}
    assert set(REFUSALS) == listed
    for code, decline in REFUSALS.items():
        assert decline_of("Refused", str(code)) is decline


@pytest.mark.parametrize(
    ("result", "code", "decline"),
    [
        ("Refused", "12", Decline.INSUFFICIENT_FUNDS),
        ("Refused", "6", Decline.EXPIRED_CARD),
        ("Refused", "24", Decline.INCORRECT_CVC),
        ("Refused", "11", Decline.AUTHENTICATION_FAILED),
        ("Refused", "20", Decline.FRAUD_SUSPECTED),
        ("Refused", "999", Decline.OTHER),
        ("Refused", "", Decline.OTHER),
        ("Error", "²", Decline.OTHER),
        ("Cancelled", "", Decline.ABANDONED),
        ("ChallengeShopper", "", Decline.AUTHENTICATION_FAILED),
        ("Authorised", "0", None),
        ("Received", "", None),
    ],
)
def test_a_result_says_why_it_failed(result: str, code: str, decline: Decline | None) -> None:
    assert decline_of(result, code) is decline
    assert (RESULT_STANDINGS[result] is Standing.FAILED) is (decline is not None)


def test_an_answer_tells_what_was_paid_with_and_when_a_card_ends() -> None:
    paid = {"type": "scheme", "brand": "mc"}
    december = means_of(paid, {"expiryDate": "12/2030"})
    assert december == Means(kind="card", brand="mc", expires_at=datetime(2031, 1, 1, tzinfo=UTC))
    for odd in ({}, None, {"expiryDate": "x/2030"}, {"expiryDate": "13/2030"}):
        assert means_of(paid, odd) == Means(kind="card", brand="mc")
    assert means_of({"type": "ideal"}, None) == Means(kind="ideal")
    assert means_of({"type": "sepadirectdebit"}, None) == Means(kind="sepa_debit")
    assert means_of(None, None) == Means()

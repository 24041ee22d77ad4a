"""Each request of the adapter against Adyen's own Checkout v71 description, served by Prism.

Prism keeps no state and answers with the description's examples: this shows the form of
requests and answers, nothing of a payment's life.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from infra.adapters.adyen import AdyenGateway
from infra.adapters.adyen_words import SessionRef
from infra.kernel.money import Money
from paywall.payments.port import (
    Decline,
    Element,
    GatewayRefused,
    RefundStanding,
    Standing,
    StartRefund,
)
from tests.adapters.prism import prism
from tests.conformance.adyen_contracts import CHECKOUT, needed
from tests.conformance.benches.adyen import credentials
from tests.conformance.gateway_bench import mandate, payment

pytestmark = pytest.mark.processor
PSP = "QFQTPCQ8HXSKGK82"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with prism(needed(CHECKOUT)) as url:
        yield url


@pytest.fixture
async def gateway(address: str) -> AsyncIterator[AdyenGateway]:
    made = AdyenGateway(credentials(), api_url=address)
    yield made
    await made.close()


@pytest.mark.parametrize("capture_later", [False, True])
@pytest.mark.parametrize("save_for_later", [False, True])
async def test_a_session_is_asked_for_as_described(
    gateway: AdyenGateway, capture_later: bool, save_for_later: bool
) -> None:
    metadata = {f"key that is much too long {n}": "v" * 100 for n in range(30)}
    intent = payment(capture_later=capture_later, save_for_later=save_for_later, metadata=metadata)
    started = await gateway.start(intent)
    assert started.standing is Standing.PENDING
    session = SessionRef.parse(started.processor_ref)
    assert session is not None
    assert session.session_id.startswith("CS")
    assert isinstance(started.next, Element)
    assert set(started.next.params) == {
        *("session_id", "session_data", "client_key", "environment")
    }


@pytest.mark.parametrize("country", ["", "FR"])
@pytest.mark.parametrize("locale", ["fr", "fr-CA", "zh-Hant"])
async def test_a_locale_is_said_as_described(
    gateway: AdyenGateway, locale: str, country: str
) -> None:
    assert await gateway.start(payment(locale=locale, country=country))


async def test_a_mandate_is_asked_for_as_described(gateway: AdyenGateway) -> None:
    started = await gateway.set_up(mandate())
    assert (started.ready, started.setup_ref[:2]) == (False, "CS")


async def test_a_stored_card_is_charged_as_described(gateway: AdyenGateway) -> None:
    intent = payment(mandate_ref="M5N7TQ4TG5PFWR50", customer_ref="mdt_01")
    # Prism's example asks for the payer's device (IdentifyShopper), and no payer is there.
    with pytest.raises(GatewayRefused, match="IdentifyShopper") as refused:
        await gateway.start(intent)
    assert refused.value.decline is Decline.AUTHENTICATION_FAILED


async def test_stored_cards_are_listed_as_described(gateway: AdyenGateway) -> None:
    found = await gateway.read_mandate(setup_ref="CS1", mandate_id="mdt_01")
    assert found is not None
    assert found.customer_ref == "mdt_01"


async def test_a_sessions_result_is_asked_for_as_described(gateway: AdyenGateway) -> None:
    ref = str(SessionRef("CS12345678", Money(1299, "EUR"), False, "a+/= &result"))
    # Prism's example is completed and lists no payment: nobody can say what was authorised.
    assert await gateway.read(processor_ref=ref, payment_id="YOUR_PAYMENT_REFERENCE") is None


async def test_modifications_are_asked_for_as_described(gateway: AdyenGateway) -> None:
    amount = Money(1299, "EUR")
    captured = await gateway.capture(processor_ref=PSP, payment_id="pay_1", amount=amount)
    assert captured.standing is Standing.AUTHORISED
    released = await gateway.cancel(processor_ref=PSP, payment_id="pay_1")
    assert released.standing is Standing.AUTHORISED
    unpaid = str(SessionRef("CS1", amount))
    released = await gateway.cancel(processor_ref=unpaid, payment_id="pay_1")
    assert (released.standing, released.amount) == (Standing.PENDING, amount)
    refund = StartRefund(refund_id="ref_1", payment_id="pay_1", processor_ref=PSP, amount=amount)
    refunded = await gateway.refund(refund)
    assert refunded.standing is RefundStanding.PENDING
    assert refunded.processor_ref


async def test_prism_would_have_noticed_a_malformed_request(gateway: AdyenGateway) -> None:
    # Otherwise the tests above would show nothing.
    malformed = msgspec.structs.replace(payment(), return_url="https://x.example/" + "x" * 8000)
    with pytest.raises(GatewayRefused, match="422"):
        await gateway.start(malformed)

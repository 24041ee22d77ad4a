"""Adyen through the core: what its webhooks and its silence do to our rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from infra.adapters.adyen import SESSION_LIFE, AdyenGateway
from infra.adapters.adyen_words import SessionRef
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.money import Money
from infra.kernel.seal import Sealer
from paywall.catalogue.tables import Mode
from paywall.payments.credentials import Gateways
from paywall.payments.desk import PaymentDesk
from paywall.payments.port import Decline, Element
from paywall.payments.start import Started
from paywall.payments.tables import InboxRow, InboxState, Payment, PaymentState, RefundState
from tests.conformance.adyen_standin import AdyenStandIn
from tests.conformance.benches.adyen import NOW, credentials
from tests.payments.conftest import Recorder, Till


class AdyenTill(Till):
    """The till over the adapter and our stand-in, with no inbox between but the product's own."""

    def __init__(self, db: Database, standin: AdyenStandIn) -> None:
        self.db, self.standin, self.clock = db, standin, HandClock(NOW)
        self.heard = Recorder()
        self.gateways = Gateways(
            db,
            self.clock,
            Sealer(b"m" * 32),
            {"adyen": lambda _: AdyenGateway(credentials(), api_url=standin.url)},
        )
        self.desk = PaymentDesk(db, self.clock, self.gateways, self.heard)
        self.delivered = 0

    async def open(self) -> None:
        async with self.db.transaction() as tx:
            self.account = self.gateways.open_account(
                tx,
                self.clock.machine(),
                venue_id="ven_1",
                venue_mode=Mode.TEST,
                gateway="adyen",
                credentials={"merchant_account": "stands in the factory"},
            )

    async def bring(self) -> None:
        """Hand what Adyen sent since to the inbox, and handle it."""
        fresh, self.delivered = self.standin.sent[self.delivered :], len(self.standin.sent)
        for inbound in fresh:
            await self.desk.inbox.receive(self.account.hook_token, inbound)
        await self.desk.inbox.tick()

    async def drop_in(self, started: Started, outcome: str = "authorise") -> str:
        """The payer pays in Drop-in; the sessionResult that the page gets."""
        row = await self.payment(started.payment_id)
        session = SessionRef.parse(row.processor_ref or "")
        assert session is not None
        return self.standin.pay(session.session_id, outcome=outcome)

    async def taken(self, minor: int = 1000) -> Payment:
        started = await self.start(minor)
        await self.drop_in(started)
        await self.bring()
        return await self.payment(started.payment_id)

    def event(self, code: str, paid: Payment, **fields: str) -> None:
        amount = {"currency": "EUR", "value": paid.amount_minor}
        self.standin.event(code, paid.processor_ref or "", amount, **fields)

    async def later(self, **delta: float) -> None:
        self.clock.move(**delta)
        await self.desk.tick()


@pytest.fixture
async def adyen(database: Database) -> AsyncIterator[AdyenTill]:
    standin = AdyenStandIn()
    till = AdyenTill(database, standin)
    await till.open()
    try:
        yield till
    finally:
        await till.gateways.close()
        standin.stop()


async def test_a_refused_try_shows_its_decline_and_the_payer_goes_on_in_drop_in(
    adyen: AdyenTill,
) -> None:
    started = await adyen.start()
    before = await adyen.payment(started.payment_id)
    session = SessionRef.parse(before.processor_ref or "")
    assert session is not None
    adyen.standin.attempt(session.session_id)
    await adyen.bring()
    row = await adyen.payment(started.payment_id)
    assert (row.state, row.decline) == (PaymentState.PENDING, Decline.OTHER)
    assert row.processor_ref == before.processor_ref
    assert isinstance(row.next, Element)
    await adyen.drop_in(started)
    await adyen.bring()
    row = await adyen.payment(started.payment_id)
    assert (row.state, row.decline) == (PaymentState.CAPTURED, None)
    assert adyen.heard.of(row.id) == ["captured"]


async def test_the_session_result_that_the_page_brings_settles_without_a_webhook(
    adyen: AdyenTill,
) -> None:
    started = await adyen.start()
    result = await adyen.drop_in(started)
    assert await adyen.desk.reconciler.look(started.payment_id) is PaymentState.PENDING
    state = await adyen.desk.reconciler.look(started.payment_id, hint=result)
    assert state is PaymentState.CAPTURED
    await adyen.bring()
    assert adyen.heard.of(started.payment_id) == ["captured"]


async def test_a_session_result_is_asked_with_and_not_kept(adyen: AdyenTill) -> None:
    started = await adyen.start()
    result = await adyen.drop_in(started, outcome="pending")
    before = await adyen.payment(started.payment_id)
    assert await adyen.desk.reconciler.look(before.id, hint=result) is PaymentState.PENDING
    assert await adyen.desk.reconciler.look(before.id, hint="made up") is PaymentState.PENDING
    assert (await adyen.payment(before.id)).processor_ref == before.processor_ref


async def test_what_is_only_authorised_is_captured_in_part_when_told_so(adyen: AdyenTill) -> None:
    """A CAPTURE names the part; the payment keeps its own amount and nobody is alarmed."""
    started = await adyen.start(1000, capture_later=True)
    await adyen.drop_in(started)
    await adyen.bring()
    assert (await adyen.payment(started.payment_id)).state is PaymentState.AUTHORISED
    await adyen.desk.finisher.capture(started.payment_id, Money(400, "EUR"))
    adyen.standin.settle()
    await adyen.bring()
    row = await adyen.payment(started.payment_id)
    assert (row.state, row.captured_minor, row.amount_minor) == (PaymentState.CAPTURED, 400, 1000)
    assert row.needs_person == ""


async def test_a_cancellation_of_what_was_authorised_alarms_nobody(adyen: AdyenTill) -> None:
    started = await adyen.start(1000, capture_later=True)
    await adyen.drop_in(started)
    await adyen.bring()
    assert await adyen.desk.finisher.cancel(started.payment_id) is PaymentState.AUTHORISED
    adyen.standin.settle()
    await adyen.bring()
    row = await adyen.payment(started.payment_id)
    assert (row.state, row.needs_person) == (PaymentState.CANCELLED, "")


async def test_old_news_after_the_capture_is_passed_over(adyen: AdyenTill) -> None:
    paid = await adyen.taken()
    adyen.event("AUTHORISATION", paid, success="false", originalReference="")
    adyen.event("CAPTURE", paid, success="false")
    adyen.event("OFFER_CLOSED", paid, originalReference="")
    await adyen.bring()
    row = await adyen.payment(paid.id)
    assert (row.state, row.processor_ref) == (PaymentState.CAPTURED, paid.processor_ref)
    assert adyen.heard.of(paid.id) == ["captured"]


async def test_a_capture_that_failed_after_it_was_told_is_taken_back_for_a_person(
    adyen: AdyenTill,
) -> None:
    paid = await adyen.taken()
    adyen.event("CAPTURE_FAILED", paid)
    adyen.event("CAPTURE", paid)
    await adyen.bring()
    row = await adyen.payment(paid.id)
    assert row.state is PaymentState.REVERSED
    assert "could not collect" in row.needs_person
    assert adyen.heard.of(paid.id) == ["captured", "reversed"]


async def test_an_abandoned_session_is_closed_at_its_end_and_late_money_honoured(
    adyen: AdyenTill,
) -> None:
    started = await adyen.start()
    await adyen.later(minutes=30)
    row = await adyen.payment(started.payment_id)
    assert (row.state, row.needs_person) == (PaymentState.PENDING, "")
    await adyen.later(seconds=SESSION_LIFE.total_seconds())
    row = await adyen.payment(started.payment_id)
    assert (row.state, row.decline) == (PaymentState.FAILED, Decline.ABANDONED)
    await adyen.drop_in(started)
    await adyen.bring()
    assert (await adyen.payment(started.payment_id)).state is PaymentState.CAPTURED
    assert adyen.heard.of(started.payment_id) == ["failed", "captured"]


async def test_a_refund_is_found_by_adyens_own_reference(adyen: AdyenTill) -> None:
    """Its REFUND may carry the payment's reference where ours of the refund should be."""
    paid = await adyen.taken()
    refund = await adyen.desk.refunder.give_back(paid.id, Money(300, "EUR"))
    adyen.standin.event(
        "REFUND",
        paid.processor_ref or "",
        {"currency": "EUR", "value": 300},
        pspReference=refund.processor_ref,
        merchantReference=paid.id,
    )
    await adyen.bring()
    assert (await adyen.refund(refund.id)).state is RefundState.SUCCEEDED
    assert (await adyen.payment(paid.id)).refunded_minor == 300


async def test_what_the_account_sells_elsewhere_is_handled_by_doing_nothing(
    adyen: AdyenTill,
) -> None:
    paid = await adyen.taken()
    for code in ("AUTHORISATION", "REFUND", "CHARGEBACK", "RECURRING_CONTRACT"):
        adyen.event(code, paid, merchantReference="till-17", originalReference="OTHER1234567")
    await adyen.bring()
    row = await adyen.payment(paid.id)
    assert (row.refunded_minor, row.disputed_minor) == (0, 0)
    assert adyen.heard.of(paid.id) == ["captured"]
    async with adyen.db.read() as tx:
        states = set(await tx.scalars(select(InboxRow.state)))
    assert states == {InboxState.DONE}

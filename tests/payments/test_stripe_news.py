"""Stripe through the core: declined intents that stay payable, and what its dashboard does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infra.adapters.stripe import StripeGateway
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from paywall.catalogue.tables import Mode
from paywall.payments.credentials import Gateways
from paywall.payments.desk import PaymentDesk
from paywall.payments.port import Standing
from paywall.payments.tables import Payment, PaymentState
from tests.conformance.benches import stripe
from tests.conformance.benches.stripe import CREDENTIALS, StripeBench
from tests.conformance.gateway_bench import Act
from tests.payments.conftest import Recorder, Till


class StripeTill(Till):
    """The till over the adapter and localstripe."""

    def __init__(self, db: Database, at: StripeBench) -> None:
        self.db, self.at, self.clock = db, at, HandClock(at.now())
        self.heard = Recorder()
        self.gateways = Gateways(
            db,
            self.clock,
            Sealer(b"m" * 32),
            {"stripe": lambda _: StripeGateway(CREDENTIALS, api_base=at.proxy.url)},
        )
        self.desk = PaymentDesk(db, self.clock, self.gateways, self.heard)

    async def open(self) -> None:
        async with self.db.transaction() as tx:
            self.account = self.gateways.open_account(
                tx,
                self.clock.machine(),
                venue_id="ven_1",
                venue_mode=Mode.TEST,
                gateway="stripe",
                credentials={"secret_key": "stands in the factory"},
            )

    async def act(self, payment_id: str, act: Act) -> Payment:
        """The payer does something in the card form; the row afterwards."""
        ref = (await self.payment(payment_id)).processor_ref or ""
        found = await self.at.gateway.read(processor_ref=ref, payment_id=payment_id)
        assert found is not None
        await self.at.pay(found, act)
        await self.desk.reconciler.look(payment_id)
        return await self.payment(payment_id)

    async def bring(self) -> None:
        for inbound in await self.at.webhooks():
            await self.desk.inbox.receive(self.account.hook_token, inbound)
        await self.desk.inbox.tick()


@pytest.fixture
async def till(database: Database) -> AsyncIterator[StripeTill]:
    async with stripe.bench() as at:
        made = StripeTill(database, at)
        await made.open()
        try:
            yield made
        finally:
            await made.gateways.close()


async def test_a_declined_intent_that_is_called_off_can_not_be_paid_any_more(
    till: StripeTill,
) -> None:
    started = await till.start(1000)
    row = await till.act(started.payment_id, Act.DECLINE)
    assert row.state is PaymentState.FAILED
    assert await till.desk.finisher.cancel(row.id) is PaymentState.CANCELLED
    found = await till.at.gateway.read(processor_ref=row.processor_ref or "", payment_id=row.id)
    assert found is not None
    assert found.standing is Standing.CANCELLED
    assert till.heard.of(row.id) == ["failed"]


async def test_a_refund_in_the_dashboard_without_our_metadata_is_adopted_once(
    till: StripeTill,
) -> None:
    started = await till.start(1000)
    row = await till.act(started.payment_id, Act.SUCCEED)
    await till.bring()
    made = await till.at._post("/v1/refunds", payment_intent=row.processor_ref or "", amount="400")
    for kind in ("refund.created", "refund.updated"):
        till.at.proxy.sign(kind, made, made["created"])
        await till.bring()
    row = await till.payment(row.id)
    assert row.refunded_minor == 400
    assert [what for what, _ in till.heard.heard].count("refunded") == 1


async def test_a_foreign_intents_refund_is_passed_over(till: StripeTill) -> None:
    ours = await till.act((await till.start(1000)).payment_id, Act.SUCCEED)
    await till.bring()
    foreign = {"id": "re_other", "object": "refund", "payment_intent": "pi_other", "metadata": {}}
    till.at.proxy.sign("refund.created", foreign, int(till.at.now().timestamp()))
    await till.bring()
    assert (await till.payment(ours.id)).refunded_minor == 0

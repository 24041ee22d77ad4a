"""Cards kept for later: set up, finished by webhook or by asking, charged, taken back."""

from __future__ import annotations

import pytest

from infra.kernel.errors import NotFound
from paywall.payments.mandates import SetUp, WantedMandate, keep_card_of, kept, revoke
from paywall.payments.port import Decline, Redirect
from paywall.payments.tables import Mandate, MandateState, PaymentState
from tests.conformance.gateway_bench import Act
from tests.payments.conftest import Till


async def set_up(till: Till) -> SetUp:
    return await till.desk.mandates.set_up(
        WantedMandate(
            account=till.account,
            customer_id="cus_1",
            email="ada@example.com",
            currency="EUR",
            return_url="http://127.0.0.1:9/cards/{mandate_id}",
        )
    )


async def row(till: Till, mandate_id: str) -> Mandate:
    async with till.db.read() as tx:
        return await tx.get_one(Mandate, mandate_id)


async def cards(till: Till, venue_id: str = "ven_1") -> list[str]:
    async with till.db.read() as tx:
        return [mandate.id for mandate in await kept(tx, venue_id, "cus_1")]


async def finish(till: Till, made: SetUp, act: Act = Act.SUCCEED) -> None:
    assert isinstance(made.next, Redirect)
    await till.bench._fill(made.next.url, act)


async def test_a_webhook_makes_a_mandate_ready_and_it_can_be_charged(till: Till) -> None:
    made = await set_up(till)
    assert made.state is MandateState.PENDING
    assert await cards(till) == []
    await finish(till, made)
    await till.deliver()
    assert await cards(till) == [made.mandate_id]
    assert await cards(till, "ven_2") == []
    mandate = await row(till, made.mandate_id)
    started = await till.start(
        1000, mandate_ref=mandate.mandate_ref, customer_ref=mandate.customer_ref
    )
    assert started.state is PaymentState.CAPTURED


async def test_the_payer_who_comes_back_first_is_asked_about(till: Till) -> None:
    made = await set_up(till)
    await finish(till, made)
    assert (await till.desk.mandates.look(made.mandate_id)).state is MandateState.READY
    await till.deliver()
    assert await cards(till) == [made.mandate_id]


async def test_a_lost_answer_is_found_again_and_set_up_once(till: Till) -> None:
    await till.bench.fault("mandates.create", "drop_after")
    made = await set_up(till)
    assert made.state is MandateState.UNKNOWN
    await till.move(seconds=10)
    await till.desk.tick()
    found = await row(till, made.mandate_id)
    assert found.state is MandateState.PENDING
    assert isinstance(found.next, Redirect)


async def test_one_that_never_arrived_is_sent_again(till: Till) -> None:
    await till.bench.fault("mandates.create", "drop_before")
    made = await set_up(till)
    await till.move(seconds=10)
    await till.desk.tick()
    assert (await row(till, made.mandate_id)).state is MandateState.PENDING


async def test_a_setup_that_nobody_finishes_fails_and_is_ready_if_finished_after_all(
    till: Till,
) -> None:
    made = await set_up(till)
    await till.move(hours=23)
    await till.desk.tick()
    assert (await row(till, made.mandate_id)).state is MandateState.PENDING
    await finish(till, made)
    async with till.db.transaction() as tx:
        left = await tx.get_one(Mandate, made.mandate_id)
        left.move(MandateState.FAILED)
        left.decline = Decline.ABANDONED
    await till.deliver()
    found = await row(till, made.mandate_id)
    assert (found.state, found.decline) == (MandateState.READY, None)


async def test_the_card_of_a_payment_is_kept_once_it_is_paid(till: Till) -> None:
    payment = await till.intend(1000, save_for_later=True)
    async with till.db.transaction() as tx:
        mandate = keep_card_of(tx, payment, till.account, "cus_1", till.clock.machine())
    started = await till.desk.starter.send(payment)
    assert await cards(till) == []
    await till.pay(started)
    await till.deliver()
    assert await cards(till) == [mandate.id]
    found = await row(till, mandate.id)
    again = await till.start(500, mandate_ref=found.mandate_ref, customer_ref=found.customer_ref)
    assert again.state is PaymentState.CAPTURED
    assert "4242" in found.method


async def test_what_is_taken_back_stays_so_whatever_the_processor_says(till: Till) -> None:
    made = await set_up(till)
    await finish(till, made)
    async with till.db.transaction() as tx:
        with pytest.raises(NotFound):
            await revoke(tx, "ven_2", made.mandate_id)
        await revoke(tx, "ven_1", made.mandate_id)
        await revoke(tx, "ven_1", made.mandate_id)
    await till.deliver()
    assert (await row(till, made.mandate_id)).state is MandateState.REVOKED
    assert await cards(till) == []


async def test_one_accounts_webhook_can_not_make_anothers_mandate_ready(till: Till) -> None:
    made = await set_up(till)
    await finish(till, made)
    async with till.db.transaction() as tx:
        (await tx.get_one(Mandate, made.mandate_id)).gateway_account_id = "gwa_other"
    await till.deliver()
    assert (await row(till, made.mandate_id)).state is MandateState.PENDING

"""Disputes told in every order: what takes money is booked, what only asks is not."""

from __future__ import annotations

from itertools import permutations

import pytest

from infra.kernel.money import Money
from paywall.payments.disputes import settle_disputes
from paywall.payments.port import DisputeChanged, DisputeStanding
from paywall.payments.tables import Dispute, Payment
from tests.payments.conftest import Till

OPEN, WON, LOST = DisputeStanding.OPEN, DisputeStanding.WON, DisputeStanding.LOST


async def tell(
    till: Till,
    paid: Payment,
    *told: DisputeStanding,
    moved: bool = True,
    fee: Money | None = None,
) -> Dispute:
    for standing in told:
        change = DisputeChanged(
            dispute_ref="d1",
            payment_ref=paid.processor_ref or "",
            payment_id=paid.id,
            standing=standing,
            amount=Money(1000, "EUR"),
            moved=moved,
            fee=fee,
        )
        async with till.db.transaction() as tx:
            await settle_disputes(tx, [(paid.id, change)], till.heard, till.clock.machine())
    (dispute,) = await till.disputes()
    return dispute


@pytest.mark.parametrize("closing", [WON, LOST])
async def test_an_old_opening_after_the_closing_changes_nothing(
    till: Till, closing: DisputeStanding
) -> None:
    paid = await till.paid(1000)
    dispute = await tell(till, paid, closing, OPEN, OPEN, closing)
    assert dispute.state is closing
    assert till.heard.of(dispute.id) == ["disputed", "dispute_closed"]
    assert (await till.payment(paid.id)).disputed_minor == (0 if closing is WON else 1000)


async def test_a_dispute_that_was_won_and_then_lost_takes_the_money_a_second_time(
    till: Till,
) -> None:
    paid = await till.paid(1000)
    dispute = await tell(till, paid, OPEN, WON)
    assert (await till.payment(paid.id)).disputed_minor == 0
    dispute = await tell(till, paid, LOST)
    assert (await till.payment(paid.id)).disputed_minor == 1000
    assert till.heard.of(dispute.id) == ["disputed", "dispute_closed"] * 2


async def test_won_after_lost_is_for_a_person(till: Till) -> None:
    paid = await till.paid(1000)
    dispute = await tell(till, paid, OPEN, LOST, WON)
    assert dispute.state is LOST
    assert "book it" in dispute.needs_person


async def test_an_inquiry_takes_nothing_and_suspends_nothing(till: Till) -> None:
    paid = await till.paid(1000)
    dispute = await tell(till, paid, OPEN, WON, moved=False)
    assert (dispute.state, dispute.moved, dispute.counted_minor) == (WON, False, 0)
    assert till.heard.of(dispute.id) == []
    assert (await till.payment(paid.id)).disputed_minor == 0


async def test_an_inquiry_that_grows_into_a_dispute_is_booked_from_then(till: Till) -> None:
    paid = await till.paid(1000)
    await tell(till, paid, OPEN, moved=False)
    dispute = await tell(till, paid, OPEN)
    assert till.heard.of(dispute.id) == ["disputed"]
    assert (await till.payment(paid.id)).disputed_minor == 1000


async def test_an_inquiry_that_was_over_and_grows_after_all_is_open_again(till: Till) -> None:
    paid = await till.paid(1000)
    await tell(till, paid, OPEN, WON, moved=False)
    dispute = await tell(till, paid, OPEN)
    assert dispute.state is OPEN
    assert (await till.payment(paid.id)).disputed_minor == 1000


@pytest.mark.parametrize("order", list(permutations(["warning", "open", "ended"])))
async def test_warning_chargeback_and_lost_period_come_to_the_same_in_every_order(
    till: Till, order: tuple[str, ...]
) -> None:
    """Adyen's NOTIFICATION_OF_CHARGEBACK, CHARGEBACK, DISPUTE_DEFENSE_PERIOD_ENDED."""
    paid = await till.paid(1000)
    for what in order:
        standing = LOST if what == "ended" else OPEN
        dispute = await tell(till, paid, standing, moved=what == "open")
    assert dispute.state is LOST
    assert till.heard.of(dispute.id) == ["disputed", "dispute_closed"]
    assert (await till.payment(paid.id)).disputed_minor == 1000


async def test_a_fee_is_posted_when_it_is_told_and_only_what_is_new_of_it(till: Till) -> None:
    paid = await till.paid(1000)
    dispute = await tell(till, paid, OPEN)
    assert dispute.fee_minor is None
    for fee in (1500, 1500, 2000):
        dispute = await tell(till, paid, OPEN, fee=Money(fee, "EUR"))
    dispute = await tell(till, paid, WON, fee=Money(500, "EUR"))
    await tell(till, paid, OPEN, fee=Money(1500, "EUR"))  # an old one
    assert till.heard.dispute_fees == [1500, 500, -1500]
    assert dispute.fee_minor == 500


async def test_a_fee_in_another_currency_is_for_a_person(till: Till) -> None:
    paid = await till.paid(1000)
    dispute = await tell(till, paid, OPEN, fee=Money(1500, "USD"))
    assert till.heard.dispute_fees == []
    assert "15.00 USD" in dispute.needs_person

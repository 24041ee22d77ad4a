"""Webhooks: twice, in the wrong order, badly signed, for somebody else."""

from __future__ import annotations

import asyncio
import base64
import hmac

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from infra.kernel.clock import epoch_s
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from paywall.payments.attention import attention
from paywall.payments.inbox import prune_inbox
from paywall.payments.port import BadSignature, DisputeStanding, Inbound
from paywall.payments.tables import InboxRow, InboxState, PaymentState
from tests.conformance.gateway_bench import Act, payment
from tests.payments.conftest import Till


async def test_a_webhook_alone_brings_the_money_to_the_books(till: Till) -> None:
    started = await till.start()
    await till.pay(started)
    assert await till.deliver() == ["payment.captured"]
    assert (await till.payment(started.payment_id)).state is PaymentState.CAPTURED
    assert till.heard.of(started.payment_id) == ["captured", "fee"]


async def test_the_same_webhook_twice_is_one_item(till: Till) -> None:
    started = await till.start()
    await till.pay(started)
    (inbound,) = await till.bench.webhooks()
    token = till.account.hook_token
    assert await till.desk.inbox.receive(token, inbound) == 1
    assert await till.desk.inbox.receive(token, inbound) == 0
    await till.handle()
    assert await till.desk.inbox.receive(token, inbound) == 0
    await till.handle()
    assert till.heard.of(started.payment_id) == ["captured", "fee"]


async def test_webhooks_in_the_wrong_order_come_to_the_same(till: Till) -> None:
    paid = await till.start(1000)
    await till.pay(paid)
    shot = await till.at_processor(paid.payment_id)
    await till.bench.dispute(shot)
    await till.bench.close_dispute(shot, won=True)
    inbounds = []
    while len(inbounds) < 3:
        inbounds += await till.bench.webhooks()
    for inbound in reversed(inbounds):
        await till.desk.inbox.receive(till.account.hook_token, inbound)
        await till.handle()
    row = await till.payment(paid.payment_id)
    assert (row.state, row.disputed_minor) == (PaymentState.CAPTURED, 0)
    (dispute,) = await till.disputes()
    assert dispute.state is DisputeStanding.WON
    assert [what for what, _ in till.heard.heard] == [
        "captured",
        "fee",
        "disputed",
        "dispute_closed",
        "dispute_fee",
    ]


async def test_a_changed_webhook_stores_nothing(till: Till) -> None:
    started = await till.start()
    await till.pay(started)
    (inbound,) = await till.bench.webhooks()
    changed = msgspec.structs.replace(inbound, body=inbound.body.replace(b"1299", b"1"))
    with pytest.raises(BadSignature):
        await till.desk.inbox.receive(till.account.hook_token, changed)
    with pytest.raises(NotFound):
        await till.desk.inbox.receive("no such address", inbound)
    assert await till.handle() == []
    assert (await till.payment(started.payment_id)).state is PaymentState.PENDING


async def test_one_merchants_webhook_can_not_move_anothers_payment(till: Till) -> None:
    started = await till.start()
    await till.pay(started)
    (inbound,) = await till.bench.webhooks()
    await till.put(started.payment_id, gateway_account_id="gwa_of_somebody_else")
    await till.desk.inbox.receive(till.account.hook_token, inbound)
    await till.handle()
    assert (await till.payment(started.payment_id)).state is PaymentState.PENDING
    assert till.heard.heard == []


async def test_an_item_that_can_not_be_handled_is_tried_again_and_holds_up_no_other(
    till: Till,
) -> None:
    bad, good = await till.start(), await till.start()
    till.heard.refuse.add(bad.payment_id)
    for started in (bad, good):
        await till.pay(started)
    inbounds: list[Inbound] = []
    while len(inbounds) < 2:
        inbounds += await till.bench.webhooks()
    for inbound in inbounds:
        await till.desk.inbox.receive(till.account.hook_token, inbound)
    await till.handle()
    assert (await till.payment(good.payment_id)).state is PaymentState.CAPTURED
    assert (await till.payment(bad.payment_id)).state is PaymentState.PENDING
    till.heard.refuse.clear()
    await till.move(seconds=30)
    await till.handle()
    assert (await till.payment(bad.payment_id)).state is PaymentState.CAPTURED


async def test_an_item_nobody_can_handle_is_stuck_after_three_days_and_said_so(
    till: Till,
) -> None:
    started = await till.start()
    till.heard.refuse.add(started.payment_id)
    await till.pay(started)
    (inbound,) = await till.bench.webhooks()
    await till.desk.inbox.receive(till.account.hook_token, inbound)
    await till.handle()
    await till.move(days=4)
    await till.handle()
    row = await till.inbox_row()
    assert row.state is InboxState.STUCK
    assert "told to refuse" in row.failure


async def test_a_dispute_counts_against_the_payment_until_it_is_won(till: Till) -> None:
    paid = await till.paid(1000)
    await till.deliver()
    await till.bench.dispute(await till.at_processor(paid.id))
    await till.deliver()
    row = await till.payment(paid.id)
    assert (row.disputed_minor, row.refundable) == (1000, Money(0, "EUR"))
    await till.bench.close_dispute(await till.at_processor(paid.id), won=False)
    await till.deliver()
    assert (await till.payment(paid.id)).disputed_minor == 1000
    (dispute,) = await till.disputes()
    assert till.heard.of(dispute.id) == ["disputed", "dispute_fee", "dispute_closed"]


async def test_the_dispute_card_is_disputed_by_itself(till: Till) -> None:
    started = await till.start(1000, metadata={"sandbox_card": "4000000000000259"})
    assert started.state is PaymentState.CAPTURED
    await till.deliver()
    await till.bench.settle()
    await till.deliver()
    assert (await till.payment(started.payment_id)).disputed_minor == 1000


async def test_a_bank_that_asks_for_more_than_is_left_calls_a_person(till: Till) -> None:
    paid = await till.paid(1000)
    await till.desk.refunder.give_back(paid.id, Money(400, "EUR"))
    await till.put(paid.id, refunded_minor=700)
    await till.bench.dispute(await till.at_processor(paid.id))
    got = 0
    while got < 3:
        got = len(await till.deliver())
    (dispute,) = await till.disputes()
    assert (dispute.asked_minor, dispute.counted_minor) == (600, 300)
    assert "more than was left" in dispute.needs_person


async def test_a_refused_card_after_which_the_bank_pays_all_the_same_is_honoured(
    till: Till,
) -> None:
    started = await till.start()
    await till.pay(started, Act.DECLINE)
    await till.deliver()
    shot = await till.at_processor(started.payment_id)
    await till.bench.ask("POST", f"/test/payments/{shot.processor_ref}/take")
    await till.deliver()
    row = await till.payment(started.payment_id)
    assert (row.state, row.decline) == (PaymentState.CAPTURED, None)
    assert till.heard.of(row.id) == ["failed", "captured", "fee"]


async def test_what_the_venue_sells_elsewhere_through_the_same_account_is_passed_over(
    till: Till,
) -> None:
    """Its webhooks name payments that we don't have: nothing moves, nothing is stuck."""
    ours = await till.paid(1000)
    await till.deliver()
    foreign = payment(minor=700)
    shot = await till.bench.gateway.start(foreign)
    await till.bench.pay(shot, Act.SUCCEED)
    await till.bench.dispute(shot)
    got = 1
    while got < 3:
        got = len(await till.deliver())
    async with till.db.read() as tx:
        rows = list(await tx.scalars(select(InboxRow)))
    assert {row.state for row in rows} == {InboxState.DONE}
    assert await till.disputes() == []
    assert till.heard.of(ours.id) == ["captured", "fee"]
    assert len(till.heard.heard) == 2


async def test_rows_that_were_handled_are_forgotten_after_ninety_days_and_stuck_ones_kept(
    till: Till,
) -> None:
    handled, stuck = await till.start(), await till.start()
    till.heard.refuse.add(stuck.payment_id)
    for started in (handled, stuck):
        await till.pay(started)
    got = 0
    while got < 2:
        got = len(await till.deliver())
    await till.move(days=4)
    await till.handle()
    assert await prune_inbox(till.db, till.clock.machine()) == 0
    await till.move(days=87)
    assert await prune_inbox(till.db, till.clock.machine()) == 1
    assert (await till.inbox_row()).state is InboxState.STUCK


async def test_a_stuck_item_waits_for_a_person_in_one_list_with_all_else(till: Till) -> None:
    started = await till.start()
    till.heard.refuse.add(started.payment_id)
    await till.pay(started)
    await till.deliver()
    await till.move(days=4)
    await till.handle()
    await till.put(started.payment_id, needs_person="Look it up.")
    async with till.db.read() as tx:
        waiting = await attention(tx, "ven_1")
        everywhere = await attention(tx)
        elsewhere = await attention(tx, "ven_2")
    assert [row.kind for row in waiting.webhooks] == ["payment.captured"]
    assert waiting.count == everywhere.count == 2
    assert elsewhere.count == 0
    assert any("Look it up." in line for line in everywhere.lines())
    assert any("told to refuse" in line for line in everywhere.lines())


def signed(till: Till, event_id: str) -> Inbound:
    """A webhook that says nothing of ours, signed as the merchant's processor does."""
    stamp = str(epoch_s(till.clock.machine()))
    body = b'{"type": "news.of.them", "data": {}}'
    key = base64.b64decode(till.bench.credentials.webhook_secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{event_id}.{stamp}.".encode() + body, "sha256")
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
    return Inbound(body=body, headers=headers)


async def test_an_item_that_no_column_holds_does_not_keep_the_others_out(till: Till) -> None:
    inbox, token = till.desk.inbox, till.account.hook_token
    odd, good = await asyncio.gather(
        inbox.receive(token, signed(till, "e" * 300)),
        inbox.receive(token, signed(till, "evt_good")),
        return_exceptions=True,
    )
    # SQLite keeps no limit of a column; PostgreSQL refuses the one that is too long.
    assert odd == 1 or isinstance(odd, DBAPIError)
    assert good == 1

"""Crowds at one offer, one order and one code, through two web processes at once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from infra.kernel.ids import new_id
from paywall.accounts.addresses import checked_email
from paywall.checkout.order_requests import OrderRequest
from tests.stories.hall import Hall
from tests.stories.test_money import on_air

pytestmark = pytest.mark.drill
GOOD = "4242424242424242"


async def crowd(
    hall: Hall, offer_ids: list[str], buyers: int, seed: int, coupons: tuple[str, ...] = ("",)
) -> Counter[str]:
    """So many buyers in random order at two processes; how many got which answer."""
    chance = random.Random(seed)
    shops = [hall.parts, (await hall.another_process())[0]]

    async def go(n: int) -> str:
        request = OrderRequest(
            order_id=new_id("ord"),
            venue_id=hall.venue_id,
            offer_id=chance.choice(offer_ids),
            email=checked_email(f"b{n}@example.org"),
            coupon=chance.choice(coupons),
            terms_accepted=True,
            test_card=GOOD,
        )
        try:
            done = await chance.choice(shops).buy.buy(request)
        except Exception as error:  # noqa: BLE001 - told of in the figures, by its name
            return str(getattr(error, "code", type(error).__name__))
        return str(done.order_state.value)

    return Counter(await asyncio.gather(*map(go, range(buyers))))


async def test_two_hundred_buyers_of_fifty_places(hall: Hall) -> None:
    seed = random.SystemRandom().randrange(10**6)
    _, offer_id = await on_air(hall, capacity=50)
    got = await crowd(hall, [offer_id], 200, seed)
    await hall.tick()
    print(f"drill crowd: {dict(got)}, seed {seed}")
    assert got == {"paid": 50, "sold_out": 150}
    assert await hall.taken(offer_id) == 50
    await hall.agree()


async def test_many_codes_and_offers_at_once_never_wait_crosswise(hall: Hall) -> None:
    seed = random.SystemRandom().randrange(10**6)
    event_id, first = await on_air(hall, capacity=60)
    second = await hall.ticket(event_id, 900, capacity=60)
    for code in ("EINS", "ZWEI", "DREI"):
        await hall.make("coupons", code=code, percent_bps=1000, max_uses=20)
    got = await crowd(hall, [first, second], 200, seed, coupons=("EINS", "ZWEI", "DREI"))
    await hall.tick()
    print(f"drill codes: {dict(got)}, seed {seed}")
    assert set(got) <= {"paid", "sold_out", "coupon_refused"}, got
    assert got["paid"] == 60
    await hall.agree()


async def test_refunds_look_and_webhooks_of_one_order_at_once(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    for round_ in range(10):
        ada = await hall.buyer(f"r{round_}@example.org")
        order_id = await ada.buy(offer_id)
        (payment,) = await hall.payments(order_id)
        sent = await hall.webhooks()
        answers = await asyncio.gather(
            *(hall.refund(order_id, 300) for _ in range(6)),
            *(hall.receive(inbound) for inbound in sent),
            *(hall.parts.desk.inbox.tick() for _ in range(3)),
            hall.parts.desk.reconciler.look(payment.id),
        )
        codes = [getattr(answer, "status_code", 200) for answer in answers]
        assert not [code for code in codes if code >= 500], codes
        assert codes[:6].count(201) == 4
    await hall.tick()
    await hall.agree()
    print("drill refunds at once: ok, 10 rounds of 6 refunds, 4 went through each time")


async def test_holds_run_out_while_their_money_comes(hall: Hall) -> None:
    _, offer_id = await on_air(hall, capacity=20)
    buyers = [await hall.buyer(f"h{n}@example.org") for n in range(20)]
    orders = [await buyer.order(offer_id) for buyer in buyers]
    for buyer, order_id in zip(buyers, orders, strict=True):
        await buyer.card(order_id)
    await hall.move(minutes=16)
    pages = [b.page(o) for b, o in zip(buyers, orders, strict=True)]
    await asyncio.gather(*pages, *(hall.tick() for _ in range(3)))
    assert {await hall.state(order_id) for order_id in orders} == {"paid"}
    assert await hall.taken(offer_id) == 20
    await hall.agree()
    print("drill late money: ok, 20 orders paid while they expired")

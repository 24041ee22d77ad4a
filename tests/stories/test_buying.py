"""A buyer's life, and a venue's prices, through HTTP with a moved clock."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from infra.kernel.clock import iso
from paywall.payments.tables import Payment
from tests.stories.hall import Hall


async def test_a_buyers_life_from_quote_to_the_end_of_the_replay(hall: Hall) -> None:
    event_id = await hall.event(in_hours=2)
    offer_id = await hall.ticket(event_id, 1200)
    ada = await hall.buyer()
    quote = (await ada.client.post("/v1/quotes", json={"offer_id": offer_id})).json()
    assert quote["cost"]["total"] == {"amount": 1200, "currency": "EUR"}
    assert await ada.sees(event_id) == "not_bought"

    order_id = await ada.order(offer_id)
    assert await hall.state(order_id) == "open"
    assert await ada.sees(event_id) == "not_bought"
    await ada.card(order_id)
    back = await ada.page(order_id)
    assert back.headers["location"] == f"/orders/{order_id}"
    receipt = await ada.client.get(f"/orders/{order_id}")
    assert receipt.status_code == 200

    assert await hall.state(order_id) == "paid"
    async with hall.db.read() as tx:
        paid = (await tx.scalars(select(Payment).where(Payment.order_id == order_id))).one()
    assert (paid.method_kind, paid.card_brand) == ("card", "visa")
    assert paid.card_expires_at is not None
    assert await hall.mails(order_id) == ["receipt"]
    assert await ada.sees(event_id) == "not_yet"
    await hall.move(hours=2, minutes=5)
    assert await ada.sees(event_id) == "open"
    assert await ada.sees(event_id, "replay") == "not_yet"
    await hall.move(hours=2)
    assert await ada.sees(event_id, "replay") == "open"
    await hall.move(days=3)
    assert await ada.sees(event_id, "replay") == "over"
    await hall.tick()
    # 1200 of which 63 tax (5.5 % inside), 36 ours (3 %); the sandbox keeps its fee.
    money = await hall.money()
    assert (money["tax"], money["platform"], money["venue"]) == (-63, -36, -1101)
    assert money["processor"] + money["processor_fees"] == 1200
    await hall.agree()


async def test_a_replay_is_open_for_its_hours_from_the_first_play(hall: Hall) -> None:
    event_id = await hall.event(in_hours=1, lasts_h=1)
    hard_end = hall.clock.machine() + timedelta(days=30)
    offer_id = await hall.offer(
        "replay", event_id, 700, play_window_s=48 * 3600, hard_end_at=iso(hard_end)
    )
    await hall.move(hours=3)
    ada, bea = await hall.buyer(), await hall.buyer("bea@example.org")
    await ada.buy(offer_id)
    await bea.buy(offer_id)
    assert await ada.sees(event_id, "live") == "not_bought"
    assert await ada.sees(event_id, "replay") == "open"
    await hall.move(hours=47)
    assert await ada.sees(event_id, "replay") == "open"
    await hall.move(hours=2)
    assert await ada.sees(event_id, "replay") == "window"
    assert await bea.sees(event_id, "replay") == "open"
    await hall.move(days=29)
    assert await bea.sees(event_id, "replay") in {"window", "over"}
    await hall.agree()


async def test_a_pass_costs_less_from_mid_season_and_opens_every_event(hall: Hall) -> None:
    season_id = await hall.season(days=60)
    first = await hall.event(in_hours=1, season_id=season_id)
    middle = hall.clock.machine() + timedelta(days=30)
    offer_id = await hall.offer(
        "season_pass",
        season_id,
        prices=[
            {"amount": 4900, "currency": "EUR", "valid_until": iso(middle)},
            {"amount": 2900, "currency": "EUR", "valid_from": iso(middle)},
        ],
    )
    ada, bea = await hall.buyer(), await hall.buyer("bea@example.org")
    early = await ada.buy(offer_id)
    kept = await bea.form(offer_id)  # the page stays open over the change of price
    await hall.move(days=30)
    refused = await bea.send(offer_id, kept)
    assert refused.status_code == 409, refused.text
    late = await bea.buy(offer_id)
    assert (await hall.order(early))["total"]["amount"] == 4900
    assert (await hall.order(late))["total"]["amount"] == 2900
    second = await hall.event(in_hours=1, season_id=season_id)
    assert await ada.sees(first, "replay") == "open"
    await hall.move(hours=1)
    assert await ada.sees(second) == await bea.sees(second) == "open"
    await hall.move(days=31)
    assert await bea.sees(second, "replay") == "over"
    await hall.agree()


async def test_a_coupon_is_used_up(hall: Hall) -> None:
    offer_id = await hall.ticket(await hall.event(), 1000)
    await hall.make("coupons", code="AMIS", percent_bps=2500, max_uses=2)
    paid = [
        await (await hall.buyer(f"b{n}@example.org")).buy(offer_id, coupon="amis") for n in "12"
    ]
    assert [(await hall.order(order))["total"]["amount"] for order in paid] == [750, 750]
    third = await hall.buyer("b3@example.org")
    refused = await third.send(offer_id, await third.form(offer_id, coupon="AMIS"))
    assert refused.status_code in (409, 422), refused.text
    assert await hall.taken(offer_id) == 2
    await hall.agree()


async def test_a_coupon_of_an_unpaid_order_goes_to_somebody_else(hall: Hall) -> None:
    offer_id = await hall.ticket(await hall.event(), 1000)
    await hall.make("coupons", code="UNE", percent_bps=2500, max_uses=1)
    await (await hall.buyer()).order(offer_id, coupon="UNE")
    bea = await hall.buyer("bea@example.org")
    assert (await bea.send(offer_id, await bea.form(offer_id, coupon="UNE"))).status_code != 303
    await hall.move(minutes=16)
    await hall.tick()
    order_id = await bea.buy(offer_id, coupon="UNE")
    assert (await hall.order(order_id))["total"]["amount"] == 750
    await hall.agree()


async def test_a_code_that_takes_everything_off_needs_no_payment(hall: Hall) -> None:
    event_id = await hall.event(in_hours=0.1)
    offer_id = await hall.ticket(event_id, 1000)
    await hall.make("coupons", code="INVITE", percent_bps=10000)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id, coupon="INVITE")
    assert await hall.state(order_id) == "paid"
    assert await hall.payments(order_id) == []
    await hall.move(minutes=10)
    assert await ada.sees(event_id) == "open"
    await hall.agree()

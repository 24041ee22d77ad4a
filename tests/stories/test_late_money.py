"""Money that comes after its order was given up: places, codes and news follow it all the same."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update

from entitlements.tables import Grant, GrantState
from infra.kernel.ids import new_id
from offers.tables import Coupon
from paywall.accounts.identify import SESSION_PREFIX, fingerprint
from paywall.accounts.tables import Account, AuthSession
from paywall.checkout.tables import Order, Unserved
from paywall.checkout.tell import dispute_told
from paywall.cli.doctor import examine
from paywall.notices.tables import OutboxRow
from paywall.payments.port import DisputeStanding
from paywall.payments.tables import Dispute
from tests.stories.hall import Act, Hall
from tests.stories.test_money import ada_pays_late, on_air


async def used(hall: Hall) -> int:
    async with hall.db.read() as tx:
        return int(await tx.scalar(select(Coupon.used)) or 0)


async def told(hall: Hall, kind: str) -> list[dict[str, object]]:
    async with hall.db.read() as tx:
        rows = await tx.scalars(select(OutboxRow).where(OutboxRow.template == kind))
        return [dict(row.data) for row in rows]


async def expired_order(hall: Hall, offer_id: str, **typed: str) -> tuple[str, str]:
    """Ada's order whose hold ran out, and the payment that she has not made yet."""
    order_id = await (await hall.buyer()).order(offer_id, **typed)
    await hall.move(minutes=16)
    await hall.tick()
    assert await hall.state(order_id) == "expired"
    (payment,) = await hall.payments(order_id)
    return order_id, payment.id


async def test_a_code_given_back_by_expiry_counts_again_when_late_money_is_served(
    hall: Hall,
) -> None:
    _, offer_id = await on_air(hall)
    await hall.make("coupons", code="UNE", percent_bps=1000, max_uses=1)
    order_id, payment_id = await expired_order(hall, offer_id, coupon="UNE")
    assert await used(hall) == 0
    await ada_pays_late(hall, payment_id)
    await hall.deliver()
    assert await hall.state(order_id) == "paid"
    assert await used(hall) == 1
    bea = await hall.buyer("bea@example.org")
    refused = await bea.send(offer_id, await bea.form(offer_id, coupon="UNE"))
    assert refused.status_code == 422
    assert "used up" in refused.text
    await hall.agree()


async def test_late_money_with_a_code_that_another_used_up_goes_back_and_says_why(
    hall: Hall,
) -> None:
    _, offer_id = await on_air(hall, capacity=5)
    await hall.make("coupons", code="UNE", percent_bps=1000, max_uses=1)
    order_id, payment_id = await expired_order(hall, offer_id, coupon="UNE")
    await (await hall.buyer("bea@example.org")).buy(offer_id, coupon="UNE")
    await ada_pays_late(hall, payment_id)
    await hall.deliver()
    await hall.deliver()
    assert await hall.state(order_id) == "refunded"
    assert await used(hall) == 1
    assert await hall.taken(offer_id) == 1
    async with hall.db.read() as tx:
        assert (await tx.get_one(Order, order_id)).unserved_why is Unserved.CODE_USED_UP
    assert (await hall.order(order_id))["unserved_why"] == "code_used_up"
    assert "your code had been used up" in await page_of(hall, order_id)
    await hall.agree()


async def page_of(hall: Hall, order_id: str) -> str:
    """The order's page as its buyer reads it after logging in."""
    ada = await hall.buyer()
    answer = await ada.client.get(f"/orders/{order_id}", headers=await ada.signed_in())
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


async def test_the_order_page_says_that_the_last_place_went(hall: Hall) -> None:
    _, offer_id = await on_air(hall, capacity=1)
    order_id, payment_id = await expired_order(hall, offer_id)
    await (await hall.buyer("bea@example.org")).buy(offer_id)
    await ada_pays_late(hall, payment_id)
    await hall.deliver()
    await hall.deliver()
    shown = await page_of(hall, order_id)
    assert "the last place had gone" in shown
    assert "€12.00 went back to your card." in shown


async def test_the_order_page_says_that_it_was_over(hall: Hall) -> None:
    event_id = await hall.event(in_hours=0.1, lasts_h=0.25)
    offer_id = await hall.ticket(event_id, replay_window_s=0)
    order_id = await (await hall.buyer()).order(offer_id)
    await hall.move(hours=1)
    await hall.tick()
    (payment,) = await hall.payments(order_id)
    await ada_pays_late(hall, payment.id)
    await hall.deliver()
    await hall.deliver()
    shown = await page_of(hall, order_id)
    assert "could not be watched any more" in shown
    assert "last place" not in shown


async def test_the_order_page_says_that_the_concert_was_cancelled(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    assert (await hall.staff.post(f"{hall.at}/events/{event_id}/cancel")).is_success
    await ada.card(order_id)
    await ada.page(order_id)
    await hall.deliver()
    shown = await page_of(hall, order_id)
    assert "was cancelled before your payment came" in shown
    assert "last place" not in shown


async def test_the_order_page_says_that_a_second_payment_goes_back(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    await ada.card(order_id, Act.DECLINE)
    await ada.page(order_id)
    await ada.client.post(f"/orders/{order_id}/retry")
    await ada.card(order_id)
    await ada.page(order_id)
    first, _ = await hall.payments(order_id)
    assert "paid twice" not in await page_of(hall, order_id)
    await ada_pays_late(hall, first.id)
    await hall.deliver()
    await hall.deliver()
    shown = await page_of(hall, order_id)
    assert "This order was paid twice" in shown
    assert "the second payment goes back: €12.00" in shown


async def test_a_code_that_the_same_person_used_again_meanwhile_is_not_used_twice(
    hall: Hall,
) -> None:
    _, offer_id = await on_air(hall, capacity=5)
    await hall.make("coupons", code="UNE", percent_bps=1000, max_uses=9)
    order_id, payment_id = await expired_order(hall, offer_id, coupon="UNE")
    await (await hall.buyer()).buy(offer_id, coupon="UNE")
    await ada_pays_late(hall, payment_id)
    await hall.deliver()
    await hall.deliver()
    assert await hall.state(order_id) == "refunded"
    assert await used(hall) == 1
    await hall.agree()


async def test_the_venue_hears_that_late_money_took_the_last_place(hall: Hall) -> None:
    _, offer_id = await on_air(hall, capacity=1)
    await hall.make("webhooks", url="http://127.0.0.1:9/hook", kinds=["offer.sold_out"])
    _, payment_id = await expired_order(hall, offer_id)
    assert len(await told(hall, "offer.sold_out")) == 1, "when the order was made"
    await ada_pays_late(hall, payment_id)
    await hall.deliver()
    assert len(await told(hall, "offer.sold_out")) == 2
    await hall.agree()


def test_a_bank_that_takes_the_money_a_second_time_is_told_a_second_time() -> None:
    dispute = Dispute(
        id="dsp_1", venue_id="ven_1", order_id="ord_1", payment_id="pay_1", currency="EUR",
        counted_minor=1200, state=DisputeStanding.OPEN,
    )  # fmt: skip
    first = dispute_told("dispute.opened", dispute)
    dispute.state = DisputeStanding.WON
    won, second = dispute_told("dispute.closed", dispute), dispute_told("dispute.opened", dispute)
    dispute.state = DisputeStanding.LOST
    lost = dispute_told("dispute.closed", dispute)
    assert len({(one.kind, one.cause_id) for one in (first, won, second, lost)}) == 4
    assert [one.data["state"] for one in (first, won, second, lost)] == [
        "open", "won", "open", "lost",
    ]  # fmt: skip


async def test_an_app_tries_again_with_another_test_card(hall: Hall) -> None:
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    declined = (await ada.checkout(offer_id, "4000 0000 0000 0002")).json()
    assert declined["decline"] == "card_declined"
    again = await ada.client.post(
        f"/v1/checkouts/{declined['order_id']}/retry",
        json={"test_card": "4242 4242 4242 4242"},
        headers=await ada.signed_in(),
    )
    assert again.status_code == 200, again.text
    assert again.json()["order_state"] == "paid"
    assert await ada.sees(event_id) == "open"
    await hall.agree()


async def test_who_has_not_proven_an_address_reads_no_checkout_made_under_it(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    guest = await (await hall.buyer("guest@example.org")).order(offer_id)
    now = hall.clock.machine()
    secret = SESSION_PREFIX + "u" * 43
    async with hall.db.transaction() as tx:
        account = await tx.scalar(select(Account).where(Account.email == "guest@example.org"))
        assert account is not None
        assert account.email_proven_at is None
        tx.add(
            AuthSession(
                id=new_id("ses"), secret_hash=fingerprint(secret), account_id=account.id,
                created_at=now, last_seen_at=now, expires_at=now.replace(year=now.year + 1),
            )
        )  # fmt: skip
    unproven = await hall.client({"Authorization": f"Bearer {secret}"})
    for answer in (
        await unproven.get(f"/v1/checkouts/{guest}"),
        await unproven.post(f"/v1/checkouts/{guest}/retry"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "address_not_proven")
    own = await unproven.post(
        "/v1/checkouts",
        json={"offer_id": offer_id, "terms_accepted": True},
        headers={"Idempotency-Key": "k-own"},
    )
    assert own.status_code == 201, own.text
    assert (await unproven.get(f"/v1/checkouts/{own.json()['order_id']}")).status_code == 200


async def test_doctor_names_a_refunded_order_that_still_opens_a_door(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    order_id = await (await hall.buyer()).buy(offer_id)
    await hall.refund(order_id)
    await hall.healthy()
    async with hall.db.transaction() as tx:
        await tx.execute(update(Grant).values(state=GrantState.ACTIVE))
    wrong = [finding.what for finding in await examine(hall.parts) if not finding.good]
    assert [what for what in wrong if order_id in what and "refunded in full" in what]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("ALTER TABLE season DROP COLUMN about_md", "season.about_md (missing)"),
        ("ALTER TABLE season ADD COLUMN mood VARCHAR(8)", "season.mood (unknown)"),
        ("DROP TABLE replay", "replay (missing)"),
    ],
)
async def test_doctor_names_a_column_that_is_not_as_this_version_knows_it(
    hall: Hall, statement: str, named: str
) -> None:
    async with hall.db.engine.begin() as connection:
        await connection.execute(text(statement))
    wrong = [finding.what for finding in await examine(hall.parts) if not finding.good]
    assert [what for what in wrong if named in what], wrong

"""A venue's first day: what is missing is named, and its tests leave nothing in a buyer's way."""

from __future__ import annotations

from datetime import timedelta

import httpx
import msgspec
import pytest
from sqlalchemy import select, update

from infra.kernel.db import Database
from infra.kernel.ids import new_id
from offers.tables import Coupon
from paywall.accounts.consents import Purpose, Source, Word, consenting, record_consents
from paywall.accounts.identify import fingerprint
from paywall.accounts.roles import API_KEY_SCOPES
from paywall.accounts.tables import Account, ApiKey, AuditEntry
from paywall.catalogue.tables import Mode, Venue
from paywall.catalogue.venue_clock import advance
from paywall.checkout.end_tests import EndedTests
from paywall.checkout.go_live import AlreadyLive, GoLive, NotReady
from paywall.checkout.takings import takings
from paywall.ledger.movements import balances
from paywall.payments import accounts
from paywall.payments.credentials import WrongMode
from paywall.payments.routing import route
from paywall.payments.tables import AccountState, GatewayAccount
from tests.stories.hall import Hall
from tests.stories.test_money import on_air

LIVE_KEY = "pwk_live_" + "h" * 43
STRIPE = {
    "secret_key": "sk_live_x",
    "publishable_key": "pk_live_x",
    "webhook_secrets": ["whsec_bGl2ZQ=="],
}


def live_of(hall: Hall) -> GoLive:
    """The use case of an installation that has an address and a mail server."""
    settings = msgspec.structs.replace(
        hall.settings,
        public_url="https://tickets.example.org",
        smtp_url="smtp://mail.example.org:587",
        mail_from="tickets@example.org",
    )
    return GoLive(hall.db, hall.clock, settings)


async def make_ready(hall: Hall) -> str:
    """Imprint and live keys; the id of the live account."""
    async with hall.db.transaction() as tx:
        await tx.execute(
            update(Venue).values(
                legal_name="La Verrière SARL", address="12 rue des Lilas, Lyon",
                contact_email="billets@example.org",
            )
        )  # fmt: skip
        account = hall.parts.desk.gateways.open_account(
            tx, hall.clock.machine(), venue_id=hall.venue_id, venue_mode=Mode.TEST,
            gateway="stripe", credentials=STRIPE,
        )  # fmt: skip
        return account.id


async def live_staff(hall: Hall) -> httpx.AsyncClient:
    async with hall.db.transaction() as tx:
        tx.add(
            ApiKey(
                id=new_id("key"), venue_id=hall.venue_id, name="live",
                secret_hash=fingerprint(LIVE_KEY), shown=LIVE_KEY[:12],
                scopes=" ".join(sorted(API_KEY_SCOPES)), created_by="tests",
                created_at=hall.clock.machine(),
            )
        )  # fmt: skip
    return await hall.client({"Authorization": f"Bearer {LIVE_KEY}"})


async def test_the_first_day_begins_with_every_place_and_code_and_no_tester_inside(
    hall: Hall,
) -> None:
    event_id, offer_id = await on_air(hall, capacity=2)
    await hall.make("coupons", code="UNE", percent_bps=1000, max_uses=1)
    ada, bob = await hall.buyer(), await hall.buyer("bob@example.org")
    paid = await ada.buy(offer_id, coupon="UNE")
    assert await ada.sees(event_id) == "open"
    running = await bob.order(offer_id)
    account_id = await make_ready(hall)

    await live_of(hall).go_live(hall.venue_id, "acc_owner")

    assert await hall.taken(offer_id) == 0
    assert await ada.sees(event_id) != "open"
    assert (await hall.staff.get(f"{hall.at}/orders")).status_code == 401, "a test key"
    staff = await live_staff(hall)
    assert (await staff.get(f"{hall.at}/orders")).json()["data"] == []
    tests = (await staff.get(f"{hall.at}/orders?test=true")).json()["data"]
    assert {row["id"]: row["state"] for row in tests} == {paid: "paid", running: "cancelled"}
    now = hall.clock.machine()
    async with hall.db.read() as tx:
        assert (await tx.scalars(select(Coupon.used))).all() == [0]
        assert not await takings(
            tx, hall.venue_id, [now - timedelta(days=1), now + timedelta(days=1)], test=False
        )
        assert not await balances(tx, hall.venue_id, test=False)
        chosen = await route(tx, venue_id=hall.venue_id, mode=Mode.LIVE, currency="EUR")
        entry = await tx.scalar(select(AuditEntry).where(AuditEntry.action == "venue.went_live"))
    assert chosen.id == account_id
    assert entry is not None
    assert entry.actor == "acc_owner"
    assert (entry.data["orders"], entry.data["grants"], entry.data["places"]) == (1, 1, 2)
    shown = await ada.client.get(f"/orders/{paid}")
    assert "test order" in shown.text
    assert "No money moves and no mail leaves" not in shown.text, "the banner is gone"
    await hall.healthy()


async def test_money_of_a_test_that_comes_after_the_first_day_takes_no_place(hall: Hall) -> None:
    _, offer_id = await on_air(hall, capacity=1)
    ada = await hall.buyer()
    order_id = await ada.order(offer_id)
    await ada.card(order_id)
    await make_ready(hall)
    await live_of(hall).go_live(hall.venue_id, "acc_owner")
    await hall.deliver()
    await hall.deliver()
    async with hall.db.read() as tx:
        assert (await tx.get_one(Venue, hall.venue_id)).mode is Mode.LIVE
    assert await hall.taken(offer_id) == 0
    assert await hall.grants(order_id) == []
    (payment,) = await hall.payments(order_id)
    assert payment.refunded_minor == payment.captured_minor
    await hall.healthy()


async def test_what_is_missing_is_named_and_nothing_happens(hall: Hall) -> None:
    _, offer_id = await on_air(hall)
    await (await hall.buyer()).order(offer_id)
    await hall.make("webhooks", url="http://127.0.0.1:9/hook", kinds=[])
    async with hall.db.transaction() as tx:
        slug = (await tx.get_one(Venue, hall.venue_id)).slug
        await advance(tx, slug, 3600)
    plain = GoLive(hall.db, hall.clock, hall.settings)
    with pytest.raises(NotReady) as refused:
        await plain.go_live(hall.venue_id, "acc_owner")
    missing = ["public_url", "mail", "imprint", "processor", "clock", "webhooks"]
    assert refused.value.extra["missing"] == missing
    for word in ("PAYWALL_PUBLIC_URL", "PAYWALL_SMTP_URL", "legal name", "live keys", "End the"):
        assert word in refused.value.detail
    async with hall.db.read() as tx:
        assert (await tx.get_one(Venue, hall.venue_id)).mode is Mode.TEST
        assert (await tx.scalars(select(GatewayAccount.state))).all() == [AccountState.ACTIVE]
    assert await hall.taken(offer_id) == 1


async def test_an_account_that_does_not_take_the_venues_own_currency_is_not_enough(
    hall: Hall,
) -> None:
    account_id = await make_ready(hall)
    async with hall.db.transaction() as tx:
        (await tx.get_one(GatewayAccount, account_id)).currencies = ["GBP"]
    with pytest.raises(NotReady) as refused:
        await live_of(hall).go_live(hall.venue_id, "acc_owner")
    assert refused.value.extra["missing"] == ["currency"]


async def test_the_end_of_the_tests_brings_the_clock_back_with_nothing_left_open(
    hall: Hall,
) -> None:
    event_id, offer_id = await on_air(hall, capacity=1)
    ada = await hall.buyer()
    async with hall.db.transaction() as tx:
        slug = (await tx.get_one(Venue, hall.venue_id)).slug
        await advance(tx, slug, 600)
    await ada.buy(offer_id)
    assert await live_of(hall).end_tests(hall.venue_id, "acc_owner") == EndedTests(0, 1, 1)
    async with hall.db.read() as tx:
        assert (await tx.get_one(Venue, hall.venue_id)).clock_offset_s == 0
    assert await ada.sees(event_id) != "open"
    again = await ada.buy(offer_id)
    assert await hall.state(again) == "paid", "testing goes on"
    assert await live_of(hall).end_tests(hall.venue_id, "acc_owner") == EndedTests(0, 1, 1)
    await hall.healthy()


async def test_there_is_no_way_back_and_the_sandbox_stays_behind(hall: Hall) -> None:
    await make_ready(hall)
    await live_of(hall).go_live(hall.venue_id, "acc_owner")
    with pytest.raises(AlreadyLive):
        await live_of(hall).go_live(hall.venue_id, "acc_owner")
    with pytest.raises(AlreadyLive):
        await live_of(hall).end_tests(hall.venue_id, "acc_owner")
    async with hall.db.transaction() as tx:
        venue = await tx.get_one(Venue, hall.venue_id)
        query = select(GatewayAccount).where(GatewayAccount.gateway == "sandbox")
        sandbox = await tx.scalar(query)
        assert sandbox is not None
        assert sandbox.state is AccountState.PAUSED
        with pytest.raises(WrongMode):
            await accounts.switch(tx, venue, sandbox.id, AccountState.ACTIVE)


async def test_a_yes_to_news_that_a_tester_ticked_does_not_count(
    hall: Hall, database: Database
) -> None:
    await make_ready(hall)
    now = hall.clock.machine()

    def yes(account_id: str, after_s: float) -> Word:
        return Word(
            account_id=account_id, venue_id=hall.venue_id, purpose=Purpose.MARKETING,
            granted=True, source=Source.CHECKOUT, wording="v1",
            at=now + timedelta(seconds=after_s),
        )  # fmt: skip

    async with database.transaction() as tx:
        for name in ("acc_tester", "acc_buyer"):
            tx.add(Account(id=name, email=name, email_proven_at=now, created_at=now))
        await tx.flush()
        await record_consents(tx, [yes("acc_tester", -60)])
        assert await consenting(tx, hall.venue_id, Purpose.MARKETING) == {"acc_tester"}
    await live_of(hall).go_live(hall.venue_id, "acc_owner")
    async with database.transaction() as tx:
        await record_consents(tx, [yes("acc_buyer", 60)])
        assert await consenting(tx, hall.venue_id, Purpose.MARKETING) == {"acc_buyer"}

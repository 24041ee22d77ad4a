"""Visits in the lake: half hours that are over, first sources of people, and their end."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from infra.kernel.ids import new_id
from paywall.accounts.tables import Account
from paywall.bridges.lake.forgetting import Forget
from paywall.bridges.lake.visits import kept_from
from paywall.catalogue.tables import Event
from paywall.checkout.tables import Order
from paywall.crm.tables import Visit, VisitCount
from paywall.crm.visits import KEPT, half_hour_of, starts, sweep_visits
from paywall.mailings.tables import MailClick
from tests.bridges.lake.world import SEALER, World


async def came(world: World, customer_id: str, source: str = "search", campaign: str = "") -> None:
    await world.add(
        Visit(
            id=new_id("vis"), venue_id=world.venue.id, customer_id=customer_id,
            half_hour=half_hour_of(world.now), at=world.now, page="event",
            event_id=world.event_id, source=source, campaign=campaign, device="phone",
        )
    )  # fmt: skip


async def strangers(world: World, visits: int) -> None:
    await world.add(
        VisitCount(
            id=new_id("vis"), venue_id=world.venue.id, half_hour=half_hour_of(world.now),
            page="storefront", source="social", visits=visits,
        )
    )  # fmt: skip


async def test_a_customers_visit_is_a_fact_and_strangers_are_a_number(world: World) -> None:
    await came(world, await world.customer())
    await strangers(world, 40)
    world.clock.move(hours=1)
    await world.export()
    found = {row["visits"]: row for row in world.rows("visits")}
    assert set(found) == {1, 40}
    assert found[1]["person"]
    assert found[1]["concert_id"] == world.event_id
    assert (found[40]["person"], found[40]["source"]) == ("", "social")


async def test_a_half_hour_that_still_runs_is_not_told_yet(world: World) -> None:
    await strangers(world, 3)
    world.clock.move(minutes=30)
    await world.export()
    assert world.rows("visits") == []
    async with world.db.transaction() as tx:
        count = (await tx.scalars(select(VisitCount))).one()
        count.visits = 5
    world.clock.move(minutes=30)
    await world.export()
    await world.export()
    (row,) = world.rows("visits")
    assert row["visits"] == 5
    assert row["event_at"] == starts(half_hour_of(world.now)) - timedelta(hours=1)


async def test_people_keep_the_first_source_that_is_known(world: World) -> None:
    customer_id = await world.customer()
    world.clock.move(hours=1)
    await world.order(customer_id, source="mail", campaign="spring")
    world.clock.move(hours=1)
    await came(world, customer_id, "search")
    await world.export()
    *_, last = world.rows("people")
    assert (last["source"], last["campaign"], last["country"]) == ("mail", "spring", "FR")
    assert world.rows("orders")[0]["campaign"] == "spring"
    assert len(world.rows("people")) == 2


async def test_a_visit_tells_the_source_of_somebody_whose_orders_do_not(world: World) -> None:
    customer_id = await world.customer()
    await world.order(customer_id)
    world.clock.move(hours=1)
    await came(world, customer_id, "social")
    await world.export()
    first, last = world.rows("people")
    assert (first["source"], first["country"]) == ("", "FR")
    assert (last["source"], last["known_at"]) == ("social", world.now)


async def test_the_forgotten_have_no_visits_left_anywhere(world: World) -> None:
    customer_id = await world.customer()
    await came(world, customer_id)
    await world.export()
    await Forget(world.db, world.clock, SEALER).forget(world.venue.id, customer_id=customer_id)
    await world.export()
    assert world.rows("visits") == []
    async with world.db.read() as tx:
        assert (await tx.scalars(select(Visit))).all() == []
        assert (await tx.scalars(select(Order))).all() == []


async def test_after_thirteen_months_they_leave_the_lake_too(world: World) -> None:
    customer_id = await world.customer()
    await came(world, customer_id)
    await world.export()
    world.clock.move(days=KEPT.days - 35)
    await came(world, customer_id)
    await world.export()
    assert len(world.rows("visits")) == 2
    world.clock.move(days=36)
    assert world.now - kept_from(world.now) <= KEPT
    await sweep_visits(world.db, world.now)
    await world.export()
    assert len(world.rows("visits")) == 1
    await world.export(full=True)
    assert len(world.rows("visits")) == 1


async def test_a_followed_link_is_a_message_clicked_once_it_is_settled(world: World) -> None:
    customer_id = await world.customer()
    row = {"id": "out_1", "venue_id": world.venue.id, "customer_id": customer_id}
    more = {"template": "action_news", "action_id": "trg_1", "seen_link": 0}
    await world.add(MailClick(**row, **more, at=world.now, seen_at=world.now))
    await world.add(MailClick(**(row | {"id": "out_2"}), **more, at=None, seen_at=world.now))
    await world.export()
    assert world.rows("messages") == []
    world.clock.move(minutes=11)
    await world.export()
    await world.export()
    (fact,) = world.rows("messages")
    assert (fact["change"], fact["message_id"], fact["action_id"]) == ("clicked", "out_1", "trg_1")


async def test_a_city_that_was_said_and_who_plays_what_go_along(world: World) -> None:
    await world.customer()
    async with world.db.transaction() as tx:
        (await tx.scalars(select(Account))).one().city = "Lyon"
        event = await tx.get_one(Event, world.event_id)
        event.artist, event.genre = "Maud", "jazz"
    await world.export()
    assert world.rows("people")[-1]["city"] == "Lyon"
    concert = world.rows("concerts")[-1]
    assert (concert["artist"], concert["genre"]) == ("Maud", "jazz")

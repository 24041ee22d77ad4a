"""What an export writes, what it doesn't write twice, and what the past looked like."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from churn.lake import Facts, Lake
from churn.simulate import shown
from churn.tables import Person
from churn.triggers.tables import Trigger
from infra.kernel.facts import TABLES
from paywall.accounts.tables import Account
from paywall.bridges.lake.runs import LEASE, Running
from paywall.bridges.lake.tables import VenueLake
from paywall.catalogue.tables import Event, Mode
from paywall.checkout.tables import Order, OrderState
from support_bot.case_tables import Case, CaseState
from tests.bridges.lake.world import World

FILLED = {"people", "concerts", "orders", "payments", "grants", "viewing", "consents", "messages"}


def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    return {table.name: world.rows(table.name) for table in TABLES}


async def test_every_table_that_the_product_fills_has_the_persons_rows(world: World) -> None:
    await world.a_whole_life()
    done = await world.export()
    assert {table for table, rows in done.rows.items() if rows} == FILLED
    people = {row["person"] for name in FILLED - {"concerts"} for row in world.rows(name)}
    assert len(people) == 1
    (order, *_) = world.rows("orders")
    assert order["concert_id"] == world.event_id
    assert (order["total_minor"], order["list_minor"], order["state"]) == (1200, 1200, "paid")
    outcomes = {row["outcome"]: row["amount_minor"] for row in world.rows("payments")}
    assert outcomes == {"captured": 1200, "refunded": 200}


async def test_no_customers_id_and_no_address_is_in_any_file(world: World) -> None:
    customer_id = await world.a_whole_life()
    await world.export()
    written = str(everything(world))
    assert customer_id not in written
    assert "maud" not in written


async def test_the_database_alone_knows_whose_pseudonym_it_is(world: World) -> None:
    customer_id = await world.a_whole_life()
    await world.export()
    (row,) = world.rows("people")
    async with world.db.read() as tx:
        person = await tx.scalar(select(Person).where(Person.customer_id == customer_id))
    assert person is not None
    assert person.person == row["person"]


async def test_a_second_run_writes_nothing(world: World) -> None:
    await world.a_whole_life()
    await world.export()
    before = everything(world)
    world.clock.move(hours=1)
    done = await world.export()
    assert sum(done.rows.values()) == 0
    assert everything(world) == before


async def test_only_what_is_new_is_written_the_next_night(world: World) -> None:
    await world.a_whole_life()
    await world.export()
    world.clock.move(days=3)
    await world.a_whole_life("jean@example.org")
    done = await world.export()
    assert done.rows["people"] == 1
    assert done.rows["viewing"] == 1
    assert done.rows["concerts"] == 0


async def test_a_refund_is_a_version_known_from_the_refund_on(world: World) -> None:
    customer_id = await world.customer()
    order_id = await world.order(customer_id)
    bought = world.now
    world.clock.move(days=5)
    await world.refund(order_id, 1200)
    world.clock.move(days=1)
    await world.export()  # the first export ever: the past is told as it was
    facts = Facts.of_lake(Lake(world.root), world.venue.id, bought + timedelta(days=2))
    then = facts.table("orders").to_pyarrow().to_pylist()
    later = facts.at(world.now).table("orders").to_pyarrow().to_pylist()
    assert [(row["state"], row["refunded_minor"]) for row in then] == [("paid", 0)]
    assert [(row["state"], row["refunded_minor"]) for row in later] == [("refunded", 1200)]


async def test_a_change_that_nobody_dated_is_known_from_the_run_that_saw_it(world: World) -> None:
    customer_id = await world.customer()
    order_id = await world.order(customer_id, state=OrderState.OPEN, paid_at=None)
    await world.export()
    world.clock.move(days=1)
    async with world.db.transaction() as tx:
        (await tx.get_one(Order, order_id)).state = OrderState.EXPIRED
        (await tx.get_one(Event, world.event_id)).name = "Another name"
        await tx.execute(update(Account).values(locale="de"))
    await world.export()
    assert [row["state"] for row in world.rows("orders")] == ["open", "expired"]
    assert world.rows("orders")[-1]["known_at"] == world.now
    assert [row["name"] for row in world.rows("concerts")] == ["Night", "Another name"]
    assert world.rows("people")[-1]["language"] == "de"
    world.clock.move(days=1)
    assert sum((await world.export()).rows.values()) == 0


async def test_a_case_is_opened_solved_and_judged_at_three_moments(world: World) -> None:
    customer_id = await world.customer()
    opened = world.now
    case_id = await world.case(customer_id)
    await world.export()
    world.clock.move(days=2)
    async with world.db.transaction() as tx:
        case = await tx.get_one(Case, case_id)
        case.state, case.solved_at, case.solved_by = CaseState.SOLVED, world.now, "acc_agent"
        case.rating, case.rated_at = 0, world.now + timedelta(hours=5)
    world.clock.move(days=1)
    await world.export()
    first, solved, judged = world.rows("support")
    assert (first["state"], first["known_at"], first["topic"]) == ("open", opened, "no-picture")
    assert (solved["settled_by"], solved["satisfaction"]) == ("person", None)
    assert (judged["satisfaction"], judged["known_at"]) == (1, opened + timedelta(days=2, hours=5))
    assert "No picture" not in str(world.rows("support"))  # what was said stays in the case


async def test_full_writes_it_all_again_without_doubles(world: World) -> None:
    await world.a_whole_life()
    await world.export()
    before = everything(world)
    done = await world.export(full=True)
    assert done.cleared > 0
    assert everything(world) == before


async def test_two_runs_at_once_write_once(world: World) -> None:
    await world.a_whole_life()
    results = await asyncio.gather(world.export(), world.export(), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Running)]
    assert len(refused) == 1
    rows = world.rows("viewing")
    assert len(rows) == len({row["fact_id"] for row in rows}) == 1


async def test_a_killed_runs_place_is_free_when_its_lease_is_over(world: World) -> None:
    async with world.db.transaction() as tx:
        tx.add(
            VenueLake(
                venue_id=world.venue.id, run=1, lease="lrn_dead", due_at=world.now,
                lease_until=world.now + LEASE, root=world.root,
            )
        )  # fmt: skip
    with pytest.raises(Running):
        await world.export()
    world.clock.move(seconds=LEASE.total_seconds())
    await world.a_whole_life()
    assert (await world.export()).run == "run-000002"


async def test_what_was_committed_late_is_found_the_next_night(world: World) -> None:
    customer_id = await world.customer()
    long_ago = world.now - timedelta(hours=3)
    await world.export()
    world.clock.move(days=1)
    await world.watched(customer_id, ended_at=long_ago, started_at=long_ago)
    assert (await world.export()).rows["viewing"] == 1


async def test_a_live_venue_exports_nothing_of_its_tests(world: World) -> None:
    await world.a_whole_life("tester@example.org")
    Lake(world.root).write_rows(
        "people",
        world.venue.id,
        [{"fact_id": "sim", "person": "sim", "event_at": world.now, "known_at": world.now}],
        "simulated-1",
    )
    await world.export()
    assert len(world.rows("people")) == 2
    world.clock.move(days=1)
    async with world.db.transaction() as tx:
        world.venue = await tx.merge(world.venue)
        await shown.put(tx, world.venue.id, world.now, world.now, world.now)
        world.venue.mode, world.venue.live_since = Mode.LIVE, world.now
    world.clock.move(days=1)
    await world.a_whole_life("viewer@example.org")
    done = await world.export()
    assert done.cleared > 0
    for table in FILLED:
        assert len({row.get("person", "") for row in world.rows(table)}) == 1, table
    assert all(row["event_at"] >= world.venue.live_since for row in world.rows("orders"))
    async with world.db.read() as tx:
        assert await tx.scalar(select(Trigger)) is None, "simulated actions go with their people"
        assert len(list(await tx.scalars(select(Person)))) == 1


async def test_a_copy_elsewhere_is_whole_and_leaves_the_nights_alone(
    world: World, tmp_path: Any
) -> None:
    await world.a_whole_life()
    await world.export()
    other = str(tmp_path / "copy")
    world.clock.move(days=1)
    await world.exporter(other, copy=True).run(world.venue)
    again = await world.exporter(other, copy=True).run(world.venue)
    assert again.rows["viewing"] == 1
    assert world.rows("viewing", other) == world.rows("viewing")
    assert sum((await world.export()).rows.values()) == 0


async def test_a_moved_clock_moves_what_was_dated_by_the_machine(world: World) -> None:
    customer_id = await world.customer()
    async with world.db.transaction() as tx:
        world.venue = await tx.merge(world.venue)
        world.venue.clock_offset_s = 31 * 24 * 3600
    await world.watched(customer_id)
    await world.export()
    assert world.rows("viewing")[0]["known_at"] == world.now + timedelta(days=31)


@pytest.mark.slow
async def test_killed_between_any_two_files_the_next_run_is_right(world: World) -> None:
    """A run writes eight files here; the first is killed before any, the next after two more."""
    await world.a_whole_life()
    url = world.db.engine.url.render_as_string(hide_password=False)
    killed = 0
    for files in (0, 2, 1, 3, 20):
        program = [sys.executable, "-m", "tests.bridges.lake.doomed_export"]
        given = [url, world.root, world.now.isoformat(), str(files)]
        child = await asyncio.create_subprocess_exec(*program, *given)
        code = await child.wait()
        world.clock.move(seconds=LEASE.total_seconds())
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
    assert killed >= 4
    await world.export()
    whole = world.exporter(world.root + "-2", copy=True)
    await whole.run(world.venue)
    for table in FILLED:
        assert world.rows(table) == world.rows(table, world.root + "-2"), table

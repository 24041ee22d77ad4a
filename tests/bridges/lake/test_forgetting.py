"""Erasure: no byte of a forgotten person is left, and nothing brings them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from churn.lake import Lake
from churn.tables import Erased, Person, PersonToday
from infra.kernel.errors import Invalid
from paywall.accounts.tables import Customer
from paywall.bridges.lake.forgetting import Forget
from paywall.bridges.lake.persons import pseudonyms
from tests.bridges.lake.world import SEALER, World


def files_with(root: str, words: str) -> list[str]:
    """Files whose bytes hold the text, decompressed column by column or not."""
    found = []
    for path in Path(root).rglob("*"):
        if path.is_file():
            import pyarrow.parquet as pq

            if words.encode() in path.read_bytes() or words in str(pq.read_table(path)):
                found.append(str(path))
    return found


def file_names(root: str) -> set[str]:
    return {path.name for path in Path(root).rglob("*.parquet")}


async def names_of(world: World, customer_id: str) -> str:
    return pseudonyms(SEALER, world.venue.id).customer(customer_id)


async def test_a_forgotten_person_leaves_every_file_and_row(world: World) -> None:
    gone = await world.a_whole_life()
    stays = await world.a_whole_life("jean@example.org")
    await world.export()
    name, other = await names_of(world, gone), await names_of(world, stays)
    await world.add(
        PersonToday(venue_id=world.venue.id, person=name, customer_id=gone, as_of=world.now)
    )
    assert files_with(world.root, name)
    kept = file_names(world.root)
    forget = Forget(world.db, world.clock, SEALER)
    assert await forget.forget(world.venue.id, email="Maud@Example.org") == 1
    done = await world.export()
    assert done.erased > 0
    assert files_with(world.root, name) == []
    assert files_with(world.root, other)
    assert file_names(world.root) == kept
    async with world.db.read() as tx:
        assert [row.customer_id for row in await tx.scalars(select(Person))] == [stays]
        assert list(await tx.scalars(select(PersonToday))) == []
        assert all(row.done_at is not None for row in await tx.scalars(select(Erased)))


async def test_what_they_do_afterwards_is_not_exported_either(world: World) -> None:
    gone = await world.a_whole_life()
    await world.export()
    await Forget(world.db, world.clock, SEALER).forget(world.venue.id, customer_id=gone)
    world.clock.move(days=1)
    await world.order(gone)
    await world.export()
    await world.export(full=True)
    assert files_with(world.root, await names_of(world, gone)) == []
    async with world.db.read() as tx:
        assert list(await tx.scalars(select(Person))) == []


async def test_a_customer_who_vanished_from_the_database_is_erased_too(world: World) -> None:
    gone = await world.a_whole_life()
    await world.export()
    async with world.db.transaction() as tx:
        await tx.execute(delete(Customer).where(Customer.id == gone))
    await world.export()
    assert files_with(world.root, await names_of(world, gone)) == []


class Killed(BaseException):
    """The process is gone, as far as the lake can see."""


class DyingLake(Lake):
    """Dies before its third file is replaced."""

    left = 3

    def replace(self, path: str, rows: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed
        super().replace(path, rows)


async def test_an_erasure_that_was_killed_half_way_is_finished_by_the_next_run(
    world: World,
) -> None:
    gone = await world.a_whole_life()
    await world.export()
    await Forget(world.db, world.clock, SEALER).forget(world.venue.id, customer_id=gone)
    name = await names_of(world, gone)
    with pytest.raises(Killed):
        await world.exporter(open_lake=DyingLake).run(world.venue)
    assert files_with(world.root, name)
    await world.export()
    assert files_with(world.root, name) == []


async def test_one_name_is_asked_for_and_no_more(world: World) -> None:
    forget = Forget(world.db, world.clock, SEALER)
    with pytest.raises(Invalid):
        await forget.forget(world.venue.id)
    with pytest.raises(Invalid):
        await forget.forget(world.venue.id, email="a@example.org", customer_id="cus_1")
    assert await forget.forget(world.venue.id, external_id="4711") == 0

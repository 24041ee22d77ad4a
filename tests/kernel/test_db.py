"""What every use case relies on in a transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from infra.kernel.db import Database, refuse_inside_transaction


async def _insert_then_fail(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("INSERT INTO t VALUES (2)"))
        raise RuntimeError


async def test_leaving_cleanly_commits_and_an_error_rolls_back(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE t (n INTEGER)"))
        await tx.execute(text("INSERT INTO t VALUES (1)"))
    with pytest.raises(RuntimeError):
        await _insert_then_fail(database)
    async with database.read() as tx:
        assert (await tx.execute(text("SELECT n FROM t"))).scalars().all() == [1]


async def test_transactions_do_not_nest_and_adapters_refuse_to_run_inside(
    database: Database,
) -> None:
    async with database.transaction():
        with pytest.raises(AssertionError):
            await _insert_then_fail(database)
        with pytest.raises(AssertionError):
            refuse_inside_transaction("the gateway")
    refuse_inside_transaction("the gateway")


async def test_a_glance_reads_what_is_committed_and_leaves_the_pool_as_it_was(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE t (n INTEGER)"))
        await tx.execute(text("INSERT INTO t VALUES (1)"))
    async with database.glance() as reader:
        assert (await reader.execute(text("SELECT n FROM t"))).scalars().all() == [1]
    with pytest.raises(RuntimeError):
        await _insert_then_fail(database)
    async with database.glance() as reader:
        assert (await reader.execute(text("SELECT n FROM t"))).scalars().all() == [1]

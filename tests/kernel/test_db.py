"""What every use case relies on in a transaction."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from infra.kernel.away import DatabaseAway, is_away
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


async def _one(database: Database, way: str) -> None:
    async with getattr(database, way)() as tx:
        await tx.execute(text("SELECT 1"))


@pytest.mark.parametrize("way", ["transaction", "read", "glance"])
async def test_a_server_that_is_not_there_is_told_as_away(way: str) -> None:
    with socket.socket() as held:  # bound, and nobody listens
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        database = Database(f"postgresql+asyncpg://nobody@127.0.0.1:{port}/none")
        with pytest.raises(DatabaseAway):
            await _one(database, way)
        await database.close()


async def test_a_wrong_statement_is_no_outage(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.read() as tx:
            await tx.execute(text("SELECT * FROM nothing_of_this_name"))
    assert not is_away(caught.value)


async def test_a_connection_that_the_server_ends_is_told_as_away_and_the_next_one_is_new(
    database: Database,
) -> None:
    if database.is_sqlite:
        pytest.skip("a file has no connections to end")
    await _one(database, "read")
    other = Database(database.engine.url.render_as_string(hide_password=False))
    async with other.glance() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with pytest.raises(DatabaseAway):
        await _one(database, "transaction")
    await _one(database, "transaction")
    await other.close()


async def test_a_file_that_stays_locked_is_told_as_away(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'locked.sqlite3'}"
    holder, waiter = Database(url), Database(url)
    async with waiter.engine.connect() as connection:
        await connection.execute(text("PRAGMA busy_timeout=1"))
    async with holder.engine.connect() as connection:
        await connection.execute(text("BEGIN IMMEDIATE"))
        with pytest.raises(DatabaseAway):
            await _one(waiter, "transaction")
    await holder.close()
    await waiter.close()

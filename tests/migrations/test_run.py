"""The steps make exactly what the models say, on both databases; and refuse what they must."""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

import entitlements
import infra.kernel
import offers
import paywall
from infra.kernel.db import Database
from infra.migrations.models import METADATA
from infra.migrations.run import SchemaRefused, configuration, is_current, revisions, upgrade

POSTGRES = os.environ.get("PAYWALL_TEST_POSTGRES", "")


async def admin(statement: str) -> None:
    engine = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


class Places:
    """Makes empty databases of one kind."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.made: list[str] = []

    async def empty(self) -> str:
        name = f"m_{secrets.token_hex(6)}"
        if self.kind == "sqlite":
            return f"sqlite+aiosqlite:///{self.folder / name}.sqlite3"
        await admin(f"CREATE DATABASE {name}")
        self.made.append(name)
        return POSTGRES.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(params=["sqlite", "postgres"])
async def places(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Places]:
    if request.param == "postgres" and not POSTGRES:
        pytest.skip("PAYWALL_TEST_POSTGRES is not set; `make test` starts a server and sets it")
    made = Places(request.param, tmp_path)
    yield made
    for name in made.made:
        await admin(f"DROP DATABASE {name} WITH (FORCE)")


async def ask(url: str, statement: str) -> set[tuple[Any, ...]]:
    db = Database(url)
    async with db.engine.connect() as connection:
        rows = {tuple(row) for row in (await connection.execute(text(statement))).all()}
    await db.close()
    return rows


SHAPE = {
    "sqlite": [
        "SELECT type, name, tbl_name, lower(replace(replace(sql, '\"', ''), char(10), ' ')) "
        "FROM sqlite_master WHERE tbl_name <> 'alembic_version'"
    ],
    "postgres": [
        "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default, "
        "character_maximum_length FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name <> 'alembic_version'",
        "SELECT tablename, indexname, indexdef FROM pg_indexes "
        "WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace "
        "AND conrelid::regclass::text <> 'alembic_version'",
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE NOT tgisinternal",
    ],
}


def unordered(rows: set[tuple[Any, ...]]) -> list[list[str]]:
    """Comparable however SQLite wrote it down: it keeps the order in which checks were given."""
    return sorted(sorted(re.sub(r"[\s()'\"]|\\[nt]", "", str(row)).split(",")) for row in rows)


async def test_the_steps_make_what_the_models_make_to_the_last_check_and_trigger(
    places: Places,
) -> None:
    stepped, made = await places.empty(), await places.empty()
    await upgrade(stepped)
    db = Database(made)
    await db.create_all()
    await db.close()
    for question in SHAPE[places.kind]:
        assert unordered(await ask(stepped, question)) == unordered(await ask(made, question))


async def test_alembic_finds_nothing_left_to_write(places: Places) -> None:
    url = await places.empty()
    await upgrade(url)

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))

    db = Database(url)
    async with db.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await db.close()


async def test_tables_that_only_grow_refuse_to_be_edited_after_an_upgrade(places: Places) -> None:
    url = await places.empty()
    await upgrade(url)
    db = Database(url)
    async with db.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO audit_entry (id, venue_id, actor, action, subject, data, at) "
                "VALUES ('aud_1', '', 'nobody', 'x', '', '{}', '2026-11-20 18:00:00')"
            )
        )
    for statement in ("UPDATE audit_entry SET action = 'y'", "DELETE FROM audit_entry"):
        with pytest.raises(DBAPIError, match="append-only"):
            await write(db, statement)
    await db.close()


async def write(db: Database, statement: str) -> None:
    async with db.engine.begin() as connection:
        await connection.execute(text(statement))


async def test_a_second_upgrade_does_nothing(places: Places) -> None:
    url = await places.empty()
    assert (await upgrade(url)).startswith("The schema was brought from nothing to ")
    assert await is_current(url)
    before = [await ask(url, question) for question in SHAPE[places.kind]]
    assert await upgrade(url) == "The schema is up to date."
    assert [await ask(url, question) for question in SHAPE[places.kind]] == before


async def test_two_processes_that_start_together_upgrade_once(places: Places) -> None:
    url = await places.empty()
    said = await asyncio.gather(upgrade(url), upgrade(url))
    assert sorted(one.split()[2] for one in said) == ["is", "was"]


async def test_a_database_of_a_newer_version_is_refused_in_one_sentence(places: Places) -> None:
    url = await places.empty()
    await upgrade(url)
    db = Database(url)
    async with db.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await db.close()
    with pytest.raises(SchemaRefused, match="a newer version made it"):
        await upgrade(url)


async def test_a_database_that_something_else_made_is_not_mixed_up_with_ours(
    places: Places,
) -> None:
    url = await places.empty()
    db = Database(url)
    await db.create_all()
    await db.close()
    with pytest.raises(SchemaRefused, match="did not make"):
        await upgrade(url)
    assert not await is_current(url)


def test_the_steps_form_one_line_and_their_numbers_are_its_order() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(configuration(connection))
    engine.dispose()
    line = [step.revision for step in script.walk_revisions()]
    assert line[::-1] == revisions()
    assert script.get_heads() == [revisions()[-1]]


def test_every_module_with_tables_is_known_to_the_migrations() -> None:
    known = set(METADATA.tables)
    for package in (entitlements, offers, infra.kernel, paywall):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            last = module.name.rpartition(".")[2]
            if last != "__main__" and ".cli" not in module.name:
                importlib.import_module(module.name)
    assert set(METADATA.tables) == known

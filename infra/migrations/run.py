"""Runs migrations from the product itself, on whichever database the settings name.

Alembic and the models are imported only where there is something to do: most starts ask one
question and go on.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent
STEPS = FOLDER / "versions"
LOCK = 0x7061_7977_616C_6C31
"""The advisory lock of PostgreSQL that one migrating process holds: "paywall1"."""


class SchemaRefused(Exception):
    """This database can't be brought up to date; the message says why and what to do."""


def revisions() -> list[str]:
    """The steps that this version of the product knows, oldest first."""
    names = [re.fullmatch(r"(\d{4})_\w+\.py", file.name) for file in STEPS.iterdir()]
    return sorted(name[1] for name in names if name is not None)


async def stored_revision(url: str) -> str:
    """The last step that was run on this database; empty when none was."""
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            return str(await connection.scalar(text("SELECT version_num FROM alembic_version")))
    except DBAPIError:
        # There is no such table; whether there should be one is for `upgrade` to say.
        return ""
    finally:
        await engine.dispose()


async def is_current(url: str) -> bool:
    """Whether there is nothing to do: the last step's number is the newest. One query.

    The tables themselves are not compared; `paywall doctor` does that.
    """
    return await stored_revision(url) == revisions()[-1]


async def upgrade(url: str) -> str:
    """Bring the database to the newest step, in one transaction; says what was done.

    Processes that start together wait for each other. SchemaRefused where a newer version of the
    product made the database, or something else than these steps did.
    """
    if await is_current(url):
        return "The schema is up to date."
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                await connection.execute(text("BEGIN IMMEDIATE"))
            else:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            done = await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()
    return done


def _upgrade(connection: Connection) -> str:
    tables = set(inspect(connection).get_table_names())
    before = ""
    if "alembic_version" in tables:
        before = str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    known = revisions()
    if before and before not in known:
        raise SchemaRefused(
            f"The database is at step {before} and this version of the product knows only "
            f"{known[-1]}: a newer version made it. Run that version, or restore a copy from "
            "before it."
        )
    if not before and tables:
        raise SchemaRefused(
            "The database holds tables that `paywall migrate` did not make. Give it an empty "
            "database (PAYWALL_DATABASE_URL, or another PAYWALL_DATA_DIR), or move these away."
        )
    if before == known[-1]:
        return "The schema is up to date."  # another process was faster

    from alembic import command

    command.upgrade(configuration(connection), "head")
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        assert not broken, f"rows without their parent after the upgrade: {broken[:3]}"
    return f"The schema was brought from {before or 'nothing'} to {known[-1]}."


def configuration(connection: Connection, **attributes: Any) -> Config:
    """Alembic's configuration without a file: these steps, over this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, **attributes)
    return config


def _engine(url: str) -> AsyncEngine:
    """A connection of its own: the product's has time limits that a large table would pass."""
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _sqlite_pragmas)
    return engine


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    # As in infra.kernel.db, but foreign keys off: SQLite changes a table by making another one,
    # copying and dropping (Alembic's batch mode), and a drop would take the children along.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=60000", "foreign_keys=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()

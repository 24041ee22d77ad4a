"""The database: one engine, explicit transactions, column types that keep their meaning.

SQLite (WAL, BEGIN IMMEDIATE for writes) and PostgreSQL behave alike for callers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Set
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    DateTime,
    Dialect,
    MetaData,
    String,
    TypeDecorator,
    event,
    insert,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from infra.kernel.away import DatabaseAway, is_away

E = TypeVar("E", bound=StrEnum)
V = TypeVar("V", str, tuple[str, str])

_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite stores no zone, so it is added again on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "a naive datetime reached the database"
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumText(TypeDecorator[E]):
    """A StrEnum kept as plain text, so that a new member needs no migration."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self.kind(value)


class Base(DeclarativeBase):
    """Rows of every module share one metadata; they refer to each other by id only."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTCDateTime}  # noqa: RUF012 - SQLAlchemy's own protocol


Tx = AsyncSession
"""What `transaction()` and `read()` give: an SQLAlchemy session; reads and writes go through it."""


_WAKE = "wake"


def wake(tx: Tx, job: str) -> None:
    """Have the worker's job of this name look for due rows right after the commit (law 7).

    Only haste: what is due is a row, and the next tick finds it without this.
    """
    tx.info.setdefault(_WAKE, set()).add(job)


class Database:
    """Opens transactions. Nothing commits by itself; leaving `transaction()` cleanly commits."""

    woken: Callable[[Set[str]], None] | None = None
    """Told after a commit which jobs have rows to do (`wake`), by who composes the process."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.is_sqlite = url.startswith("sqlite")
        options: dict[str, Any] = {"hide_parameters": True}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": 15}
        else:
            # No overflow: a connection beyond the pool would be opened and closed for one use,
            # which costs more than waiting. Last in, first out: the warm connection, whose
            # statements are prepared, is used again.
            options |= {"pool_size": pool_size, "max_overflow": 0, "pool_use_lifo": True}
            # A hung database must not hold a request for ever.
            options["connect_args"] = {
                "command_timeout": 20,
                "timeout": 5,  # for a connection; a server that is there needs milliseconds
                "server_settings": {"application_name": "paywall"},
            }
        self.engine: AsyncEngine = create_async_engine(url, **options)
        # The SQLite driver is in autocommit already, see _sqlite_pragmas.
        self._glances = self.engine
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _sqlite_pragmas)
        else:
            self._glances = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A write transaction. Commits on a clean exit, rolls back on any error.

        Transactions don't nest: a use case owns its own. DatabaseAway where the server is.
        """
        assert not _in_transaction.get(), "a transaction is already open in this task"
        token = _in_transaction.set(True)
        try:
            async with AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as tx:
                if self.is_sqlite:
                    await tx.execute(text("BEGIN IMMEDIATE"))
                try:
                    yield tx
                    await tx.commit()
                except BaseException:
                    await tx.rollback()
                    raise
        except Exception as error:
            if is_away(error):
                raise DatabaseAway from error
            raise
        finally:
            _in_transaction.reset(token)
        if self.woken is not None and (jobs := tx.info.get(_WAKE)):
            self.woken(jobs)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A session for reading; whatever was written in it is rolled back. Or DatabaseAway."""
        try:
            async with AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as tx:
                if self.is_sqlite:
                    await tx.execute(text("BEGIN"))
                yield tx
        except Exception as error:
            if is_away(error):
                raise DatabaseAway from error
            raise

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection for one reading statement: no BEGIN, no session, half the cost.

        Two statements in it may see two states of the database; use `read` for that.
        """
        try:
            async with self._glances.connect() as connection:
                yield connection
        except Exception as error:
            if is_away(error):
                raise DatabaseAway from error
            raise

    async def create_all(self) -> None:
        """Make every table at once: for tests and a first embedded start; else use migrations."""
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def close(self) -> None:
        await self.engine.dispose()


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    # Autocommit at the driver, so that our own BEGIN IMMEDIATE is the only one.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=15000",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def add_rows(tx: Tx, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert many rows in one statement; nothing when there are none. Bypasses the unit of work."""
    if rows:
        await tx.execute(insert(model.metadata.tables[model.__tablename__]), rows)


def insert_into(tx: Tx, model: Any) -> Any:
    """The database's own INSERT of a mapped class or table, which knows ON CONFLICT."""
    return _INSERTS[tx.get_bind().dialect.name](model)


_INSERTS = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def padded(values: Iterable[V]) -> list[V]:
    """The distinct values in order, the last one repeated up to a power of two, for an IN list.

    A crowd's lists differ in length each time, and each length is a statement of its own, which
    every connection would have to prepare. Repeating a value in IN changes no answer.
    """
    found = sorted(set(values))
    if not found:
        return []
    size = 1 << (len(found) - 1).bit_length()
    return found + found[-1:] * (size - len(found))


def inside_transaction() -> bool:
    return _in_transaction.get()


def refuse_inside_transaction(what: str) -> None:
    """Adapters call this before they touch the network (law 5)."""
    assert not _in_transaction.get(), f"{what} was called inside a database transaction"

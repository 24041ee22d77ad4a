"""Tables that only grow: both databases refuse UPDATE and DELETE on them by trigger."""

from __future__ import annotations

from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Table

APPEND_ONLY: set[str] = set()
"""Names of the tables so guarded; a migration that makes one calls `guard` too."""


def append_only(table: Table) -> None:
    """Guard the table whenever it is created from metadata."""
    APPEND_ONLY.add(table.name)

    def created(_target: Table, connection: Connection, **_: object) -> None:
        guard(connection, table.name)

    event.listen(table, "after_create", created)


def guard(connection: Connection, table: str) -> None:
    """Create the triggers on an existing table."""
    assert table.isidentifier()
    if connection.dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            connection.execute(
                text(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            )
        return
    connection.execute(
        text(
            f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger AS $$ "
            f"BEGIN RAISE EXCEPTION '{table} is append-only'; END $$ LANGUAGE plpgsql"
        )
    )
    connection.execute(
        text(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
        )
    )

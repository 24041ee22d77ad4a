"""Tables that only grow: database triggers refuse UPDATE, DELETE and TRUNCATE on them.

The same statements serve `create_all` (through DDL events) and the migrations.
"""

from __future__ import annotations

from sqlalchemy import DDL, Table, event


def append_only_ddl(table: str, dialect: str) -> list[str]:
    """Statements that make a table append-only on "sqlite" or "postgresql"."""
    says = f"{table} is append-only"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    assert dialect == "postgresql"
    return [
        f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{says}'; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
    ]


def make_append_only(table: Table) -> None:
    """Add the triggers whenever `create_all` makes this table."""
    for dialect in ("sqlite", "postgresql"):
        for statement in append_only_ddl(table.name, dialect):
            event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]

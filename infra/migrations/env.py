"""What Alembic runs: the steps over the connection that `run.py` opened, in its transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from alembic import context
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy import String

from infra.kernel.append_only import APPEND_ONLY
from infra.kernel.db import EnumText, UTCDateTime
from infra.migrations.models import METADATA


class GuardOp(ops.MigrateOperation):
    """Make a table append-only."""

    def __init__(self, table: str) -> None:
        self.table = table


@renderers.dispatch_for(GuardOp)
def _render_guard(_context: AutogenContext, wanted: GuardOp) -> str:
    return f'guard(op.get_bind(), "{wanted.table}")'


def plain_type(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """A step must mean the same when our own types have changed, so it names the database's."""
    if kind == "type" and isinstance(thing, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, EnumText):
        assert isinstance(thing.impl_instance, String)
        return f"sa.String(length={thing.impl_instance.length})"
    return False


def guard_new_tables(
    _context: object, _revision: object, directives: list[ops.MigrationScript]
) -> None:
    """A table that only grows gets its triggers in the step that makes it."""
    for script in directives:
        assert script.upgrade_ops is not None
        made = script.upgrade_ops.ops
        guards = [
            GuardOp(one.table_name)
            for one in made
            if isinstance(one, ops.CreateTableOp) and one.table_name in APPEND_ONLY
        ]
        made.extend(guards)


def run(options: Iterable[tuple[str, Any]] = ()) -> None:
    """Over the given connection; its owner commits."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        render_item=plain_type,
        process_revision_directives=guard_new_tables,
        render_as_batch=context.config.attributes.get("batch", True),
        **dict(options),
    )
    with context.begin_transaction():
        context.run_migrations()


run()

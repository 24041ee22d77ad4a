"""The database's schema: made at a first start, migrated afterwards."""

from __future__ import annotations

from infra.kernel.settings import Settings
from infra.migrations.run import upgrade


async def bring_up_to_date(settings: Settings) -> str:
    """Bring the database to this version's schema; says what was done."""
    return await upgrade(settings.database())

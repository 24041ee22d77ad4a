"""Runs migrations from the product itself, on whichever database the settings name."""

from __future__ import annotations

from infra.kernel.db import Database
from infra.migrations.models import METADATA


async def upgrade(url: str) -> str:
    """Bring the database to the newest revision; says what was done."""
    assert METADATA.tables
    db = Database(url)
    try:
        await db.create_all()
    finally:
        await db.close()
    return "The schema is up to date."

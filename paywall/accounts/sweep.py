"""Forgets what has run out: ceremonies, spent links, ended sessions. Called by the tick."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_

from infra.kernel.db import Database
from paywall.accounts.proofs import Challenge, LoginLink
from paywall.accounts.tables import AuthSession

KEEP: Final = timedelta(days=30)
"""Ended sessions stay this long, so that people and support can see what happened."""


async def sweep(db: Database, now: datetime) -> int:
    """Delete by machine time; how many rows went. Running it twice changes nothing."""
    run_out = (
        delete(Challenge).where(Challenge.expires_at <= now),
        delete(LoginLink).where(LoginLink.expires_at <= now),
        delete(AuthSession).where(
            or_(AuthSession.ended_at <= now - KEEP, AuthSession.expires_at <= now - KEEP)
        ),
    )
    async with db.transaction() as tx:
        connection = await tx.connection()
        return sum([(await connection.execute(statement)).rowcount for statement in run_out])

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


async def sweep(db: Database, now: datetime) -> None:
    """Delete by machine time; running it twice changes nothing."""
    async with db.transaction() as tx:
        await tx.execute(delete(Challenge).where(Challenge.expires_at <= now))
        await tx.execute(delete(LoginLink).where(LoginLink.expires_at <= now))
        await tx.execute(
            delete(AuthSession).where(
                or_(AuthSession.ended_at <= now - KEEP, AuthSession.expires_at <= now - KEEP)
            )
        )

"""An event was moved: the tickets for it move along, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from entitlements.tables import Grant, ScopeKind
from infra.kernel.db import Tx
from paywall.catalogue.tables import Event


async def shift_grants(tx: Tx, event: Event, old_ends_at: datetime) -> None:
    """Move the end of every live grant for this event by as much as the event's end moved.

    Grants of one offer end at one moment, so that a hall's worth of them is one statement. A grant
    that was given after the new end (the event was moved far forward) keeps its window.
    Replay-only grants have an end of their own and stay.
    """
    moved = event.ends_at - old_ends_at
    ours = (
        Grant.scope_kind == ScopeKind.EVENT,
        Grant.scope_id == event.id,
        Grant.opens_live.is_(True),
    )
    ends = sorted(await tx.scalars(select(Grant.ends_at).where(*ours).distinct()))
    # The latest first when time moves on, so that no moved grant is met again and moved twice.
    for ends_at in reversed(ends) if old_ends_at < event.ends_at else ends:
        await tx.execute(
            update(Grant)
            .where(*ours, Grant.ends_at == ends_at, Grant.starts_at < ends_at + moved)
            .values(ends_at=ends_at + moved)
            .execution_options(synchronize_session=False)
        )

"""Who has a case open right now: agents' pages give a sign, and see who else gave one lately.

Machine time. A warning, not a lock: what is sent is guarded by the case's version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, select, update

from infra.kernel.db import Tx, insert_into
from support_bot.case_tables import Case, CaseReader

BEAT_S = 10
"""How often a page gives its sign."""
AWAKE = timedelta(seconds=35)
"""Three signs missed: they have gone."""


class Reader(msgspec.Struct, frozen=True):
    account_id: str
    writing: bool


async def beat(
    tx: Tx, venue_id: str, case_id: str, account_id: str, now: datetime, *, writing: bool
) -> list[Reader]:
    """Give a sign; answers who else is there. The caller knows that the case is the venue's.

    The time since the last sign counts as the case's: that is what it costs.
    """
    before = await tx.get(CaseReader, (case_id, account_id))
    if before is not None and timedelta(0) < now - before.seen_at <= AWAKE:
        await tx.execute(
            update(Case)
            .where(Case.id == case_id)
            .values(handled_s=Case.handled_s + int((now - before.seen_at).total_seconds()))
            .execution_options(synchronize_session=False)
        )
    row = insert_into(tx, CaseReader).values(
        case_id=case_id, account_id=account_id, venue_id=venue_id, writing=writing, seen_at=now
    )
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["case_id", "account_id"], set_={"writing": writing, "seen_at": now}
        )
    )
    found = await readers(tx, [case_id], now)
    return [one for one in found.get(case_id, []) if one.account_id != account_id]


async def leave(tx: Tx, case_id: str, account_id: str) -> None:
    """The page was left, so nobody needs to wait for the signs to stop."""
    await tx.execute(
        delete(CaseReader).where(CaseReader.case_id == case_id, CaseReader.account_id == account_id)
    )


async def readers(tx: Tx, case_ids: Sequence[str], now: datetime) -> Mapping[str, Sequence[Reader]]:
    """Who reads or writes in each of these cases."""
    rows = await tx.execute(
        select(CaseReader.case_id, CaseReader.account_id, CaseReader.writing)
        .where(CaseReader.case_id.in_(case_ids), CaseReader.seen_at > now - AWAKE)
        .order_by(CaseReader.account_id)
    )
    found: dict[str, list[Reader]] = {}
    for case_id, account_id, writing in rows:
        found.setdefault(case_id, []).append(Reader(account_id, writing))
    return found


async def forget(tx: Tx, now: datetime) -> int:
    """Delete the signs of who has gone; how many."""
    gone = await tx.execute(delete(CaseReader).where(CaseReader.seen_at <= now - AWAKE))
    return int(gone.rowcount)  # type: ignore[attr-defined]

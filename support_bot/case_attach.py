"""Files of a message: checked, kept, and what was not taken written down for the agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from support_bot.case_files import CASE_FILES_MAX, Offered, Refusal, check
from support_bot.case_tables import Case, CaseFile
from support_bot.cases import step


async def attach(
    tx: Tx, case: Case, message_id: str, files: Sequence[Offered], now: datetime
) -> list[Refusal]:
    """Keep what may be kept; answers what was refused, which is also a step of the case."""
    if not files:
        return []
    query = select(func.count()).where(CaseFile.case_id == case.id)
    there = (await tx.execute(query)).scalar_one()
    taken, refused = check(files, CASE_FILES_MAX - there)
    for file in taken:
        tx.add(
            CaseFile(
                id=new_id("cfl"), venue_id=case.venue_id, case_id=case.id,
                message_id=message_id, name=file.name, content_type=file.content_type,
                size_bytes=len(file.data), data=file.data,
            )
        )  # fmt: skip
    for one in refused:
        step(tx, case, "files", "file_refused", now, name=one.name, why=one.why.value)
    return refused

"""Agents' answers on their way: for a few seconds they can be taken back, then they leave.

The case is not touched before that, so taking back leaves no trace in it. `machine_now` is ours:
the seconds are those of the person at the keyboard, whatever the venue's clock says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, NotFound
from infra.kernel.ids import new_id
from support_bot.case_attach import attach
from support_bot.case_files import Offered, Refusal
from support_bot.case_tables import (
    Case,
    CaseFile,
    CaseMessage,
    CaseReply,
    CaseState,
    ReplyState,
)
from support_bot.cases import Reply, check_reply, step

UNDO = timedelta(seconds=10)
KEEP = timedelta(days=1)
"""How long the words of what was sent or taken back are kept here."""


class ReplyWaits(Conflict):
    code = "reply_waits"


class ReplyLeft(Conflict):
    code = "reply_left"


async def prepare(
    tx: Tx, case: Case, reply: Reply, files: Sequence[Offered], *, now: datetime,
    machine_now: datetime, files_of: str = "",
) -> tuple[CaseReply, list[Refusal]]:  # fmt: skip
    """Have the answer leave in a moment; answers which files were not taken.

    files_of: an answer that was taken back, whose files go along. ReplyWaits where another is on
    its way; else raises as `check_reply`. `case` was read for update.
    """
    if any(one.state is ReplyState.WAITING for one in await of_case(tx, case.id)):
        raise ReplyWaits("An answer is already on its way. Undo it, or wait a moment.")
    check_reply(case, reply)
    row = CaseReply(
        id=new_id("cmg"), venue_id=case.venue_id, case_id=case.id, agent_id=reply.agent_id,
        state=ReplyState.WAITING, text=reply.text, then=reply.then, article=reply.article,
        edited=reply.edited, seen_state=case.state, seen_messages=await _messages(tx, case.id),
        at=now, due_at=machine_now + UNDO,
    )  # fmt: skip
    tx.add(row)
    if files_of:
        await _adopt(tx, row, files_of)
    return row, await attach(tx, case, row.id, files, now)


async def of_case(tx: Tx, case_id: str) -> list[CaseReply]:
    """Those that wait or are held, the oldest first."""
    query = select(CaseReply).where(
        CaseReply.case_id == case_id,
        CaseReply.state.in_((ReplyState.WAITING, ReplyState.HELD)),
    )
    return list(await tx.scalars(query.order_by(CaseReply.id)))


async def taken_back(tx: Tx, case_id: str, reply_id: str, agent_id: str) -> CaseReply | None:
    """What this agent took back, to write on from; None where it is another's or too old."""
    row = await tx.get(CaseReply, reply_id)
    if row is None or row.case_id != case_id or row.agent_id != agent_id:
        return None
    return row if row.state is ReplyState.UNDONE else None


async def undo(tx: Tx, venue_id: str, case_id: str, reply_id: str, agent_id: str) -> CaseReply:
    """Take it back, or up again where it was held: its words are this agent's then.

    ReplyLeft where it is a message already; pressed twice it is undone once.
    """
    query = select(CaseReply).where(CaseReply.id == reply_id).with_for_update()
    row = await tx.scalar(query)
    if row is None or row.venue_id != venue_id or row.case_id != case_id:
        raise NotFound("reply")
    if row.state is ReplyState.SENT:
        raise ReplyLeft("The answer has left already; it can’t be taken back.")
    if row.state is not ReplyState.UNDONE:
        row.move(ReplyState.UNDONE)
        row.agent_id = agent_id
    return row


async def due(tx: Tx, machine_now: datetime, limit: int = 20) -> list[tuple[str, str]]:
    """(case, reply) of those whose time has come, the oldest first."""
    query = (
        select(CaseReply.case_id, CaseReply.id)
        .where(CaseReply.state == ReplyState.WAITING, CaseReply.due_at <= machine_now)
        .order_by(CaseReply.due_at, CaseReply.id)
        .limit(limit)
    )
    return [(case_id, reply_id) for case_id, reply_id in await tx.execute(query)]


async def leaving(tx: Tx, case: Case, reply_id: str) -> Reply | None:
    """The answer as it leaves now, and SENT; None: undone, another worker's, or held.

    It is held where somebody wrote, or the case's state changed, since it was written.
    """
    query = select(CaseReply).where(CaseReply.id == reply_id, CaseReply.state == ReplyState.WAITING)
    row = await tx.scalar(query.with_for_update())
    if row is None:
        return None
    if row.seen_state is not case.state or row.seen_messages != await _messages(tx, case.id):
        row.move(ReplyState.HELD)
        case.version += 1
        step(tx, case, row.agent_id, "held", row.at)
        return None
    row.move(ReplyState.SENT)
    return Reply(
        id=row.id, text=row.text, agent_id=row.agent_id, then=CaseState(row.then),
        article=row.article, edited=row.edited,
    )  # fmt: skip


async def pressed_at(tx: Tx, reply_id: str) -> datetime:
    return (await tx.get_one(CaseReply, reply_id)).at


async def tidy(tx: Tx, machine_now: datetime, limit: int = 200) -> int:
    """Forget what was sent or taken back a day ago, with the files that never left."""
    query = (
        select(CaseReply.id, CaseReply.state)
        .where(
            CaseReply.state.in_((ReplyState.SENT, ReplyState.UNDONE)),
            CaseReply.due_at < machine_now - KEEP,
        )
        .limit(limit)
    )
    rows = list(await tx.execute(query))
    undone = [row.id for row in rows if row.state is ReplyState.UNDONE]
    for kind, column, ids in (
        (CaseFile, CaseFile.message_id, undone),
        (CaseReply, CaseReply.id, [row.id for row in rows]),
    ):
        if ids:
            await tx.execute(
                delete(kind).where(column.in_(ids)).execution_options(synchronize_session=False)
            )
    return len(rows)


async def _adopt(tx: Tx, row: CaseReply, files_of: str) -> None:
    """The files of what this agent took back belong to its next version."""
    if await taken_back(tx, row.case_id, files_of, row.agent_id) is None:
        return
    await tx.execute(
        update(CaseFile)
        .where(CaseFile.message_id == files_of, CaseFile.case_id == row.case_id)
        .values(message_id=row.id)
        .execution_options(synchronize_session=False)
    )


async def _messages(tx: Tx, case_id: str) -> int:
    query = select(func.count()).where(
        CaseMessage.case_id == case_id, CaseMessage.internal.is_(False)
    )
    return (await tx.execute(query)).scalar_one()

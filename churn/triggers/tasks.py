"""The task list: what actions ask people of the venue to do, and what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from churn.triggers.tables import Task, TaskState
from infra.kernel.db import Tx, insert_into
from infra.kernel.errors import NotFound
from infra.kernel.ids import new_id
from infra.kernel.paging import Slice, Wanted, slice_of

OUTCOME_MAX = 500


async def add(
    tx: Tx, *, venue_id: str, trigger_id: str, touch_id: str, customer_id: str, title: str,
    note: str, now: datetime,
) -> str:  # fmt: skip
    """A new open task; the one of this touch where it is there already. Its id."""
    row = {
        "id": new_id("tsk"), "venue_id": venue_id, "trigger_id": trigger_id, "touch_id": touch_id,
        "customer_id": customer_id, "title": title, "note": note, "state": TaskState.OPEN,
        "outcome": "", "created_at": now, "settled_at": None, "settled_by": "",
    }  # fmt: skip
    await tx.execute(insert_into(tx, Task).values(row).on_conflict_do_nothing())
    found = await tx.scalar(select(Task.id).where(Task.touch_id == touch_id))
    assert found is not None
    return found


async def listed(tx: Tx, venue_id: str, state: TaskState | None, wanted: Wanted) -> Slice[Task]:
    """Newest first; of one state, or of all."""
    query = select(Task).where(Task.venue_id == venue_id)
    if state is not None:
        query = query.where(Task.state == state)
    return await slice_of(tx, query, wanted, id_column=Task.id)


async def settle(
    tx: Tx, venue_id: str, task_id: str, to: TaskState, *, outcome: str, actor: str, now: datetime
) -> Task:
    """Done, dropped, or open again; BadTransition where that makes no sense."""
    query = select(Task).where(Task.id == task_id, Task.venue_id == venue_id).with_for_update()
    task = await tx.scalar(query)
    if task is None:
        raise NotFound("task")
    task.move(to)
    is_open = to is TaskState.OPEN
    task.outcome = "" if is_open else outcome[:OUTCOME_MAX]
    task.settled_at = None if is_open else now
    task.settled_by = "" if is_open else actor
    await tx.flush()
    return task

"""The act `task`: a line on the venue's task list."""

from __future__ import annotations

from churn.ports import Doing, Given
from churn.triggers import tasks
from churn.triggers.acts import Task
from infra.kernel.db import Tx


async def do(tx: Tx, doing: Doing, act: Task) -> Given:
    task_id = await tasks.add(
        tx,
        venue_id=doing.venue_id,
        trigger_id=doing.trigger_id,
        touch_id=doing.touch_id,
        customer_id=doing.customer_id,
        title=act.title,
        note=act.note,
        now=doing.now,
    )
    return Given(travels=False, ids={"task_id": task_id})

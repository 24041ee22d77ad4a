"""The task list: what actions ask people of the venue to do for customers."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from churn.triggers import tasks
from churn.triggers.tables import Task, TaskState, Trigger
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.paging import LIMIT_MAX, Wanted
from paywall.accounts.roles import Permission as P
from paywall.accounts.tables import Account, Customer
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo

READ = {"permission": P.MARKETING_READ}
WRITE = {"permission": P.MARKETING_WRITE, "page": True}


@get("/console/{venue_id:str}/tasks", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """Open tasks, newest first; `?state=done` those that are settled."""
    asked = desk.request.query_params.get("state", "open")
    state = TaskState(asked) if asked in set(TaskState) else TaskState.OPEN
    async with desk.look() as tx:
        found = await tasks.listed(tx, desk.venue.id, state, Wanted(limit=LIMIT_MAX))
        named = desk.may(P.PEOPLE_READ) and desk.principal.strong
        people = await _people(tx, found.rows) if named else {}
        actions = await _actions(tx, found.rows)
    return desk.page(
        "tasks.html", section="tasks", rows=found.rows, state=state.value, people=people,
        actions=actions, may_write=desk.may(P.MARKETING_WRITE), more=found.more is not None,
    )  # fmt: skip


async def _people(tx: Tx, rows: list[Task]) -> dict[str, str]:
    query = (
        select(Customer.id, Account.email)
        .join(Account, Account.id == Customer.account_id)
        .where(Customer.id.in_([row.customer_id for row in rows]))
    )
    return {row.id: row.email for row in await tx.execute(query)}


async def _actions(tx: Tx, rows: list[Task]) -> dict[str, str]:
    query = select(Trigger.id, Trigger.name).where(Trigger.id.in_({row.trigger_id for row in rows}))
    return {row.id: row.name for row in await tx.execute(query)}


@post("/console/{venue_id:str}/tasks/{task_id:str}", opt=WRITE)
async def settle(desk: NamedDependency[Desk], task_id: FromPath[str]) -> Response[Any]:
    """Done, dropped, or open again."""
    typed = await desk.typed()
    wanted = typed.text("to")
    if wanted not in set(TaskState):
        raise NotFound("state of a task")
    to = TaskState(wanted)
    async with desk.act() as act:
        task = await tasks.settle(
            act.tx, desk.venue.id, task_id, to, outcome=typed.text("outcome"),
            actor=desk.principal.actor, now=act.now,
        )  # fmt: skip
        await act.note(f"task.{to.value}", task.id)
    if to is TaskState.OPEN:
        return desk.to(desk.url("/tasks"), desk.gettext("The task is open again."))
    undo = Undo(desk.url(f"/tasks/{task_id}"), {"to": "open"})
    return desk.to(desk.url("/tasks"), desk.gettext("The task is off the list."), undo=undo)


PAGES = [listing, settle]

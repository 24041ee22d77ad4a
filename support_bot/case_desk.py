"""What agents do with cases besides answering: assign, rank, tag, name the topic, merge.

Every function takes part in the caller's transaction; `case` was read for update in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from support_bot.case_tables import (
    Case,
    CaseFile,
    CaseMessage,
    CaseReply,
    CaseState,
    Priority,
)
from support_bot.cases import case_for_update, step, watch

TAGS_MAX = 20
TAG_LENGTH_MAX = 40
BULK_MAX = 100


class CannotMerge(Conflict):
    code = "cannot_merge"


def assign(tx: Tx, case: Case, to: str | None, by: str, now: datetime) -> None:
    """Give the case to an agent's account, or to nobody. The caller knows that they are staff."""
    if case.assignee_id == to:
        return
    case.assignee_id = to
    case.version += 1
    step(tx, case, by, "assigned", now, to=to or "")


def rank(tx: Tx, case: Case, priority: Priority, by: str, now: datetime) -> None:
    if case.priority is priority:
        return
    case.priority = priority
    case.version += 1
    step(tx, case, by, "ranked", now, to=priority.value)


def name_topic(tx: Tx, case: Case, topic: str, by: str, now: datetime) -> None:
    """Say which article the case is about; "" takes it back."""
    topic = topic.strip()[:80]
    if case.topic == topic:
        return
    step(tx, case, by, "topic", now, was=case.topic, to=topic)
    case.topic = topic
    case.version += 1


def tag(tx: Tx, case: Case, tags: Sequence[str], by: str, now: datetime) -> None:
    """Set the tags: lower case, sorted, each once. Invalid("tags") beyond the bounds."""
    clean = sorted({" ".join(one.split()).lower() for one in tags} - {""})
    if len(clean) > TAGS_MAX or any(len(one) > TAG_LENGTH_MAX for one in clean):
        raise Invalid(
            "tags", f"Use at most {TAGS_MAX} tags of {TAG_LENGTH_MAX} characters, with commas."
        )
    if any("," in one for one in clean):
        raise Invalid("tags", "A tag holds no comma.")
    if clean == case.tags:
        return
    case.tags = clean
    case.version += 1
    step(tx, case, by, "tagged", now, to=clean)


async def id_of(tx: Tx, venue_id: str, number: int) -> str:
    """The id of the case that people call by this number; NotFound."""
    query = select(Case.id).where(Case.venue_id == venue_id, Case.number == number)
    case_id = await tx.scalar(query)
    if case_id is None:
        raise NotFound("case")
    return case_id


async def merge(tx: Tx, case: Case, into: Case, by: str, now: datetime) -> None:
    """Move everything said in `case` to `into`, which goes on; both are of one person.

    Both were read for update, in the order of their ids. Different addresses are refused: the
    messages of one person would be mailed to another.
    """
    if case.id == into.id:
        raise CannotMerge("A case can't be merged into itself.")
    assert case.venue_id == into.venue_id
    if case.email.lower() != into.email.lower():
        raise CannotMerge("The two cases are of different people; answer them apart.")
    if into.state in (CaseState.CLOSED, CaseState.MERGED):
        raise CannotMerge("The case it should go into is closed.")
    case.move(CaseState.MERGED)
    # Flushed by themselves: these move rows, not objects of this session.
    for kind in (CaseMessage, CaseFile, CaseReply):
        await tx.execute(
            update(kind)
            .where(kind.case_id == case.id)
            .values(case_id=into.id)
            .execution_options(synchronize_session=False)
        )
    into.tags = sorted({*into.tags, *case.tags})[:TAGS_MAX]
    into.event_id = into.event_id or case.event_id
    into.topic = into.topic or case.topic
    if case.reply_due_at is not None and into.state in (
        CaseState.WAITING, CaseState.ANSWERED, CaseState.SOLVED,
    ):  # fmt: skip
        into.move(CaseState.OPEN)
        into.solved_at = into.follow_up_at = None
        into.solved_by = ""
        into.solve_due_at = into.solve_due_at or case.solve_due_at
    due = [at for at in (into.reply_due_at, case.reply_due_at) if at is not None]
    into.reply_due_at = min(due, default=None)
    into.live = into.live or case.live
    case.merged_into = into.id
    case.reply_due_at = case.solve_due_at = case.follow_up_at = None
    case.arrived_due_at = case.alarm_due_at = None
    case.version += 1
    into.version += 1
    watch(into)
    step(tx, case, by, "merged", now, into=into.id)
    step(tx, into, by, "took_over", now, number=case.number)


async def two_for_update(tx: Tx, venue_id: str, one: str, other: str) -> tuple[Case, Case]:
    """Both cases, locked in the order of their ids so that two merges never wait crosswise."""
    found = {
        case_id: await case_for_update(tx, venue_id, case_id) for case_id in sorted({one, other})
    }
    return found[one], found[other]

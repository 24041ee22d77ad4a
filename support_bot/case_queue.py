"""Lists of cases: the agents' queue with its filters, one case whole, a customer's own. Reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Select, String, cast, func, or_, select
from sqlalchemy import case as either

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.paging import Slice, Wanted, slice_of
from support_bot.case_tables import (
    OURS,
    UNDECIDED,
    Case,
    CaseFile,
    CaseMessage,
    CaseState,
    CaseStep,
    Channel,
    Priority,
)

QUEUE_MAX = 200
"""Cases shown at once; a queue longer than this is worked off from its top."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of the queue; empty ones let everything through."""

    view: str = "todo"  # todo | mine | nobody | late | answered | waiting | solved | all
    agent_id: str = ""
    assignee: str = ""
    lang: str = ""
    channel: str = ""
    topic: str = ""
    tag: str = ""
    event_id: str = ""
    words: str = ""


class FileLine(msgspec.Struct, frozen=True, kw_only=True):
    """A file without its bytes."""

    id: str
    message_id: str
    name: str
    content_type: str
    size_bytes: int


class WholeCase(msgspec.Struct, frozen=True, kw_only=True):
    case: Case
    messages: Sequence[CaseMessage]
    files: Sequence[FileLine]
    steps: Sequence[CaseStep]


def narrowed(venue_id: str, asked: Asked, now: datetime) -> Select[Case]:
    """The cases of the venue that the filters let through, in no order yet."""
    query = select(Case).where(Case.venue_id == venue_id)
    match asked.view:
        case "mine":
            query = query.where(Case.assignee_id == asked.agent_id, Case.state.in_(UNDECIDED))
        case "nobody":
            query = query.where(Case.assignee_id.is_(None), Case.state.in_(OURS))
        case "late":
            query = query.where(or_(Case.reply_due_at < now, Case.solve_due_at < now))
        case "answered":
            query = query.where(Case.state == CaseState.ANSWERED)
        case "waiting":
            query = query.where(Case.state == CaseState.WAITING)
        case "solved":
            query = query.where(Case.state.in_((CaseState.SOLVED, CaseState.CLOSED)))
        case "all":
            query = query.where(Case.state != CaseState.MERGED)
        case _:
            query = query.where(Case.state.in_(OURS))
    for column, value in (
        (Case.assignee_id, asked.assignee),
        (Case.lang, asked.lang),
        (Case.topic, asked.topic),
        (Case.event_id, asked.event_id),
    ):
        if value:
            query = query.where(column == value)
    if asked.channel:
        query = query.where(Case.channel == Channel(asked.channel))
    if asked.tag:
        query = query.where(
            func.lower(cast(Case.tags, String)).contains(
                json.dumps(asked.tag.strip().lower()), autoescape=True
            )
        )
    return _searched(query, asked.words)


def _searched(query: Select[Case], words: str) -> Select[Case]:
    words = words.strip()[:100]
    if not words:
        return query
    if words.lstrip("#").isdigit() and len(words) <= 10:
        return query.where(Case.number == int(words.lstrip("#")))
    if "@" in words:
        return query.where(func.lower(Case.email) == words.lower())
    like = func.lower(Case.subject).contains(words.lower(), autoescape=True)
    name = func.lower(Case.person_name).contains(words.lower(), autoescape=True)
    return query.where(or_(like, name))


async def queue(tx: Tx, venue_id: str, asked: Asked, now: datetime) -> list[Case]:
    """What to answer next comes first: live ones, high ones, then by their deadline.

    Whom the assistant could not help waits for the second time, and stands with the live ones.
    """
    came_back = Case.came_back_at.is_not(None) & Case.first_replied_at.is_(None)
    urgency = either(
        (or_(Case.live.is_(True), came_back), 0),
        (Case.priority == Priority.HIGH, 1),
        (Case.priority == Priority.LOW, 3),
        else_=2,
    )
    query = narrowed(venue_id, asked, now)
    if asked.view in ("solved", "all"):
        query = query.order_by(Case.changed_at.desc(), Case.id.desc())
    else:
        nothing_due = Case.reply_due_at.is_(None)
        query = query.order_by(urgency, nothing_due, Case.reply_due_at, Case.id)
    return list(await tx.scalars(query.limit(QUEUE_MAX)))


async def counts(tx: Tx, venue_id: str, agent_id: str, now: datetime) -> dict[str, int]:
    """How many cases each view holds that an agent has to look at."""
    found: dict[str, int] = {}
    for view in ("todo", "mine", "nobody", "late", "answered", "waiting"):
        inner = narrowed(venue_id, Asked(view=view, agent_id=agent_id), now).subquery()
        found[view] = (await tx.execute(select(func.count()).select_from(inner))).scalar_one()
    return found


async def listed(tx: Tx, venue_id: str, asked: Asked, wanted: Wanted, now: datetime) -> Slice[Case]:
    """The same filters in pages, newest first: what programs read."""
    return await slice_of(tx, narrowed(venue_id, asked, now), wanted, id_column=Case.id)


async def whole(tx: Tx, venue_id: str, case_id: str) -> WholeCase:
    """A case with everything in it; NotFound where it is another venue's."""
    found = await tx.scalar(select(Case).where(Case.id == case_id, Case.venue_id == venue_id))
    if found is None:
        raise NotFound("case")
    messages = await tx.scalars(
        select(CaseMessage)
        .where(CaseMessage.case_id == case_id)
        .order_by(CaseMessage.at, CaseMessage.id)
    )
    steps = await tx.scalars(
        select(CaseStep).where(CaseStep.case_id == case_id).order_by(CaseStep.at, CaseStep.id)
    )
    return WholeCase(
        case=found,
        messages=list(messages),
        files=await _files(tx, case_id),
        steps=list(steps),
    )


async def _files(tx: Tx, case_id: str) -> list[FileLine]:
    rows = await tx.execute(
        select(
            CaseFile.id,
            CaseFile.message_id,
            CaseFile.name,
            CaseFile.content_type,
            CaseFile.size_bytes,
        )
        .where(CaseFile.case_id == case_id)
        .order_by(CaseFile.id)
    )
    return [
        FileLine(id=i, message_id=m, name=n, content_type=t, size_bytes=s) for i, m, n, t, s in rows
    ]


async def sent_file(tx: Tx, case: Case, file_id: str) -> CaseFile:
    """One file that the customer may read: of a message that was said to them or by them."""
    found = await file_of(tx, case.venue_id, case.id, file_id)
    message = await tx.get(CaseMessage, found.message_id)
    if message is None or message.internal:
        raise NotFound("file")
    return found


async def file_of(tx: Tx, venue_id: str, case_id: str, file_id: str) -> CaseFile:
    """One file with its bytes; NotFound where it belongs to another case."""
    found = await tx.get(CaseFile, file_id)
    if found is None or found.case_id != case_id or found.venue_id != venue_id:
        raise NotFound("file")
    return found


def owned(account_id: str, proven_email: str) -> Select[Case]:
    """A person's own cases: opened when signed in, or from an address they have proven."""
    mine = Case.account_id == account_id
    if proven_email:
        # Not of another account that wrote this address into a form.
        theirs = (func.lower(Case.email) == proven_email.lower()) & Case.account_id.is_(None)
        mine = or_(mine, theirs)
    return select(Case).where(mine)


async def own_case(tx: Tx, account_id: str, proven_email: str, case_id: str) -> Case:
    """One of a person's own cases, a merged one where it goes on; NotFound for any other."""
    found = await tx.scalar(owned(account_id, proven_email).where(Case.id == case_id))
    if found is None:
        raise NotFound("request")
    return found


async def others_of(tx: Tx, case: Case) -> list[Case]:
    """The same address's other cases at this venue, the newest first."""
    query = (
        select(Case)
        .where(
            Case.venue_id == case.venue_id,
            func.lower(Case.email) == case.email.lower(),
            Case.id != case.id,
            Case.state != CaseState.MERGED,
        )
        .order_by(Case.id.desc())
        .limit(10)
    )
    return list(await tx.scalars(query))

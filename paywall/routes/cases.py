"""Support cases of a venue, for its programs: read, opened, answered, given to somebody, solved."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from infra.kernel.bounds import UNSET, Ask, Id, Moment, Unset, changes
from infra.kernel.errors import Invalid
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.bridges.support_people import staff_of
from paywall.catalogue.venues import Email
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc, utc_or_none
from support_bot import case_desk, case_queue, cases
from support_bot.case_tables import Author, Case, CaseMessage, CaseState, Channel, Priority

READ = {"permission": Permission.SUPPORT_READ}
WRITE = {"permission": Permission.SUPPORT_WRITE}
AT = "/v1/venues/{venue_id:str}/cases"
ONE = AT + "/{case_id:str}"

Text = Annotated[str, Meta(min_length=1, max_length=20_000)]
Subject = Annotated[str, Meta(max_length=200)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2}$", examples=["fr"])]
Tags = Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=20)]
View = Annotated[
    str,
    QueryParameter(
        pattern="^(todo|nobody|late|answered|waiting|solved|all)$", description="Which."
    ),
]
Words = Annotated[str, QueryParameter(max_length=100, description="A number, address or words.")]


class NewCase(Ask, frozen=True):
    """A question that your program passes on."""

    email: Email
    text_md: Text
    subject: Subject = ""
    name: Annotated[str, Meta(max_length=120)] = ""
    language: Language = "en"
    event_id: Id | None = None
    topic: Annotated[str, Meta(max_length=80)] = ""


class NewMessage(Ask, frozen=True):
    """An answer to the customer, in Markdown; `internal` makes it a note that only staff read."""

    text_md: Text
    internal: bool = False
    then: Annotated[str, Meta(pattern="^(open|waiting|solved)$")] = "waiting"


class CaseEdit(Ask, frozen=True):
    """What to change; absent members stay. `assignee_id` null gives it to nobody."""

    assignee_id: Id | Unset | None = UNSET
    priority: Priority | Unset = UNSET
    topic: Annotated[str, Meta(max_length=80)] | Unset = UNSET
    tags: Tags | Unset = UNSET


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    author: Author
    internal: bool
    text_md: str
    article: str
    at: Moment


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case without its messages. Deadlines are null where nothing is due."""

    id: Id
    number: int
    state: CaseState
    priority: Priority
    channel: Channel
    subject: str
    language: str
    topic: str
    tags: list[str]
    email: str
    name: str
    event_id: Id | None
    customer_id: Id | None
    conversation_id: Id | None
    assignee_id: Id | None
    merged_into: Id | None
    opened_at: Moment
    changed_at: Moment
    live: bool
    reply_due_at: Moment | None
    solve_due_at: Moment | None
    first_replied_at: Moment | None
    solved_at: Moment | None
    rating: int | None
    version: int


class WholeCaseView(CaseView, frozen=True, kw_only=True):
    messages: list[MessageView]


def _facts(case: Case) -> dict[str, Any]:
    return {
        "id": case.id, "number": case.number, "state": case.state, "priority": case.priority,
        "channel": case.channel, "subject": case.subject, "language": case.lang,
        "topic": case.topic, "tags": list(case.tags), "email": case.email,
        "name": case.person_name, "event_id": case.event_id, "customer_id": case.customer_id,
        "conversation_id": case.conversation_id, "assignee_id": case.assignee_id,
        "merged_into": case.merged_into, "opened_at": utc(case.opened_at),
        "changed_at": utc(case.changed_at), "live": case.live,
        "reply_due_at": utc_or_none(case.reply_due_at),
        "solve_due_at": utc_or_none(case.solve_due_at),
        "first_replied_at": utc_or_none(case.first_replied_at),
        "solved_at": utc_or_none(case.solved_at), "rating": case.rating,
        "version": case.version,
    }  # fmt: skip


def view(case: Case) -> CaseView:
    return CaseView(**_facts(case))


def message_view(one: CaseMessage) -> MessageView:
    return MessageView(
        id=one.id, author=one.author, internal=one.internal, text_md=one.text,
        article=one.article, at=utc(one.at),
    )  # fmt: skip


@get(AT, opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    show: View = "all",
    q: Words = "",
) -> Response[Page[CaseView]]:
    """List cases, the newest first."""
    async with look_at(parts, venue_id) as look:
        asked = case_queue.Asked(view=show, words=q)
        rows = await case_queue.listed(look.tx, venue_id, asked, wanted(limit, cursor), look.now)
    return page_of(request, rows, view)


@get(ONE, opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], case_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[WholeCaseView]:
    """Read one case with everything that was said, notes included."""
    async with look_at(parts, venue_id) as look:
        whole = await case_queue.whole(look.tx, venue_id, case_id)
    shown = WholeCaseView(
        **_facts(whole.case), messages=[message_view(one) for one in whole.messages]
    )
    return tagged(shown, whole.case.version)


@post(AT, opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[NewCase],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CaseView]:
    """Open a case. The customer gets a receipt by mail."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            case = await act.tx.get(Case, resume.resource_id)
            if case is None:
                case = await cases.open_case(
                    act.tx, venue_id=venue_id, customer_id=None, account_id=None,
                    email=data.email, lang=data.language, channel=Channel.API,
                    subject=data.subject, event_id=data.event_id, conversation_id=None,
                    lines=[cases.CaseLine(Author.VIEWER, data.text_md, act.now)], now=act.now,
                    topic=data.topic, person_name=data.name, case_id=resume.resource_id,
                )  # fmt: skip
                await act.note("case.opened", case.id)
        return Answer(201, view(case), {"ETag": etag(case.version)})

    return await once(request, parts, principal, "cas", run)


@post(ONE + "/messages", opt={**WRITE, "idempotent": "accepted", "errors": (409, 412)})
async def write(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    case_id: FromPath[str],
    data: JSONBody[NewMessage],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CaseView]:
    """Answer the customer by mail, or note something for colleagues."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            case = await cases.case_for_update(act.tx, venue_id, case_id)
            if await act.tx.get(CaseMessage, resume.resource_id) is None:
                await _say(act, case, data, resume.resource_id, parts, principal)
        return Answer(201, view(case), {"ETag": etag(case.version)})

    return await once(request, parts, principal, "cmg", run)


async def _say(
    act: Any, case: Case, data: NewMessage, message_id: str, parts: Parts, principal: Principal
) -> None:
    if data.internal:
        await cases.note(act.tx, case, principal.actor, data.text_md, act.now, note_id=message_id)
        await act.note("case.noted", case.id)
        return
    reply = cases.Reply(
        id=message_id, text=data.text_md, agent_id=principal.actor, then=CaseState(data.then),
        takes=principal.is_person,
    )  # fmt: skip
    await parts.cases.reply(act.tx, case.venue_id, case.id, reply, act.now, act.machine_now)
    await act.note("case.answered", case.id)


@patch(ONE, opt={**WRITE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    case_id: FromPath[str],
    data: JSONBody[CaseEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CaseView]:
    """Give the case to somebody, rank it, name its topic, tag it."""
    version, by = edited_version(request), principal.actor
    async with act_at(parts, principal, venue_id) as act:
        case = await cases.case_for_update(act.tx, venue_id, case_id)
        cases.check_version(case, version)
        wanted_now = changes(data)
        if "assignee_id" in wanted_now:
            to = wanted_now["assignee_id"]
            if to is not None and to not in {i for i, _, _ in await staff_of(act.tx, venue_id)}:
                raise Invalid("assignee_id", "Name somebody who answers cases at this venue.")
            case_desk.assign(act.tx, case, to, by, act.now)
        if "priority" in wanted_now:
            case_desk.rank(act.tx, case, wanted_now["priority"], by, act.now)
        if "topic" in wanted_now:
            case_desk.name_topic(act.tx, case, wanted_now["topic"], by, act.now)
        if "tags" in wanted_now:
            case_desk.tag(act.tx, case, wanted_now["tags"], by, act.now)
        await act.note("case.changed", case_id, fields=sorted(wanted_now))
    return tagged(view(case), case.version)


@post(ONE + "/solve", opt={**WRITE, "tagged": True, "errors": (409,)}, status_code=200)
async def solve(
    venue_id: FromPath[str],
    case_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CaseView]:
    """Solve the case without an answer; one that is solved stays so."""
    async with act_at(parts, principal, venue_id) as act:
        case = await cases.case_for_update(act.tx, venue_id, case_id)
        await parts.cases.solve(act.tx, case, principal.actor, act.now, act.machine_now)
        await act.note("case.solved", case_id)
    return tagged(view(case), case.version)


@post(ONE + "/reopen", opt={**WRITE, "tagged": True, "errors": (409,)}, status_code=200)
async def reopen(
    venue_id: FromPath[str],
    case_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CaseView]:
    """Take a solved case up again."""
    async with act_at(parts, principal, venue_id) as act:
        case = await cases.case_for_update(act.tx, venue_id, case_id)
        await cases.reopen(act.tx, case, principal.actor, act.now)
        await act.note("case.reopened", case_id)
    return tagged(view(case), case.version)


ROUTES = [create, edit, listing, read, reopen, solve, write]

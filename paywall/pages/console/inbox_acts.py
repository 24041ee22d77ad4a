"""What an agent does in a case: answer, note, give it to somebody, merge, solve, teach."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Invalid, Problem
from paywall.accounts.roles import Permission as P
from paywall.bridges.support_people import staff_of
from paywall.http.acts import Act
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.inbox_case import show_case
from paywall.pages.console.nav import N_
from paywall.pages.console.typed import Typed
from paywall.pages.requests import refusals
from paywall.pages.uploads import BODY_MAX, offered_files
from support_bot import case_desk, case_replies, cases
from support_bot.case_replies import UNDO
from support_bot.case_tables import Case, CaseState, Priority

WRITE = {"permission": P.SUPPORT_WRITE, "page": True}
AT = "/console/{venue_id:str}/inbox/{case_id:str}"

Do = Callable[[Act, Case], Awaitable[None] | None]


def _back(desk: Desk, case_id: str, typed: Typed) -> str:
    query = typed.text("query")[:500]
    return desk.url(f"/inbox/{case_id}") + (f"?{query}" if query.isprintable() and query else "")


async def _do(
    desk: Desk, case_id: str, typed: Typed, action: str, said: str, do: Do,
    undo: Undo | None = None,
) -> Response[Any]:  # fmt: skip
    """One act on one case in one transaction, with its line in the audit log."""
    try:
        async with desk.act() as act:
            case = await cases.case_for_update(act.tx, desk.venue.id, case_id)
            done = do(act, case)
            if done is not None:
                await done
            await act.note(action, case_id)
    except Problem as problem:
        if problem.status == 404:
            raise
        return await show_case(desk, case_id, typed, problem)
    return desk.to(_back(desk, case_id, typed), said, undo=undo)


@post(AT + "/reply", opt=WRITE, request_max_body_size=BODY_MAX)
async def reply(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """Answer the customer by mail, in ten seconds; until then it can be taken back.

    Refused where somebody wrote meanwhile: read, then send.
    """
    typed, files = await desk.typed(), await offered_files(desk.request)
    article, text = typed.text("article")[:80], typed.text("text")
    try:
        then = CaseState(typed.text("then") or "waiting")
    except ValueError as error:
        raise Invalid("then", N_("Choose what the case is after the answer.")) from error
    wanted = cases.Reply(
        text=text, agent_id=desk.principal.account_id, then=then, article=article,
        edited=bool(article) and typed.text("original") != text,
        version=typed.version() or None,
    )  # fmt: skip
    try:
        async with desk.act() as act:
            case = await cases.case_for_update(act.tx, desk.venue.id, case_id)
            row, refused = await case_replies.prepare(
                act.tx, case, wanted, files, now=act.now, machine_now=act.machine_now,
                files_of=typed.text("files_of"),
            )  # fmt: skip
            await act.note("case.answered", case_id)
    except Problem as problem:
        if problem.status == 404:
            raise
        return await show_case(desk, case_id, typed, problem)
    said = desk.gettext("The answer leaves in %(n)s seconds.") % {"n": UNDO.seconds}
    said = " ".join([said, *refusals(desk.locale, refused)])
    undone = Undo(
        desk.url(f"/inbox/{case_id}/replies/{row.id}/undo"), {"query": typed.text("query")}
    )
    return desk.to(_back(desk, case_id, typed), said, undo=undone)


@post(AT + "/replies/{reply_id:str}/undo", opt=WRITE)
async def undo(
    desk: NamedDependency[Desk], case_id: FromPath[str], reply_id: FromPath[str]
) -> Response[Any]:
    """Take an answer back before it leaves; its words stand in the form again."""
    typed = await desk.typed()
    by = desk.principal.account_id
    try:
        async with desk.act() as act:
            await case_replies.undo(act.tx, desk.venue.id, case_id, reply_id, by)
            await act.note("case.answer_undone", case_id)
    except Problem as problem:
        if problem.status == 404:
            raise
        return desk.to(_back(desk, case_id, typed), desk.words_for(problem))
    back = _back(desk, case_id, typed)
    at = back + ("&" if "?" in back else "?") + urlencode({"undone": reply_id})
    return desk.to(at, desk.gettext("Taken back. Nothing was sent."))


@post(AT + "/note", opt=WRITE)
async def note(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """A note that only colleagues read."""
    typed = await desk.typed()
    me = desk.principal.account_id

    async def do(act: Act, case: Case) -> None:
        await cases.note(act.tx, case, me, typed.text("note"), act.now)

    return await _do(desk, case_id, typed, "case.noted", desk.gettext("The note is kept."), do)


@post(AT + "/set", opt=WRITE)
async def change(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """Who answers it, how urgent it is, what it is about, its tags."""
    typed = await desk.typed()
    by = desk.principal.account_id

    async def do(act: Act, case: Case) -> None:
        if "assignee" in typed.values:
            to = typed.text("assignee")
            if to and to not in {i for i, _, _ in await staff_of(act.tx, desk.venue.id)}:
                raise Invalid("assignee", N_("This person does not answer cases here."))
            case_desk.assign(act.tx, case, to or None, by, act.now)
        if typed.text("priority"):
            try:
                priority = Priority(typed.text("priority"))
            except ValueError as error:
                raise Invalid("priority", N_("Choose a priority.")) from error
            case_desk.rank(act.tx, case, priority, by, act.now)
        if "topic" in typed.values:
            case_desk.name_topic(act.tx, case, typed.text("topic"), by, act.now)
        if "tags" in typed.values:
            case_desk.tag(act.tx, case, typed.text("tags").split(","), by, act.now)

    return await _do(desk, case_id, typed, "case.changed", desk.gettext("Saved."), do)


@post(AT + "/solve", opt=WRITE)
async def solve(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """Solved without another word."""
    typed = await desk.typed()
    by = desk.principal.account_id

    async def do(act: Act, case: Case) -> None:
        await desk.parts.cases.solve(act.tx, case, by, act.now, act.machine_now)

    undo = Undo(desk.url(f"/inbox/{case_id}/reopen"))
    return await _do(desk, case_id, typed, "case.solved", desk.gettext("Solved."), do, undo)


@post(AT + "/reopen", opt=WRITE)
async def reopen(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """Take a solved case up again."""
    typed = await desk.typed()
    by = desk.principal.account_id

    async def do(act: Act, case: Case) -> None:
        await cases.reopen(act.tx, case, by, act.now)

    return await _do(desk, case_id, typed, "case.reopened", desk.gettext("Open again."), do)


@post(AT + "/merge", opt=WRITE)
async def merge(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """Move everything of this case into another one of the same person."""
    typed = await desk.typed()
    number = typed.text("into").lstrip("#")
    into_id = ""
    try:
        if not number.isdigit() or len(number) > 9:
            raise Invalid("into", N_("Give the number of the other case."))
        async with desk.act() as act:
            into_id = await case_desk.id_of(act.tx, desk.venue.id, int(number))
            case, into = await case_desk.two_for_update(act.tx, desk.venue.id, case_id, into_id)
            await case_desk.merge(act.tx, case, into, desk.principal.account_id, act.now)
            await act.note("case.merged", case_id, into=into_id)
    except Problem as problem:
        return await show_case(desk, case_id, typed, problem)
    return desk.to(desk.url(f"/inbox/{into_id}"), desk.gettext("The two cases are one now."))


@post(AT + "/confirm", opt=WRITE)
async def confirm(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """This article answers what the customer asked: the assistant learns it."""
    typed = await desk.typed()
    by = desk.principal.account_id
    article = typed.text("article")[:80]

    async def do(act: Act, case: Case) -> None:
        if not article:
            raise Invalid("article", N_("Choose the article that answers the question."))
        if article != "oos":
            shelf = await desk.parts.help.at(act.tx, desk.venue.id, desk.locale.code)
            shelf.get(article)
        await desk.parts.cases.confirm(
            act.tx, case, typed.text("message_id"), article, by, act.machine_now, act.now
        )

    said = desk.gettext("Kept. The assistant learns from it.")
    return await _do(desk, case_id, typed, "case.confirmed", said, do)


PAGES = [reply, undo, note, change, solve, reopen, merge, confirm]

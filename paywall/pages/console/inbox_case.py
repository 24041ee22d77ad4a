"""One case as an agent sees it: what was said, whose it is, what to answer, who reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.db import Tx
from infra.kernel.errors import Problem
from paywall.accounts.roles import Permission as P
from paywall.bridges.support_people import staff_of
from paywall.http.downloads import download
from paywall.pages.case_letters import said_html
from paywall.pages.console import inbox
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_
from paywall.pages.console.typed import Typed
from support_bot import case_macros, case_presence, case_queue, case_replies
from support_bot.case_files import FILE_BYTES_MAX, FILES_MAX
from support_bot.case_queue import WholeCase
from support_bot.case_tables import (
    OURS,
    Author,
    Case,
    CaseReply,
    CaseState,
    CaseStep,
    ReplyState,
)

READ = {"permission": P.SUPPORT_READ}

STEPS = {
    "opened": N_("opened"),
    "assigned": N_("assigned"),
    "ranked": N_("priority changed"),
    "topic": N_("topic changed"),
    "tagged": N_("tags changed"),
    "merged": N_("merged into another case"),
    "took_over": N_("took over case %(number)s"),
    "solved": N_("solved"),
    "came_back": N_("the assistant’s answer did not settle it"),
    "judged": N_("said whether the assistant’s mail helped"),
    "reopened": N_("opened again"),
    "closed": N_("closed"),
    "late": N_("a deadline passed"),
    "rated": N_("rated by the customer"),
    "suggested": N_("the assistant suggested “%(article)s”"),
    "confirmed": N_("confirmed “%(article)s” as the right answer"),
    "file_refused": N_("file not taken: %(name)s"),
    "bounced": N_("a mail to the customer came back"),
    "held": N_("an answer was not sent, since somebody wrote meanwhile"),
}


async def show_case(
    desk: Desk, case_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    """The page; after a refusal with what was typed and the sentence that says why."""
    may_people = desk.may(P.PEOPLE_READ) and desk.may(P.ORDERS_READ)
    async with desk.look() as tx:
        whole = await case_queue.whole(tx, desk.venue.id, case_id)
        case = whole.case
        staff = {i: email for i, email, _ in await staff_of(tx, desk.venue.id)}
        beside = None
        if may_people:
            beside = await desk.parts.cases.people.beside(
                tx, venue_id=case.venue_id, account_id=case.account_id, email=case.email
            )
        others = await case_queue.others_of(tx, case)
        macros = await case_macros.macros(tx, desk.venue.id, case.lang)
        names = await inbox.event_names(tx, desk.venue.id, {case.event_id or ""})
        shelf = await desk.parts.help.at(tx, desk.venue.id, desk.locale.code)
        around = await _around(desk, tx, case_id)
        leaving = await case_replies.of_case(tx, case_id)
        undone = desk.request.query_params.get("undone", "")[:32]
        back = None
        if undone and typed is None:
            me = desk.principal.account_id
            back = await case_replies.taken_back(tx, case_id, undone, me)
    facts = case_macros.facts_of(
        case, event=names.get(case.event_id or "", ""), venue=desk.venue.name,
        agent=desk.principal.email.partition("@")[0],
    )  # fmt: skip
    topics = [(one.article.slug, one.text.title) for one in shelf.all()]
    return desk.page(
        "case.html",
        status=200 if problem is None else max(400, problem.status),
        section="inbox",
        case=case,
        state=inbox.state_badge(desk, case.state.value),
        clock=inbox.clock_of(desk, case),
        came_back=inbox.came_back(case),
        talk=_talk(desk, whole, staff),
        staff=[(i, inbox.short_name(e)) for i, e in staff.items()],
        me=desk.principal.account_id,
        beside=beside,
        may_people=may_people,
        may_write=desk.may(P.SUPPORT_WRITE)
        and case.state not in (CaseState.CLOSED, CaseState.MERGED),
        others=[(one, inbox.state_badge(desk, one.state.value)) for one in others],
        macros=[(one, case_macros.filled(one.text, facts)) for one in macros],
        event=names.get(case.event_id or "", ""),
        topics=topics,
        topic=dict(topics).get(case.topic, case.topic),
        priorities=inbox.PRIORITIES,
        channel=inbox.channel_text(desk, case.channel),
        query=inbox.queue_query(desk),
        around=around,
        leaving=[_leaving(desk, one, whole, staff) for one in leaving],
        # An answer that leaves is the agent's own change: the page is ready for it.
        version=case.version + sum(one.state is ReplyState.WAITING for one in leaving),
        typed=typed.values if typed is not None else _taken_back(back),
        kept_files=[f.name for f in whole.files if back is not None and f.message_id == back.id],
        files_max=FILES_MAX,
        mb_max=FILE_BYTES_MAX // 1_000_000,
        problem=desk.words_for(problem) if problem is not None else "",
        ours=case.state in OURS,
        beat_s=case_presence.BEAT_S,
        last_asked=_last_asked(whole),
    )


def _leaving(desk: Desk, one: CaseReply, whole: WholeCase, staff: dict[str, str]) -> dict[str, Any]:
    """An answer that is not in the case yet."""
    return {
        "id": one.id, "held": one.state is ReplyState.HELD, "said": said_html(one.text),
        "who": inbox.short_name(staff.get(one.agent_id, desk.venue.name)),
        "files": [file for file in whole.files if file.message_id == one.id],
    }  # fmt: skip


def _taken_back(row: CaseReply | None) -> dict[str, str]:
    """What an agent took back, as if it had just been typed."""
    if row is None:
        return {}
    original = "" if row.edited else row.text
    return {
        "text": row.text, "then": row.then.value, "article": row.article,
        "original": original, "files_of": row.id,
    }  # fmt: skip


async def _around(desk: Desk, tx: Tx, case_id: str) -> dict[str, str]:
    """The cases before and after this one in the list that the agent came from."""
    found = [one.id for one in await case_queue.queue(
        tx, desk.venue.id, inbox.asked_of(desk), desk.now
    )]  # fmt: skip
    query = inbox.queue_query(desk)
    tail = f"?{query}" if query else ""
    if case_id not in found:
        return {"next": desk.url(f"/inbox/{found[0]}") + tail} if found else {}
    at = found.index(case_id)
    urls = {}
    if at + 1 < len(found):
        urls["next"] = desk.url(f"/inbox/{found[at + 1]}") + tail
    if at:
        urls["before"] = desk.url(f"/inbox/{found[at - 1]}") + tail
    return urls


def _last_asked(whole: WholeCase) -> str:
    asked = [one for one in whole.messages if one.author is Author.VIEWER]
    return asked[-1].id if asked else ""


def _talk(desk: Desk, whole: WholeCase, staff: dict[str, str]) -> list[dict[str, Any]]:
    """Messages and steps in the order of time."""
    files: dict[str, list[Any]] = {}
    for file in whole.files:
        files.setdefault(file.message_id, []).append(file)
    lines: list[dict[str, Any]] = []
    for one in whole.messages:
        who = {
            Author.VIEWER: whole.case.person_name or whole.case.email,
            Author.BOT: desk.gettext("Assistant"),
            Author.AGENT: inbox.short_name(staff.get(one.author_id, desk.venue.name)),
        }[one.author]
        lines.append(
            {
                "kind": "note" if one.internal else one.author.value,
                "id": one.id, "who": who, "at": one.at, "text": one.text,
                "said": None if one.author is Author.VIEWER else said_html(one.text),
                "quoted": one.quoted, "files": files.get(one.id, []),
                "other": one.from_email, "by_mail": one.mail_id is not None,
                "article": one.article,
            }
        )  # fmt: skip
    for step in whole.steps:
        lines.append({"kind": "step", "id": step.id, "at": step.at, **_step(desk, step, staff)})
    return sorted(lines, key=lambda line: (line["at"], line["id"]))


def _step(desk: Desk, step: CaseStep, staff: dict[str, str]) -> dict[str, str]:
    words = desk.gettext(STEPS.get(step.kind, step.kind))
    if "%(" in words:
        words = words % {name: step.data.get(name, "") for name in ("number", "article", "name")}
    if step.kind == "assigned":
        to = staff.get(str(step.data.get("to", "")), "")
        given = desk.gettext("given to %(who)s") % {"who": inbox.short_name(to)}
        words = given if to else desk.gettext("given to nobody")
    return {"who": inbox.short_name(staff.get(step.actor, "")), "text": words}


@get("/console/{venue_id:str}/inbox/{case_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """The case; one that was merged leads to where it goes on."""
    async with desk.look() as tx:
        case = (await case_queue.whole(tx, desk.venue.id, case_id)).case
    if case.merged_into is not None:
        said = desk.gettext("Case %(number)s was merged into this one.") % {"number": case.number}
        return desk.to(desk.url(f"/inbox/{case.merged_into}"), said)
    return await show_case(desk, case_id)


@get("/console/{venue_id:str}/inbox/{case_id:str}/suggestions", opt=READ)
async def suggestions(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """What the bot would answer to the customer's last message; a fragment, asked for late."""
    async with desk.look() as tx:
        whole = await case_queue.whole(tx, desk.venue.id, case_id)
    case: Case = whole.case
    asked = [one for one in whole.messages if one.author is Author.VIEWER]
    found = []
    if asked and case.state in OURS:
        found = list(
            await desk.parts.cases.suggests.suggest(
                venue_id=case.venue_id, lang=case.lang, text=asked[-1].text
            )
        )
    return desk.fragment(
        "case_suggestions.html", case=case,
        found=[(one, said_html(one.text), _share(desk, one.score)) for one in found],
        may_write=desk.may(P.SUPPORT_WRITE),
    )  # fmt: skip


def _share(desk: Desk, score: float) -> str:
    return desk.locale.percent(Decimal(str(round(score, 2)))) if score else ""


@post("/console/{venue_id:str}/inbox/{case_id:str}/reading", opt={**READ, "page": True})
async def reading(desk: NamedDependency[Desk], case_id: FromPath[str]) -> Response[Any]:
    """The page's sign of life; answers who else is in the case, and whether it changed."""
    typed = await desk.typed()
    me = desk.principal.account_id
    async with desk.parts.db.transaction() as tx:
        case = (await case_queue.whole(tx, desk.venue.id, case_id)).case
        if typed.flag("leaves"):
            await case_presence.leave(tx, case_id, me)
            return Response(None, status_code=204)
        others = await case_presence.beat(
            tx, desk.venue.id, case_id, me, desk.machine_now, writing=typed.flag("writes")
        )
        staff = {i: email for i, email, _ in await staff_of(tx, desk.venue.id)}
    return desk.fragment(
        "case_readers.html",
        others=[(inbox.short_name(staff.get(one.account_id, "?")), one.writing) for one in others],
        changed=case.version > typed.version() > 0,
    )


@get("/console/{venue_id:str}/inbox/{case_id:str}/files/{file_id:str}", opt=READ)
async def file(
    desk: NamedDependency[Desk], case_id: FromPath[str], file_id: FromPath[str]
) -> Response[bytes]:
    """A file as a download: no browser opens what a stranger sent inside our pages."""
    async with desk.look() as tx:
        found = await case_queue.file_of(tx, desk.venue.id, case_id, file_id)
    return download(found.name, found.content_type, found.data)


PAGES = [read, suggestions, reading, file]

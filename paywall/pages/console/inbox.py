"""The agents' queue: what to answer next, with its filters in the address, and acts on many."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, Problem
from paywall.accounts.roles import Permission as P
from paywall.bridges.support_people import staff_of
from paywall.catalogue.tables import Event
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Cell, Filter, Row, csv_answer, moment_cell
from support_bot import case_desk, cases
from support_bot.case_presence import readers
from support_bot.case_queue import QUEUE_MAX, Asked, counts, queue
from support_bot.case_tables import OURS, Case, CaseState, Channel, Priority

READ = {"permission": P.SUPPORT_READ}
WRITE = {"permission": P.SUPPORT_WRITE, "page": True}
UNDONE_MAX = 40
"""Cases that one undo can take back: their ids travel in a cookie."""

VIEWS = {
    "todo": N_("To answer"),
    "mine": N_("Mine"),
    "nobody": N_("Nobody’s"),
    "late": N_("Late"),
    "answered": N_("Answered by the assistant"),
    "waiting": N_("Waiting for the customer"),
    "solved": N_("Solved"),
    "all": N_("All"),
}
CASE_STATES = {
    "new": (N_("New"), "warn"),
    "open": (N_("Open"), "warn"),
    "waiting": (N_("Customer’s turn"), "plain"),
    "answered": (N_("Answered by the assistant"), "plain"),
    "solved": (N_("Solved"), "good"),
    "closed": (N_("Closed"), "plain"),
    "merged": (N_("Merged"), "plain"),
}
CHANNELS = {
    "web": N_("Assistant"),
    "player": N_("Player"),
    "mail": N_("Mail"),
    "api": N_("API"),
    "form": N_("Form"),
}
PRIORITIES = {"low": N_("Low"), "normal": N_("Normal"), "high": N_("High")}


def asked_of(desk: Desk) -> Asked:
    """The filters of the address; made-up values let nothing through and harm nothing."""
    query = desk.request.query_params
    view = query.get("view", "todo")
    channel = query.get("channel", "")
    return Asked(
        view=view if view in VIEWS else "todo",
        agent_id=desk.principal.account_id,
        assignee=query.get("assignee", "")[:32],
        lang=query.get("lang", "")[:8],
        channel=channel if channel in CHANNELS else "",
        topic=query.get("topic", "")[:80],
        tag=query.get("tag", "")[:40],
        event_id=query.get("event_id", "")[:32],
        words=query.get("q", "")[:100],
    )


def queue_query(desk: Desk) -> str:
    """The filters again, for links that come back to the same list."""
    names = ("view", "assignee", "lang", "channel", "topic", "tag", "event_id", "q")
    query = desk.request.query_params
    return urlencode([(name, query[name]) for name in names if query.get(name)])


def clock_of(desk: Desk, case: Case) -> dict[str, str]:
    """The next deadline in words and tone: how long is left, or how late it is."""
    _ = desk.gettext
    due = case.reply_due_at or case.solve_due_at
    if due is None or case.state not in (CaseState.NEW, CaseState.OPEN):
        return {"text": "", "tone": "plain", "at": ""}
    left_s = int((due - desk.now).total_seconds())
    words = _span(desk, abs(left_s))
    if left_s < 0:
        text, tone = _("%(span)s late") % {"span": words}, "bad"
    else:
        kind = _("answer in %(span)s") if case.reply_due_at else _("solve in %(span)s")
        text, tone = kind % {"span": words}, "warn" if left_s < 900 or case.live else "plain"
    return {"text": text, "tone": tone, "at": due.isoformat()}


def _span(desk: Desk, seconds: int) -> str:
    if seconds < 3600:
        return desk.gettext("%(n)s min") % {"n": max(1, seconds // 60)}
    if seconds < 48 * 3600:
        return desk.gettext("%(n)s h") % {"n": seconds // 3600}
    return desk.gettext("%(n)s d") % {"n": seconds // 86400}


def state_badge(desk: Desk, state: str) -> dict[str, str]:
    text, tone = CASE_STATES[state]
    return {"text": desk.gettext(text), "tone": tone}


async def event_names(tx: Tx, venue_id: str, ids: set[str]) -> dict[str, str]:
    rows = await tx.execute(
        select(Event.id, Event.name).where(Event.venue_id == venue_id, Event.id.in_(sorted(ids)))
    )
    return dict(rows.all())


def came_back(case: Case) -> bool:
    """The assistant answered, and it was not enough: nobody has answered yet."""
    back = case.came_back_at is not None and case.first_replied_at is None
    return back and case.state in OURS


def short_name(email: str) -> str:
    """An agent as colleagues call them: what stands before the @."""
    return email.partition("@")[0]


@get("/console/{venue_id:str}/inbox", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The queue; htmx asks for the rows alone, and `?format=csv` gives them as a file."""
    asked = asked_of(desk)
    async with desk.look() as tx:
        found = await queue(tx, desk.venue.id, asked, desk.now)
        numbers = await counts(tx, desk.venue.id, desk.principal.account_id, desk.now)
        staff = {i: email for i, email, _ in await staff_of(tx, desk.venue.id)}
        there = await readers(tx, [one.id for one in found], desk.machine_now)
        names = await event_names(tx, desk.venue.id, {c.event_id for c in found if c.event_id})
    if desk.request.query_params.get("format") == "csv":
        return _csv(desk, found, staff, names)
    query = queue_query(desk)
    rows = [
        {
            "case": one,
            "url": desk.url(f"/inbox/{one.id}") + (f"?{query}" if query else ""),
            "state": state_badge(desk, one.state.value),
            "clock": clock_of(desk, one),
            "agent": short_name(staff.get(one.assignee_id or "", "")),
            "event": names.get(one.event_id or "", ""),
            "came_back": came_back(one),
            "readers": [
                short_name(staff.get(r.account_id, "?"))
                for r in there.get(one.id, ())
                if r.account_id != desk.principal.account_id
            ],
        }
        for one in found
    ]
    shown: dict[str, Any] = {
        "rows": rows, "asked": asked, "full": len(found) == QUEUE_MAX, "query": query,
        "may_write": desk.may(P.SUPPORT_WRITE), "channels": CHANNELS,
    }  # fmt: skip
    if desk.request.headers.get("hx-request"):
        return desk.fragment("inbox_rows.html", **shown)
    views = [
        {"text": desk.gettext(text), "url": desk.url("/inbox", view=view), "view": view,
         "count": numbers.get(view)}
        for view, text in VIEWS.items()
    ]  # fmt: skip
    return desk.page(
        "inbox.html", section="inbox", views=views, filters=_filters(desk, staff), staff=staff,
        csv_url=f"{desk.url('/inbox')}?{query}&format=csv", agents=_agents(desk, staff),
        priorities=PRIORITIES, narrowed=_narrowed(asked), **shown,
    )  # fmt: skip


def _agents(desk: Desk, staff: dict[str, str]) -> list[tuple[str, str]]:
    me = desk.principal.account_id
    others = [(i, short_name(email)) for i, email in staff.items() if i != me]
    mine = [(me, desk.gettext("me"))] if me in staff else []
    return [*mine, *others]


def _narrowed(asked: Asked) -> bool:
    return any(
        (asked.assignee, asked.lang, asked.channel, asked.topic, asked.tag, asked.words,
         asked.event_id)
    )  # fmt: skip


def _filters(desk: Desk, staff: dict[str, str]) -> list[Filter]:
    _ = desk.gettext
    everyone = [("", _("All"))]
    return [
        Filter("q", _("Number, address or words")),
        Filter("assignee", _("Agent"), everyone + [(i, short_name(e)) for i, e in staff.items()]),
        Filter("channel", _("Way in"), everyone + [(k, _(v)) for k, v in CHANNELS.items()]),
        Filter("lang", _("Language"), type="text"),
        Filter("tag", _("Tag"), type="text"),
    ]


def _csv(
    desk: Desk, found: list[Case], staff: dict[str, str], names: dict[str, str]
) -> Response[bytes]:
    _, zone = desk.gettext, desk.venue.timezone

    def moment(at: datetime | None) -> Cell:
        return moment_cell(desk.locale, at, zone)

    columns = [
        _("Case"), _("Subject"), _("State"), _("Email"), _("Language"), _("Way in"), _("Topic"),
        _("Event"), _("Agent"), _("Opened"), _("Answer due"), _("Solved"), _("Content"),
    ]  # fmt: skip
    rows = [
        Row(
            [
                Cell(str(c.number), raw=c.number), Cell(c.subject), Cell(c.state.value),
                Cell(c.email), Cell(c.lang), Cell(c.channel.value), Cell(c.topic),
                Cell(names.get(c.event_id or "", "")), Cell(staff.get(c.assignee_id or "", "")),
                moment(c.opened_at), moment(c.reply_due_at), moment(c.solved_at),
                Cell("" if c.rating is None else str(c.rating)),
            ]
        )
        for c in found
    ]  # fmt: skip
    return csv_answer("cases", columns, rows)


@post("/console/{venue_id:str}/inbox/bulk", opt=WRITE)
async def bulk(desk: NamedDependency[Desk]) -> Response[Any]:
    """Assign, rank, tag or solve the chosen cases; each in its order, all or none."""
    typed = await desk.typed()
    ids = sorted({*typed.many("case"), *typed.text("cases").split(",")} - {""})
    back = desk.url("/inbox") + (f"?{typed.text('query')}" if typed.text("query") else "")
    if not ids:
        return desk.to(back, desk.gettext("Choose some cases first."))
    if len(ids) > case_desk.BULK_MAX:
        raise Invalid("case", N_("Choose at most 100 cases at once."))
    act = typed.text("act")
    try:
        await _bulk(desk, ids, act, typed.text(act))
    except Problem as problem:
        return desk.to(back, desk.words_for(problem))
    undo = None
    if act == "solve" and len(ids) <= UNDONE_MAX:
        undo = Undo(desk.url("/inbox/bulk"), {"act": "reopen", "cases": ",".join(ids)})
    said = desk.locale.ngettext("%(n)s case changed.", "%(n)s cases changed.", len(ids))
    return desk.to(back, said % {"n": len(ids)}, undo=undo)


async def _bulk(desk: Desk, ids: list[str], act: str, value: str) -> None:
    by = desk.principal.account_id
    async with desk.act() as at:
        staff = {i for i, _, _ in await staff_of(at.tx, desk.venue.id)}
        for case_id in ids:
            case = await cases.case_for_update(at.tx, desk.venue.id, case_id)
            match act:
                case "assign":
                    if value and value not in staff:
                        raise Invalid("assign", N_("This person does not answer cases here."))
                    case_desk.assign(at.tx, case, value or None, by, at.now)
                case "rank":
                    case_desk.rank(at.tx, case, _priority(value), by, at.now)
                case "tag":
                    case_desk.tag(at.tx, case, [*case.tags, *value.split(",")], by, at.now)
                case "solve":
                    await desk.parts.cases.solve(at.tx, case, by, at.now, at.machine_now)
                case "reopen":
                    if case.state is CaseState.SOLVED:
                        await cases.reopen(at.tx, case, by, at.now)
                case _:
                    raise Invalid("act", N_("Choose what to do with the cases."))
        await at.note(f"cases.{act}", ids[0], cases=ids)


def _priority(value: str) -> Priority:
    try:
        return Priority(value)
    except ValueError as error:
        raise Invalid("rank", N_("Choose a priority.")) from error


def channel_text(desk: Desk, channel: Channel) -> str:
    return desk.gettext(CHANNELS[channel.value])


PAGES = [listing, bulk]

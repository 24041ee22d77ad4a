"""A person's own requests for help: read, answered, ended; and the question how it went."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.errors import NotFound, Problem
from infra.kernel.paging import slice_of
from paywall.accounts.principal import Principal
from paywall.catalogue.tables import Venue
from paywall.http.downloads import download
from paywall.http.pages_of import onward, wanted
from paywall.pages.case_letters import said_html
from paywall.pages.forms import Form, go, posted
from paywall.pages.i18n import Translator
from paywall.pages.paths import path
from paywall.pages.problem_words import detail_of
from paywall.pages.site import AnyRequest, Site
from paywall.pages.uploads import BODY_MAX, offered_files
from support_bot import case_queue, cases
from support_bot.case_files import FILE_BYTES_MAX, FILES_MAX, Refusal
from support_bot.case_tables import Author, Case, CaseState

PERSON = {"person": True}
OPEN = {"public": True}
SHOWN = 20


def _proven(principal: Principal) -> str:
    return principal.email if principal.email_proven else ""


@get("/requests", opt=PERSON)
async def own_requests(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Everything this person ever asked, at every venue, the newest first."""
    principal = site.visit(request).principal
    asked = wanted(SHOWN, request.query_params.get("cursor", ""))
    async with site.parts.db.read() as tx:
        query = case_queue.owned(principal.account_id, _proven(principal)).where(
            Case.state != CaseState.MERGED
        )
        found = await slice_of(tx, query, asked, id_column=Case.id)
        ids = {one.venue_id for one in found.rows}
        venues = {v.id: v for v in await tx.scalars(select(Venue).where(Venue.id.in_(ids)))}
    locale = site.visit(request).locale
    rows = [
        {"case": one, "venue": venues[one.venue_id], "state": state_words(locale, one)}
        for one in found.rows
    ]
    return await site.page(
        request, "requests.html", rows=rows, next_url=onward(path("requests"), "cursor", found)
    )


def state_words(locale: Translator, case: Case) -> str:
    """Whose turn it is, in the customer's words."""
    _ = locale.gettext
    return {
        CaseState.NEW: _("We have it"),
        CaseState.OPEN: _("We have it"),
        CaseState.WAITING: _("Your turn"),
        CaseState.ANSWERED: _("Answered"),
        CaseState.SOLVED: _("Solved"),
        CaseState.CLOSED: _("Closed"),
        CaseState.MERGED: _("Closed"),
    }[case.state]


@get("/requests/{case_id:str}", opt=PERSON)
async def own_request(
    case_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """One of them, with everything that was said to the customer."""
    return await _page(request, site, case_id)


async def _page(
    request: AnyRequest, site: Site, case_id: str, form: Form | None = None, status: int = 200,
    refused: list[Refusal] | None = None,
) -> Response[bytes]:  # fmt: skip
    visit = site.visit(request)
    async with site.parts.db.read() as tx:
        case = await _own(site, visit.principal, case_id, tx)
        if case.merged_into is not None:
            return go(path("request", case=case.merged_into))
        whole = await case_queue.whole(tx, case.venue_id, case_id)
        venue = await tx.get_one(Venue, case.venue_id)
    _ = visit.locale.gettext
    who = {Author.VIEWER: _("You"), Author.BOT: _("Assistant"), Author.AGENT: venue.name}
    files: dict[str, list[case_queue.FileLine]] = {}
    for file in whole.files:
        files.setdefault(file.message_id, []).append(file)
    lines = [
        {
            "who": who[one.author], "mine": one.author is Author.VIEWER, "at": one.at,
            "text": one.text, "files": files.get(one.id, []),
            "said": None if one.author is Author.VIEWER else said_html(one.text),
        }
        for one in whole.messages
        if not one.internal
    ]  # fmt: skip
    over = case.state is CaseState.CLOSED
    return await site.page(
        request, "request.html", venue=venue, zone=venue.timezone, status=status, case=case,
        lines=lines, over=over,
        state=state_words(visit.locale, case), solvable=not over and case.state.value != "solved",
        form=form or Form(), refused=refusals(visit.locale, refused or []),
        files_max=FILES_MAX, mb_max=FILE_BYTES_MAX // 1_000_000,
        ask_url=path("venue_help_contact", venue=venue.slug),
    )  # fmt: skip


async def _own(site: Site, principal: Principal, case_id: str, tx: Any) -> Case:
    return await case_queue.own_case(tx, principal.account_id, _proven(principal), case_id)


def refusals(locale: Translator, refused: list[Refusal]) -> list[str]:
    """Why files were not taken, a sentence each."""
    _ = locale.gettext
    words = {
        "kind": _("%(name)s was not taken: only pictures, PDF and plain text can be."),
        "size": _("%(name)s was not taken: it is too large."),
        "number": _("%(name)s was not taken: there are too many files."),
        "empty": _("%(name)s was not taken: it is empty."),
    }
    return [words[one.why.value] % {"name": one.name} for one in refused]


@post("/requests/{case_id:str}", opt=PERSON, status_code=303, request_max_body_size=BODY_MAX)
async def write(
    case_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Write again, with files. Refused files are named; the message goes all the same."""
    visit = site.visit(request)
    typed = {"text": ""}
    try:
        typed = await posted(request)
        offered = await offered_files(request)
        async with site.parts.db.transaction() as tx:
            case = await _own(site, visit.principal, case_id, tx)
            venue = await tx.get_one(Venue, case.venue_id)
            case = await cases.case_for_update(tx, case.venue_id, case_id)
            now = site.parts.clock.now(venue.clock_offset_s)
            refused = await site.parts.cases.customer_writes(
                tx, case, typed.get("text", ""), offered, now
            )
    except NotFound:
        raise
    except Problem as problem:
        form = Form(dict(typed), {"text": detail_of(visit.locale, problem)})
        return await _page(request, site, case_id, form, problem.status)
    if refused:
        return await _page(request, site, case_id, refused=refused)
    return go(path("request", case=case_id))


@post("/requests/{case_id:str}/solved", opt=PERSON, status_code=303)
async def solved(
    case_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The customer needs nothing more."""
    principal = site.visit(request).principal
    async with site.parts.db.transaction() as tx:
        case = await _own(site, principal, case_id, tx)
        venue = await tx.get_one(Venue, case.venue_id)
        case = await cases.case_for_update(tx, case.venue_id, case_id)
        if case.state not in (CaseState.CLOSED, CaseState.MERGED):
            now = site.parts.clock.now(venue.clock_offset_s)
            machine_now = site.parts.clock.machine()
            await site.parts.cases.solve(tx, case, "customer", now, machine_now)
    return go(path("request", case=case_id))


@get("/requests/{case_id:str}/files/{file_id:str}", opt=PERSON)
async def own_file(
    case_id: FromPath[str], file_id: FromPath[str], request: AnyRequest,
    site: NamedDependency[Site],
) -> Response[bytes]:  # fmt: skip
    """A file of the customer's own, or of an answer to them, as a download."""
    principal = site.visit(request).principal
    async with site.parts.db.read() as tx:
        case = await _own(site, principal, case_id, tx)
        found = await case_queue.sent_file(tx, case, file_id)
    return download(found.name, found.content_type, found.data)


async def _marked(
    site: Site, case_id: str, mark: str, tx: Any, *, lock: bool, page: str = "rating"
) -> Case:
    """The case of a signed link; as if it weren't there for any other mark."""
    if not site.parts.cases.letters.is_mark(case_id, mark[:40], page):
        raise NotFound("request")
    case = await tx.get(Case, case_id, with_for_update=lock)
    if case is None:
        raise NotFound("request")
    found: Case = case
    return found


@get("/requests/{case_id:str}/rating", opt=OPEN)
async def rating_page(
    case_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """How did it go? Opened from a mail; only the buttons say something, no scanner's GET."""
    mark = request.query_params.get("mark", "")
    async with site.parts.db.read() as tx:
        case = await _marked(site, case_id, mark, tx, lock=False)
        venue = await tx.get_one(Venue, case.venue_id)
    said = request.query_params.get("said", "")
    return await site.page(
        request, "request_rating.html", venue=venue, case=case, mark=mark, said=said
    )


@post("/requests/{case_id:str}/rating", opt=OPEN, status_code=303)
async def rate(
    case_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Keep the customer's word; it can be changed as long as the link is at hand."""
    typed = await posted(request)
    mark = typed.get("mark", "")
    async with site.parts.db.transaction() as tx:
        case = await _marked(site, case_id, mark, tx, lock=True)
        venue = await tx.get_one(Venue, case.venue_id)
        now = site.parts.clock.now(venue.clock_offset_s)
        rating = 1 if typed.get("rating") == "1" else 0
        cases.rate(tx, case, rating, typed.get("words", ""), now)
    return go(path("request_rating", case=case_id) + f"?mark={mark}&said=1")


@get("/requests/{case_id:str}/answer", opt=OPEN)
async def answer_page(
    case_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Did the assistant's mail help? Only the buttons say something, no scanner's GET.

    It shows nothing of what was asked: whoever holds the link may be somebody else.
    """
    return await _judging(request, site, case_id, request.query_params.get("mark", ""))


async def _judging(
    request: AnyRequest, site: Site, case_id: str, mark: str, form: Form | None = None,
    status: int = 200,
) -> Response[bytes]:  # fmt: skip
    async with site.parts.db.read() as tx:
        case = await _marked(site, case_id, mark, tx, lock=False, page="answer")
        venue = await tx.get_one(Venue, case.venue_id)
    over = case.state in (CaseState.CLOSED, CaseState.MERGED)
    return await site.page(
        request, "request_answer.html", venue=venue, case=case, mark=mark, status=status,
        said=request.query_params.get("said", ""), over=over, form=form or Form(),
        ask_url=path("venue_help_contact", venue=venue.slug),
    )  # fmt: skip


@post("/requests/{case_id:str}/answer", opt=OPEN, status_code=303)
async def judge(
    case_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """It helped, and the request is solved; or it did not, and a person has it."""
    typed = await posted(request)
    mark, helped = typed.get("mark", ""), typed.get("helped") == "yes"
    try:
        async with site.parts.db.transaction() as tx:
            case = await _marked(site, case_id, mark, tx, lock=True, page="answer")
            venue = await tx.get_one(Venue, case.venue_id)
            await site.parts.cases.judged(
                tx, case, helped=helped, words=typed.get("words", ""),
                now=site.parts.clock.now(venue.clock_offset_s),
                machine_now=site.parts.clock.machine(),
            )  # fmt: skip
    except NotFound:
        raise
    except Problem as problem:
        form = Form(dict(typed), {"words": detail_of(site.visit(request).locale, problem)})
        return await _judging(request, site, case_id, mark, form, problem.status)
    said = "yes" if helped else "no"
    return go(path("request_answer", case=case_id) + f"?mark={mark}&said={said}")


PAGES = [
    *[own_requests, own_request, write, solved, own_file, rating_page, rate],
    *[answer_page, judge],
]

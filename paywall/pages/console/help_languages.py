"""What no native speaker has read yet: counted by language, listed, and noted when somebody has."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, NotFound, Problem
from infra.kernel.paging import Place, Wanted
from paywall.accounts.audit import record
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Permission as P
from paywall.pages.console.desk import Desk, site_of
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Cell, Link, Listing, Row, number_cell, show
from paywall.pages.console.typed import Typed, ask
from paywall.pages.forms import Form
from paywall.pages.i18n import NAMES
from paywall.pages.unread import Language
from support_bot import readings
from support_bot.articles import OwnKnowledge
from support_bot.own_articles import own_knowledge
from support_bot.readings import ARTICLE, MAILS, PAGES, Reader

PRINT_SHOWN = 16
"""Letters of a text's hash that a form carries: enough to see that the text has changed."""


async def _languages(desk: Desk, tx: Tx, only: str = "") -> list[Language]:
    """As this venue's readers get them, or as they ship."""
    at_house = desk.place == INSTALLATION
    own = OwnKnowledge() if at_house else await own_knowledge(tx, desk.place)
    marks = await readings.marks(tx, *{desk.place, INSTALLATION})
    return site_of(desk.request).reading.languages(own, marks, only)


def _base(desk: Desk) -> str:
    return "/languages" if desk.place == INSTALLATION else "/help/languages"


async def _listing(desk: Desk) -> Response[Any]:
    _ = desk.gettext

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        return [_row(desk, one) for one in await _languages(desk, tx)], None

    trail = [] if desk.place == INSTALLATION else [Link(_("Help centre"), desk.url("/help"))]
    return await show(
        desk,
        Listing(
            section="languages" if desk.place == INSTALLATION else "help",
            title=_("Read by native speakers"),
            lead=_(
                "How many texts nobody whose first language it is has read yet. A text that"
                " changes is unread again."
            ),
            columns=[
                _("Language"), _("Articles unread"), _("Page texts unread"),
                _("Mail texts unread"), _("Articles not written"),
            ],
            name="languages", trail=trail,
        ),
        fetch,
    )  # fmt: skip


def _row(desk: Desk, one: Language) -> Row:
    counts = [one.unread(ARTICLE), one.unread(PAGES), one.unread(MAILS), one.missing]
    return Row(
        [Cell(one.name, sub=one.code), *(number_cell(desk.locale, count) for count in counts)],
        desk.url(f"{_base(desk)}/{one.code}"),
    )


async def _page(desk: Desk, code: str, form: Form | None = None) -> Response[Any]:
    if code not in NAMES:
        raise NotFound("language")
    async with desk.look() as tx:
        [language] = await _languages(desk, tx, code)
    return desk.page(
        "help_language.html",
        status=422 if form is not None else 200,
        section="languages" if desk.place == INSTALLATION else "help",
        language=language,
        base=_base(desk),
        form=form or Form({"name": ""}, {}),
        shown=PRINT_SHOWN,
        may_write=desk.may(
            P.INSTALLATION_VENUES if desk.place == INSTALLATION else P.SUPPORT_WRITE
        ),
    )


async def _mark(desk: Desk, code: str) -> Response[Any]:
    typed = await desk.typed()
    try:
        count = await _marked(desk, code, typed)
    except Problem as problem:
        if isinstance(problem, NotFound):
            raise
        field = "name" if problem.field == "name" else "subject"
        return await _page(desk, code, Form(dict(typed.values), {field: desk.words_for(problem)}))
    said = desk.locale.ngettext(
        "%(count)s text is noted.", "%(count)s texts are noted.", count
    ) % {"count": count}  # fmt: skip
    return desk.to(desk.url(f"{_base(desk)}/{code}"), said)


async def _marked(desk: Desk, code: str, typed: Typed) -> int:
    """Note what was ticked, or take it back (`act=unread`); how many texts."""
    chosen = dict(one.rpartition(" ")[::2] for one in typed.many("subject"))
    if not chosen:
        raise Invalid("subject", N_("Tick what was read."))
    back = typed.text("act") == "unread"
    reader = Reader(name="-") if back else ask(Reader, name=typed.text("name"))
    now = desk.machine_now
    async with desk.parts.db.transaction() as tx:
        [language] = await _languages(desk, tx, code)
        prints = {
            one.key: one.print
            for one in language.subjects
            # Only what the reader saw: a text that changed meanwhile stays unread.
            if chosen.get(one.key) == one.print[:PRINT_SHOWN]
        }
        if back:
            await readings.unmark(tx, desk.place, code, prints)
        else:
            actor = desk.principal.actor
            await readings.mark(tx, desk.place, code, prints, reader, actor=actor, now=now)
        await record(
            tx, venue_id=desk.place, actor=desk.principal.actor, subject=code,
            action="texts.unread" if back else "texts.read", data={"count": len(prints)}, now=now,
        )  # fmt: skip
    return sum(one.texts for one in language.subjects if one.key in prints)


@get("/console/{venue_id:str}/help/languages", opt={"permission": P.SUPPORT_READ})
async def of_venue(desk: NamedDependency[Desk]) -> Response[Any]:
    """Counts by language, with the venue's own articles."""
    return await _listing(desk)


@get("/console/{venue_id:str}/help/languages/{lang:str}", opt={"permission": P.SUPPORT_READ})
async def one_of_venue(desk: NamedDependency[Desk], lang: FromPath[str]) -> Response[Any]:
    """What there is to read in one language."""
    return await _page(desk, lang)


@post(
    "/console/{venue_id:str}/help/languages/{lang:str}",
    opt={"permission": P.SUPPORT_WRITE, "page": True},
)
async def mark_at_venue(desk: NamedDependency[Desk], lang: FromPath[str]) -> Response[Any]:
    """Note what a native speaker has read, for this venue."""
    return await _mark(desk, lang)


@get(f"/console/{INSTALLATION}/languages", opt={"permission": P.INSTALLATION_VENUES})
async def of_house(desk: NamedDependency[Desk]) -> Response[Any]:
    """Counts by language of what ships."""
    return await _listing(desk)


@get(f"/console/{INSTALLATION}/languages/{{lang:str}}", opt={"permission": P.INSTALLATION_VENUES})
async def one_of_house(desk: NamedDependency[Desk], lang: FromPath[str]) -> Response[Any]:
    """What there is to read in one language."""
    return await _page(desk, lang)


@post(
    f"/console/{INSTALLATION}/languages/{{lang:str}}",
    opt={"permission": P.INSTALLATION_VENUES, "page": True},
)
async def mark_at_house(desk: NamedDependency[Desk], lang: FromPath[str]) -> Response[Any]:
    """Note what a native speaker has read, for every venue."""
    return await _mark(desk, lang)


ROUTED = [of_venue, one_of_venue, mark_at_venue, of_house, one_of_house, mark_at_house]

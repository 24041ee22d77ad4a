"""The way from test to live: the checklist, the end of the tests, and the button."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from infra.kernel.errors import Problem
from paywall.accounts.roles import Permission as P
from paywall.catalogue.tables import Mode
from paywall.checkout.go_live import NotReady
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_

READ = {"permission": P.VENUE_GO_LIVE}
WRITE = {"permission": P.VENUE_GO_LIVE, "page": True}

# By check: what it is called, and where the venue's own staff put it right.
CHECKS: dict[str, tuple[str, str]] = {
    "public_url": (N_("A public https address"), ""),
    "mail": (N_("Mails leave the house"), ""),
    "imprint": (N_("Who sells: legal name, address, contact"), "/settings"),
    "processor": (N_("A payment account with live keys"), "/processors"),
    "currency": (N_("It takes your currency in your country"), "/processors"),
    "clock": (N_("The clock stands with the world's"), ""),
    "webhooks": (N_("Webhooks go to https addresses"), "/webhooks"),
}


@get("/console/{venue_id:str}/live", opt=READ)
async def show(desk: NamedDependency[Desk]) -> Response[Any]:
    """What is there and what is missing, each with its remedy; the button once nothing is."""
    checks = await desk.parts.live.checks(desk.venue.id)
    lines = [
        {
            "name": desk.gettext(CHECKS[one.code][0]),
            "ready": one.ready,
            "remedy": desk.gettext(one.remedy) if one.remedy else "",
            "url": desk.url(CHECKS[one.code][1]) if CHECKS[one.code][1] else "",
        }
        for one in checks
    ]
    return desk.page(
        "live.html",
        section="settings",
        lines=lines,
        ready=all(one.ready for one in checks),
        is_live=desk.venue.mode is Mode.LIVE,
        ahead_s=desk.venue.clock_offset_s,
    )


@post("/console/{venue_id:str}/live", opt=WRITE)
async def go_live(desk: NamedDependency[Desk]) -> Response[Any]:
    """The step itself, from which there is no way back."""
    try:
        await desk.parts.live.go_live(desk.venue.id, desk.principal.actor)
    except NotReady:
        return desk.to(desk.url("/live"), desk.gettext("Something is missing: see the list."))
    except Problem as problem:
        return desk.to(desk.url("/live"), desk.words_for(problem))
    return desk.to(
        desk.url(), desk.gettext("The venue is live: real money moves from now on. Good luck!")
    )


@post("/console/{venue_id:str}/live/end-tests", opt=WRITE)
async def end_tests(desk: NamedDependency[Desk]) -> Response[Any]:
    """Close every test order, and bring the clock back to the world's."""
    page = desk.url("/live")
    try:
        ended = await desk.parts.live.end_tests(desk.venue.id, desk.principal.actor)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    said = desk.locale.ngettext(
        "The tests are closed: the places of %(count)s order are free again.",
        "The tests are closed: the places of %(count)s orders are free again.",
        ended.places,
    ) % {"count": ended.places}
    return desk.to(page, said)


PAGES = [show, go_live, end_tests]

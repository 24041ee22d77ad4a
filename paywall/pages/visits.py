"""Counting visits: what a page tells after it was shown, and the page where one says no to it.

The pages themselves count nothing, so that thousands a second can be served from memory. What is
counted, and why no consent is asked for it: docs/decisions/visits.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from infra.kernel.bounds import Ask, Slug
from paywall.accounts.consents import Purpose, Source
from paywall.accounts.principal import INSTALLATION
from paywall.crm.visit_signs import COOKIE, REFUSED, device_of, is_machine, refuses
from paywall.crm.visit_sources import NOT_KNOWN, Came, came_from, carried
from paywall.crm.visits import PageKind, Seen
from paywall.http.client_address import told_country
from paywall.http.guards import principal_of
from paywall.pages.forms import go, posted
from paywall.pages.on_show import venue_by_slug
from paywall.pages.paths import path
from paywall.pages.site import AnyRequest, Site

OPEN = {"public": True}
REFUSAL_LIFE_S: Final = 390 * 24 * 3600
WORDING: Final = "privacy-2026-11"
Mark = Annotated[str, Meta(max_length=400)]


class Told(Ask, frozen=True):
    """What a page's script says: which page, and the site that linked here. No address of either.

    `arrived` is false for a further page of somebody who is signed in.
    """

    venue: Slug
    page: Literal["storefront", "event", "offer", "help"]
    event: Annotated[str, Meta(max_length=32)] = ""
    host: Annotated[str, Meta(max_length=255)] = ""
    utm_source: Mark = ""
    utm_medium: Mark = ""
    utm_campaign: Mark = ""
    arrived: bool = True


@post("/visits", opt={"public": True, "rate": "visits", "quiet": True}, status_code=200)
async def tell(
    data: JSONBody[Told], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Count it, and answer where the visit came from, which the page's links carry on.

    Nothing is counted of who refuses, and of machines; the answer is the same.
    """
    came = NOT_KNOWN
    if not is_machine(request.headers) and not refused(request):
        if data.arrived:
            marks = {name: getattr(data, name) for name in _MARKS}
            came = came_from(data.host, request.url.hostname or "", marks)
        # Who is said to have arrived, from a page of ours, did not arrive.
        if came.source or not data.arrived:
            principal = request.scope["state"]["principal"]
            settings = site.parts.settings
            site.parts.visits.add(
                Seen(
                    venue=data.venue,
                    page=PageKind(data.page),
                    event_id=data.event,
                    source=came.source,
                    campaign=came.campaign,
                    device=device_of(request.headers.get("user-agent", "")),
                    country=told_country(request.scope, settings.trusted_proxies),
                    account_id=principal.account_id if principal.is_person else "",
                )
            )
    return Response(
        msgspec.json.encode(came),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


_MARKS = ("utm_source", "utm_medium", "utm_campaign")


def refused(request: AnyRequest) -> bool:
    """Whether this browser's person said no to being counted."""
    return refuses(request.headers, request.cookies.get(COOKIE, ""))


def came_to(request: AnyRequest, typed: Mapping[str, str]) -> Came:
    """Where somebody who opens the checkout comes from; `typed`: the form, where it was sent.

    Without a script the request alone tells, which knows one step of the way.
    """
    if refused(request):
        return NOT_KNOWN
    if typed:
        return carried(typed.get("came", ""), typed.get("campaign", ""))
    query = request.query_params
    referer = urlsplit(request.headers.get("referer", "")[:2000]).hostname or ""
    own = request.url.hostname or ""
    if referer == own:
        return carried(query.get("came", "")[:20], query.get("campaign", "")[:400])
    return came_from(referer, own, {name: query.get(name, "")[:400] for name in _MARKS})


@get("/venues/{slug:str}/privacy", opt=OPEN)
async def privacy(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """What is kept of visits and bought tickets, for how long, and the switch."""
    async with site.parts.db.read() as tx:
        venue = await venue_by_slug(tx, slug)
    return await site.page(
        request,
        "privacy.html",
        venue=venue,
        counted=request.cookies.get(COOKIE, "") != REFUSED,
        by_browser=refuses(request.headers, ""),
        contact=venue.contact_email,
    )


@post("/venues/{slug:str}/privacy", opt=OPEN, status_code=303)
async def choose(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Count me, or don't. Who is signed in says it for every browser."""
    async with site.parts.db.read() as tx:
        venue = await venue_by_slug(tx, slug)
    no = (await posted(request)).get("count") != "yes"
    principal = await principal_of(request, site.parts)
    if principal.is_person:
        await site.parts.people.consents.say(
            principal, INSTALLATION, Purpose.VISITS,
            granted=not no, wording=WORDING, source=Source.PRIVACY_PAGE,
        )  # fmt: skip
    cookie = Cookie(
        key=COOKIE, value=REFUSED if no else "", max_age=REFUSAL_LIFE_S if no else 0, path="/",
        secure=site.parts.settings.secure, samesite="lax",
    )  # fmt: skip
    return go(path("venue_privacy", venue=venue.slug), cookie)

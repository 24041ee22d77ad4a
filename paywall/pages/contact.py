"""Asking a person: a form that becomes a case at the venue, with or without an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, Problem
from paywall.accounts.addresses import checked_email
from paywall.accounts.limits import CONTACT_PER_ADDRESS, CONTACT_PER_NETWORK, enforce
from paywall.accounts.principal import Principal
from paywall.catalogue.tables import Mode, Venue
from paywall.http.caller import caller_of
from paywall.pages.forms import Form, go, posted
from paywall.pages.help_centre import Reading, reading
from paywall.pages.i18n import Translator
from paywall.pages.on_show import customer_id, venue_by_slug
from paywall.pages.problem_words import detail_of
from paywall.pages.site import AnyRequest, Site
from support_bot.case_tables import Author, Case, Channel
from support_bot.cases import CaseLine, open_case

OPEN = {"public": True}
VENUES_MAX = 200
SUBJECT_MAX = 120
TWICE = timedelta(minutes=10)
"""The same question from the same address again so soon is the same press of a button."""


@get("/help/contact", opt=OPEN)
async def contact_page(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The form; the reader says which hall it is about."""
    return await _page(request, site, "", None)


@get("/venues/{slug:str}/help/contact", opt=OPEN)
async def venue_contact_page(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The form of one venue."""
    return await _page(request, site, slug, None)


@post("/help/contact", opt=OPEN, status_code=303)
async def contact(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Open a case at the hall that was chosen."""
    typed = await posted(request)
    return await _asked(request, site, "", typed.get("venue", ""), typed)


@post("/venues/{slug:str}/help/contact", opt=OPEN, status_code=303)
async def venue_contact(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Open a case at this venue."""
    return await _asked(request, site, slug, slug, await posted(request))


async def _page(
    request: AnyRequest, site: Site, slug: str, form: Form | None, *, status: int = 200
) -> Response[bytes]:
    about = request.query_params.get("about", "")[:63]
    async with site.parts.db.read() as tx:
        here = await reading(tx, site, request, slug)
        halls = [] if slug else await _halls(tx)
    principal = here.visit.principal
    if form is None:
        form = Form({"email": principal.email, "about": about}, {})
    return await site.page(
        request,
        "contact.html",
        venue=here.venue,
        visit=here.visit,
        status=status,
        form=form,
        about=_title(here, str(form.values.get("about", ""))),
        halls=[(venue.slug, venue.name) for venue in halls],
        sent=request.query_params.get("sent") == "yes",
        at=here.at,
    )


def _title(here: Reading, about: str) -> str:
    """The title of the article that the reader came from."""
    found = here.shelf.some(about)
    return found[0].text.title if found else ""


async def _halls(tx: Tx) -> list[Venue]:
    found = list(await tx.scalars(select(Venue).order_by(Venue.name).limit(VENUES_MAX)))
    return [venue for venue in found if venue.mode is Mode.LIVE] or found


async def _asked(
    request: AnyRequest, site: Site, page_slug: str, venue_slug: str, typed: dict[str, str]
) -> Response[bytes]:
    locale = site.visit(request).locale
    form = Form(dict(typed), _mistakes(locale, typed))
    if form.errors:
        return await _page(request, site, page_slug, form, status=422)
    try:
        await enforce(
            site.parts.limiter,
            (CONTACT_PER_ADDRESS, checked_email(typed["email"])),
            (CONTACT_PER_NETWORK, caller_of(request, site.parts).ip),
        )
        at = await _opened(request, site, page_slug, venue_slug, typed)
    except Problem as problem:
        if problem.status == 404 and page_slug:
            raise
        form.errors["question" if problem.status != 404 else "venue"] = detail_of(locale, problem)
        return await _page(request, site, page_slug, form, status=problem.status)
    return go(at)


async def _opened(
    request: AnyRequest, site: Site, page_slug: str, venue_slug: str, typed: dict[str, str]
) -> str:
    """Open the case, unless it is there already; the address of the page that says so."""
    async with site.parts.db.transaction() as tx:
        here = await reading(tx, site, request, page_slug)
        venue = here.venue or await venue_by_slug(tx, venue_slug)
        now = site.parts.clock.now(venue.clock_offset_s)
        subject = " ".join(typed["question"].split())[:SUBJECT_MAX]
        email = checked_email(typed["email"])
        if not await _already(tx, venue, email, subject, now - TWICE):
            known = await _known(tx, here.visit.principal, venue, email)
            await open_case(
                tx,
                venue_id=venue.id,
                customer_id=known.get("customer_id"),
                account_id=known.get("account_id"),
                email=email,
                lang=here.visit.locale.code,
                channel=Channel.FORM,
                subject=subject,
                event_id=None,
                conversation_id=None,
                lines=[CaseLine(Author.VIEWER, typed["question"], now)],
                now=now,
                topic=typed.get("about", "")[:63] if _title(here, typed.get("about", "")) else "",
                person_name=typed.get("name", ""),
            )
    return here.at.contact_sent()


async def _known(tx: Tx, principal: Principal, venue: Venue, email: str) -> dict[str, Any]:
    """Who asks, where they are signed in under the address that they wrote, and it is proven."""
    if not principal.email_proven or principal.email.lower() != email:
        return {}
    customer = await customer_id(tx, principal, venue.id)
    return {"account_id": principal.account_id, "customer_id": customer or None}


async def _already(tx: Tx, venue: Venue, email: str, subject: str, since: datetime) -> bool:
    query = select(Case.id).where(
        Case.venue_id == venue.id,
        Case.email == email,
        Case.subject == subject,
        Case.opened_at > since,
    )
    return await tx.scalar(query.limit(1)) is not None


def _mistakes(locale: Translator, typed: dict[str, str]) -> dict[str, str]:
    """What has to be put right before anything is sent, by field."""
    errors: dict[str, str] = {}
    try:
        checked_email(typed.get("email", ""))
    except Invalid:
        errors["email"] = locale.gettext("Write the address as in ines@example.org.")
    if len(typed.get("question", "")) < 3:
        errors["question"] = locale.gettext("Write what you want to ask.")
    return errors

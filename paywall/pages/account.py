"""A person's own account: profile, passkeys, password, news by mail, sessions."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.errors import Problem
from paywall.accounts.consents import Purpose
from paywall.accounts.device import device_name
from paywall.accounts.principal import Principal
from paywall.accounts.tables import Customer
from paywall.catalogue.tables import Venue
from paywall.http.guards import principal_of
from paywall.pages.forms import Form, go, posted, posted_list
from paywall.pages.i18n import LANGUAGES
from paywall.pages.paths import path
from paywall.pages.problem_words import detail_of
from paywall.pages.site import AnyRequest, Site

PERSON = {"person": True}
CONSENT_WORDING = "account-2026-11"
"""Version of the words around the boxes of "News by mail" in account.html."""


@get("/account", opt=PERSON)
async def account(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Everything on one page."""
    return await _page(request, site)


@post("/account/profile", opt=PERSON, status_code=303)
async def profile(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Name, city, and the language of mails."""
    typed = await posted(request)
    visit = site.visit(request)
    language = typed.get("language", "")
    try:
        await site.parts.people.me.edit(
            visit.principal,
            name=typed.get("name", ""),
            city=typed.get("city"),
            locale=language if language in LANGUAGES else None,
        )
    except Problem as problem:
        field = problem.field if problem.field in ("name", "city") else "language"
        form = Form(dict(typed), {field: detail_of(visit.locale, problem)})
        return await _page(request, site, profile_form=form, status=422)
    return go(path("account"))


@post("/account/password", opt=PERSON, status_code=303)
async def password(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Set or change it; every other session ends. The old one, where given, is the fresh check."""
    typed = await posted(request)
    visit, people = site.visit(request), site.parts.people
    principal = visit.principal
    try:
        if typed.get("current_password"):
            await people.fresh.by_password(principal, typed["current_password"])
            principal = await _again(request, site)
        await people.me.set_password(principal, typed.get("new_password", ""))
    except Problem as problem:
        wrong_old = problem.code == "wrong_credentials"
        text = detail_of(visit.locale, problem)
        if wrong_old:
            text = visit.locale.gettext("The current password isn’t right.")
        form = Form({}, {"current_password" if wrong_old else "new_password": text})
        return await _page(request, site, password_form=form, status=422)
    return go(path("account"))


async def _again(request: AnyRequest, site: Site) -> Principal:
    """The caller as the session says now: a fresh check was just added to it."""
    return await principal_of(request, site.parts)


@post("/account/consents", opt=PERSON, status_code=303)
async def consents(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """One word for each venue whose box was changed."""
    ticked = set(await posted_list(request, "venue"))
    principal = site.visit(request).principal
    for row in await _consents(site, principal):
        wanted = row["venue_id"] in ticked
        if wanted != row["given"]:
            await site.parts.people.consents.say(
                principal,
                row["venue_id"],
                Purpose.MARKETING,
                granted=wanted,
                wording=CONSENT_WORDING,
            )
    return go(path("account"))


@post("/account/passkeys/{passkey_id:str}/remove", opt=PERSON, status_code=303)
async def remove_passkey(
    passkey_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """A passkey that was lost, or is no longer wanted."""
    await site.parts.people.passkeys.remove(site.visit(request).principal, passkey_id)
    return go(path("account"))


@post("/account/sessions/{session_id:str}/end", opt=PERSON, status_code=303)
async def end_session(
    session_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Log another device out."""
    await site.parts.people.sessions.end(site.visit(request).principal, session_id)
    return go(path("account"))


async def _page(
    request: AnyRequest,
    site: Site,
    *,
    profile_form: Form | None = None,
    password_form: Form | None = None,
    status: int = 200,
) -> Response[bytes]:
    visit, people = site.visit(request), site.parts.people
    view = await people.me.view(visit.principal)
    own = Form(
        {"name": view.name, "language": view.locale or visit.locale.code, "city": view.city}, {}
    )
    return await site.page(
        request,
        "account.html",
        status=status,
        profile_form=profile_form or own,
        password_form=password_form or Form({}, {}),
        has_password=view.has_password,
        email=view.email,
        passkeys=await people.passkeys.of(visit.principal),
        consents=await _consents(site, visit.principal),
        sessions=await _sessions(site, visit.principal),
        tz="UTC",
    )


async def _sessions(site: Site, principal: Principal) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "device": device_name(one.user_agent) or "–",
            "last_seen_at": one.last_seen_at,
            "current": one.current,
        }
        for one in await site.parts.people.sessions.of(principal)
    ]


async def _consents(site: Site, principal: Principal) -> list[dict[str, Any]]:
    """Every venue this person dealt with, and whether it may send news."""
    said = {
        one.venue_id: one.granted
        for one in await site.parts.people.consents.of(principal)
        if one.purpose is Purpose.MARKETING
    }
    query = (
        select(Venue.id, Venue.name)
        .join(Customer, Customer.venue_id == Venue.id)
        .where(Customer.account_id == principal.account_id)
        .order_by(Venue.name)
    )
    async with site.parts.db.read() as tx:
        venues = (await tx.execute(query)).all()
    return [
        {"venue_id": id_, "venue_name": name, "given": said.get(id_, False)} for id_, name in venues
    ]

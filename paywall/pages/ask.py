"""The assistant without a script: the same conversation as the panel's, one form at a time."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from infra.kernel.errors import NotFound, Problem
from paywall.bridges.support_desk import Offered
from paywall.bridges.support_talk import Ref
from paywall.bridges.support_view import TalkView
from paywall.catalogue.tables import Venue
from paywall.http.client_address import client_address
from paywall.pages.forms import Form, go
from paywall.pages.on_show import venue_by_slug
from paywall.pages.paths import path
from paywall.pages.problem_words import detail_of
from paywall.pages.site import AnyRequest, Site
from support_bot.conversation_tables import TalkChannel

OPEN = {"public": True}
LIFE_S = 24 * 3600
FIELD_MAX = 20_000


def _cookie_name(site: Site) -> str:
    return "__Host-pw_talk" if site.parts.settings.secure else "pw_talk"


def _ref(site: Site, request: AnyRequest, slug: str) -> Ref | None:
    """The conversation that this browser began at the venue: `slug.id.token` in a cookie."""
    kept = request.cookies.get(_cookie_name(site), "")[:400].split(".")
    if len(kept) != 3 or kept[0] != slug:
        return None
    return _of(site, request, kept[1], kept[2])


def _of(site: Site, request: AnyRequest, talk_id: str, token: str) -> Ref:
    address = client_address(request.scope, site.parts.settings.trusted_proxies)
    principal = site.visit(request).principal
    return Ref(talk_id=talk_id, token=token, principal=principal, address=address)


def _kept(site: Site, slug: str, talk_id: str, token: str) -> Cookie:
    return Cookie(
        key=_cookie_name(site), value=f"{slug}.{talk_id}.{token}", max_age=LIFE_S, path="/",
        secure=site.parts.settings.secure, httponly=True, samesite="lax",
    )  # fmt: skip


@get("/venues/{slug:str}/help/ask", opt=OPEN)
async def ask(
    slug: FromPath[str],
    request: AnyRequest,
    site: NamedDependency[Site],
    event: FromQuery[str] = "",
) -> Response[bytes]:
    """The conversation so far, and a field to go on with."""
    venue = await _venue(site, slug)
    ref = _ref(site, request, slug)
    view = None if ref is None else await _read(site, ref)
    return await _page(request, site, venue, view, event_id=event[:32])


@post("/venues/{slug:str}/help/ask", opt=OPEN, status_code=200)
async def say(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """One step: a question, a suggestion taken, a vote, a person, an act or its confirmation."""
    venue = await _venue(site, slug)
    sent = await request.form()
    typed = {k: v[:FIELD_MAX] for k, v in sent.items() if isinstance(v, str)}
    event_id = typed.get("event", "")[:32]
    ref, cookies = _ref(site, request, slug), []
    view = None if ref is None else await _read(site, ref)
    try:
        if ref is None or view is None:
            ref, token = await _begin(site, request, venue, event_id)
            cookies.append(_kept(site, slug, ref.talk_id, token))
        offered = await _step(site, ref, typed)
    except Problem as problem:
        text = detail_of(site.visit(request).locale, problem)
        form = Form({"text": typed.get("text", "")}, {problem.field or "text": text})
        view = None if ref is None else await _read(site, ref)
        return await _page(
            request, site, venue, view, form=form, event_id=event_id, cookies=cookies,
            status=problem.status,
        )  # fmt: skip
    if offered is not None:
        view = await _read(site, ref)
        return await _page(request, site, venue, view, offered=offered, cookies=cookies)
    return go(path("venue_help_ask", venue=slug) + "#last", *cookies)


async def _begin(site: Site, request: AnyRequest, venue: Venue, event_id: str) -> tuple[Ref, str]:
    visit = site.visit(request)
    opened = await site.parts.talk.begin(
        visit.principal,
        client_address(request.scope, site.parts.settings.trusted_proxies),
        venue_slug=venue.slug,
        lang=visit.locale.code,
        channel=TalkChannel.WEB,
        event_id=event_id,
    )
    return _of(site, request, opened.view.id, opened.token), opened.token


async def _step(site: Site, ref: Ref, typed: dict[str, str]) -> Offered | None:
    talk, acts = site.parts.talk, site.parts.acts
    match typed.get("do", "say"):
        case "choose":
            await talk.choose(ref, typed.get("line", "")[:32], typed.get("article", "")[:80])
        case "vote":
            useful = typed.get("useful") == "yes"
            await talk.vote(ref, typed.get("line", "")[:32], useful=useful)
        case "person":
            await talk.hand_over(ref, email=typed.get("email", "")[:254])
        case "act":
            return await acts.preview(ref, typed.get("act", "")[:40])
        case "press":
            await acts.press(ref, typed.get("confirmation", "")[:32])
        case _:
            await talk.say(ref, typed.get("text", ""))
    return None


async def _venue(site: Site, slug: str) -> Venue:
    async with site.parts.db.read() as tx:
        return await venue_by_slug(tx, slug)


async def _read(site: Site, ref: Ref) -> TalkView | None:
    try:
        return await site.parts.talk.read(ref)
    except NotFound:  # another person's, from before a log-in
        return None


async def _page(
    request: AnyRequest,
    site: Site,
    venue: Venue,
    view: TalkView | None,
    *,
    form: Form | None = None,
    offered: Offered | None = None,
    event_id: str = "",
    **how: Any,
) -> Response[bytes]:
    return await site.page(
        request,
        "ask.html",
        venue=venue,
        talk=view,
        form=form or Form({}, {}),
        offered=offered,
        event_id=event_id,
        ask_url=path("venue_help_ask", venue=venue.slug),
        panel=False,
        **how,
    )

"""A venue's storefront, its colours, its terms and who it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.paging import Slice
from offers.tables import OfferKind
from paywall.catalogue import prose, storefront
from paywall.catalogue.storefront import When
from paywall.catalogue.tables import Event, Season, Venue
from paywall.http.pages_of import onward, wanted
from paywall.pages.accent import NotAColour, accent_css
from paywall.pages.cards import card
from paywall.pages.i18n import Translator
from paywall.pages.on_show import Phase, Sale, Shown, best, show, venue_by_slug
from paywall.pages.paths import path
from paywall.pages.site import AnyRequest, Site
from paywall.pages.words import opens_text

OPEN = {"public": True}
MANY = 24
"""Cards of one list on one page."""
DEFAULT_ACCENT = "#e0a458"


class Grids(msgspec.Struct, frozen=True, kw_only=True):
    """What a storefront shows: two lists, each with the way to more of it."""

    ahead: list[Shown]
    replays: list[Shown]
    more_ahead: str | None
    more_replays: str | None


@get("/venues/{slug:str}", opt=OPEN)
async def storefront_page(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """What the venue shows: the concert on now or next, the season and its pass, replays.

    `?after=` goes on with what comes later, `?replays=` with older recordings.
    """
    visit = site.visit(request)
    after, older = (request.query_params.get(name, "")[:200] for name in ("after", "replays"))
    first = not after and not older
    async with site.parts.db.read() as tx:
        venue = await venue_by_slug(tx, slug)
        grids = await _grids(tx, site, venue, visit.currency, after, older)
        now = site.parts.clock.now(venue.clock_offset_s)
        season = await _season(tx, venue, now) if first else None
    ahead = grids.ahead
    lead = next((one for one in ahead if one.phase is not Phase.CANCELLED), None) if first else None
    return await site.page(
        request,
        "venue.html",
        venue=venue,
        store={"name": venue.name, "about_html": Markup(prose.html(venue.about_md))},  # noqa: S704 - sanitised
        featured=None if lead is None else card(lead),
        season=None if season is None else _season_view(visit.locale, season, venue),
        events=[card(one) for one in ahead if one is not lead],
        replays=[card(one) for one in grids.replays],
        pass_offer=_pass(visit.locale, [*ahead, *grids.replays], venue) if first else None,
        first=first,
        start_url=path("venue", venue=venue.slug),
        more_url=grids.more_ahead,
        more_replays_url=grids.more_replays,
        visit_page="storefront",
    )


async def _grids(tx: Tx, site: Site, venue: Venue, currency: str, after: str, older: str) -> Grids:
    """One slice of each list, or of the one that is gone on with."""
    now = site.parts.clock.now(venue.clock_offset_s)
    here = path("venue", venue=venue.slug)
    none: Slice[Event] = Slice([], None)
    ahead = replays = none
    if not older:
        ahead = await storefront.events(tx, venue.id, wanted(MANY, after), When.UPCOMING, now)
    if not after:
        replays = await storefront.replays(tx, venue.id, wanted(MANY, older), now)
    pairs = [(event, venue) for event in (*ahead.rows, *replays.rows)]
    shown = await show(tx, pairs, currency, site.parts.clock.machine())
    return Grids(
        ahead=shown[: len(ahead.rows)],
        replays=shown[len(ahead.rows) :],
        more_ahead=onward(here, "after", ahead),
        more_replays=onward(here, "replays", replays),
    )


async def _season(tx: Tx, venue: Venue, now: datetime) -> Season | None:
    """The season that runs now, else the next one."""
    query = (
        select(Season)
        .where(Season.venue_id == venue.id, Season.ends_at > now)
        .order_by(Season.starts_at)
        .limit(1)
    )
    season: Season | None = await tx.scalar(query)
    return season


def _season_view(locale: Translator, season: Season, venue: Venue) -> dict[str, str]:
    until = locale.date(season.ends_at, venue.timezone)
    return {
        "title": season.name,
        "text": locale.gettext("Until %(day)s") % {"day": until},
    }


def _pass(locale: Translator, shown: list[Shown], venue: Venue) -> dict[str, Any] | None:
    sales: dict[str, Sale] = {sale.offer.id: sale for one in shown for sale in one.sales}
    sale = best((s for s in sales.values() if s.is_open), OfferKind.SEASON_PASS)
    if sale is None or sale.price is None:
        return None
    return {
        "title": sale.offer.name,
        "text": opens_text(locale, sale.offer, sale.opens, venue.timezone),
        "price": sale.price,
        "was": sale.was,
        "url": path("buy", offer=sale.offer.id),
    }


@get("/venues/{slug:str}/theme.css", opt=OPEN)
async def theme(slug: FromPath[str], site: NamedDependency[Site]) -> Response[str]:
    """The venue's accent, corrected until it can be read."""
    async with site.parts.db.read() as tx:
        venue = await venue_by_slug(tx, slug)
    try:
        css = accent_css(venue.accent)
    except NotAColour:
        css = accent_css(DEFAULT_ACCENT)
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(css, media_type="text/css", headers=headers)


@get("/venues/{slug:str}/terms", opt=OPEN)
async def terms(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """What a buyer and this venue owe each other, where the venue has no page of its own for it."""
    async with site.parts.db.read() as tx:
        venue = await venue_by_slug(tx, slug)
    return await site.page(request, "terms.html", venue=venue, seller=_seller(venue))


@get("/venues/{slug:str}/imprint", opt=OPEN)
async def imprint(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Who the venue is: name, address, number, contact."""
    async with site.parts.db.read() as tx:
        venue = await venue_by_slug(tx, slug)
    return await site.page(request, "imprint.html", venue=venue, seller=_seller(venue))


def _seller(venue: Venue) -> dict[str, str]:
    return {
        "name": venue.name,
        "legal_name": venue.legal_name or venue.name,
        "address": venue.address,
        "vat_number": venue.vat_number,
        "email": venue.contact_email,
    }

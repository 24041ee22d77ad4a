"""One concert. Strangers get a page that was rendered up to two seconds ago, for all of them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup
from sqlalchemy import select

from infra.kernel.clock import iso
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from offers.tables import OfferKind
from paywall.accounts.principal import NOBODY
from paywall.catalogue import prose
from paywall.catalogue.tables import Event, Venue
from paywall.pages.cards import card, offer_view
from paywall.pages.i18n import Translator
from paywall.pages.on_show import SHOWN, Owned, Phase, Sale, Shown, owned, show
from paywall.pages.paths import path
from paywall.pages.site import HTML, AnyRequest, Site, Visit, currency_of
from paywall.pages.words import kind_name, opens_text, why_not

STALE_S = 2.0
KEPT = 500

Key = tuple[str, str, str, str]


class _Made(msgspec.Struct, frozen=True):
    at: float
    response: bytes


class EventPages:
    """Rendered pages for people who are not signed in, at most STALE_S old. A cache, no more."""

    def __init__(self) -> None:
        self._made: OrderedDict[Key, _Made] = OrderedDict()
        self._making: dict[Key, asyncio.Lock] = {}

    def fresh(self, key: Key, now: float) -> bytes | None:
        made = self._made.get(key)
        return made.response if made is not None and now - made.at <= STALE_S else None

    def keep(self, key: Key, now: float, response: bytes) -> None:
        self._made[key] = _Made(now, response)
        self._made.move_to_end(key)
        while len(self._made) > KEPT:
            self._made.popitem(last=False)

    def lock(self, key: Key) -> asyncio.Lock:
        """One of a crowd renders, the others wait for it."""
        if len(self._making) > KEPT:
            self._making.clear()
        return self._making.setdefault(key, asyncio.Lock())


@get("/venues/{slug:str}/events/{event_slug:str}", opt={"public": True})
async def event_page(
    slug: FromPath[str],
    event_slug: FromPath[str],
    request: AnyRequest,
    site: NamedDependency[Site],
) -> Response[bytes]:
    """The concert's page: signed-in readers get one that knows what they bought."""
    if request.scope["state"].get("principal", NOBODY) is not NOBODY:
        text = await _render(site, site.visit(request), slug, event_slug)
        return _answer(text, "private, no-store")
    pages: EventPages = request.app.state.event_pages
    key = (slug, event_slug, site.language(request), currency_of(request))
    found = pages.fresh(key, site.parts.clock.monotonic())
    if found is None:
        async with pages.lock(key):
            found = pages.fresh(key, site.parts.clock.monotonic())
            if found is None:
                began = site.parts.clock.monotonic()
                found = await _render(site, _stranger(site, key), slug, event_slug)
                pages.keep(key, began, found)
    return _answer(found, "private, no-cache")


def _answer(body: bytes, cache: str) -> Response[bytes]:
    return Response(body, media_type=HTML, headers={"Cache-Control": cache})


def _stranger(site: Site, key: Key) -> Visit:
    slug, event_slug, code, currency = key
    return Visit(
        principal=NOBODY,
        locale=site.catalogues.translator(code),
        currency=currency,
        here=path("event", venue=slug, event=event_slug),
    )


async def _render(site: Site, visit: Visit, slug: str, event_slug: str) -> bytes:
    parts = site.parts
    async with parts.db.read() as tx:
        event, venue = await _find(tx, slug, event_slug)
        shown = (await show(tx, [(event, venue)], visit.currency, parts.clock.machine()))[0]
        own = Owned()
        if visit.principal is not NOBODY:
            own = await owned(tx, parts.playback, visit.principal, event, parts.settings.public_url)
        trouble = await parts.talk.notice_of(tx, venue.id, event.id, visit.locale.code)
    values = page_values(visit.locale, shown, own)
    values |= {"panel_event": event.id, "trouble": trouble}
    values |= {"visit_page": "event", "visit_event": event.id}
    return site.html(visit, "event.html", await site.facts(), venue, values).encode()


async def _find(tx: Tx, slug: str, event_slug: str) -> tuple[Event, Venue]:
    query = (
        select(Event, Venue)
        .join(Venue, Venue.id == Event.venue_id)
        .where(Venue.slug == slug, Event.slug == event_slug, Event.state.in_(SHOWN))
    )
    row = (await tx.execute(query)).first()
    if row is None:
        raise NotFound("event")
    return row[0], row[1]


def page_values(locale: Translator, shown: Shown, own: Owned) -> dict[str, Any]:
    """What event.html needs beside the shell. Pure."""
    event, main = shown.event, shown.main
    sale = main if main is not None and main.is_open else None
    kind = "live" if own.live or (own.later and shown.phase is not Phase.REPLAY) else "replay"
    watchable = own.live or own.replay
    return {
        "event": card(shown, own),
        "description_html": Markup(prose.html(event.about_md)),  # noqa: S704 - sanitised there
        "offer": None if sale is None else offer_view(sale),
        "offer_text": "" if sale is None else _opens(locale, sale, event.timezone),
        "closed": _closed(locale, shown, main) if sale is None and not own.anything else None,
        "other_offers": [_other(locale, one, event.timezone) for one in _others(shown, sale)],
        "watch_url": path("watch", event=event.id) + f"?kind={kind}" if watchable else None,
        "own": own,
        "doors_open": shown.doors_at <= shown.now,
        "structured": _structured(shown, sale),
    }


def _opens(locale: Translator, sale: Sale, tz: str) -> str:
    return opens_text(locale, sale.offer, sale.opens, tz)


def _others(shown: Shown, main: Sale | None) -> list[Sale]:
    """Other ways in: what is open and opens this event still, cheapest first."""
    if shown.phase in (Phase.CANCELLED, Phase.OVER):
        return []
    others = [s for s in shown.sales if s.is_open and s is not main and s.price is not None]
    if shown.phase in (Phase.AHEAD, Phase.LIVE):
        others = [s for s in others if s.offer.kind is not OfferKind.REPLAY]
    return sorted(others, key=lambda s: s.price.minor if s.price else 0)


def _other(locale: Translator, sale: Sale, tz: str) -> dict[str, Any]:
    return {
        "name": sale.offer.name or kind_name(locale, sale.offer.kind),
        "text": _opens(locale, sale, tz),
        "price": sale.price,
        "was": sale.was,
        "url": path("buy", offer=sale.offer.id),
    }


def _closed(locale: Translator, shown: Shown, main: Sale | None) -> dict[str, str] | None:
    """Why there is nothing to press, and what comes next."""
    if shown.phase is Phase.CANCELLED:
        return {
            "title": locale.gettext("This concert is cancelled"),
            "text": locale.gettext(
                "Everybody who bought a ticket gets the money back to the card it came from."
            ),
        }
    if shown.phase is Phase.OVER:
        text = locale.gettext("This concert is over and can’t be watched any more.")
        return {"title": "", "text": text}
    if main is None:
        text = locale.gettext("Tickets aren’t on sale yet. Prices appear here first.")
        if shown.phase is Phase.REPLAY:
            text = locale.gettext("This concert is over. Its recording isn’t for sale.")
        return {"title": "", "text": text}
    title, text = why_not(locale, main.state, main.offer.on_sale_from, shown.event.timezone)
    return {"title": title, "text": text}


def _structured(shown: Shown, sale: Sale | None) -> dict[str, Any]:
    """schema.org MusicEvent, for search engines."""
    event = shown.event
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "MusicEvent",
        "name": event.name,
        "startDate": iso(event.starts_at),
        "endDate": iso(event.ends_at),
        "organizer": {"@type": "MusicVenue", "name": shown.venue.name},
    }
    if event.city:
        data["location"] = {
            "@type": "MusicVenue",
            "name": shown.venue.name,
            "address": {"@type": "PostalAddress", "addressLocality": event.city},
        }
    if sale is not None and sale.price is not None:
        data["offers"] = {
            "@type": "Offer",
            "price": str(sale.price.decimal()),
            "priceCurrency": sale.price.currency,
        }
    return data

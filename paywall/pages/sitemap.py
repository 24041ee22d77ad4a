"""`/sitemap.xml`: halls, concerts and help articles, each article with its languages."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from litestar import Response, get
from litestar.di import NamedDependency
from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.catalogue.tables import Event, EventState, Mode, Venue
from paywall.pages.help_view import Addresses, tag_of
from paywall.pages.paths import path
from paywall.pages.site import Site

URLS_MAX = 50_000
"""What one sitemap may hold (sitemaps.org protocol 0.9)."""
VENUES_MAX = 200
EVENTS_MAX = 30_000
OF_HELP = 20_000
"""Addresses of help articles; each carries one alternate a language."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
)


@get("/sitemap.xml", opt={"public": True})
async def sitemap(site: NamedDependency[Site]) -> Response[bytes]:
    """Everything that search engines should find: live venues, or all while none is live."""
    base = site.parts.settings.public_url.rstrip("/")
    spoken = [one.code for one in site.catalogues.languages()]
    async with site.parts.db.read() as tx:
        venues = await _venues(tx)
        entries = [_entry(base + path("home"))]
        for venue in venues:
            entries.append(_entry(base + path("venue", venue=venue.slug)))
        entries += [_entry(base + one) for one in await _events(tx, venues)]
        for venue in venues:
            if len(entries) >= min(URLS_MAX, EVENTS_MAX + OF_HELP):
                break
            entries += await _help(tx, site, venue, base, spoken)
    body = _HEAD + "\n".join(entries[:URLS_MAX]) + "\n</urlset>\n"
    return Response(
        body.encode(),
        media_type="application/xml",
        headers={"Cache-Control": "public, max-age=3600"},
    )


async def _venues(tx: Tx) -> list[Venue]:
    found = list(await tx.scalars(select(Venue).order_by(Venue.name).limit(VENUES_MAX)))
    return [venue for venue in found if venue.mode is Mode.LIVE] or found


async def _events(tx: Tx, venues: list[Venue]) -> list[str]:
    slugs = {venue.id: venue.slug for venue in venues}
    query = (
        select(Event.venue_id, Event.slug)
        .where(Event.venue_id.in_(slugs), Event.state == EventState.PUBLISHED)
        .order_by(Event.starts_at.desc())
        .limit(EVENTS_MAX)
    )
    rows = await tx.execute(query)
    return [path("event", venue=slugs[venue_id], event=slug) for venue_id, slug in rows]


async def _help(tx: Tx, site: Site, venue: Venue, base: str, spoken: list[str]) -> list[str]:
    """The venue's help front and articles."""
    shelf = await site.parts.help.at(tx, venue.id, site.known_language(venue.locale))
    at = Addresses(venue.slug)
    pages = [
        ("", spoken),
        *((s.article.slug, shelf.languages(s.article.slug)) for s in shelf.all()),
    ]
    return [_entry(base + at.bare(slug), langs) for slug, langs in pages]


def _entry(address: str, langs: list[str] | None = None) -> str:
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang={quoteattr(tag_of(lang))}'
        f" href={quoteattr(f'{address}?lang={lang}')}/>"
        for lang in langs or ()
    )
    return f"<url><loc>{escape(address)}</loc>{links}</url>"

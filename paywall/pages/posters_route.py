"""Posters as pictures: drawn once per event and version, kept by the browser."""

from __future__ import annotations

from functools import lru_cache

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.errors import NotFound
from paywall.catalogue.tables import Event, Venue
from paywall.pages.on_show import SHOWN
from paywall.pages.posters import poster_svg
from paywall.pages.site import Site

# An SVG opened by itself is a document: nothing in it may run or be fetched.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@lru_cache(maxsize=300)
def _drawn(name: str, when: str, seed: str, venue: str) -> bytes:
    return poster_svg(name, when, seed, venue_text=venue).encode()


@get("/events/{event_id:str}/poster.svg", opt={"public": True, "rate": "off"})
async def poster(event_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """The event's sheet, in the venue's language and time."""
    query = (
        select(Event, Venue)
        .join(Venue, Venue.id == Event.venue_id)
        .where(Event.id == event_id, Event.state.in_(SHOWN))
    )
    async with site.parts.db.read() as tx:
        row = (await tx.execute(query)).first()
    if row is None:
        raise NotFound("event")
    event, venue = row
    locale = site.catalogues.translator(site.known_language(venue.locale))
    when = locale.datetime(event.starts_at, event.timezone, "medium")
    svg = _drawn(event.name, when, f"{event.id} {event.poster_seed}", venue.name)
    return Response(
        svg,
        media_type="image/svg+xml",
        headers={"Cache-Control": "public, max-age=86400", "Content-Security-Policy": POLICY},
    )

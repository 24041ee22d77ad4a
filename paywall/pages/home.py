"""The front page: what is live, what comes next, and the halls."""

from __future__ import annotations

from datetime import datetime, timedelta

from litestar import Response, get
from litestar.di import NamedDependency
from sqlalchemy import and_, or_, select

from infra.kernel.db import Tx
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.catalogue.tables import Event, EventState, Mode, Venue
from paywall.http.pages_of import onward, wanted
from paywall.pages.cards import card
from paywall.pages.on_show import Phase, Shown, show
from paywall.pages.paths import path
from paywall.pages.site import AnyRequest, Site

SHOWN_AT_ONCE = 24


@get("/", opt={"public": True})
async def home(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Live first, then the next concerts of every hall, soonest first; `?after=` goes on."""
    visit = site.visit(request)
    now = site.parts.clock.machine()
    after = request.query_params.get("after", "")[:200]
    async with site.parts.db.read() as tx:
        venues = await _venues(tx)
        events = await _upcoming(tx, venues, now, wanted(SHOWN_AT_ONCE, after))
        by_id = {venue.id: venue for venue in venues}
        pairs = [(event, by_id[event.venue_id]) for event in events.rows]
        shown = await show(tx, pairs, visit.currency, now)
    shown = [one for one in shown if one.phase in (Phase.LIVE, Phase.AHEAD)]
    return await site.page(
        request,
        "home.html",
        live=[card(one) for one in shown if one.phase is Phase.LIVE],
        upcoming=[card(one) for one in shown if one.phase is Phase.AHEAD],
        venues=[] if after else [_row(site, request, venue, shown) for venue in venues],
        start_url=path("home") if after else None,
        more_url=onward(path("home"), "after", events),
    )


async def _venues(tx: Tx) -> list[Venue]:
    """Live venues; while there is none, those in test mode."""
    found = list(await tx.scalars(select(Venue).order_by(Venue.name).limit(200)))
    live = [venue for venue in found if venue.mode is Mode.LIVE]
    return live or found


async def _upcoming(tx: Tx, venues: list[Venue], now: datetime, page: Wanted) -> Slice[Event]:
    """Published events not over by their venue's clock, soonest first."""
    if not venues:
        return Slice([], None)
    ahead = [
        and_(Event.venue_id == v.id, Event.ends_at > now + timedelta(seconds=v.clock_offset_s))
        for v in venues
    ]
    query = select(Event).where(Event.state == EventState.PUBLISHED, or_(*ahead))
    return await slice_of(
        tx, query, page, id_column=Event.id, at_column=Event.starts_at, newest_first=False
    )


def _row(site: Site, request: AnyRequest, venue: Venue, shown: list[Shown]) -> dict[str, str]:
    locale = site.visit(request).locale
    following = next((one for one in shown if one.venue.id == venue.id), None)
    text = ""
    if following is not None:
        event = following.event
        text = f"{event.name}, {locale.date(event.starts_at, event.timezone, 'medium')}"
    return {"name": venue.name, "url": path("venue", venue=venue.slug), "next_text": text}

"""The player's page: for people with a ticket; everybody else hears why not and what to do."""

from __future__ import annotations

from urllib.parse import quote

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from sqlalchemy import select

from entitlements.grants import Allowed, Refused
from entitlements.ports import Kind
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from paywall.bridges.entitlements import load_stages
from paywall.catalogue.tables import Event, Venue
from paywall.pages import help_links
from paywall.pages.cards import event_url, poster_url
from paywall.pages.forms import go
from paywall.pages.i18n import Translator
from paywall.pages.on_show import SHOWN, customer_id
from paywall.pages.paths import path
from paywall.pages.site import AnyRequest, Site


@get("/watch/{event_id:str}", opt={"public": True})
async def watch(
    event_id: FromPath[str],
    request: AnyRequest,
    site: NamedDependency[Site],
    kind: FromQuery[Kind] = Kind.LIVE,
) -> Response[bytes]:
    """Strangers log in first and come back; the player itself asks the API for its session."""
    visit = site.visit(request)
    async with site.parts.db.read() as tx:
        event, venue = await _find(tx, event_id)
        if not visit.principal.is_person:
            return go(path("login") + "?next=" + quote(visit.here, safe=""))
        whom = await customer_id(tx, visit.principal, venue.id)
        stage = (await load_stages(tx, [event.id], site.parts.settings.public_url))[event.id]
        answer = await site.parts.playback.may_watch(tx, whom, stage, kind)
        if isinstance(answer, Refused) and kind is Kind.LIVE:
            other = await site.parts.playback.may_watch(tx, whom, stage, Kind.REPLAY)
            if isinstance(other, Allowed):
                return go(path("watch", event=event.id) + "?kind=replay")
        if isinstance(answer, Refused):
            why = help_links.WHEN_REFUSED.get(answer.code, "cannot-watch")
            ways = await help_links.ways(tx, site, visit, venue, why)
        else:
            asked = help_links.AT_THE_PLAYER
            answers = await help_links.answers(tx, site, visit, venue, *asked)
        trouble = await site.parts.talk.notice_of(tx, venue.id, event.id, visit.locale.code)
    url = event_url(event, venue)
    if isinstance(answer, Refused):
        title, text, action = _why(visit.locale, answer, event)
        return await site.page(
            request, "refused.html", venue=venue,
            status=402 if answer.code == "not_bought" else 403,
            gate_title=title, gate_text=text, actions=[(action, url), *ways],
            panel_event=event.id,
        )  # fmt: skip
    return await site.page(
        request,
        "watch.html",
        venue=venue,
        event={
            "id": event.id,
            "title": event.name,
            "subtitle": event.subtitle,
            "starts_at": event.starts_at,
            "tz": event.timezone,
            "venue_name": venue.name,
            "city": event.city,
            "url": url,
            "poster_url": poster_url(event),
        },
        kind=kind.value,
        sessions_url="/v1/playback/sessions",
        until=answer.window.end,
        answers=answers,
        trouble=trouble,
        panel_event=event.id,
        panel_channel="player",
    )


async def _find(tx: Tx, event_id: str) -> tuple[Event, Venue]:
    query = (
        select(Event, Venue)
        .join(Venue, Venue.id == Event.venue_id)
        .where(Event.id == event_id, Event.state.in_(SHOWN))
    )
    row = (await tx.execute(query)).first()
    if row is None:
        raise NotFound("event")
    return row[0], row[1]


def _why(locale: Translator, refused: Refused, event: Event) -> tuple[str, str, str]:
    """Title, reason and the way out."""
    about = locale.gettext("About this concert")
    if refused.code == "not_bought":
        return (
            locale.gettext("You have no ticket for this"),
            locale.gettext("Nothing that you bought with this address opens this concert."),
            locale.gettext("See the tickets"),
        )
    if refused.code == "not_yet" and refused.opens_at is not None:
        when = locale.datetime(refused.opens_at, event.timezone)
        return (
            locale.gettext("The doors aren’t open yet"),
            locale.gettext("You can take your seat from %(when)s.") % {"when": when},
            about,
        )
    texts = {
        "over": locale.gettext("The time to watch this is over."),
        "window": locale.gettext("The hours to watch this from its first play are used up."),
        "revoked": locale.gettext("This was refunded or taken back, so it can’t be watched."),
        "suspended": locale.gettext(
            "This is on hold at the moment. Write to the hall to learn more."
        ),
        "not_available": locale.gettext(
            "There is no picture of this concert yet. Look again later."
        ),
    }
    title = locale.gettext("This can’t be watched now")
    return title, texts.get(refused.code, refused.detail), about

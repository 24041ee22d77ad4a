"""Who watches now: figures by event that refresh themselves, and players that can be stopped."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from entitlements.browse import running_at_event, watched_events
from entitlements.sessions import stop, viewers_now
from entitlements.tables import PlaybackSession
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.paging import Place, Wanted
from paywall.accounts.roles import Permission as P
from paywall.accounts.tables import Account, Customer
from paywall.catalogue import events
from paywall.catalogue.tables import Event, EventState
from paywall.pages.console.desk import Desk
from paywall.pages.console.table import (
    Cell,
    Link,
    Listing,
    Row,
    moment_cell,
    number_cell,
    show,
)  # fmt: skip

READ = {"permission": P.PLAYBACK_READ}
STOP = {"permission": P.PLAYBACK_STOP, "page": True}


async def on_now(desk: Desk, tx: Tx) -> list[dict[str, Any]]:
    """Events that run now or are watched, with their viewers; the most watched first."""
    watched = await watched_events(tx, desk.venue.id, desk.machine_now)
    query = select(Event).where(
        Event.venue_id == desk.venue.id,
        (Event.id.in_(sorted(watched)))
        | (
            (Event.state == EventState.PUBLISHED)
            & (Event.starts_at <= desk.now)
            & (Event.ends_at > desk.now)
        ),
    )
    found = list(await tx.scalars(query.limit(50)))
    counts = await viewers_now(tx, [one.id for one in found], desk.machine_now)
    lines = [
        {
            "event": one,
            "viewers": counts.get(one.id, 0),
            "live": one.starts_at <= desk.now < one.ends_at,
            "url": desk.url(f"/viewers/{one.id}"),
        }
        for one in found
    ]
    return sorted(lines, key=lambda line: -int(line["viewers"]))


@get("/console/{venue_id:str}/viewers", opt=READ)
async def overview(desk: NamedDependency[Desk]) -> Response[Any]:
    """Viewers by event. htmx asks for the figures alone, every five seconds."""
    async with desk.look() as tx:
        lines = await on_now(desk, tx)
    if desk.request.headers.get("hx-request"):
        return desk.fragment("viewers_now.html", lines=lines)
    return desk.page("viewers.html", section="viewers", lines=lines)


@get("/console/{venue_id:str}/viewers/{event_id:str}", opt=READ)
async def players(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """The running players of one event."""
    _ = desk.gettext
    async with desk.look() as tx:
        event = await events.get(tx, desk.venue.id, event_id)

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await running_at_event(tx, desk.venue.id, event_id, wanted, desk.machine_now)
        emails: dict[str, str] = {}
        if desk.may(P.PEOPLE_READ):
            emails = await _emails(tx, [one.customer_id for one in found.rows])
        return [_row(desk, one, emails) for one in found.rows], found.more

    return await show(
        desk,
        Listing(
            section="viewers",
            title=event.name,
            columns=[_("Who"), _("Since"), _("Picture"), _("Watched, minutes"), _("Device")],
            name="players",
            trail=[Link(_("Viewers now"), desk.url("/viewers"))],
            empty_title=_("Nobody watches at the moment"),
            empty_text=_("Players appear here within seconds of pressing play."),
        ),
        fetch,
    )


async def _emails(tx: Tx, customer_ids: list[str]) -> dict[str, str]:
    rows = await tx.execute(
        select(Customer.id, Account.email)
        .join(Account, Account.id == Customer.account_id)
        .where(Customer.id.in_(customer_ids))
    )
    return dict(rows.all())


def _row(desk: Desk, one: PlaybackSession, emails: dict[str, str]) -> Row:
    kind = desk.gettext("Live") if one.kind.value == "live" else desk.gettext("Replay")
    # Who may not see people sees customers by their id.
    who = emails.get(one.customer_id, one.customer_id)
    href = desk.url(f"/viewers/{one.event_id}/{one.id}") if desk.may(P.PLAYBACK_STOP) else ""
    return Row(
        [
            Cell(who),
            moment_cell(desk.locale, one.started_at, desk.venue.timezone),
            Cell(kind, raw=one.kind.value),
            number_cell(desk.locale, int(one.watched_s // 60)),
            Cell(one.device_id or "–"),
        ],
        href,
    )


async def _session(desk: Desk, tx: Tx, event_id: str, sid: str) -> PlaybackSession:
    session = await tx.get(PlaybackSession, sid)
    if session is None or session.venue_id != desk.venue.id or session.event_id != event_id:
        raise NotFound("player")
    return session


@get(
    "/console/{venue_id:str}/viewers/{event_id:str}/{sid:str}", opt={"permission": P.PLAYBACK_STOP}
)
async def player(
    desk: NamedDependency[Desk], event_id: FromPath[str], sid: FromPath[str]
) -> Response[Any]:
    """One player, with the button that stops it."""
    async with desk.look() as tx:
        event = await events.get(tx, desk.venue.id, event_id)
        session = await _session(desk, tx, event_id, sid)
        emails = {}
        if desk.may(P.PEOPLE_READ):
            emails = await _emails(tx, [session.customer_id])
    who = emails.get(session.customer_id, session.customer_id)
    return desk.page("player.html", section="viewers", event=event, session=session, who=who)


@post("/console/{venue_id:str}/viewers/{event_id:str}/{sid:str}/stop", opt=STOP)
async def stop_player(
    desk: NamedDependency[Desk], event_id: FromPath[str], sid: FromPath[str]
) -> Response[Any]:
    """Stop this player. The right to watch stays: who pressed play may press it again."""
    async with desk.act() as act:
        await _session(desk, act.tx, event_id, sid)
        await stop(act.tx, [sid], act.machine_now)
        await act.note("player.stopped", sid, event_id=event_id)
    said = desk.gettext("The player stops within seconds. The right to watch stays.")
    return desk.to(desk.url(f"/viewers/{event_id}"), said)


PAGES = [overview, players, player, stop_player]

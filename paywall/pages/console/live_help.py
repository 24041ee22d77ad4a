"""Live help: one switch for when a stream has trouble, and the alarms that call for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, NotFound, Problem
from paywall.accounts.roles import Permission as P
from paywall.catalogue.tables import Event, EventState
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_
from support_bot import live_notices
from support_bot.conversation_tables import LiveNotice, QuestionSpike

READ = {"permission": P.SUPPORT_READ}
WRITE = {"permission": P.SUPPORT_WRITE, "page": True}
AROUND = timedelta(hours=24)
TEXT_MAX = 500


@get("/console/{venue_id:str}/live-help", opt=READ)
async def show(desk: NamedDependency[Desk]) -> Response[Any]:
    """The concerts around now, each with its switch, and the latest alarms."""
    async with desk.look() as tx:
        running = await live_notices.all_running(tx, desk.venue.id, desk.machine_now)
        events = await _events(desk, tx, running)
        query = (
            select(QuestionSpike)
            .where(QuestionSpike.venue_id == desk.venue.id)
            .order_by(QuestionSpike.id.desc())
            .limit(20)
        )
        spikes = list(await tx.scalars(query))
        shelf = await desk.parts.help.at(tx, desk.venue.id, desk.locale.code)
    by_event = {notice.event_id: notice for notice in running}
    titles = {one.topic: [s.text.title for s in shelf.some(one.topic)] for one in spikes}
    names = {event.id: event.name for event in events}
    return desk.page(
        "live_help.html", section="live_help",
        events=[(event, by_event.get(event.id)) for event in events],
        spikes=[
            (one, (titles[one.topic] or [one.topic])[0], names.get(one.event_id or "", ""))
            for one in spikes
        ],
        may_write=desk.may(P.SUPPORT_WRITE), text_max=TEXT_MAX,
    )  # fmt: skip


async def _events(desk: Desk, tx: Tx, running: list[LiveNotice]) -> list[Event]:
    """Those that are on first, then by time; one with a notice is always among them."""
    query = (
        select(Event)
        .where(
            Event.venue_id == desk.venue.id,
            Event.state == EventState.PUBLISHED,
            (Event.ends_at > desk.now - AROUND) & (Event.starts_at < desk.now + AROUND)
            | Event.id.in_([notice.event_id for notice in running]),
        )
        .order_by(Event.starts_at)
        .limit(50)
    )
    found = list(await tx.scalars(query))
    return sorted(found, key=lambda e: not (e.doors_at <= desk.now < e.ends_at))


@post("/console/{venue_id:str}/live-help/{event_id:str}/on", opt=WRITE)
async def on(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Tell everybody who asks, and everybody on the event's pages."""
    typed = await desk.typed()
    page = desk.url("/live-help")
    try:
        text = typed.text("text")
        if len(text) > TEXT_MAX:
            raise Invalid("text", N_("Write at most 500 characters."))
        async with desk.act() as act:
            event = await act.tx.get(Event, event_id)
            if event is None or event.venue_id != desk.venue.id:
                raise NotFound("event")
            notice = await live_notices.switch_on(
                act.tx, venue_id=desk.venue.id, event_id=event_id, text=text, by=act.actor,
                now=act.machine_now,
            )  # fmt: skip
            await act.note("live_notice.on", notice.id, event_id=event_id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, desk.gettext("It is on. Everybody who asks about the stream is told."))


@post("/console/{venue_id:str}/live-help/{notice_id:str}/off", opt=WRITE)
async def off(desk: NamedDependency[Desk], notice_id: FromPath[str]) -> Response[Any]:
    """The trouble is over."""
    page = desk.url("/live-help")
    try:
        async with desk.act() as act:
            notice = await live_notices.switch_off(
                act.tx, desk.venue.id, notice_id, act.machine_now
            )
            await act.note("live_notice.off", notice.id, event_id=notice.event_id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, desk.gettext("It is off."))


PAGES = [show, on, off]

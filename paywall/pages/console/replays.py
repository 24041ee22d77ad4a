"""Recordings in the console: where they lie, and from when until when they can be watched."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Problem
from infra.kernel.ids import new_id
from paywall.accounts.roles import Permission as P
from paywall.catalogue import events, replays
from paywall.catalogue.tables import Event, Replay
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.streams import source_inputs
from paywall.pages.console.table import Link
from paywall.pages.console.typed import Typed, ask, local_text, needed

READ = {"permission": P.CATALOGUE_READ}
WRITE = {"permission": P.CATALOGUE_WRITE, "page": True}


def _form(desk: Desk, event: Event, replay: Replay | None) -> Form:
    _ = desk.gettext
    inputs = [
        *source_inputs(desk),
        Input("available_from", _("Can be watched from"), "moment", required=True),
        Input(
            "available_until", _("Until"), "moment", hint=_("Empty: without an end of its own."),
        ),
    ]  # fmt: skip
    trail = [
        Link(_("Events"), desk.url("/events")),
        Link(event.name, desk.url(f"/events/{event.id}")),
    ]
    if replay is None:
        return Form(
            section="events", title=_("Add a replay"), action=desk.url("/replays/new"),
            submit=_("Add the replay"), inputs=inputs,
            values={
                "kind": "local", "source": f"{event.slug}-replay"[:63],
                "available_from": local_text(event.ends_at, event.timezone),
            },
            hidden={"form_id": new_id("rpl"), "event_id": event.id}, trail=trail,
        )  # fmt: skip
    return Form(
        section="events", title=_("Change the replay"), action=desk.url(f"/replays/{replay.id}"),
        submit=_("Save the replay"), inputs=inputs,
        values={
            "kind": replay.kind, "source": replay.source,
            "available_from": local_text(replay.available_from, event.timezone),
            "available_until": local_text(replay.available_until, event.timezone),
        },
        hidden={"version": str(replay.version)}, trail=trail,
    )  # fmt: skip


def _asked(typed: Typed, zone: str) -> dict[str, Any]:
    return {
        "kind": typed.text("kind"),
        "source": typed.text("source"),
        "available_from": needed(typed.moment("available_from", zone), "available_from"),
        "available_until": typed.moment("available_until", zone),
    }


async def _event(desk: Desk, event_id: str) -> Event:
    async with desk.look() as tx:
        return await events.get(tx, desk.venue.id, event_id)


async def _both(desk: Desk, replay_id: str) -> tuple[Event, Replay]:
    async with desk.look() as tx:
        replay = await replays.get(tx, desk.venue.id, replay_id)
        return await events.get(tx, desk.venue.id, replay.event_id), replay


@get("/console/{venue_id:str}/replays/new", opt={"permission": P.CATALOGUE_WRITE})
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty recording of an event."""
    event = await _event(desk, desk.request.query_params.get("event", ""))
    return show_form(desk, _form(desk, event, None))


@post("/console/{venue_id:str}/replays/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Add the recording."""
    typed = await desk.typed()
    event = await _event(desk, typed.text("event_id"))
    try:
        asked = ask(replays.NewReplay, event_id=event.id, **_asked(typed, event.timezone))
        async with desk.act() as act:
            replay = await replays.create(
                act.tx, desk.venue.id, typed.fresh_id("rpl"), asked, now=act.machine_now
            )
            await act.note("replay.created", replay.id, event_id=event.id)
    except Problem as problem:
        return show_form(desk, _form(desk, event, None), typed, problem)
    return desk.to(desk.url(f"/events/{event.id}"), desk.gettext("The replay is there."))


@get("/console/{venue_id:str}/replays/{replay_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], replay_id: FromPath[str]) -> Response[Any]:
    """The recording's form."""
    event, replay = await _both(desk, replay_id)
    return show_form(desk, _form(desk, event, replay))


@post("/console/{venue_id:str}/replays/{replay_id:str}", opt=WRITE)
async def edit(desk: NamedDependency[Desk], replay_id: FromPath[str]) -> Response[Any]:
    """Change the recording or its window."""
    typed = await desk.typed()
    event, replay = await _both(desk, replay_id)
    try:
        asked = ask(replays.ReplayEdit, **_asked(typed, event.timezone))
        async with desk.act() as act:
            await replays.edit(act.tx, desk.venue.id, replay_id, typed.version(), asked)
            await act.note("replay.changed", replay_id, event_id=event.id)
    except Problem as problem:
        return show_form(desk, _form(desk, event, replay), typed, problem)
    return desk.to(desk.url(f"/events/{event.id}"), desk.gettext("Saved."))


@post("/console/{venue_id:str}/replays/{replay_id:str}/delete", opt=WRITE)
async def delete(desk: NamedDependency[Desk], replay_id: FromPath[str]) -> Response[Any]:
    """Take the recording away."""
    typed = await desk.typed()
    event, _replay = await _both(desk, replay_id)
    page = desk.url(f"/events/{event.id}")
    try:
        async with desk.act() as act:
            await replays.delete(act.tx, desk.venue.id, replay_id, typed.version())
            await act.note("replay.deleted", replay_id, event_id=event.id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, desk.gettext("The replay is gone."))


PAGES = [new, create, read, edit, delete]

"""Live pictures in the console: where they come from, their ingest key, whether they come."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import NotFound, Problem
from infra.kernel.ids import new_id
from paywall.accounts.roles import Permission as P
from paywall.bridges.pulse import pulse
from paywall.catalogue import events, streams
from paywall.catalogue.tables import Event, Stream
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.table import Link
from paywall.pages.console.typed import Typed, ask

READ = {"permission": P.CATALOGUE_READ}
WRITE = {"permission": P.CATALOGUE_WRITE, "page": True}


def source_inputs(desk: Desk) -> list[Input]:
    """The fields that say where a picture comes from; for streams and replays alike."""
    _ = desk.gettext
    return [
        Input(
            "kind", _("Where it comes from"), "select",
            options=[
                ("local", _("A folder on this server that an encoder writes to")),
                ("pull", _("A playlist on another server")),
            ],
        ),
        Input(
            "source", _("Folder or playlist"), required=True,
            hint=_("A folder such as grande-salle, or an https address that ends in .m3u8."),
        ),
    ]  # fmt: skip


def _trail(desk: Desk, event: Event) -> list[Link]:
    return [
        Link(desk.gettext("Events"), desk.url("/events")),
        Link(event.name, desk.url(f"/events/{event.id}")),
    ]


def _form(desk: Desk, event: Event, stream: Stream | None) -> Form:
    _ = desk.gettext
    inputs = source_inputs(desk)
    if stream is None:
        return Form(
            section="events", title=_("Add a stream"), action=desk.url("/streams/new"),
            submit=_("Add the stream"), inputs=inputs,
            values={"kind": "local", "source": event.slug},
            hidden={"form_id": new_id("str"), "event_id": event.id}, trail=_trail(desk, event),
        )  # fmt: skip
    return Form(
        section="events", title=_("Change the stream"),
        action=desk.url(f"/streams/{stream.id}"), submit=_("Save the stream"), inputs=inputs,
        values={"kind": stream.kind, "source": stream.source},
        hidden={"version": str(stream.version)}, trail=_trail(desk, event),
    )  # fmt: skip


async def _event(desk: Desk, event_id: str) -> Event:
    async with desk.look() as tx:
        return await events.get(tx, desk.venue.id, event_id)


async def _both(desk: Desk, stream_id: str) -> tuple[Event, Stream]:
    async with desk.look() as tx:
        stream = await streams.get(tx, desk.venue.id, stream_id)
        return await events.get(tx, desk.venue.id, stream.event_id), stream


@get("/console/{venue_id:str}/streams/new", opt={"permission": P.CATALOGUE_WRITE})
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty stream of an event."""
    event = await _event(desk, desk.request.query_params.get("event", ""))
    return show_form(desk, _form(desk, event, None))


@post("/console/{venue_id:str}/streams/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Add the stream; its ingest key is shown on the next page, once."""
    typed = await desk.typed()
    event = await _event(desk, typed.text("event_id"))
    try:
        asked = ask(
            streams.NewStream,
            event_id=event.id, kind=typed.text("kind"), source=typed.text("source"),
        )  # fmt: skip
        async with desk.act() as act:
            stream, key = await streams.create(
                act.tx, desk.venue.id, typed.fresh_id("str"), asked, now=act.machine_now
            )
            await act.note("stream.created", stream.id, event_id=event.id)
    except Problem as problem:
        return show_form(desk, _form(desk, event, None), typed, problem)
    said = desk.gettext("The stream is there. This is its ingest key, for the encoder.")
    return desk.to(desk.url(f"/events/{event.id}"), said, secrets=[key])


@get("/console/{venue_id:str}/streams/{stream_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], stream_id: FromPath[str]) -> Response[Any]:
    """The stream's form."""
    event, stream = await _both(desk, stream_id)
    return show_form(desk, _form(desk, event, stream))


@post("/console/{venue_id:str}/streams/{stream_id:str}", opt=WRITE)
async def edit(desk: NamedDependency[Desk], stream_id: FromPath[str]) -> Response[Any]:
    """Change where the picture comes from; what it was before is one click away."""
    typed: Typed = await desk.typed()
    event, stream = await _both(desk, stream_id)
    before = {"kind": stream.kind, "source": stream.source}
    try:
        asked = ask(streams.StreamEdit, kind=typed.text("kind"), source=typed.text("source"))
        async with desk.act() as act:
            changed = await streams.edit(act.tx, desk.venue.id, stream_id, typed.version(), asked)
            await act.note("stream.changed", stream_id, event_id=event.id)
    except Problem as problem:
        return show_form(desk, _form(desk, event, stream), typed, problem)
    undo = Undo(desk.url(f"/streams/{stream_id}"), before | {"version": str(changed.version)})
    return desk.to(
        desk.url(f"/events/{event.id}"), desk.gettext("The stream has changed."), undo=undo
    )


@post("/console/{venue_id:str}/streams/{stream_id:str}/key", opt=WRITE)
async def rotate(desk: NamedDependency[Desk], stream_id: FromPath[str]) -> Response[Any]:
    """A new ingest key; the old one stops at once."""
    event, _stream = await _both(desk, stream_id)
    async with desk.act() as act:
        key = await streams.rotate_key(act.tx, desk.venue.id, stream_id)
        await act.note("stream.key_rotated", stream_id, event_id=event.id)
    said = desk.gettext("This is the new ingest key. The old one has stopped.")
    return desk.to(desk.url(f"/events/{event.id}"), said, secrets=[key])


@post("/console/{venue_id:str}/streams/{stream_id:str}/delete", opt=WRITE)
async def delete(desk: NamedDependency[Desk], stream_id: FromPath[str]) -> Response[Any]:
    """Take the stream away."""
    typed = await desk.typed()
    event, _stream = await _both(desk, stream_id)
    page = desk.url(f"/events/{event.id}")
    try:
        async with desk.act() as act:
            await streams.delete(act.tx, desk.venue.id, stream_id, typed.version())
            await act.note("stream.deleted", stream_id, event_id=event.id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, desk.gettext("The stream is gone."))


@get("/console/{venue_id:str}/streams/{stream_id:str}/pulse", opt=READ)
async def show_pulse(desk: NamedDependency[Desk], stream_id: FromPath[str]) -> Response[Any]:
    """Whether a picture comes now, for htmx; `?page=1` the same as a page."""
    event, stream = await _both(desk, stream_id)
    root = desk.parts.settings.data_dir / "media"
    seen = None
    if stream.kind == "local":
        seen = await pulse(root, stream.source, desk.parts.clock)
    if desk.request.query_params.get("page"):
        return desk.page("pulse_page.html", section="events", event=event, seen=seen)
    if not desk.request.headers.get("hx-request"):
        raise NotFound("page")
    return desk.fragment("pulse.html", seen=seen)


PAGES = [new, create, read, edit, rotate, delete, show_pulse]

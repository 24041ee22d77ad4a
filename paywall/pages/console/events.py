"""Events in the console: listed, made, changed, published, taken back, cancelled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import func, select

from entitlements.sessions import viewers_now
from infra.kernel.bounds import UNSET
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Problem
from infra.kernel.ids import new_id
from infra.kernel.paging import Place, Wanted, slice_of
from offers import sale
from offers.tables import OfferState
from paywall.accounts.roles import Permission as P
from paywall.bridges.offers import is_offered
from paywall.bridges.rescheduling import shift_grants
from paywall.catalogue import events, replays, seasons, streams
from paywall.catalogue.tables import Event, EventState, Season
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.http.acts import tell_moved
from paywall.pages.console import offer_rows, words
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.table import (
    Cell,
    Filter,
    Link,
    Listing,
    Row,
    moment_cell,
    show,
)  # fmt: skip
from paywall.pages.console.typed import Typed, ask, local_text, needed
from paywall.pages.posters import poster_svg

READ = {"permission": P.CATALOGUE_READ}
WRITE = {"permission": P.CATALOGUE_WRITE, "page": True}
FIRST = Wanted(limit=100)


@get("/console/{venue_id:str}/events", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """Every event, the latest start first; filters in the address."""
    _, query = desk.gettext, desk.request.query_params
    async with desk.look() as tx:
        known = (await seasons.listed(tx, desk.venue.id, FIRST)).rows
    names = {season.id: season.name for season in known}

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        rows = select(Event).where(Event.venue_id == desk.venue.id)
        if query.get("state") in list(EventState):
            rows = rows.where(Event.state == EventState(query["state"]))
        if query.get("season"):
            rows = rows.where(Event.season_id == query["season"])
        if query.get("name"):
            typed = query["name"][:100].replace("/", "//").replace("%", "/%").replace("_", "/_")
            rows = rows.where(func.lower(Event.name).like(f"%{typed.lower()}%", escape="/"))
        if query.get("when") == "ahead":
            rows = rows.where(Event.ends_at > desk.now)
        found = await slice_of(tx, rows, wanted, id_column=Event.id, at_column=Event.starts_at)
        return [_row(desk, one, names) for one in found.rows], found.more

    states = [(s.value, words.state_text(desk.locale, s.value)) for s in EventState]
    return await show(
        desk,
        Listing(
            section="events",
            title=_("Events"),
            columns=[_("Name"), _("Starts"), _("State"), _("Season")],
            name="events",
            filters=[
                Filter("name", _("Name")),
                Filter("state", _("State"), [("", _("All")), *states]),
                Filter("season", _("Season"), [("", _("All")), *names.items()]),
            ],
            views=[
                Link(_("All"), desk.url("/events")),
                Link(_("Ahead"), desk.url("/events", when="ahead")),
                Link(_("Drafts"), desk.url("/events", state="draft")),
            ],
            actions=[Link(_("New event"), desk.url("/events/new"))]
            if desk.may(P.CATALOGUE_WRITE)
            else [],
            empty_title=_("No event yet"),
            empty_text=_("An event is one concert. It stays a draft until you publish it."),
        ),
        fetch,
    )


def _row(desk: Desk, event: Event, names: dict[str, str]) -> Row:
    return Row(
        [
            Cell(event.name, sub=event.subtitle),
            moment_cell(desk.locale, event.starts_at, event.timezone),
            words.state_cell(desk.locale, event.state.value),
            Cell(names.get(event.season_id or "", "")),
        ],
        desk.url(f"/events/{event.id}"),
    )


def _form(desk: Desk, event: Event | None, known: list[Season], season_id: str = "") -> Form:
    _ = desk.gettext
    zone = event.timezone if event is not None else desk.venue.timezone
    inputs = [
        Input("name", _("Name"), required=True, attrs={"maxlength": "160"}),
        Input("subtitle", _("Line below the name"), attrs={"maxlength": "200"}),
        Input(
            "city", _("City"), attrs={"maxlength": "80"},
            hint=_("Where the hall stands. Shown beside the venue's name."),
        ),
        Input(
            "artist", _("Artist"), attrs={"maxlength": "160"},
            hint=_("Who plays, for your figures. The event’s page shows the name above."),
        ),
        Input("genre", _("Genre"), attrs={"maxlength": "60"}),
        Input("starts_at", _("Starts"), "moment", required=True, group=_("When")),
        Input("ends_at", _("Ends"), "moment", required=True),
        Input(
            "timezone", _("Time zone of the hall"), required=True,
            hint=_("As in Europe/Paris. The times above are read in it."),
        ),
        Input(
            "doors_min", _("Doors open, minutes before"), "number",
            hint=_("From then on players may connect."),
        ),
        Input(
            "season_id", _("Season"), "select", group=_("Where it belongs"),
            options=[("", _("None")), *[(one.id, one.name) for one in known]],
        ),
        Input("about_md", _("About"), "textarea", hint=_("Markdown. Shown on the event's page.")),
    ]  # fmt: skip
    trail = [Link(_("Events"), desk.url("/events"))]
    if event is None:
        return Form(
            section="events", title=_("New event"), action=desk.url("/events/new"),
            submit=_("Create the event"), inputs=inputs,
            values={"timezone": zone, "doors_min": "30", "season_id": season_id},
            hidden={"form_id": new_id("evt")}, draft=f"{desk.venue.id}-event", trail=trail,
        )  # fmt: skip
    return Form(
        section="events", title=_("Change the event"),
        action=desk.url(f"/events/{event.id}/edit"), submit=_("Save the event"), inputs=inputs,
        values={
            "name": event.name, "subtitle": event.subtitle, "about_md": event.about_md,
            "city": event.city, "artist": event.artist, "genre": event.genre,
            "starts_at": local_text(event.starts_at, zone),
            "ends_at": local_text(event.ends_at, zone), "timezone": zone,
            "doors_min": str(event.doors_s // 60), "season_id": event.season_id or "",
        },
        hidden={"version": str(event.version)}, draft=f"{event.id}-{event.version}",
        trail=[*trail, Link(event.name, desk.url(f"/events/{event.id}"))],
    )  # fmt: skip


def _asked(typed: Typed) -> dict[str, Any]:
    from paywall.catalogue.times import check_zone

    zone = needed(typed.text("timezone"), "timezone")
    check_zone(zone)
    return {
        "name": typed.text("name"),
        "subtitle": typed.text("subtitle"),
        "city": typed.text("city"),
        "artist": typed.text("artist"),
        "genre": typed.text("genre"),
        "about_md": typed.text("about_md"),
        "starts_at": needed(typed.moment("starts_at", zone), "starts_at"),
        "ends_at": needed(typed.moment("ends_at", zone), "ends_at"),
        "timezone": zone,
        "doors_s": typed.seconds("doors_min", 60, 1800),
        "season_id": typed.text("season_id") or None,
    }


async def _seasons(desk: Desk) -> list[Season]:
    async with desk.look() as tx:
        return (await seasons.listed(tx, desk.venue.id, FIRST)).rows


@get("/console/{venue_id:str}/events/new", opt={"permission": P.CATALOGUE_WRITE})
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty event to fill in."""
    season_id = desk.request.query_params.get("season", "")
    return show_form(desk, _form(desk, None, await _seasons(desk), season_id))


@post("/console/{venue_id:str}/events/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Make the event, as a draft."""
    typed = await desk.typed()
    try:
        asked = ask(events.NewEvent, **_asked(typed))
        async with desk.act() as act:
            event = await events.create(
                act.tx, desk.venue.id, typed.fresh_id("evt"), asked,
                timezone=desk.venue.timezone, now=act.machine_now,
            )  # fmt: skip
            await act.note("event.created", event.id)
    except Problem as problem:
        return show_form(desk, _form(desk, None, await _seasons(desk)), typed, problem)
    said = desk.gettext("The event is there, as a draft. Give it a stream and an offer next.")
    return desk.to(desk.url(f"/events/{event.id}"), said)


@get("/console/{venue_id:str}/events/{event_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """One event with everything that hangs on it."""
    venue_id = desk.venue.id
    async with desk.look() as tx:
        event = await events.get(tx, venue_id, event_id)
        offers = (await sale.listed(tx, venue_id, FIRST, scope_id=event_id)).rows
        rows = await offer_rows.rows(desk, tx, offers)
        stream = next(
            iter((await streams.listed(tx, venue_id, FIRST, event_id=event_id)).rows), None
        )
        replay = next(
            iter((await replays.listed(tx, venue_id, FIRST, event_id=event_id)).rows), None
        )
        viewers = (await viewers_now(tx, [event_id], desk.machine_now)).get(event_id, 0)
        season = None
        if event.season_id:
            season = await seasons.get(tx, venue_id, event.season_id)
    return desk.page(
        "event.html",
        section="events",
        event=event,
        season=season,
        stream=stream,
        replay=replay,
        offers=rows,
        offer_columns=offer_rows.columns(desk),
        viewers=viewers,
        on_sale=any(one.state is OfferState.ON_SALE for one in offers),
        doors_at=event.starts_at - timedelta(seconds=event.doors_s),
        may_write=desk.may(P.CATALOGUE_WRITE) and event.state is not EventState.CANCELLED,
        may_sell=desk.may(P.OFFERS_WRITE) and event.state is not EventState.CANCELLED,
    )


@get("/console/{venue_id:str}/events/{event_id:str}/edit", opt={"permission": P.CATALOGUE_WRITE})
async def edit_form(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """The event's form."""
    async with desk.look() as tx:
        event = await events.get(tx, desk.venue.id, event_id)
    return show_form(desk, _form(desk, event, await _seasons(desk)))


@post("/console/{venue_id:str}/events/{event_id:str}/edit", opt=WRITE)
async def edit(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Change the event; new times move what its tickets open."""
    typed = await desk.typed()
    try:
        asked = ask(events.EventEdit, **_asked(typed))
        async with desk.act() as act:
            await events.edit(
                act.tx, desk.venue.id, event_id, typed.version(), asked,
                on_rescheduled=shift_grants,
            )  # fmt: skip
            fields = sorted(f for f in asked.__struct_fields__ if getattr(asked, f) is not UNSET)
            await act.note("event.changed", event_id, fields=fields)
    except Problem as problem:
        async with desk.look() as tx:
            event = await events.get(tx, desk.venue.id, event_id)
        return show_form(desk, _form(desk, event, await _seasons(desk)), typed, problem)
    return desk.to(desk.url(f"/events/{event_id}"), desk.gettext("Saved."))


async def _move(
    desk: Desk, event_id: str, to: EventState, verb: str, said: str, undo: str = ""
) -> Response[Any]:
    page = desk.url(f"/events/{event_id}")
    try:
        async with desk.act() as act:
            event = await events.move(act.tx, desk.venue.id, event_id, to)
            await act.note(f"event.{verb}", event_id)
            await tell_moved(act, event)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, said, undo=Undo(f"{page}/{undo}") if undo else None)


@post("/console/{venue_id:str}/events/{event_id:str}/publish", opt=WRITE)
async def publish(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Show a draft to everybody."""
    said = desk.gettext("Published: everybody sees it now.")
    return await _move(desk, event_id, EventState.PUBLISHED, "published", said, "unpublish")


@post("/console/{venue_id:str}/events/{event_id:str}/unpublish", opt=WRITE)
async def unpublish(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Take an event back to draft."""
    said = desk.gettext("Back to draft. Tickets stay, but nobody can watch meanwhile.")
    return await _move(desk, event_id, EventState.DRAFT, "unpublished", said, "publish")


@get("/console/{venue_id:str}/events/{event_id:str}/cancel", opt={"permission": P.CATALOGUE_WRITE})
async def cancel_form(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """What a cancellation does, with its figures, before it is done."""
    async with desk.look() as tx:
        event = await events.get(tx, desk.venue.id, event_id)
        paid = (OrderState.PAID, OrderState.PARTLY_REFUNDED)
        offers = (await sale.listed(tx, desk.venue.id, FIRST, scope_id=event_id)).rows
        sold = await tx.scalar(
            select(func.count())
            .select_from(Order)
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(OrderLine.offer_id.in_([one.id for one in offers]), Order.state.in_(paid))
        )
    return desk.page(
        "event_cancel.html", section="events", event=event, sold=sold or 0, offers=offers
    )


@post("/console/{venue_id:str}/events/{event_id:str}/cancel", opt=WRITE)
async def cancel(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Cancel the event for good; refunds are a step of their own."""
    said = desk.gettext("The event is cancelled. Refund its orders from the list of orders.")
    return await _move(desk, event_id, EventState.CANCELLED, "cancelled", said)


@post("/console/{venue_id:str}/events/{event_id:str}/delete", opt=WRITE)
async def delete(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Delete a draft that was never offered."""
    typed = await desk.typed()
    try:
        async with desk.act() as act:
            if await is_offered(act.tx, event_id):
                raise Conflict("The event has offers. Cancel it instead.", code="is_offered")
            await events.delete(act.tx, desk.venue.id, event_id, typed.version())
            await act.note("event.deleted", event_id)
    except Problem as problem:
        return desk.to(desk.url(f"/events/{event_id}"), desk.words_for(problem))
    return desk.to(desk.url("/events"), desk.gettext("The draft is gone."))


@get("/console/{venue_id:str}/events/{event_id:str}/poster.svg", opt=READ)
async def poster(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[bytes]:
    """The drawn poster, of drafts too; `?seed=` tries another."""
    async with desk.look() as tx:
        event = await events.get(tx, desk.venue.id, event_id)
    when = desk.locale.date(event.starts_at, event.timezone, "long")
    seed = desk.request.query_params.get("seed", "")[:12] or str(event.poster_seed)
    drawn = poster_svg(event.name, when, seed, venue_text=desk.venue.name)
    return Response(
        drawn.encode(), media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=60"}
    )


@get("/console/{venue_id:str}/events/{event_id:str}/poster", opt={"permission": P.CATALOGUE_WRITE})
async def posters(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Eight posters to choose from, the present one first."""
    async with desk.look() as tx:
        event = await events.get(tx, desk.venue.id, event_id)
    start = int(
        "0" + "".join(c for c in desk.request.query_params.get("from", "") if c.isdigit())[:8]
    )
    seeds = [event.poster_seed, *range(start + 1, start + 8)]
    return desk.page("posters.html", section="events", event=event, seeds=seeds, further=start + 7)


@post("/console/{venue_id:str}/events/{event_id:str}/poster", opt=WRITE)
async def choose_poster(desk: NamedDependency[Desk], event_id: FromPath[str]) -> Response[Any]:
    """Take another drawing."""
    typed = await desk.typed()
    page = desk.url(f"/events/{event_id}")
    try:
        asked = ask(events.EventEdit, poster_seed=needed(typed.whole("seed"), "seed"))
        async with desk.act() as act:
            old = (await events.get(act.tx, desk.venue.id, event_id)).poster_seed
            changed = await events.edit(act.tx, desk.venue.id, event_id, typed.version(), asked)
            await act.note("event.changed", event_id, fields=["poster_seed"])
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    undo = Undo(f"{page}/poster", {"seed": str(old), "version": str(changed.version)})
    return desk.to(page, desk.gettext("The poster has changed."), undo=undo)


PAGES = [
    listing, new, create, read, edit_form, edit, publish, unpublish, cancel_form, cancel, delete,
    poster, posters, choose_poster,
]  # fmt: skip

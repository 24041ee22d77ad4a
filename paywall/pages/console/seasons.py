"""Seasons in the console: listed, made, changed, deleted while empty."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import func, select

from infra.kernel.bounds import UNSET
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Problem
from infra.kernel.ids import new_id
from infra.kernel.paging import Place, Wanted
from paywall.accounts.roles import Permission as P
from paywall.bridges.offers import is_offered
from paywall.catalogue import seasons
from paywall.catalogue.tables import Event, Season
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.table import (
    Cell,
    Link,
    Listing,
    Row,
    moment_cell,
    number_cell,
    show,
)  # fmt: skip
from paywall.pages.console.typed import Typed, ask, local_text, needed

READ = {"permission": P.CATALOGUE_READ}
WRITE = {"permission": P.CATALOGUE_WRITE, "page": True}


@get("/console/{venue_id:str}/seasons", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's seasons, the latest start first."""
    _ = desk.gettext
    zone = desk.venue.timezone

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await seasons.listed(tx, desk.venue.id, wanted)
        counts = dict(
            (
                await tx.execute(
                    select(Event.season_id, func.count())
                    .where(Event.season_id.in_([one.id for one in found.rows]))
                    .group_by(Event.season_id)
                )
            ).all()
        )
        rows = [
            Row(
                [
                    Cell(one.name),
                    moment_cell(desk.locale, one.starts_at, zone),
                    moment_cell(desk.locale, one.ends_at, zone),
                    number_cell(desk.locale, counts.get(one.id, 0)),
                ],
                desk.url(f"/seasons/{one.id}"),
            )
            for one in found.rows
        ]
        return rows, found.more

    actions = [Link(_("New season"), desk.url("/seasons/new"))]
    return await show(
        desk,
        Listing(
            section="seasons",
            title=_("Seasons"),
            columns=[_("Name"), _("Starts"), _("Ends"), _("Events")],
            name="seasons",
            actions=actions if desk.may(P.CATALOGUE_WRITE) else [],
            empty_title=_("No season yet"),
            empty_text=_("A season is a dated series of events. One pass can open all of it."),
        ),
        fetch,
    )


def _form(desk: Desk, season: Season | None) -> Form:
    _ = desk.gettext
    zone = desk.venue.timezone
    inputs = [
        Input("name", _("Name"), required=True, attrs={"maxlength": "160"}),
        Input("starts_at", _("Starts"), "moment", required=True, hint=_zone_hint(desk)),
        Input(
            "ends_at", _("Ends"), "moment", required=True,
            hint=_("Passes for the season open everything until then."),
        ),
        Input(
            "about_md", _("About"), "textarea", hint=_("Markdown. Shown on the season's page."),
        ),
    ]  # fmt: skip
    if season is None:
        return Form(
            section="seasons", title=_("New season"), action=desk.url("/seasons/new"),
            submit=_("Create the season"), inputs=inputs, values={},
            hidden={"form_id": new_id("ssn")}, draft=f"{desk.venue.id}-season",
            trail=[Link(_("Seasons"), desk.url("/seasons"))],
        )  # fmt: skip
    return Form(
        section="seasons", title=season.name, action=desk.url(f"/seasons/{season.id}"),
        submit=_("Save the season"), inputs=inputs,
        values={
            "name": season.name,
            "starts_at": local_text(season.starts_at, zone),
            "ends_at": local_text(season.ends_at, zone),
            "about_md": season.about_md,
        },
        hidden={"version": str(season.version)}, draft=f"{season.id}-{season.version}",
        trail=[Link(_("Seasons"), desk.url("/seasons"))],
    )  # fmt: skip


def _zone_hint(desk: Desk) -> str:
    city = desk.locale.zone_city(desk.venue.timezone)
    return desk.gettext("In the time of %(city)s.") % {"city": city}


def _asked(desk: Desk, typed: Typed) -> dict[str, Any]:
    zone = desk.venue.timezone
    return {
        "name": typed.text("name"),
        "starts_at": needed(typed.moment("starts_at", zone), "starts_at"),
        "ends_at": needed(typed.moment("ends_at", zone), "ends_at"),
        "about_md": typed.text("about_md"),
    }


@get("/console/{venue_id:str}/seasons/new", opt={"permission": P.CATALOGUE_WRITE})
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty season to fill in."""
    return show_form(desk, _form(desk, None))


@post("/console/{venue_id:str}/seasons/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Make the season."""
    typed = await desk.typed()
    try:
        asked = ask(seasons.NewSeason, **_asked(desk, typed))
        async with desk.act() as act:
            season = await seasons.create(act.tx, desk.venue.id, typed.fresh_id("ssn"), asked)
            await act.note("season.created", season.id)
    except Problem as problem:
        return show_form(desk, _form(desk, None), typed, problem)
    return desk.to(desk.url(f"/seasons/{season.id}"), desk.gettext("The season is there."))


async def _page(
    desk: Desk, season_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    async with desk.look() as tx:
        season = await seasons.get(tx, desk.venue.id, season_id)
        query = select(Event).where(Event.season_id == season_id).order_by(Event.starts_at)
        events = list(await tx.scalars(query.limit(200)))
    shown: dict[str, Any] = {"season": season, "events": events}
    if not desk.may(P.CATALOGUE_WRITE):
        return desk.page("season.html", section="seasons", spec=None, **shown)
    return show_form(desk, _form(desk, season), typed, problem, template="season.html", **shown)


@get("/console/{venue_id:str}/seasons/{season_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], season_id: FromPath[str]) -> Response[Any]:
    """One season with its events."""
    return await _page(desk, season_id)


@post("/console/{venue_id:str}/seasons/{season_id:str}", opt=WRITE)
async def edit(desk: NamedDependency[Desk], season_id: FromPath[str]) -> Response[Any]:
    """Change the season."""
    typed = await desk.typed()
    try:
        asked = ask(seasons.SeasonEdit, **_asked(desk, typed))
        async with desk.act() as act:
            await seasons.edit(act.tx, desk.venue.id, season_id, typed.version(), asked)
            fields = sorted(f for f in asked.__struct_fields__ if getattr(asked, f) is not UNSET)
            await act.note("season.changed", season_id, fields=fields)
    except Problem as problem:
        return await _page(desk, season_id, typed, problem)
    return desk.to(desk.url(f"/seasons/{season_id}"), desk.gettext("Saved."))


@post("/console/{venue_id:str}/seasons/{season_id:str}/delete", opt=WRITE)
async def delete(desk: NamedDependency[Desk], season_id: FromPath[str]) -> Response[Any]:
    """Only a season without events and without offers goes."""
    typed = await desk.typed()
    try:
        async with desk.act() as act:
            if await is_offered(act.tx, season_id):
                raise Conflict("The season has offers. Archive them; the season stays.")
            await seasons.delete(act.tx, desk.venue.id, season_id, typed.version())
            await act.note("season.deleted", season_id)
    except Problem as problem:
        return desk.to(desk.url(f"/seasons/{season_id}"), desk.words_for(problem))
    return desk.to(desk.url("/seasons"), desk.gettext("The season is gone."))


PAGES = [listing, new, create, read, edit, delete]

"""The operator's pages: every venue of the installation, opened with its first owner."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from infra.kernel.db import Tx
from infra.kernel.errors import Problem
from infra.kernel.ids import new_id
from infra.kernel.paging import Place, Wanted
from paywall.accounts.addresses import checked_email
from paywall.accounts.audit import record
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Permission as P
from paywall.accounts.roles import Role
from paywall.catalogue import venues
from paywall.catalogue.open_venue import NewVenue, open_venue
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.table import Cell, Link, Listing, Row, moment_cell, show
from paywall.pages.console.typed import Typed, ask

READ = {"permission": P.INSTALLATION_VENUES}
WRITE = {"permission": P.INSTALLATION_VENUES, "page": True}


@get(f"/console/{INSTALLATION}/venues", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """Every venue of the installation."""
    _ = desk.gettext

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await venues.listed(tx, wanted)
        rows = [
            Row(
                [
                    Cell(one.name, href=f"/venues/{one.slug}"),
                    Cell(one.slug, code=True),
                    words.state_cell(desk.locale, one.mode.value),
                    Cell(one.country),
                    moment_cell(desk.locale, one.created_at, "UTC"),
                ]
            )
            for one in found.rows
        ]
        return rows, found.more

    return await show(
        desk,
        Listing(
            section="venues",
            title=_("Venues"),
            columns=[_("Name"), _("Address"), _("Mode"), _("Country"), _("Since")],
            name="venues",
            actions=[Link(_("Open a venue"), desk.url("/venues/new"))],
            empty_title=_("No venue yet"),
            empty_text=_("Open the first one and invite its owner."),
        ),
        fetch,
    )


def _form(desk: Desk) -> Form:
    _ = desk.gettext
    return Form(
        section="venues", title=_("Open a venue"), action=desk.url("/venues/new"),
        submit=_("Open the venue"),
        lead=_("It begins in test mode: no money moves. Its owner is invited by mail."),
        inputs=[
            Input("name", _("Name"), required=True, attrs={"maxlength": "120"}),
            Input(
                "slug", _("Address"), required=True,
                hint=_("Small letters, digits and hyphens. It stays: /venues/…"),
            ),
            Input("owner", _("Email of its first owner"), "email", required=True),
            Input("country", _("Country"), required=True, hint=_("Two letters, such as FR.")),
            Input("timezone", _("Time zone"), required=True, hint=_("Such as Europe/Paris.")),
            Input("currency", _("Currency"), required=True, hint=_("Three letters, such as EUR.")),
        ],
        values={"country": "FR", "timezone": "Europe/Paris", "currency": "EUR"},
        hidden={"form_id": new_id("ven")}, draft="installation-venue",
        trail=[Link(_("Venues"), desk.url("/venues"))],
    )  # fmt: skip


@get(f"/console/{INSTALLATION}/venues/new", opt=READ)
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty venue to fill in."""
    return show_form(desk, _form(desk))


@post(f"/console/{INSTALLATION}/venues/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Open the venue, in test mode, then invite its first owner."""
    typed: Typed = await desk.typed()
    try:
        owner = _owner(typed)
        asked = ask(
            NewVenue, name=typed.text("name"), slug=typed.text("slug").lower(),
            country=typed.text("country").upper(), timezone=typed.text("timezone"),
            currency=typed.text("currency").upper(), locale=desk.locale.code,
        )  # fmt: skip
        async with desk.parts.db.transaction() as tx:
            venue = await open_venue(tx, typed.fresh_id("ven"), asked, now=desk.machine_now)
            await record(
                tx, venue_id=INSTALLATION, actor=desk.principal.actor, action="venue.opened",
                subject=venue.id, data={"slug": venue.slug}, now=desk.machine_now,
            )  # fmt: skip
        await desk.parts.people.invitations.invite(
            desk.principal, venue.id, owner, Role.OWNER, locale=desk.locale.code
        )
    except Problem as problem:
        return show_form(desk, _form(desk), typed, problem)
    said = desk.gettext("%(name)s is open. The invitation to its owner is on its way.")
    return desk.to(desk.url("/venues"), said % {"name": venue.name})


def _owner(typed: Typed) -> str:
    try:
        return checked_email(typed.text("owner"))
    except Problem as problem:
        problem.field = "owner"
        raise


PAGES = [listing, new, create]

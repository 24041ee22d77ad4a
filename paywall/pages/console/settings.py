"""A venue's settings: its name, legal facts, tax, accent, and in test mode its clock."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from infra.kernel.bounds import changes
from infra.kernel.errors import Problem
from paywall.accounts.roles import Permission as P
from paywall.catalogue import venues
from paywall.catalogue.tables import Mode, Venue
from paywall.catalogue.venue_clock import advance
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.offer_forms import currency_options
from paywall.pages.console.typed import Typed, ask, bps_text
from paywall.pages.i18n import LANGUAGES

READ = {"permission": P.VENUE_READ}
WRITE = {"permission": P.VENUE_MANAGE, "page": True}
CLOCK = {"permission": P.CLOCK_ADVANCE, "page": True}


def _inputs(desk: Desk) -> list[Input]:
    _ = desk.gettext
    languages = [(code, code) for code in sorted(LANGUAGES)]
    return [
        Input("name", _("Name"), required=True, attrs={"maxlength": "120"}),
        Input(
            "accent", _("Accent colour"), "color",
            hint=_("Corrected until text on it can be read, in the dark and in the light."),
        ),
        Input("about_md", _("About"), "textarea", hint=_("Markdown. Shown on your storefront.")),
        Input("legal_name", _("Legal name"), group=_("Legal facts")),
        Input("address", _("Address"), "textarea", attrs={"rows": "3"}),
        Input("vat_number", _("VAT number")),
        Input("contact_email", _("Contact for buyers"), "email"),
        Input(
            "terms_url", _("Terms of sale"), "url",
            hint=_("An https address. Empty: the terms that the installation provides."),
        ),
        Input(
            "player_origins", _("Sites that may play"), "textarea", attrs={"rows": "3"},
            hint=_("One a line, as https://app.example.org: your own pages that play concerts."),
        ),
        Input(
            "country", _("Country"), hint=_("Two letters, such as FR."), group=_("Money and tax"),
        ),
        Input("currency", _("Currency"), "select", options=currency_options(desk)),
        Input(
            "vat_percent", _("Tax contained in prices, percent"), "amount",
            hint=_("Such as 5.5. Your own statement: it applies to sales from now on."),
        ),
        Input(
            "timezone", _("Time zone"), hint=_("Such as Europe/Paris."),
            group=_("Language and time"),
        ),
        Input("locale", _("Language"), "select", options=languages),
    ]  # fmt: skip


def _form(desk: Desk, venue: Venue) -> Form:
    _ = desk.gettext
    return Form(
        section="settings", title=_("Settings"), action=desk.url("/settings"),
        submit=_("Save the settings"), inputs=_inputs(desk),
        values={
            "name": venue.name, "accent": venue.accent, "about_md": venue.about_md,
            "legal_name": venue.legal_name, "address": venue.address,
            "vat_number": venue.vat_number, "contact_email": venue.contact_email,
            "terms_url": venue.terms_url, "country": venue.country, "currency": venue.currency,
            "vat_percent": bps_text(venue.vat_bps), "timezone": venue.timezone,
            "locale": venue.locale, "player_origins": "\n".join(venue.player_origins),
        },
        hidden={"version": str(venue.version)}, draft=f"{venue.id}-settings-{venue.version}",
    )  # fmt: skip


async def _page(
    desk: Desk, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    async with desk.look() as tx:
        venue = await venues.get(tx, desk.venue.id)
    return show_form(
        desk, _form(desk, venue), typed, problem, template="settings.html",
        may_write=desk.may(P.VENUE_MANAGE), venue_now=desk.now,
        may_go_live=desk.may(P.VENUE_GO_LIVE) and venue.mode is Mode.TEST,
        may_advance=desk.may(P.CLOCK_ADVANCE) and venue.mode is Mode.TEST,
        ahead_s=venue.clock_offset_s,
    )  # fmt: skip


@get("/console/{venue_id:str}/settings", opt=READ)
async def show(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's settings; a form for who may change them."""
    return await _page(desk)


_TEXTS = ("name", "legal_name", "address", "vat_number", "about_md", "terms_url", "timezone")


@post("/console/{venue_id:str}/settings", opt=WRITE)
async def edit(desk: NamedDependency[Desk]) -> Response[Any]:
    """Change the settings."""
    typed = await desk.typed()
    try:
        asked: dict[str, Any] = {name: typed.text(name) for name in _TEXTS}
        asked |= {name: typed.text(name) for name in ("locale", "currency")}
        asked |= {"country": typed.text("country").upper(), "accent": typed.text("accent").lower()}
        asked["player_origins"] = typed.text("player_origins").split()
        asked["vat_bps"] = typed.bps("vat_percent", 0)
        if typed.text("contact_email"):
            asked["contact_email"] = typed.text("contact_email")
        wanted = _ask(asked)
        async with desk.act() as act:
            await venues.edit(act.tx, desk.venue.id, typed.version(), wanted)
            await act.note("venue.changed", desk.venue.id, fields=sorted(changes(wanted)))
    except Problem as problem:
        if problem.field == "vat_bps":
            problem.field = "vat_percent"
        return await _page(desk, typed, problem)
    return desk.to(desk.url("/settings"), desk.gettext("Saved."))


def _ask(asked: dict[str, Any]) -> venues.VenueEdit:
    return ask(venues.VenueEdit, **asked)


@post("/console/{venue_id:str}/settings/clock", opt=CLOCK)
async def advance_clock(desk: NamedDependency[Desk]) -> Response[Any]:
    """Move a test venue's time forward: `paywall clock advance`, with a button."""
    typed = await desk.typed()
    page = desk.url("/settings") + "#clock"
    try:
        days, hours = typed.whole("days", 0) or 0, typed.whole("hours", 0) or 0
        seconds = (max(0, days) * 24 + max(0, hours)) * 3600
        async with desk.act() as act:
            offset = await advance(act.tx, act.venue.slug, seconds)
            await act.note("clock.advanced", desk.venue.id, seconds=seconds)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    at = desk.locale.datetime(desk.parts.clock.now(offset), desk.venue.timezone)
    return desk.to(page, desk.gettext("It is now %(at)s at the venue.") % {"at": at})


PAGES = [show, edit, advance_clock]

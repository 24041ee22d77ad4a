"""How a venue answers: macros, hours and promises, its support address, mail by webhook."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Invalid, Problem
from paywall.accounts.roles import Permission as P
from paywall.bridges import support_settings
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Link
from paywall.pages.console.typed import Typed
from paywall.pages.i18n import LANGUAGES, NAMES
from support_bot import case_macros, cases
from support_bot.case_clock import DEFAULT_HOURS, opening
from support_bot.case_tables import CaseSettings, Macro

READ = {"permission": P.SUPPORT_READ}
WRITE = {"permission": P.SUPPORT_WRITE, "page": True}
MANAGE_READ = {"permission": P.VENUE_MANAGE}
MANAGE = {"permission": P.VENUE_MANAGE, "page": True}
DAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)  # fmt: skip


def _trail(desk: Desk) -> list[Link]:
    return [Link(desk.gettext("Inbox"), desk.url("/inbox"))]


@get("/console/{venue_id:str}/inbox/macros", opt=READ)
async def macros(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's prepared answers."""
    async with desk.look() as tx:
        found = await case_macros.macros(tx, desk.venue.id)
    return desk.page(
        "macros.html", section="inbox", macros=found, trail=_trail(desk),
        may_write=desk.may(P.SUPPORT_WRITE), names=NAMES,
    )  # fmt: skip


def _macro_form(desk: Desk, macro: Macro | None) -> Form:
    _ = desk.gettext
    holes = ", ".join("{" + one + "}" for one in case_macros.PLACEHOLDERS)
    inputs = [
        Input("name", _("Name"), required=True, attrs={"maxlength": "80"}),
        Input("lang", _("Language"), "select",
              options=[("", _("All")), *((code, NAMES[code]) for code in LANGUAGES)]),
        Input("text", _("Answer"), "textarea", required=True,
              hint=_("Filled in when used: %(holes)s.") % {"holes": holes}),
        Input("solves", _("Sending it solves the case"), "check"),
    ]  # fmt: skip
    trail = [*_trail(desk), Link(_("Macros"), desk.url("/inbox/macros"))]
    if macro is None:
        return Form(
            section="inbox", title=_("New macro"), action=desk.url("/inbox/macros/new"),
            submit=_("Keep the macro"), inputs=inputs, values={}, trail=trail,
        )  # fmt: skip
    return Form(
        section="inbox", title=macro.name, action=desk.url(f"/inbox/macros/{macro.id}"),
        submit=_("Save the macro"), inputs=inputs, trail=trail,
        values={"name": macro.name, "lang": macro.lang, "text": macro.text,
                "solves": "yes" if macro.solves else ""},
    )  # fmt: skip


@get("/console/{venue_id:str}/inbox/macros/new", opt={"permission": P.SUPPORT_WRITE})
async def new_macro(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty macro to fill in."""
    return show_form(desk, _macro_form(desk, None))


@get("/console/{venue_id:str}/inbox/macros/{macro_id:str}", opt={"permission": P.SUPPORT_WRITE})
async def macro(desk: NamedDependency[Desk], macro_id: FromPath[str]) -> Response[Any]:
    """One macro, to change or remove."""
    async with desk.look() as tx:
        found = await case_macros.macro_of(tx, desk.venue.id, macro_id)
    return show_form(desk, _macro_form(desk, found), template="macro.html", macro=found)


async def _save(desk: Desk, typed: Typed, macro_id: str) -> None:
    async with desk.act() as act:
        saved = await case_macros.save(
            act.tx, desk.venue.id, name=typed.text("name"), text=typed.text("text"),
            lang=typed.text("lang"), solves=typed.flag("solves"), now=act.now, macro_id=macro_id,
        )  # fmt: skip
        await act.note("macro.saved", saved.id)


@post("/console/{venue_id:str}/inbox/macros/new", opt=WRITE)
async def make_macro(desk: NamedDependency[Desk]) -> Response[Any]:
    """Keep a new macro."""
    typed = await desk.typed()
    try:
        await _save(desk, typed, "")
    except Problem as problem:
        return show_form(desk, _macro_form(desk, None), typed, problem)
    return desk.to(desk.url("/inbox/macros"), desk.gettext("The macro is kept."))


@post("/console/{venue_id:str}/inbox/macros/{macro_id:str}", opt=WRITE)
async def save_macro(desk: NamedDependency[Desk], macro_id: FromPath[str]) -> Response[Any]:
    """Change a macro."""
    typed = await desk.typed()
    async with desk.look() as tx:
        found = await case_macros.macro_of(tx, desk.venue.id, macro_id)
    try:
        await _save(desk, typed, macro_id)
    except Problem as problem:
        return show_form(
            desk, _macro_form(desk, found), typed, problem, template="macro.html", macro=found
        )
    return desk.to(desk.url("/inbox/macros"), desk.gettext("Saved."))


@post("/console/{venue_id:str}/inbox/macros/{macro_id:str}/remove", opt=WRITE)
async def remove_macro(desk: NamedDependency[Desk], macro_id: FromPath[str]) -> Response[Any]:
    """Take a macro away; what was sent with it stays."""
    async with desk.act() as act:
        await case_macros.remove(act.tx, desk.venue.id, macro_id)
        await act.note("macro.removed", macro_id)
    return desk.to(desk.url("/inbox/macros"), desk.gettext("The macro is gone."))


def _settings_form(desk: Desk, row: CaseSettings) -> Form:
    _ = desk.gettext
    hours = row.hours or DEFAULT_HOURS
    inputs = [
        Input(f"day{n}", _(day), hint=_("From and to, such as 10:00 18:00. Empty: closed.")
              if n == 0 else "", group=_("When somebody answers") if n == 0 else "")
        for n, day in enumerate(DAYS)
    ]  # fmt: skip
    inputs += [
        Input("reply_minutes", _("Minutes to an answer"), "number", required=True,
              group=_("What is promised"), hint=_("Counted in the hours above.")),
        Input("live_reply_minutes", _("Minutes to an answer while an event is live"), "number",
              required=True, hint=_("From doors to end, whatever the hour.")),
        Input("solve_minutes", _("Minutes to a solution"), "number", required=True),
        Input("close_after_days", _("Days from solved to closed"), "number", required=True),
        Input("alarm_email", _("Who hears of missed deadlines"), "email",
              hint=_("Empty: everybody with the support role.")),
        Input("mail_address", _("Support address"), "email", group=_("Mail"),
              hint=_address_hint(desk)),
        Input("minute_cost_minor", _("Cost of an agent’s minute, in cents"), "number",
              group=_("What it costs"), hint=_("For the report; 0 leaves costs out.")),
    ]  # fmt: skip
    values: dict[str, Any] = {
        f"day{n}": " ".join(hours.get(str(n), ())) for n in range(7)
    } | {
        name: str(getattr(row, name))
        for name in ("reply_minutes", "live_reply_minutes", "solve_minutes", "close_after_days",
                     "alarm_email", "mail_address", "minute_cost_minor")
    }  # fmt: skip
    return Form(
        section="inbox", title=_("How you answer"), action=desk.url("/inbox/settings"),
        submit=_("Save"), inputs=inputs, values=values, trail=_trail(desk),
        hidden={"version": str(row.version)},
    )  # fmt: skip


def _address_hint(desk: Desk) -> str:
    base = desk.parts.settings.support_address
    if not base:
        return desk.gettext("This installation reads no mailbox; mail can come by webhook.")
    local, _, domain = base.partition("@")
    return desk.gettext("Forward it to %(address)s, which also works by itself.") % {
        "address": f"{local}+{desk.venue.slug}@{domain}"
    }


@get("/console/{venue_id:str}/inbox/settings", opt=MANAGE_READ)
async def settings(desk: NamedDependency[Desk]) -> Response[Any]:
    """Hours, promises, addresses."""
    async with desk.parts.db.transaction() as tx:
        row = await cases.settings_of(tx, desk.venue.id)
    return _shown(desk, row)


def _shown(
    desk: Desk, row: CaseSettings, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    return show_form(
        desk, _settings_form(desk, row), typed, problem, template="case_settings.html",
        webhook_url=f"{desk.parts.settings.public_url.rstrip('/')}/v1/venues/{desk.venue.id}"
        "/support/mail",
        has_secret=bool(row.mail_secret_sealed), switches=_switches(desk, row),
    )  # fmt: skip


def _switches(desk: Desk, row: CaseSettings) -> list[dict[str, Any]]:
    """What the assistant does with mails by itself, each turned by one button."""
    _ = desk.gettext
    words = {
        "bot_answers_mails": (
            _("Answers a first mail where it is sure"),
            _("As sure as you want of it under Assistant. A reply reaches a person, first of all."),
        ),
        "bot_suggests_in_mails": (
            _("Names up to three articles in the receipt where it is not sure"),
            _("The case stays in the queue."),
        ),
    }
    return [
        {"name": name, "title": words[name][0], "hint": words[name][1], "on": getattr(row, name)}
        for name in support_settings.BOT_SWITCHES
    ]


@post("/console/{venue_id:str}/inbox/settings/assistant", opt=MANAGE)
async def turn(desk: NamedDependency[Desk]) -> Response[Any]:
    """Turn one thing that the assistant does by itself on or off."""
    typed = await desk.typed()
    switch, on = typed.text("switch"), typed.flag("on")
    if switch not in support_settings.BOT_SWITCHES:
        raise Invalid("switch", N_("Choose what to turn on or off."))
    async with desk.act() as act:
        await support_settings.let_bot(act.tx, desk.venue.id, switch, on=on)
        await act.note("support.assistant", desk.venue.id, switch=switch, on=on)
    back = {"switch": switch} if on else {"switch": switch, "on": "yes"}
    here = desk.url("/inbox/settings")
    said = desk.gettext("Turned on.") if on else desk.gettext("Turned off.")
    return desk.to(here, said, undo=Undo(f"{here}/assistant", back))


@post("/console/{venue_id:str}/inbox/settings", opt=MANAGE)
async def save_settings(desk: NamedDependency[Desk]) -> Response[Any]:
    """Change them; new cases are promised what stands here then."""
    typed = await desk.typed()
    try:
        hours = {str(n): spans for n in range(7) if (spans := typed.text(f"day{n}").split())}
        opening(hours)
        wanted = support_settings.Wanted(
            hours=hours,
            reply_minutes=_within(typed, "reply_minutes", 1, 20_000),
            live_reply_minutes=_within(typed, "live_reply_minutes", 1, 240),
            solve_minutes=_within(typed, "solve_minutes", 1, 50_000),
            close_after_days=_within(typed, "close_after_days", 1, 90),
            minute_cost_minor=_within(typed, "minute_cost_minor", 0, 1_000_000),
            alarm_email=typed.text("alarm_email"),
            mail_address=typed.text("mail_address"),
        )
        async with desk.act() as act:
            await support_settings.save(act.tx, desk.venue, wanted, typed.version())
            await act.note("support.settings", desk.venue.id)
    except Problem as problem:
        if problem.field == "hours":
            problem.field = "day0"
        async with desk.parts.db.transaction() as tx:
            row = await cases.settings_of(tx, desk.venue.id)
        return _shown(desk, row, typed, problem)
    return desk.to(desk.url("/inbox/settings"), desk.gettext("Saved."))


def _within(typed: Typed, name: str, least: int, most: int) -> int:
    value = typed.whole(name, 0) or 0
    if not least <= value <= most:
        raise Invalid(name, N_("This number is too small or too large."))
    return value


@post("/console/{venue_id:str}/inbox/settings/secret", opt=MANAGE)
async def new_secret(desk: NamedDependency[Desk]) -> Response[Any]:
    """A new secret for mail by webhook, shown once; the old one is void at once."""
    async with desk.act() as act:
        secret = await support_settings.new_mail_secret(act.tx, desk.venue.id, desk.parts.sealer)
        await act.note("support.mail_secret", desk.venue.id)
    said = desk.gettext("This secret signs mail that your mail service delivers.")
    return desk.to(desk.url("/inbox/settings"), said, secrets=[secret])


PAGES = [
    *[macros, new_macro, make_macro, macro, save_macro, remove_macro],
    *[settings, save_settings, turn, new_secret],
]

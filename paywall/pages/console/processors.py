"""Payment accounts in the console: credentials sealed, webhook address to copy, routing, pause."""

from __future__ import annotations

import base64
import re
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Invalid, Problem
from infra.kernel.ids import new_secret
from paywall.accounts.roles import Permission as P
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Cell, Link, Row
from paywall.pages.console.typed import FILL_IN, Typed, needed
from paywall.payments import accounts
from paywall.payments.tables import AccountState, GatewayAccount

READ = {"permission": P.GATEWAYS_MANAGE}
WRITE = {"permission": P.GATEWAYS_MANAGE, "page": True}
NAMES = {"sandbox": "Sandbox", "stripe": "Stripe", "adyen": "Adyen"}

# (field, label, secret, may hold several, required), as each adapter's credentials name them.
FIELDS: dict[str, tuple[tuple[str, str, bool, bool, bool], ...]] = {
    "sandbox": (),
    "stripe": (
        ("secret_key", N_("Secret or restricted key (sk_ or rk_)"), True, False, True),
        ("publishable_key", N_("Publishable key (pk_)"), False, False, True),
        ("webhook_secrets", N_("Signing secret of the webhook (whsec_)"), True, True, True),
    ),
    "adyen": (
        ("merchant_account", N_("Merchant account"), False, False, True),
        ("api_key", N_("API key"), True, False, True),
        ("client_key", N_("Client key"), False, False, True),
        ("hmac_keys", N_("HMAC key of the webhook"), True, True, True),
        ("webhook_user", N_("User name of the webhook"), False, False, True),
        ("webhook_password", N_("Password of the webhook"), True, False, True),
        ("environment", N_("Environment (test, or live, live-au, live-us …)"), False, False, True),
        ("live_prefix", N_("Live URL prefix (live only)"), False, False, False),
    ),
}


def _routing(desk: Desk) -> list[Input]:
    _ = desk.gettext
    return [
        Input("label", _("What you call it"), group=_("Which payments it takes")),
        Input(
            "countries", _("Only from these countries"),
            hint=_("Two letters each, with spaces between: FR BE CH. Empty: every country."),
        ),
        Input(
            "currencies", _("Only in these currencies"),
            hint=_("Three letters each: EUR GBP. Empty: every currency."),
        ),
        Input(
            "priority", _("Priority"), "number",
            hint=_("Where several fit, the lowest number takes the payment."),
        ),
    ]  # fmt: skip


@get("/console/{venue_id:str}/processors", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's payment accounts, in the order in which they are tried."""
    _ = desk.gettext
    async with desk.look() as tx:
        found = await accounts.listed(tx, desk.venue.id)
    columns = [
        _("Account"),
        _("Processor"),
        _("State"),
        _("Countries"),
        _("Currencies"),
        _("Priority"),
    ]
    rows = [
        Row(
            [
                Cell(one.label or NAMES.get(one.gateway, one.gateway)),
                Cell(NAMES.get(one.gateway, one.gateway)),
                words.state_cell(desk.locale, one.state.value),
                Cell(" ".join(one.countries) or _("All")),
                Cell(" ".join(one.currencies) or _("All")),
                Cell(str(one.priority), num=True),
            ],
            desk.url(f"/processors/{one.id}"),
        )
        for one in found
    ]
    return desk.page("processors.html", section="processors", columns=columns, rows=rows)


def _new_form(desk: Desk, gateway: str) -> Form:
    _ = desk.gettext
    inputs = [
        Input(
            f"cred_{name}", _(label), "password" if secret else "text", required=required,
            hint=_("Two while one is being rolled, with a space between.") if several else "",
            attrs={"data-not-kept": "", "spellcheck": "false"},
        )
        for name, label, secret, several, required in FIELDS[gateway]
    ]  # fmt: skip
    lead = _(
        "Stored sealed and never shown again. Test keys are for test venues only; live keys wait"
        " at one until it goes live."
    )
    if gateway == "sandbox":
        lead = _("A processor that plays: test cards, no money. Only for venues in test mode.")
    return Form(
        section="processors", title=_("Add %(name)s") % {"name": NAMES[gateway]}, lead=lead,
        action=desk.url("/processors/new", gateway=gateway), submit=_("Add the account"),
        inputs=[*inputs, *_routing(desk)],
        values={"priority": "100", "label": NAMES[gateway], "cred_environment": "test"},
        trail=[Link(_("Payment accounts"), desk.url("/processors"))],
    )  # fmt: skip


def _gateway(desk: Desk) -> str:
    asked = desk.request.query_params.get("gateway", "")
    return asked if asked in FIELDS else "sandbox"


@get("/console/{venue_id:str}/processors/new", opt=READ)
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """The credentials of one processor to fill in."""
    return show_form(desk, _new_form(desk, _gateway(desk)))


def _credentials(typed: Typed, gateway: str) -> dict[str, Any]:
    if gateway == "sandbox":
        # The merchant of the sandbox chooses both secrets and registers them.
        webhook = base64.b64encode(new_secret(24).encode()).decode()
        return {
            "secret_key": "sk_test_sandbox_" + new_secret(24),
            "webhook_secret": "whsec_" + webhook,
        }
    members: dict[str, Any] = {}
    for name, _label, _secret, several, required in FIELDS[gateway]:
        text = typed.text(f"cred_{name}")
        if required and not text:
            raise Invalid(f"cred_{name}", FILL_IN)
        if text:
            members[name] = text.split() if several else text
    return members


def _codes(typed: Typed, name: str, length: int) -> list[str]:
    codes = [code for code in re.split(r"[\s,;]+", typed.text(name).upper()) if code]
    accounts.check_codes(name, codes, length)
    return codes


def _route(typed: Typed) -> dict[str, Any]:
    return {
        "label": typed.text("label")[:80],
        "countries": _codes(typed, "countries", 2),
        "currencies": _codes(typed, "currencies", 3),
        "priority": needed(typed.whole("priority", 100), "priority"),
    }


@post("/console/{venue_id:str}/processors/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Open the account: credentials are checked, sealed, and never shown again."""
    typed, gateway = await desk.typed(), _gateway(desk)
    gateways = desk.parts.desk.gateways
    try:
        credentials, route = _credentials(typed, gateway), _route(typed)
        async with desk.act() as act:
            account = gateways.open_account(
                act.tx, act.machine_now, venue_id=desk.venue.id, venue_mode=act.venue.mode,
                gateway=gateway, credentials=credentials, **route,
            )  # fmt: skip
            await act.note("gateway.opened", account.id, gateway=gateway)
        await _announce(desk, account)
    except Problem as problem:
        return show_form(desk, _new_form(desk, gateway), typed, _placed(problem, gateway))
    said = desk.gettext("The account is there.")
    if gateway != "sandbox":
        said += " " + desk.gettext("Give its webhook address to the processor now.")
    return desk.to(desk.url(f"/processors/{account.id}"), said)


def _placed(problem: Problem, gateway: str) -> Problem:
    """The adapter's own field names, as this form calls them."""
    if problem.field in {name for name, *_rest in FIELDS[gateway]}:
        problem.field = f"cred_{problem.field}"
    return problem


async def _announce(desk: Desk, account: GatewayAccount) -> None:
    """Tell the gateways that can be told by us where their webhooks go."""
    gateway = await desk.parts.desk.gateways.of(account.id)
    if isinstance(gateway, accounts.TakesWebhookAddress):
        await gateway.announce(name=desk.venue.name, webhook_url=_hook_url(desk, account))


def _hook_url(desk: Desk, account: GatewayAccount) -> str:
    return desk.parts.settings.public_url.rstrip("/") + accounts.hook_path(account)


async def _page(
    desk: Desk, account_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    _ = desk.gettext
    async with desk.look() as tx:
        account = await accounts.get(tx, desk.venue.id, account_id)
    name = NAMES.get(account.gateway, account.gateway)
    form = Form(
        section="processors", title=account.label or name,
        action=desk.url(f"/processors/{account.id}"), submit=_("Save the routing"),
        inputs=_routing(desk),
        values={
            "label": account.label, "countries": " ".join(account.countries),
            "currencies": " ".join(account.currencies), "priority": str(account.priority),
        },
        hidden={"version": str(account.version)},
        trail=[Link(_("Payment accounts"), desk.url("/processors"))],
    )  # fmt: skip
    return show_form(
        desk, form, typed, problem, template="processor.html", account=account,
        gateway_name=name, hook_url=_hook_url(desk, account),
    )  # fmt: skip


@get("/console/{venue_id:str}/processors/{account_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], account_id: FromPath[str]) -> Response[Any]:
    """One account: its webhook address, its routing, its state."""
    return await _page(desk, account_id)


@post("/console/{venue_id:str}/processors/{account_id:str}", opt=WRITE)
async def reroute(desk: NamedDependency[Desk], account_id: FromPath[str]) -> Response[Any]:
    """Change which payments it takes."""
    typed = await desk.typed()
    try:
        route = _route(typed)
        async with desk.act() as act:
            await accounts.reroute(act.tx, desk.venue.id, account_id, typed.version(), **route)
            await act.note("gateway.rerouted", account_id)
    except Problem as problem:
        return await _page(desk, account_id, typed, problem)
    return desk.to(desk.url(f"/processors/{account_id}"), desk.gettext("Saved."))


async def _switch(
    desk: Desk, account_id: str, to: AccountState, said: str, undo: str
) -> Response[Any]:
    page = desk.url(f"/processors/{account_id}")
    try:
        async with desk.act() as act:
            await accounts.switch(act.tx, act.venue, account_id, to)
            await act.note(f"gateway.{to.value}", account_id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, said, undo=Undo(f"{page}/{undo}") if undo else None)


@post("/console/{venue_id:str}/processors/{account_id:str}/pause", opt=WRITE)
async def pause(desk: NamedDependency[Desk], account_id: FromPath[str]) -> Response[Any]:
    """No new payments; refunds and webhooks go on."""
    said = desk.gettext("Paused: it takes no new payment. Refunds and webhooks go on.")
    return await _switch(desk, account_id, AccountState.PAUSED, said, "resume")


@post("/console/{venue_id:str}/processors/{account_id:str}/resume", opt=WRITE)
async def resume(desk: NamedDependency[Desk], account_id: FromPath[str]) -> Response[Any]:
    """Take payments again."""
    said = desk.gettext("It takes payments again.")
    return await _switch(desk, account_id, AccountState.ACTIVE, said, "pause")


@post("/console/{venue_id:str}/processors/{account_id:str}/close", opt=WRITE)
async def close(desk: NamedDependency[Desk], account_id: FromPath[str]) -> Response[Any]:
    """For good: nothing is taken, and nothing asked of it any more."""
    return await _switch(desk, account_id, AccountState.CLOSED, desk.gettext("Closed."), "")


PAGES = [listing, new, create, read, reroute, pause, resume, close]

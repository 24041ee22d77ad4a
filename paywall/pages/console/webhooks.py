"""Webhook endpoints in the console: added, tested, their deliveries read and sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import NotFound, Problem
from paywall.accounts.roles import Permission as P
from paywall.notices.kinds import TEST_KIND, WEBHOOK_KINDS
from paywall.notices.tables import EndpointState, OutboxState
from paywall.notices.webhooks import EndpointView
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.table import Cell, Link, Row, moment_cell
from paywall.pages.console.typed import Typed

READ = {"permission": P.WEBHOOKS_MANAGE}
WRITE = {"permission": P.WEBHOOKS_MANAGE, "page": True}
REPLAYED = timedelta(days=7)
SHOWN = 50


async def _endpoint(desk: Desk, endpoint_id: str) -> EndpointView:
    for one in await desk.parts.webhooks.endpoints(desk.venue.id):
        if one.id == endpoint_id:
            return one
    raise NotFound("webhook endpoint")


@get("/console/{venue_id:str}/webhooks", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's endpoints."""
    _ = desk.gettext
    found = await desk.parts.webhooks.endpoints(desk.venue.id)
    rows = [
        Row(
            [
                Cell(one.url, sub=one.description),
                words.state_cell(desk.locale, one.state.value),
                Cell(str(len(one.kinds)) if one.kinds else _("All"), num=True),
            ],
            desk.url(f"/webhooks/{one.id}"),
        )
        for one in found
    ]
    columns = [_("Address"), _("State"), _("Kinds of events")]
    return desk.page("webhooks.html", section="webhooks", columns=columns, rows=rows)


def _form(desk: Desk, endpoint: EndpointView | None) -> Form:
    _ = desk.gettext
    kinds = [
        (kind, f"{kind} – {_(text)}") for kind, text in WEBHOOK_KINDS.items() if kind != TEST_KIND
    ]
    inputs = [
        Input("url", _("Address"), "url", required=True, attrs={"placeholder": "https://"}),
        Input("description", _("What it is for"), attrs={"maxlength": "200"}),
        Input(
            "kinds", _("What it hears"), "checks", options=kinds, hint=_("None ticked: everything.")
        ),
    ]
    trail = [Link(_("Webhooks"), desk.url("/webhooks"))]
    if endpoint is None:
        return Form(
            section="webhooks", title=_("Add an endpoint"), action=desk.url("/webhooks/new"),
            submit=_("Add the endpoint"), inputs=inputs, values={"kinds": []}, trail=trail,
        )  # fmt: skip
    return Form(
        section="webhooks", title=endpoint.url, action=desk.url(f"/webhooks/{endpoint.id}"),
        submit=_("Save the endpoint"), inputs=inputs,
        values={
            "url": endpoint.url, "description": endpoint.description, "kinds": endpoint.kinds,
        },
        hidden={"version": str(endpoint.version)}, trail=trail,
    )  # fmt: skip


@get("/console/{venue_id:str}/webhooks/new", opt=READ)
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty endpoint to fill in."""
    return show_form(desk, _form(desk, None))


@post("/console/{venue_id:str}/webhooks/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Add the endpoint; its signing secret is on the next page, once."""
    typed = await desk.typed()
    try:
        endpoint, secret = await desk.parts.webhooks.add(
            desk.venue.id, typed.text("url"), typed.many("kinds"), typed.text("description"),
            actor=desk.principal.actor,
        )  # fmt: skip
    except Problem as problem:
        return show_form(desk, _form(desk, None), typed, problem)
    said = desk.gettext("The endpoint is there. This is its signing secret.")
    return desk.to(desk.url(f"/webhooks/{endpoint.id}"), said, secrets=[secret])


async def _page(
    desk: Desk, endpoint_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    _ = desk.gettext
    endpoint = await _endpoint(desk, endpoint_id)
    deliveries = await desk.parts.webhooks.deliveries(desk.venue.id, endpoint_id, limit=SHOWN)
    rows = [
        Row(
            [
                moment_cell(desk.locale, one.created_at, desk.venue.timezone),
                Cell(one.kind, code=True),
                words.state_cell(desk.locale, one.state.value),
                Cell(str(one.answer_status or "–"), num=True),
                Cell(str(one.tries), num=True),
            ],
            desk.url(f"/webhooks/{endpoint_id}/deliveries/{one.id}"),
        )
        for one in deliveries
    ]
    return show_form(
        desk, _form(desk, endpoint), typed, problem, template="webhook.html", endpoint=endpoint,
        rows=rows, columns=[_("When"), _("Kind"), _("State"), _("Answer"), _("Tries")],
        failed=any(one.state is OutboxState.FAILED for one in deliveries),
    )  # fmt: skip


@get("/console/{venue_id:str}/webhooks/{endpoint_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """One endpoint with its last deliveries."""
    return await _page(desk, endpoint_id)


@post("/console/{venue_id:str}/webhooks/{endpoint_id:str}", opt=WRITE)
async def edit(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """Change where it is and what it hears."""
    typed = await desk.typed()
    try:
        await desk.parts.webhooks.edit(
            desk.venue.id, endpoint_id, version=typed.version(), url=typed.text("url"),
            kinds=typed.many("kinds"), description=typed.text("description"),
            actor=desk.principal.actor,
        )  # fmt: skip
    except Problem as problem:
        return await _page(desk, endpoint_id, typed, problem)
    return desk.to(desk.url(f"/webhooks/{endpoint_id}"), desk.gettext("Saved."))


async def _switch(
    desk: Desk, endpoint_id: str, to: EndpointState, said: str, undo: str
) -> Response[Any]:
    page = desk.url(f"/webhooks/{endpoint_id}")
    await desk.parts.webhooks.switch(desk.venue.id, endpoint_id, to, actor=desk.principal.actor)
    return desk.to(page, said, undo=Undo(f"{page}/{undo}"))


@post("/console/{venue_id:str}/webhooks/{endpoint_id:str}/enable", opt=WRITE)
async def enable(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """Send to it again; what it missed is sent again by hand."""
    said = desk.gettext("Enabled. What it missed is not sent by itself: send it again below.")
    return await _switch(desk, endpoint_id, EndpointState.ENABLED, said, "disable")


@post("/console/{venue_id:str}/webhooks/{endpoint_id:str}/disable", opt=WRITE)
async def disable(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """Send nothing to it for now."""
    return await _switch(
        desk, endpoint_id, EndpointState.DISABLED, desk.gettext("Disabled."), "enable"
    )


@post("/console/{venue_id:str}/webhooks/{endpoint_id:str}/test", opt=WRITE)
async def send_test(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """Queue a test message."""
    page = desk.url(f"/webhooks/{endpoint_id}")
    try:
        await desk.parts.webhooks.send_test(desk.venue.id, endpoint_id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, desk.gettext("A test message is on its way."))


@post("/console/{venue_id:str}/webhooks/{endpoint_id:str}/rotate", opt=WRITE)
async def rotate(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """A new signing secret; the old one signs beside it for a day."""
    _endpoint_view, secret = await desk.parts.webhooks.rotate(
        desk.venue.id, endpoint_id, actor=desk.principal.actor
    )
    said = desk.gettext("This is the new signing secret. The old one signs beside it for a day.")
    return desk.to(desk.url(f"/webhooks/{endpoint_id}"), said, secrets=[secret])


@post("/console/{venue_id:str}/webhooks/{endpoint_id:str}/remove", opt=WRITE)
async def remove(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """Take the endpoint away."""
    await desk.parts.webhooks.remove(desk.venue.id, endpoint_id, actor=desk.principal.actor)
    return desk.to(desk.url("/webhooks"), desk.gettext("The endpoint is gone."))


@post("/console/{venue_id:str}/webhooks/{endpoint_id:str}/replay-failed", opt=WRITE)
async def replay_failed(desk: NamedDependency[Desk], endpoint_id: FromPath[str]) -> Response[Any]:
    """Send everything again that failed in the last seven days."""
    count = await desk.parts.webhooks.replay_failed(
        desk.venue.id, endpoint_id, desk.machine_now - REPLAYED, actor=desk.principal.actor
    )
    said = desk.locale.ngettext(
        "%(n)s message is sent again.", "%(n)s messages are sent again.", count
    )
    return desk.to(desk.url(f"/webhooks/{endpoint_id}"), said % {"n": count})


@get("/console/{venue_id:str}/webhooks/{endpoint_id:str}/deliveries/{delivery_id:str}", opt=READ)
async def delivery(
    desk: NamedDependency[Desk], endpoint_id: FromPath[str], delivery_id: FromPath[str]
) -> Response[Any]:
    """One message: what was sent and what was answered."""
    endpoint = await _endpoint(desk, endpoint_id)
    found = await desk.parts.webhooks.deliveries(desk.venue.id, endpoint_id, limit=200)
    shown = next((one for one in found if one.id == delivery_id), None)
    if shown is None:
        raise NotFound("delivery")
    body = msgspec.json.format(msgspec.json.encode(shown.data), indent=2).decode()
    return desk.page(
        "delivery.html", section="webhooks", endpoint=endpoint, delivery=shown, body=body
    )


@post(
    "/console/{venue_id:str}/webhooks/{endpoint_id:str}/deliveries/{delivery_id:str}/replay",
    opt=WRITE,
)
async def replay(
    desk: NamedDependency[Desk], endpoint_id: FromPath[str], delivery_id: FromPath[str]
) -> Response[Any]:
    """Send this message again, under its own id."""
    await desk.parts.webhooks.replay(desk.venue.id, delivery_id, actor=desk.principal.actor)
    page = desk.url(f"/webhooks/{endpoint_id}/deliveries/{delivery_id}")
    return desk.to(page, desk.gettext("The message is sent again."))


PAGES = [
    listing, new, create, read, edit, enable, disable, send_test, rotate, remove, replay_failed,
    delivery, replay,
]  # fmt: skip

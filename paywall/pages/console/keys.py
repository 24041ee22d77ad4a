"""API keys in the console: made and shown once, revoked at once."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Invalid, Problem
from paywall.accounts.roles import API_KEY_SCOPES, Permission
from paywall.accounts.roles import Permission as P
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.nav import N_
from paywall.pages.console.typed import Typed

READ = {"permission": P.KEYS_MANAGE}
WRITE = {"permission": P.KEYS_MANAGE, "page": True}


def _form(desk: Desk) -> Form:
    _ = desk.gettext
    options = [
        (scope, _(words.SCOPES[scope]))
        for scope in words.SCOPES
        if Permission(scope) in API_KEY_SCOPES
    ]
    return Form(
        section="keys", title=_("API keys"), action=desk.url("/keys/new"),
        submit=_("Make the key"),
        inputs=[
            Input("name", _("What it is for"), required=True, attrs={"maxlength": "80"}),
            Input("scopes", _("What it may do"), "checks", options=options),
        ],
        values={"scopes": []},
    )  # fmt: skip


async def _page(
    desk: Desk, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    found = await desk.parts.people.api_keys.of(desk.principal, desk.venue.id)
    return show_form(desk, _form(desk), typed, problem, template="keys.html", keys=found)


@get("/console/{venue_id:str}/keys", opt=READ)
async def show(desk: NamedDependency[Desk]) -> Response[Any]:
    """Every key by its first characters, and the form for another."""
    return await _page(desk)


@post("/console/{venue_id:str}/keys/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Make a key; its secret is on the next page, once."""
    typed = await desk.typed()
    asked = typed.many("scopes")
    try:
        if any(scope not in list(Permission) for scope in asked):
            raise Invalid("scopes", N_("Choose from the list."))
        made = await desk.parts.people.api_keys.create(
            desk.principal, desk.venue.id, typed.text("name"), [Permission(one) for one in asked]
        )
    except Problem as problem:
        return await _page(desk, typed, problem)
    said = desk.gettext("The key is made. It works at once.")
    return desk.to(desk.url("/keys"), said, secrets=[made.secret])


@post("/console/{venue_id:str}/keys/{key_id:str}/revoke", opt=WRITE)
async def revoke(desk: NamedDependency[Desk], key_id: FromPath[str]) -> Response[Any]:
    """The key's next request is refused."""
    try:
        await desk.parts.people.api_keys.revoke(desk.principal, desk.venue.id, key_id)
    except Problem as problem:
        return desk.to(desk.url("/keys"), desk.words_for(problem))
    return desk.to(desk.url("/keys"), desk.gettext("The key is revoked."))


PAGES = [show, create, revoke]

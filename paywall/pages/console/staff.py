"""Who works here, at the venue and at the installation: listed, invited, removed."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Invalid, Problem
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Permission as P
from paywall.accounts.roles import Role, grantable
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.nav import N_
from paywall.pages.console.typed import Typed

READ = {"permission": P.STAFF_MANAGE}
WRITE = {"permission": P.STAFF_MANAGE, "page": True}
HOUSE = {"permission": P.INSTALLATION_STAFF}
HOUSE_WRITE = {"permission": P.INSTALLATION_STAFF, "page": True}


def _form(desk: Desk) -> Form:
    _ = desk.gettext
    mine = grantable(desk.principal.memberships.get(desk.place, frozenset()))
    roles = [role for role in Role if role in mine]
    options = [
        (r.value, f"{_(words.ROLES[r.value])} – {_(words.ROLE_SENTENCES[r.value])}") for r in roles
    ]
    return Form(
        section="staff", title=_("Staff"), action=desk.url("/staff/invite"),
        submit=_("Send the invitation"),
        inputs=[
            Input("email", _("Email"), "email", required=True),
            Input("role", _("Role"), "select", options=options, required=True),
        ],
        values={"role": "support"},
    )  # fmt: skip


async def _page(
    desk: Desk, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    people = desk.parts.people
    return show_form(
        desk, _form(desk), typed, problem, template="staff.html",
        staff=await people.staff.of(desk.principal, desk.place),
        pending=await people.invitations.pending(desk.principal, desk.place),
    )  # fmt: skip


async def _invite(desk: Desk) -> Response[Any]:
    typed = await desk.typed()
    try:
        if typed.text("role") not in list(Role):
            raise Invalid("role", N_("Choose one of the roles."))
        await desk.parts.people.invitations.invite(
            desk.principal, desk.place, typed.text("email"), Role(typed.text("role")),
            locale=desk.locale.code,
        )  # fmt: skip
    except Problem as problem:
        return await _page(desk, typed, problem)
    said = desk.gettext("The invitation is on its way to %(email)s. It waits for seven days.")
    return desk.to(desk.url("/staff"), said % {"email": typed.text("email")})


async def _remove(desk: Desk, membership_id: str) -> Response[Any]:
    try:
        await desk.parts.people.staff.remove(desk.principal, desk.place, membership_id)
    except Problem as problem:
        return desk.to(desk.url("/staff"), desk.words_for(problem))
    return desk.to(desk.url("/staff"), desk.gettext("The role is taken away."))


async def _revoke(desk: Desk, invitation_id: str) -> Response[Any]:
    try:
        await desk.parts.people.invitations.revoke(desk.principal, desk.place, invitation_id)
    except Problem as problem:
        return desk.to(desk.url("/staff"), desk.words_for(problem))
    return desk.to(desk.url("/staff"), desk.gettext("The invitation is withdrawn."))


@get("/console/{venue_id:str}/staff", opt=READ)
async def show(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's staff and its open invitations."""
    return await _page(desk)


@post("/console/{venue_id:str}/staff/invite", opt=WRITE)
async def invite(desk: NamedDependency[Desk]) -> Response[Any]:
    """Mail somebody a role."""
    return await _invite(desk)


@post("/console/{venue_id:str}/staff/{membership_id:str}/remove", opt=WRITE)
async def remove(desk: NamedDependency[Desk], membership_id: FromPath[str]) -> Response[Any]:
    """Take a role away; the last owner stays."""
    return await _remove(desk, membership_id)


@post("/console/{venue_id:str}/staff/invitations/{invitation_id:str}/revoke", opt=WRITE)
async def revoke(desk: NamedDependency[Desk], invitation_id: FromPath[str]) -> Response[Any]:
    """Withdraw an invitation."""
    return await _revoke(desk, invitation_id)


@get(f"/console/{INSTALLATION}/staff", opt=HOUSE)
async def house_show(desk: NamedDependency[Desk]) -> Response[Any]:
    """The people of the installation."""
    return await _page(desk)


@post(f"/console/{INSTALLATION}/staff/invite", opt=HOUSE_WRITE)
async def house_invite(desk: NamedDependency[Desk]) -> Response[Any]:
    """Mail somebody a role at the installation."""
    return await _invite(desk)


@post(f"/console/{INSTALLATION}/staff/{{membership_id:str}}/remove", opt=HOUSE_WRITE)
async def house_remove(desk: NamedDependency[Desk], membership_id: FromPath[str]) -> Response[Any]:
    """Take a role at the installation away; the last operator stays."""
    return await _remove(desk, membership_id)


@post(f"/console/{INSTALLATION}/staff/invitations/{{invitation_id:str}}/revoke", opt=HOUSE_WRITE)
async def house_revoke(desk: NamedDependency[Desk], invitation_id: FromPath[str]) -> Response[Any]:
    """Withdraw an invitation to the installation."""
    return await _revoke(desk, invitation_id)


PAGES = [show, invite, remove, revoke, house_show, house_invite, house_remove, house_revoke]

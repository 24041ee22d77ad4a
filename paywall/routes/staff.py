"""Who works at a venue and at the installation: staff, invitations, first owners."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from infra.kernel.bounds import Ask, Id
from paywall.accounts.invitations import InvitationView
from paywall.accounts.principal import INSTALLATION, Principal
from paywall.accounts.roles import Permission, Role
from paywall.accounts.staff import StaffView
from paywall.http.caller import caller_of, signed_in_cookie
from paywall.http.idempotency import Answer, Resume, Run, once
from paywall.http.parts import Parts
from paywall.routes.auth import Deliver, Email, Locale, Token

_VENUE = {"permission": Permission.STAFF_MANAGE}
_HOUSE = {"permission": Permission.INSTALLATION_STAFF}


class AskInvite(Ask, frozen=True):
    email: Email
    role: Annotated[Role, Meta(examples=["support"])]
    locale: Locale = ""


class AskFirstOwner(Ask, frozen=True):
    venue_id: Id
    email: Email
    locale: Locale = ""


class AskAccept(Ask, frozen=True):
    token: Token
    deliver: Deliver = Deliver.COOKIE


class AcceptedView(msgspec.Struct, frozen=True):
    """`session_id` is null for who was signed in already; `token` only when asked for."""

    venue_id: str
    role: Role
    session_id: str | None = None
    expires_at: datetime | None = None
    token: str | None = None


class StaffList(msgspec.Struct, frozen=True):
    data: list[StaffView]


class Invitations(msgspec.Struct, frozen=True):
    data: list[InvitationView]


def _inviting(parts: Parts, principal: Principal, venue_id: str, data: AskInvite) -> Run:
    async def run(_: Resume) -> Answer:
        # Repeating it replaces the pending invitation, so one of them works: the last one mailed.
        view = await parts.people.invitations.invite(
            principal, venue_id, data.email, data.role, locale=data.locale
        )
        return Answer(201, view)

    return run


@get("/v1/venues/{venue_id:str}/staff", opt=_VENUE)
async def staff(
    venue_id: FromPath[Id], parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> StaffList:
    """Everyone with a role at the venue, and who lacks a second factor."""
    return StaffList(await parts.people.staff.of(principal, venue_id))


@delete("/v1/venues/{venue_id:str}/staff/{membership_id:str}", opt=_VENUE)
async def remove(
    venue_id: FromPath[Id],
    membership_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Take a role away. The last owner stays (409 `last_owner`)."""
    await parts.people.staff.remove(principal, venue_id, membership_id)


@get("/v1/venues/{venue_id:str}/invitations", opt=_VENUE)
async def invitations(
    venue_id: FromPath[Id], parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Invitations:
    """Invitations that were not answered yet."""
    return Invitations(await parts.people.invitations.pending(principal, venue_id))


@post("/v1/venues/{venue_id:str}/invitations", opt={**_VENUE, "idempotent": "accepted"})
async def invite(
    venue_id: FromPath[Id],
    data: JSONBody[AskInvite],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[InvitationView]:
    """Mail somebody an invitation to a role; it waits for seven days."""
    run = _inviting(parts, principal, venue_id, data)
    return await once(request, parts, principal, "inv", run)


@delete("/v1/venues/{venue_id:str}/invitations/{invitation_id:str}", opt=_VENUE)
async def revoke(
    venue_id: FromPath[Id],
    invitation_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Withdraw an invitation."""
    await parts.people.invitations.revoke(principal, venue_id, invitation_id)


@get("/v1/installation/staff", opt=_HOUSE)
async def house_staff(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> StaffList:
    """Everyone with a role at the installation."""
    return StaffList(await parts.people.staff.of(principal, INSTALLATION))


@delete("/v1/installation/staff/{membership_id:str}", opt=_HOUSE)
async def house_remove(
    membership_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Take a role at the installation away. The last operator stays."""
    await parts.people.staff.remove(principal, INSTALLATION, membership_id)


@get("/v1/installation/invitations", opt=_HOUSE)
async def house_invitations(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Invitations:
    """Invitations to roles at the installation that were not answered yet."""
    return Invitations(await parts.people.invitations.pending(principal, INSTALLATION))


@post("/v1/installation/invitations", opt={**_HOUSE, "idempotent": "accepted"})
async def house_invite(
    data: JSONBody[AskInvite],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[InvitationView]:
    """Mail somebody an invitation to a role at the installation."""
    run = _inviting(parts, principal, INSTALLATION, data)
    return await once(request, parts, principal, "inv", run)


@delete("/v1/installation/invitations/{invitation_id:str}", opt=_HOUSE)
async def house_revoke(
    invitation_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Withdraw an invitation to the installation."""
    await parts.people.invitations.revoke(principal, INSTALLATION, invitation_id)


@post(
    "/v1/installation/first-owners",
    opt={"permission": Permission.INSTALLATION_VENUES, "idempotent": "accepted"},
)
async def first_owner(
    data: JSONBody[AskFirstOwner],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[InvitationView]:
    """Invite the first owner of a venue that has none."""
    ask = AskInvite(email=data.email, role=Role.OWNER, locale=data.locale)
    run = _inviting(parts, principal, data.venue_id, ask)
    return await once(request, parts, principal, "inv", run)


@post("/v1/auth/invitations/accept", opt={"public": True, "errors": (401, 410)}, status_code=200)
async def accept(
    data: JSONBody[AskAccept],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[AcceptedView]:
    """Accept with the mailed token. Who has an account signs in to it first (401)."""
    accepted = await parts.people.invitations.accept(
        principal, data.token, caller_of(request, parts)
    )
    session, cookies = accepted.session, []
    view = AcceptedView(accepted.venue_id, accepted.role)
    if session is not None:
        by_token = data.deliver is Deliver.TOKEN
        view = msgspec.structs.replace(
            view,
            session_id=session.session_id,
            expires_at=session.expires_at,
            token=session.secret if by_token else None,
        )
        cookies = [] if by_token else [signed_in_cookie(parts, session.secret)]
    return Response(view, headers={"Cache-Control": "no-store"}, cookies=cookies)


ROUTES = [
    staff,
    remove,
    invitations,
    invite,
    revoke,
    house_staff,
    house_remove,
    house_invitations,
    house_invite,
    house_revoke,
    first_owner,
    accept,
]

"""The signed-in person: profile, password, sessions, consents."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from infra.kernel.bounds import Ask, Id
from paywall.accounts.consents import ConsentView, Purpose
from paywall.accounts.me import AccountView
from paywall.accounts.principal import Principal
from paywall.accounts.sessions import SessionView
from paywall.http.caller import signed_out_cookie
from paywall.http.parts import Parts
from paywall.routes.auth import Locale, Password


class AskProfile(Ask, frozen=True):
    """A member left out, or null, stays as it is."""

    name: Annotated[str, Meta(max_length=120)] | None = None
    locale: Locale | None = None
    city: Annotated[str, Meta(max_length=80)] | None = None


class AskPassword(Ask, frozen=True):
    password: Password


class AskConsent(Ask, frozen=True):
    """`venue_id` is "installation" for the purpose `voters`."""

    venue_id: Annotated[str, Meta(max_length=32, examples=["ven_01k9x4m8z2v7q0n3t5r6s8w1ya"])]
    purpose: Purpose
    granted: bool
    wording: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="The version of the text that the person saw.",
            examples=["account-2026-11"],
        ),
    ]


class Sessions(msgspec.Struct, frozen=True):
    data: list[SessionView]


class Consents(msgspec.Struct, frozen=True):
    data: list[ConsentView]


class Ended(msgspec.Struct, frozen=True):
    ended: int


@get("/v1/me", opt={"person": True})
async def read(parts: NamedDependency[Parts], principal: NamedDependency[Principal]) -> AccountView:
    """Who is signed in, with their roles and ways to sign in."""
    return await parts.people.me.view(principal)


@patch("/v1/me", opt={"person": True})
async def edit(
    data: JSONBody[AskProfile],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> AccountView:
    """Change one's name, language or city."""
    await parts.people.me.edit(principal, name=data.name, locale=data.locale, city=data.city)
    return await parts.people.me.view(principal)


@put("/v1/me/password", opt={"person": True}, status_code=204)
async def set_password(
    data: JSONBody[AskPassword],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Set or change the password; every other session ends. Needs a fresh check."""
    await parts.people.me.set_password(principal, data.password)


@get("/v1/me/sessions", opt={"person": True})
async def sessions(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Sessions:
    """Where one is signed in, last used first."""
    return Sessions(await parts.people.sessions.of(principal))


@delete("/v1/me/sessions", opt={"person": True}, status_code=200)
async def end_sessions(
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
    keep_this: Annotated[bool, QueryParameter(description="Stay signed in here.")] = False,  # noqa: FBT002
) -> Response[Ended]:
    """Sign out everywhere, or everywhere else."""
    ended = await parts.people.sessions.end_all(principal, keep_this=keep_this)
    return Response(Ended(ended), cookies=[] if keep_this else [signed_out_cookie(parts)])


@delete("/v1/me/sessions/{session_id:str}", opt={"person": True})
async def end_session(
    session_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Sign one device out."""
    await parts.people.sessions.end(principal, session_id)


@get("/v1/me/consents", opt={"person": True})
async def consents(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Consents:
    """What one agreed to, venue by venue; the latest word counts."""
    return Consents(await parts.people.consents.of(principal))


@post("/v1/me/consents", opt={"person": True, "errors": (404,)})
async def consent(
    data: JSONBody[AskConsent],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Consents:
    """Say yes or no to hearing from a venue."""
    await parts.people.consents.say(
        principal, data.venue_id, data.purpose, granted=data.granted, wording=data.wording
    )
    return Consents(await parts.people.consents.of(principal))


@post("/v1/me/consents/withdrawal", opt={"person": True})
async def withdraw_all(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Consents:
    """One no to every venue and purpose."""
    await parts.people.consents.withdraw_all(principal)
    return Consents(await parts.people.consents.of(principal))


ROUTES = [
    read,
    edit,
    set_password,
    sessions,
    end_sessions,
    end_session,
    consents,
    consent,
    withdraw_all,
]

"""Signing up, in and out: by password, mailed link or passkey."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from infra.kernel.bounds import Ask
from paywall.accounts.passkeys import Ceremony
from paywall.accounts.principal import Principal
from paywall.accounts.sessions import OpenedSession
from paywall.http.caller import (
    browser_cookie,
    browser_cookie_name,
    caller_of,
    signed_in_cookie,
    signed_out_cookie,
)
from paywall.http.parts import Parts

Email = Annotated[str, Meta(max_length=254, examples=["ana@example.com"])]
Password = Annotated[str, Meta(max_length=1000, examples=["tide lantern oboe gravel"])]
Token = Annotated[str, Meta(max_length=100)]
Code = Annotated[
    str, Meta(max_length=20, description="Six digits, or a recovery code.", examples=["492039"])
]
Locale = Annotated[str, Meta(max_length=8, examples=["fr"])]
BackTo = Annotated[
    str, Meta(max_length=500, description="A path of ours to go on to.", examples=["/tickets"])
]


class Deliver(StrEnum):
    """How the session reaches the caller: browsers take the cookie, apps the token."""

    COOKIE = "cookie"
    TOKEN = "token"  # noqa: S105 - a name, no secret


class SessionAnswer(msgspec.Struct, frozen=True):
    """Signed in. `token` (`pws_...`) is null where a cookie was set instead."""

    account_id: str
    session_id: str
    expires_at: datetime
    strong: bool
    token: str | None = None


class AskRegister(Ask, frozen=True):
    email: Email
    password: Password
    name: Annotated[str, Meta(max_length=120)] = ""
    locale: Locale = ""
    next: BackTo = ""


class AskLink(Ask, frozen=True):
    email: Email
    locale: Locale = ""
    next: BackTo = ""


class Mailed(msgspec.Struct, frozen=True):
    """The same for every address. `continuation` goes along when the link is redeemed."""

    status: Annotated[str, Meta(examples=["mailed"])] = "mailed"
    continuation: str | None = None


class AskRedeem(Ask, frozen=True):
    token: Token
    continuation: Token = ""
    deliver: Deliver = Deliver.COOKIE


class AskLogin(Ask, frozen=True):
    email: Email
    password: Password
    code: Code = ""
    deliver: Deliver = Deliver.COOKIE


class AskPasskey(Ask, frozen=True):
    """`credential` is PublicKeyCredential.toJSON() as the browser gives it."""

    ceremony: Annotated[str, Meta(max_length=32)]
    credential: dict[str, Any]
    deliver: Deliver = Deliver.COOKIE


def signed_in(
    parts: Parts, opened: OpenedSession, deliver: Deliver, status: int = 200
) -> Response[SessionAnswer]:
    """The answer to every log-in; never stored by anything on its way."""
    by_token = deliver is Deliver.TOKEN
    answer = SessionAnswer(
        opened.account_id,
        opened.session_id,
        opened.expires_at,
        opened.strong,
        opened.secret if by_token else None,
    )
    return Response(
        answer,
        status_code=status,
        headers={"Cache-Control": "no-store"},
        cookies=[] if by_token else [signed_in_cookie(parts, opened.secret)],
    )


@post("/v1/auth/register", opt={"public": True}, status_code=202)
async def register(
    data: JSONBody[AskRegister], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[Mailed]:
    """Begin an account with a password. The mail that follows says what happens next.

    The answer is the same whether or not the address is known.
    """
    secret = await parts.people.links.register(
        data.email,
        data.password,
        caller_of(request, parts),
        name=data.name,
        locale=data.locale,
        back_to=data.next,
    )
    return Response(
        Mailed(continuation=secret),
        status_code=202,
        headers={"Cache-Control": "no-store"},
        cookies=[browser_cookie(parts, secret)],
    )


@post("/v1/auth/login", opt={"public": True, "errors": (401,)}, status_code=200)
async def login(
    data: JSONBody[AskLogin], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[SessionAnswer]:
    """Sign in by password. 401 with code `code_needed` asks for the authenticator's code."""
    opened = await parts.people.login(
        data.email, data.password, caller_of(request, parts), code=data.code
    )
    return signed_in(parts, opened, data.deliver)


@post("/v1/auth/login-links", opt={"public": True}, status_code=202)
async def request_link(
    data: JSONBody[AskLink], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Mailed:
    """Mail a link that signs in once within 15 minutes, to known and unknown addresses alike."""
    await parts.people.links.request(
        data.email, caller_of(request, parts), locale=data.locale, back_to=data.next
    )
    return Mailed()


@post("/v1/auth/login-links/redeem", opt={"public": True, "errors": (410,)}, status_code=200)
async def redeem_link(
    data: JSONBody[AskRedeem], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[SessionAnswer]:
    """Spend a mailed link: proves the address and signs in."""
    browser = data.continuation or request.cookies.get(browser_cookie_name(parts), "")
    opened = await parts.people.links.redeem(
        data.token, caller_of(request, parts), browser=browser[:100]
    )
    return signed_in(parts, opened, data.deliver)


@post("/v1/auth/passkeys/login/options", opt={"public": True}, status_code=200)
async def passkey_login_options(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Ceremony:
    """Begin a log-in by passkey: `public_key` is for navigator.credentials.get."""
    return await parts.people.passkeys.begin_login(caller_of(request, parts))


@post("/v1/auth/passkeys/login/verify", opt={"public": True, "errors": (401,)}, status_code=200)
async def passkey_login_verify(
    data: JSONBody[AskPasskey], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[SessionAnswer]:
    """End a log-in by passkey."""
    opened = await parts.people.passkeys.finish_login(
        data.ceremony, data.credential, caller_of(request, parts)
    )
    return signed_in(parts, opened, data.deliver)


@delete("/v1/auth/session", opt={"person": True})
async def sign_out(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Response[None]:
    """Sign out of this session."""
    await parts.people.sessions.end(principal)
    return Response(None, status_code=204, cookies=[signed_out_cookie(parts)])


ROUTES = [
    register,
    login,
    request_link,
    redeem_link,
    passkey_login_options,
    passkey_login_verify,
    sign_out,
]

"""One's own proofs: passkeys, the authenticator, recovery codes, and the fresh check."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from infra.kernel.bounds import Ask, Id
from infra.kernel.errors import Invalid
from paywall.accounts.passkeys import Ceremony, PasskeyView
from paywall.accounts.principal import Principal
from paywall.accounts.totp import Enrolment
from paywall.http.parts import Parts
from paywall.routes.auth import Code, Password


class AskKeepPasskey(Ask, frozen=True):
    """`credential` is PublicKeyCredential.toJSON() as the browser gives it."""

    ceremony: Annotated[str, Meta(max_length=32)]
    credential: dict[str, Any]
    name: Annotated[str, Meta(max_length=80, examples=["Phone"])] = ""


class AskCode(Ask, frozen=True):
    code: Code


class AskFresh(Ask, frozen=True):
    """One of: a code, a password (for accounts without a factor), or a passkey's answer."""

    code: Code = ""
    password: Password = ""
    ceremony: Annotated[str, Meta(max_length=32)] = ""
    credential: dict[str, Any] | None = None


class FreshAnswer(msgspec.Struct, frozen=True):
    fresh_until: datetime


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Shown only now; each works once."""

    recovery_codes: Annotated[list[str], Meta(examples=[["abcde-fgh23"]])]


class Passkeys(msgspec.Struct, frozen=True):
    data: list[PasskeyView]


@get("/v1/me/passkeys", opt={"person": True})
async def passkeys(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Passkeys:
    """The passkeys of this account."""
    return Passkeys(await parts.people.passkeys.of(principal))


@post("/v1/auth/passkeys/registration/options", opt={"person": True}, status_code=200)
async def passkey_options(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Ceremony:
    """Begin to add a passkey: `public_key` is for navigator.credentials.create."""
    return await parts.people.passkeys.begin_registration(principal)


@post("/v1/auth/passkeys/registration/verify", opt={"person": True})
async def passkey_verify(
    data: JSONBody[AskKeepPasskey],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> PasskeyView:
    """Keep the new passkey. This session is strong from here."""
    return await parts.people.passkeys.finish_registration(
        principal, data.ceremony, data.credential, name=data.name
    )


@delete("/v1/me/passkeys/{passkey_id:str}", opt={"person": True})
async def passkey_remove(
    passkey_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Remove a passkey. Needs a fresh check."""
    await parts.people.passkeys.remove(principal, passkey_id)


@post("/v1/auth/totp", opt={"person": True})
async def totp_enrol(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Enrolment:
    """A secret for an authenticator app. It counts once confirmed with a code."""
    return await parts.people.totp.enrol(principal)


@post("/v1/auth/totp/confirm", opt={"person": True}, status_code=200)
async def totp_confirm(
    data: JSONBody[AskCode], parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> RecoveryCodes:
    """Turn the authenticator on with its first code. This session is strong from here."""
    return RecoveryCodes(await parts.people.totp.confirm(principal, data.code))


@post("/v1/auth/totp/recovery-codes", opt={"person": True})
async def totp_recovery_codes(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> RecoveryCodes:
    """Ten new recovery codes; the old ones are void. Needs a fresh check."""
    return RecoveryCodes(await parts.people.totp.renew_codes(principal))


@delete("/v1/auth/totp", opt={"person": True})
async def totp_off(parts: NamedDependency[Parts], principal: NamedDependency[Principal]) -> None:
    """Turn the authenticator off. Needs a fresh check."""
    await parts.people.totp.turn_off(principal)


@post("/v1/auth/fresh/options", opt={"person": True}, status_code=200)
async def fresh_options(
    parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> Ceremony:
    """Begin a fresh check by passkey: `public_key` is for navigator.credentials.get."""
    return await parts.people.passkeys.begin_fresh(principal)


@post("/v1/auth/fresh", opt={"person": True}, status_code=200)
async def fresh(
    data: JSONBody[AskFresh], parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> FreshAnswer:
    """Show again that it is you; good for ten minutes in this session."""
    people = parts.people
    if data.credential is not None:
        until = await people.passkeys.finish_fresh(principal, data.ceremony, data.credential)
    elif data.code:
        until = await people.fresh.by_code(principal, data.code)
    elif data.password:
        until = await people.fresh.by_password(principal, data.password)
    else:
        raise Invalid("code", "Send a code, a password, or a passkey's answer.")
    return FreshAnswer(until)


ROUTES = [
    passkeys,
    passkey_options,
    passkey_verify,
    passkey_remove,
    totp_enrol,
    totp_confirm,
    totp_recovery_codes,
    totp_off,
    fresh_options,
    fresh,
]

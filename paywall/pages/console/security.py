"""A person's own second factor: passkeys, an authenticator with its QR code, recovery codes."""

from __future__ import annotations

from typing import Any

import segno
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Problem
from paywall.accounts.roles import NEEDS_STRONG, allowed
from paywall.pages.console.confirm import own_path, passkey_answer
from paywall.pages.console.desk import Desk
from paywall.pages.console.typed import Typed
from paywall.pages.forms import Form as Shown

_PERSON = {"person": True}


async def _show(
    desk: Desk, *, enrolment: Any = None, problem: Problem | None = None
) -> Response[Any]:
    people = desk.parts.people
    me = await people.me.view(desk.principal)
    roles = frozenset().union(*desk.principal.memberships.values())
    until = desk.principal.fresh_until
    query = desk.request.query_params
    return desk.page(
        "security.html",
        status=200 if problem is None else problem.status,
        section="security",
        me=me,
        passkeys=await people.passkeys.of(desk.principal),
        needed=bool(allowed(roles) & NEEDS_STRONG),
        fresh=until is not None and until > desk.machine_now,
        enrolment=enrolment,
        qr=None if enrolment is None else _qr(enrolment.uri),
        after=own_path(query.get("next", "")) if query.get("next") else "",
        form=Shown({}, {} if problem is None else {"code": desk.words_for(problem)}),
    )


def _qr(uri: str) -> str:
    """The address as a QR code that an <img> can show."""
    return segno.make(uri, error="m").svg_data_uri(scale=5, border=3, light="#fff")


@get("/console/security", opt=_PERSON)
async def show(desk: NamedDependency[Desk]) -> Response[Any]:
    """The proofs of this account, and what is still missing."""
    return await _show(desk)


@post("/console/security/authenticator", opt=_PERSON)
async def begin(desk: NamedDependency[Desk]) -> Response[Any]:
    """A new secret, shown as a QR code until its first code arrives."""
    try:
        return await _show(desk, enrolment=await desk.parts.people.totp.enrol(desk.principal))
    except Problem as problem:
        return _again(desk, problem)


def _again(desk: Desk, problem: Problem) -> Response[Any]:
    if problem.code == "fresh_check_needed":
        return desk.to("/console/confirm?next=/console/security")
    return desk.to("/console/security", desk.words_for(problem))


@post("/console/security/authenticator/confirm", opt=_PERSON)
async def confirm(desk: NamedDependency[Desk]) -> Response[Any]:
    """The first code turns it on; the recovery codes are shown on the next page, once."""
    typed: Typed = await desk.typed()
    try:
        codes = await desk.parts.people.totp.confirm(desk.principal, typed.text("code"))
    except Problem as problem:
        if problem.code == "fresh_check_needed":
            return _again(desk, problem)
        return await _show(desk, enrolment=_Shown(typed), problem=problem)
    return desk.to(
        "/console/security",
        desk.gettext("Your authenticator is on. Keep these recovery codes."),
        secrets=codes,
    )


class _Shown:
    """The enrolment as the form carried it, so that a mistyped code costs no new scan."""

    def __init__(self, typed: Typed) -> None:
        self.secret = typed.text("secret")[:64]
        self.uri = typed.text("uri")[:300]


@post("/console/security/authenticator/off", opt=_PERSON)
async def turn_off(desk: NamedDependency[Desk]) -> Response[Any]:
    """Turn the authenticator off."""
    try:
        await desk.parts.people.totp.turn_off(desk.principal)
    except Problem as problem:
        return _again(desk, problem)
    return desk.to("/console/security", desk.gettext("Your authenticator is off."))


@post("/console/security/recovery-codes", opt=_PERSON)
async def renew_codes(desk: NamedDependency[Desk]) -> Response[Any]:
    """Ten new recovery codes; the old ones are void."""
    try:
        codes = await desk.parts.people.totp.renew_codes(desk.principal)
    except Problem as problem:
        return _again(desk, problem)
    return desk.to(
        "/console/security",
        desk.gettext("These are your new recovery codes. The old ones are void."),
        secrets=codes,
    )


@post("/console/security/passkeys/options", opt=_PERSON, status_code=200)
async def passkey_options(desk: NamedDependency[Desk]) -> dict[str, Any]:
    """Options for navigator.credentials.create."""
    ceremony = await desk.parts.people.passkeys.begin_registration(desk.principal)
    return {"publicKey": ceremony.public_key, "ceremony": ceremony.id}


@post("/console/security/passkeys", opt=_PERSON, status_code=200)
async def passkey_keep(desk: NamedDependency[Desk]) -> dict[str, bool]:
    """Keep the new passkey."""
    answer = await passkey_answer(desk)
    await desk.parts.people.passkeys.finish_registration(
        desk.principal, answer.ceremony, answer.credential, name=answer.name
    )
    return {"ok": True}


@post("/console/security/passkeys/{passkey_id:str}/remove", opt=_PERSON)
async def passkey_remove(desk: NamedDependency[Desk], passkey_id: FromPath[str]) -> Response[Any]:
    """Take a passkey off this account."""
    try:
        await desk.parts.people.passkeys.remove(desk.principal, passkey_id)
    except Problem as problem:
        return _again(desk, problem)
    return desk.to("/console/security", desk.gettext("The passkey was removed."))


PAGES = [show, begin, confirm, turn_off, renew_codes, passkey_options, passkey_keep, passkey_remove]

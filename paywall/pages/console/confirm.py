"""The fresh check: before what needs one, show again that it is you, and go on where you were.

A form that comes without a fresh proof is not lost. Its fields wait in the confirmation page, and
its answer sends the browser on to the same action with the same fields (307 repeats the POST).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from infra.kernel.errors import Problem
from paywall.accounts.principal import Principal
from paywall.accounts.roles import NEEDS_FRESH, Permission
from paywall.http.guards import SAFE_METHODS
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_
from paywall.pages.forms import Form as Shown

ACTION = "_action"
PROOFS = ("_code", "_password", ACTION)
_CARRIED_MAX = 200


async def fresh_or_confirm(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Before every page: keys don't open the console. Before every form: the confirmation page,
    where its permission needs a fresh proof.
    """
    principal: Principal = request.scope["state"]["principal"]
    principal.require_person()
    permission = request.route_handler.opt.get("permission")
    if request.method in SAFE_METHODS or not needs_fresh(permission):
        return None
    parts = request.app.state.parts
    if principal.fresh_until is not None and principal.fresh_until > parts.clock.machine():
        return None
    fields = (await request.form()).multi_items()
    carried = [(n, str(v)) for n, v in fields if n not in PROOFS][:_CARRIED_MAX]
    desk = Desk(request, parts, principal, None)
    return await _show(desk, action=request.url.path, carried=carried, status=403)


def needs_fresh(permission: Permission | None) -> bool:
    return permission in NEEDS_FRESH


async def _show(
    desk: Desk,
    *,
    action: str,
    carried: list[tuple[str, str]],
    problem: Problem | None = None,
    status: int = 200,
) -> Response[str]:
    """`action` empty: only the session is made strong and fresh, then `next` is opened."""
    me = await desk.parts.people.me.view(desk.principal)
    field = problem.field if problem is not None else ""
    errors = {} if problem is None else {f"_{field or 'code'}": desk.words_for(problem)}
    return desk.page(
        "confirm.html",
        status=status if problem is None else problem.status,
        section="",
        action=action,
        carried=carried,
        has_totp=me.has_totp,
        has_passkey=me.passkeys > 0,
        has_password=me.has_password,
        form=Shown({}, errors),
    )


@get("/console/confirm", opt={"person": True})
async def ask(desk: NamedDependency[Desk]) -> Response[Any]:
    """For reading what only a strong session sees. Without a factor, the way is to set one up."""
    me = await desk.parts.people.me.view(desk.principal)
    after = own_path(desk.request.query_params.get("next", ""))
    if not me.has_totp and not me.passkeys:
        return desk.to(
            f"/console/security?next={quote(after)}",
            desk.gettext(
                "Your role shows money or people. Set up a passkey or an authenticator first."
            ),
        )
    return await _show(desk, action="", carried=[("next", after)])


@post("/console/confirm", opt={"person": True})
async def prove(desk: NamedDependency[Desk]) -> Response[Any]:
    """A code or a password; then on to the action with everything that was typed."""
    typed = await desk.typed()
    action = typed.text(ACTION)
    after = own_path(action or typed.text("next"))
    try:
        if typed.text("_code"):
            await desk.parts.people.fresh.by_code(desk.principal, typed.text("_code"))
        else:
            await desk.parts.people.fresh.by_password(
                desk.principal, typed.values.get("_password", "")
            )
    except Problem as problem:
        carried = [(n, v) for n, v in typed.pairs() if n not in PROOFS]
        return await _show(desk, action=action, carried=carried, problem=problem)
    if not action:
        return desk.to(after)
    return Response(None, status_code=307, headers={"Location": after, "Cache-Control": "no-store"})


@post("/console/confirm/done", opt={"person": True})
async def done(desk: NamedDependency[Desk]) -> Response[Any]:
    """On to what was asked for, after a passkey made the session fresh."""
    typed = await desk.typed()
    return desk.to(own_path(typed.text("next")))


@post("/console/confirm/passkey/options", opt={"person": True}, status_code=200)
async def passkey_options(desk: NamedDependency[Desk]) -> dict[str, Any]:
    """Options for navigator.credentials.get; the ceremony's id comes back with the answer."""
    ceremony = await desk.parts.people.passkeys.begin_fresh(desk.principal)
    return {"publicKey": ceremony.public_key, "ceremony": ceremony.id}


class PasskeyAnswer(msgspec.Struct, frozen=True):
    ceremony: str
    credential: dict[str, Any]
    name: str = ""


@post("/console/confirm/passkey", opt={"person": True}, status_code=200)
async def passkey_verify(desk: NamedDependency[Desk]) -> dict[str, bool]:
    """The passkey's answer; the page then sends its form itself."""
    answer = await passkey_answer(desk)
    await desk.parts.people.passkeys.finish_fresh(
        desk.principal, answer.ceremony, answer.credential
    )
    return {"ok": True}


async def passkey_answer(desk: Desk) -> PasskeyAnswer:
    """What the browser's script posts after a ceremony."""
    body = await desk.request.body()
    try:
        return msgspec.json.decode(body, type=PasskeyAnswer)
    except msgspec.DecodeError as error:
        raise Problem(N_("The passkey could not be read. Start again.")) from error


def own_path(path: str) -> str:
    """A path of the console; anything else would be an open redirect."""
    fine = path.startswith("/console") and path.isprintable() and "\\" not in path
    return path if fine and path[8:9] in {"", "/", "?"} else "/console"


PAGES = [ask, prove, done, passkey_options, passkey_verify]

"""Once: a handler's work runs once per Idempotency-Key, and its answer is given again.

Header and errors follow draft-ietf-httpapi-idempotency-key-header-07: 400 when a required key is
missing, 409 while the first request runs, 422 when the key belongs to another request.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.serialization import encode_json

from infra.kernel.away import DatabaseAway
from infra.kernel.db import Tx
from infra.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Problem,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from infra.kernel.idempotency import (
    KEY_MAX,
    Claim,
    Claimed,
    Finish,
    Kept,
    Verdict,
    abandon,
    fingerprint,
    forget,
    reach,
    renew,
)
from infra.kernel.ids import new_id
from paywall.accounts.principal import Principal
from paywall.http.answer_headers import request_id
from paywall.http.parts import Parts
from paywall.http.problems import PROBLEM_JSON, body_of, crash_body, headers_of

RENEW_EVERY_S = 10
"""A third of the time after which a silent process is taken for dead."""

REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"^[\x21-\x7e]+$")
_NOBODY_MIN = 20

# Nothing was done, so that the key stays free for the corrected request, as Stripe does with
# requests that fail validation.
NOT_KEPT = (Invalid, TooMany, Unauthenticated, Forbidden)


class KeyRequired(Problem):
    status = 400
    code = "idempotency_key_required"
    title = "Send an Idempotency-Key"


class KeyReused(Problem):
    status = 422
    code = "idempotency_key_reused"
    title = "This key belongs to another request"


class InFlight(Conflict):
    code = "in_flight"
    title = "The first request is still running"
    retry_after_s = 1


class Answer(msgspec.Struct, frozen=True):
    """What a handler answers under a key: a status, a view, and headers that belong to it."""

    status: int
    view: Any
    headers: dict[str, str] = {}


class Resume:
    """The work's stored place: the same `resource_id` at every attempt, and the step it reached."""

    def __init__(self, claim: Claim | None, claimed: Claimed) -> None:
        self._claim = claim
        self.resource_id = claimed.resource_id
        self.step = claimed.step
        self.attempt = claimed.attempt

    async def reached(self, tx: Tx, step: str) -> None:
        """Store a step inside the transaction that achieved it. Without a key nothing is kept."""
        if self._claim is None:
            return
        if not await reach(tx, self._claim, self.attempt, step):
            raise InFlight("Another process has taken this request over. Try again shortly.")
        self.step = step


Run = Callable[[Resume], Awaitable[Answer]]


def key_of(request: Request[Any, Any, Any], principal: Principal) -> str:
    """The Idempotency-Key header, checked; empty where none was sent and none is required."""
    key: str = request.headers.get("idempotency-key", "").strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]  # the draft writes it as a quoted string, Stripe without quotes
    if not key:
        if request.route_handler.opt.get("idempotent") == "required":
            raise KeyRequired(
                "Send an Idempotency-Key header, such as a fresh UUID, and the same one on a retry."
            )
        return ""
    if len(key) > KEY_MAX or not _KEY.match(key):
        raise Invalid(
            "Idempotency-Key", f"Use 1 to {KEY_MAX} visible ASCII characters, such as a UUID."
        )
    if principal.actor == "nobody" and len(key) < _NOBODY_MIN:
        # Strangers share one room for keys: only one that nobody guesses keeps them apart.
        raise Invalid(
            "Idempotency-Key",
            f"Without signing in, use a random key of {_NOBODY_MIN} or more characters: a UUID.",
        )
    return key


async def claim_of(
    request: Request[Any, Any, Any], principal: Principal, resource_id: str
) -> Claim | None:
    """The claim that this request makes; None without a key. For the group-commit path."""
    key = key_of(request, principal)
    if not key:
        return None
    route = request.scope["path"] + "?" + request.scope["query_string"].decode("latin-1")
    print_ = fingerprint(principal.actor, request.scope["method"], route, await request.body())
    return Claim(actor=principal.actor, key=key, fingerprint=print_, resource_id=resource_id)


async def once(
    request: Request[Any, Any, Any], parts: Parts, principal: Principal, prefix: str, run: Run
) -> Response[Any]:
    """Run the work once under the request's key and answer; again with the key, answer the same.

    `prefix` makes the id under which the work creates its resource: `run` must be safe to repeat
    with one resource_id, since a process can die between its commit and the keeping of the answer.
    """
    fresh_id = new_id(prefix)
    claim = await claim_of(request, principal, fresh_id)
    if claim is None:
        nothing = Claimed(verdict=Verdict.RUN, resource_id=fresh_id)
        return respond(_keep(await run(Resume(None, nothing))))
    claimed = await parts.keys.claim(claim)
    if claimed.verdict is not Verdict.RUN:
        return verdict_response(claimed)
    return await _attempt(request, parts, claim, claimed, run)


def verdict_response(claimed: Claimed) -> Response[Any]:
    """The answer to a claim that must not run; raises KeyReused or InFlight."""
    if claimed.kept is not None:
        return respond(claimed.kept, replayed=True)
    if claimed.verdict is Verdict.REUSED:
        raise KeyReused(
            "This Idempotency-Key was sent with another request. Use a new key for a new request.",
            field="Idempotency-Key",
        )
    raise InFlight("The first request with this key is still running. Send it again shortly.")


async def _attempt(
    request: Request[Any, Any, Any], parts: Parts, claim: Claim, claimed: Claimed, run: Run
) -> Response[Any]:
    try:
        async with _kept_alive(parts, claim, claimed.attempt):
            kept = _keep(await run(Resume(claim, claimed)))
    except NOT_KEPT:
        async with parts.db.transaction() as tx:
            await forget(tx, claim, claimed.attempt)
        raise
    except (Unavailable, InFlight):
        # Trying again is what these ask for: the key goes on with the same resource_id.
        async with parts.db.transaction() as tx:
            await abandon(tx, claim, claimed.attempt)
        raise
    except Problem as problem:
        await _store(parts, claim, claimed, _keep_problem(request, problem))
        raise
    except Exception:
        body = encode_json(crash_body(request_id(request.scope)))
        kept = Kept(status=500, headers={"Content-Type": PROBLEM_JSON}, body=body)
        await _store(parts, claim, claimed, kept)
        raise
    await _store(parts, claim, claimed, kept)
    return respond(kept)


async def _store(parts: Parts, claim: Claim, claimed: Claimed, kept: Kept) -> None:
    finish = Finish(actor=claim.actor, key=claim.key, attempt=claimed.attempt, kept=kept)
    await parts.keys.store(finish)


@asynccontextmanager
async def _kept_alive(parts: Parts, claim: Claim, attempt: int) -> Any:
    """Renew the lock while the work runs, so that slow work is not taken for dead."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            with suppress(DatabaseAway):  # the work itself finds out, or never needs to
                async with parts.db.transaction() as tx:
                    if not await renew(tx, claim, attempt, parts.clock.machine()):
                        return

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _keep(answer: Answer) -> Kept:
    return kept_json(answer.status, answer.view, answer.headers)


def kept_json(status: int, view: object, headers: dict[str, str] | None = None) -> Kept:
    """A view as the answer that is kept and sent: JSON bytes."""
    body = b"" if view is None else encode_json(view)
    return Kept(
        status=status, headers={"Content-Type": "application/json"} | (headers or {}), body=body
    )


def _keep_problem(request: Request[Any, Any, Any], problem: Problem) -> Kept:
    body = encode_json(body_of(problem, request_id(request.scope)))
    headers = headers_of(problem) | {"Content-Type": PROBLEM_JSON}
    return Kept(status=problem.status, headers=headers, body=body)


def respond(kept: Kept, *, replayed: bool = False) -> Response[Any]:
    """The kept answer as it goes out."""
    headers = {name: value for name, value in kept.headers.items() if name != "Content-Type"}
    if replayed:
        headers[REPLAYED] = "true"
    return Response(
        kept.body,
        status_code=kept.status,
        media_type=kept.headers["Content-Type"],
        headers=headers,
    )

"""Playback sessions: ask to watch, say that one still watches, stop."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from entitlements.issue import PlaybackAnswer
from entitlements.ports import Kind
from entitlements.sessions import Beat
from entitlements.tables import Transport
from infra.kernel.bounds import Id
from infra.kernel.clock import from_epoch_s
from infra.kernel.errors import Forbidden
from paywall.accounts.principal import Principal
from paywall.bridges.entitlements import Seat
from paywall.http.parts import Parts

Sid = Annotated[str, msgspec.Meta(min_length=16, max_length=32, pattern=r"^[A-Za-z0-9_-]+$")]


class Player(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What plays. `transport` path: the token is in the address (iPhone, AirPlay, TVs)."""

    type: Annotated[str, msgspec.Meta(max_length=40)] = "hls.js"
    drm: Annotated[str, msgspec.Meta(max_length=20)] = "none"
    transport: Transport = Transport.HEADER


class AskToWatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which event, live or its replay, on which device."""

    event: Annotated[Id, msgspec.Meta(examples=["evt_01k9zr3x4v5w6y7z8a9b0c1d2e"])]
    kind: Kind = Kind.LIVE
    device_id: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[\x20-\x7e]*$")] = ""
    player: Player = Player()


class Watching(msgspec.Struct, frozen=True):
    """What a player says of itself. `watched_s` and `rebuffer_s` are totals of this session."""

    position_s: float = 0.0
    watched_s: float = 0.0
    startup_ms: float | None = None
    rebuffer_s: float | None = None
    failed: bool | None = None


class BeatBody(Watching, frozen=True):
    """Where the player is, and what watching was like where it measures that; more is ignored.

    `startup_ms`: from pressing play to the first picture. `rebuffer_s`: seconds waited after it.
    `failed`: no picture ever came.
    """

    playing: bool = True
    token_exp: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0,
                le=4_102_444_800,
                description="The `exp` claim of the token that the player holds: Unix seconds.",
                examples=[1795377900],
            ),
        ]
        | None
    ) = None


class BeatAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Beat again after `next_s`; a token that is due for renewal comes along.

    `exp` is that token's end in RFC 3339, as in the answer that began the session.
    """

    next_s: int
    token: str | None = None
    exp: Annotated[datetime, msgspec.Meta(examples=["2026-11-22T20:05:00Z"])] | None = None
    refresh_after: int | None = None


@post(
    "/v1/playback/sessions",
    opt={"person": True, "idempotent": "ignored", "errors": (402, 404)},
)
async def start(
    data: JSONBody[AskToWatch], parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> PlaybackAnswer:
    """Let a player in, or say why not: 402 not bought, 403 with a code, 404."""
    if not principal.email_proven:
        raise Forbidden(
            "Open the log-in link that we mailed you first, so that we know the address is yours.",
            code="email_not_proven",
        )
    return await parts.playback.start(
        Seat(
            account_id=principal.account_id,
            event_id=data.event,
            kind=data.kind,
            transport=data.player.transport,
            device_id=data.device_id,
        )
    )


@post(
    "/v1/playback/sessions/{sid:str}/beat",
    opt={"public": True, "rate": "beats", "cross_site": True, "errors": (410,)},
    status_code=200,
)
async def beat(
    sid: FromPath[Sid],
    data: JSONBody[BeatBody],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
) -> BeatAnswer:
    """Keep a session alive. Proven by the session's own secret, not by who is signed in."""
    alive, renewed = await parts.playback.beat(
        Beat(
            sid=sid,
            watched_s=data.watched_s,
            position_s=data.position_s,
            token_exp=None if data.token_exp is None else from_epoch_s(data.token_exp),
            startup_ms=data.startup_ms,
            rebuffer_s=data.rebuffer_s,
            failed=data.failed,
        ),
        request.headers.get("x-session-secret", ""),
    )
    if renewed is None:
        return BeatAnswer(next_s=alive.next_s)
    return BeatAnswer(
        next_s=alive.next_s,
        token=renewed.token,
        exp=renewed.exp,
        refresh_after=renewed.refresh_after,
    )


class StopBody(Watching, frozen=True):
    """The last word, as in a beat. `secret` where the player can't set a header (sendBeacon)."""

    secret: Annotated[str, msgspec.Meta(max_length=64)] = ""


@post(
    "/v1/playback/sessions/{sid:str}/stop",
    opt={"public": True, "cross_site": True},
    status_code=204,
)
async def stop(
    sid: FromPath[Sid],
    data: JSONBody[StopBody],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
) -> None:
    """The player stopped; its token opens nothing from now on."""
    last = Beat(
        sid=sid,
        watched_s=data.watched_s,
        position_s=data.position_s,
        startup_ms=data.startup_ms,
        rebuffer_s=data.rebuffer_s,
        failed=data.failed,
    )
    secret = data.secret or request.headers.get("x-session-secret", "")
    await parts.playback.stop(sid, secret, last)


@delete("/v1/playback/sessions/{sid:str}", opt={"public": True, "cross_site": True})
async def end(
    sid: FromPath[Sid], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> None:
    """The same as stop, for clients that prefer DELETE."""
    await parts.playback.stop(sid, request.headers.get("x-session-secret", ""))


@get("/.well-known/jwks.json", opt={"public": True})
async def jwks(parts: NamedDependency[Parts]) -> Response[dict[str, Any]]:
    """The public keys of entitlement assertions. Playback tokens' keys are never here."""
    _, ring = await parts.playback.keys()
    return Response(ring.jwks, headers={"Cache-Control": "public, max-age=300"})

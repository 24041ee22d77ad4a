"""From test to live: what is missing, the end of the tests, and the step itself."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from infra.kernel.bounds import Id
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.catalogue.tables import Mode
from paywall.http.acts import look_at
from paywall.http.parts import Parts
from paywall.routes.venues import VenueView, view


class CheckView(msgspec.Struct, frozen=True):
    """One thing that a live venue must have; `remedy` says who does what, and is empty if ready."""

    code: Annotated[str, Meta(examples=["processor"])]
    ready: bool
    remedy: str


class ReadinessView(msgspec.Struct, frozen=True):
    """Whether the venue can go live now. A live one is asked the same: nothing should be red."""

    mode: Mode
    ready: bool
    checks: list[CheckView]


class EndedTestsView(msgspec.Struct, frozen=True):
    """What was closed: open orders cancelled, grants revoked, orders whose places came back."""

    orders: int
    grants: int
    places: int


@get("/v1/venues/{venue_id:str}/live", opt={"permission": Permission.VENUE_READ})
async def readiness(venue_id: FromPath[Id], parts: NamedDependency[Parts]) -> ReadinessView:
    """What the venue has and lacks to take real money."""
    checks = await parts.live.checks(venue_id)
    async with look_at(parts, venue_id) as look:
        mode = look.venue.mode
    return ReadinessView(
        mode,
        all(check.ready for check in checks),
        [CheckView(check.code, check.ready, check.remedy) for check in checks],
    )


@post(
    "/v1/venues/{venue_id:str}/live",
    opt={"permission": Permission.VENUE_GO_LIVE, "errors": (404, 409)},
    status_code=200,
)
async def go_live(
    venue_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[VenueView]:
    """Take real money from now on. Test orders are closed; there is no way back.

    Refused with `not_ready_for_live` while something is missing; `missing` names it.
    """
    return Response(view(await parts.live.go_live(venue_id, principal.actor)))


@post(
    "/v1/venues/{venue_id:str}/tests/end",
    opt={"permission": Permission.VENUE_GO_LIVE, "errors": (404, 409)},
    status_code=200,
)
async def end_tests(
    venue_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> EndedTestsView:
    """Close every test order and bring the venue's clock back to the world's; it stays testing."""
    ended = await parts.live.end_tests(venue_id, principal.actor)
    return EndedTestsView(ended.orders, ended.grants, ended.places)


ROUTES = [readiness, go_live, end_tests]
"""For paywall.routes."""

"""Seasons of a venue, for its staff: dated series of events."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from infra.kernel.bounds import Id, Moment, changes
from infra.kernel.errors import Conflict
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.bridges.offers import is_offered
from paywall.catalogue import seasons
from paywall.catalogue.tables import Season
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc

READ = {"permission": Permission.CATALOGUE_READ}
WRITE = {"permission": Permission.CATALOGUE_WRITE}


class SeasonView(msgspec.Struct, frozen=True, kw_only=True):
    """A season as its staff see it."""

    id: Id
    name: str
    slug: str
    about_md: str
    starts_at: Moment
    ends_at: Moment
    version: int


def view(season: Season) -> SeasonView:
    return SeasonView(
        id=season.id,
        name=season.name,
        slug=season.slug,
        about_md=season.about_md,
        starts_at=utc(season.starts_at),
        ends_at=utc(season.ends_at),
        version=season.version,
    )


@post("/v1/venues/{venue_id:str}/seasons", opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[seasons.NewSeason],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[SeasonView]:
    """Make a season."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            season = await seasons.create(act.tx, venue_id, resume.resource_id, data)
            await act.note("season.created", season.id)
        return Answer(201, view(season), {"ETag": etag(season.version)})

    return await once(request, parts, principal, "ssn", run)


@get("/v1/venues/{venue_id:str}/seasons", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[SeasonView]]:
    """List the venue's seasons, latest first."""
    async with look_at(parts, venue_id) as look:
        rows = await seasons.listed(look.tx, venue_id, wanted(limit, cursor))
    return page_of(request, rows, view)


@get("/v1/venues/{venue_id:str}/seasons/{season_id:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], season_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[SeasonView]:
    """Read one season."""
    async with look_at(parts, venue_id) as look:
        season = await seasons.get(look.tx, venue_id, season_id)
    return tagged(view(season), season.version)


@patch("/v1/venues/{venue_id:str}/seasons/{season_id:str}", opt={**WRITE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    season_id: FromPath[str],
    data: JSONBody[seasons.SeasonEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[SeasonView]:
    """Change a season. It must still hold all of its events."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        season = await seasons.edit(act.tx, venue_id, season_id, version, data)
        await act.note("season.changed", season.id, fields=sorted(changes(data)))
    return tagged(view(season), season.version)


@delete("/v1/venues/{venue_id:str}/seasons/{season_id:str}", opt={**WRITE, "edit": True})
async def remove(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    season_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Delete a season that has neither events nor offers."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        if await is_offered(act.tx, season_id):
            raise Conflict("The season has offers. Archived ones keep it too.", code="is_offered")
        await seasons.delete(act.tx, venue_id, season_id, version)
        await act.note("season.deleted", season_id)

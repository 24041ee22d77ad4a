"""A venue's own settings, for its staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from infra.kernel.bounds import Country, Currency, Id, changes
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.catalogue import venues
from paywall.catalogue.tables import Mode, Venue
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, tagged
from paywall.http.parts import Parts
from paywall.http.views import utc_or_none


class VenueView(msgspec.Struct, frozen=True, kw_only=True):
    """A venue as its staff see it. `mode` test: nothing here moves real money."""

    id: Id
    slug: str
    name: str
    legal_name: str
    address: str
    vat_number: str
    contact_email: str
    about_md: str
    mode: Mode
    clock_offset_s: int
    live_since: datetime | None
    country: Country
    timezone: str
    locale: str
    currency: Currency
    accent: str
    vat_bps: int
    platform_fee_bps: int
    terms_url: str
    player_origins: list[str]
    version: int


def view(venue: Venue) -> VenueView:
    facts = {field: getattr(venue, field) for field in VenueView.__struct_fields__}
    return VenueView(**facts | {"live_since": utc_or_none(venue.live_since)})


@get(
    "/v1/venues/{venue_id:str}",
    opt={"permission": Permission.VENUE_READ, "tagged": True},
)
async def read(venue_id: FromPath[str], parts: NamedDependency[Parts]) -> Response[VenueView]:
    """Read the venue's settings."""
    async with look_at(parts, venue_id) as look:
        return tagged(view(look.venue), look.venue.version)


@patch("/v1/venues/{venue_id:str}", opt={"permission": Permission.VENUE_MANAGE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[venues.VenueEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[VenueView]:
    """Change the venue's settings. Its mode, clock and the installation's share stay."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        venue = await venues.edit(act.tx, venue_id, version, data)
        await act.note("venue.changed", venue.id, fields=sorted(changes(data)))
    return tagged(view(venue), venue.version)

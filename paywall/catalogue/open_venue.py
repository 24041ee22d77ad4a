"""Opening a venue: an act of the installation. It begins in test mode, with nothing for sale."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta
from sqlalchemy import select

from infra.kernel.bounds import Ask, Country, Currency, Slug, Zone
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict
from infra.kernel.money import Money
from paywall.catalogue.tables import Mode, Venue
from paywall.catalogue.times import check_zone
from paywall.catalogue.venues import VenueName


class NewVenue(Ask, frozen=True):
    """The least that a venue needs; the rest is its own to set."""

    name: VenueName
    slug: Slug
    country: Country
    timezone: Zone
    currency: Currency
    locale: Annotated[str, Meta(pattern=r"^[a-z]{2}$", max_length=2)] = "en"


async def open_venue(tx: Tx, venue_id: str, new: NewVenue, *, now: datetime) -> Venue:
    """Make the venue under this id; the one that is there, if it was made before."""
    known = await tx.get(Venue, venue_id)
    if known is not None:
        return known
    check_zone(new.timezone)
    Money(0, new.currency)
    if await tx.scalar(select(Venue.id).where(Venue.slug == new.slug)) is not None:
        raise Conflict(
            f"The address {new.slug} is in use. Choose another.", field="slug", code="slug_taken"
        )
    venue = Venue(
        id=venue_id,
        slug=new.slug,
        name=new.name,
        mode=Mode.TEST,
        clock_offset_s=0,
        country=new.country,
        timezone=new.timezone,
        locale=new.locale,
        currency=new.currency,
        vat_bps=0,
        platform_fee_bps=0,
        created_at=now,
        version=1,
    )
    tx.add(venue)
    await tx.flush()
    return venue

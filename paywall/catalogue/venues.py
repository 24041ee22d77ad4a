"""The venue itself: read, found by its address, and its settings changed."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta
from sqlalchemy import select

from infra.kernel.bounds import (
    UNSET,
    Address,
    Ask,
    Country,
    Currency,
    Markdown,
    Unset,
    Zone,
    changes,
)
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, NotFound, StaleEdit
from infra.kernel.money import Money
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.catalogue.tables import Mode, Venue
from paywall.catalogue.times import check_zone

VenueName = Annotated[str, Meta(min_length=1, max_length=120)]
Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Bps = Annotated[int, Meta(ge=0, le=10_000, description="Basis points: 2000 is 20 %.")]


Origins = Annotated[
    list[Annotated[str, Meta(max_length=200, examples=["https://app.example.org"])]],
    Meta(max_length=20, description="Sites whose pages may play: CORS for playback and media."),
]


class VenueEdit(Ask, frozen=True):
    """What to change; absent members stay. Prices of the past keep the tax they were sold with."""

    name: VenueName | Unset = UNSET
    legal_name: Annotated[str, Meta(max_length=160)] | Unset = UNSET
    address: Annotated[str, Meta(max_length=500)] | Unset = UNSET
    vat_number: Annotated[str, Meta(max_length=32)] | Unset = UNSET
    contact_email: Email | Unset = UNSET
    about_md: Markdown | Unset = UNSET
    country: Country | Unset = UNSET
    timezone: Zone | Unset = UNSET
    locale: Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?$", max_length=5)] | Unset = UNSET
    currency: Currency | Unset = UNSET
    accent: Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}$", description="A colour.")] | Unset = UNSET
    vat_bps: Bps | Unset = UNSET
    terms_url: Address | Unset = UNSET
    player_origins: Origins | Unset = UNSET


async def get(tx: Tx, venue_id: str) -> Venue:
    venue = await tx.scalar(select(Venue).where(Venue.id == venue_id))
    if venue is None:
        raise NotFound("venue")
    return venue


async def by_slug(tx: Tx, slug: str) -> Venue:
    venue = await tx.scalar(select(Venue).where(Venue.slug == slug))
    if venue is None:
        raise NotFound("venue")
    return venue


async def listed(tx: Tx, wanted: Wanted) -> Slice[Venue]:
    """Every venue of the installation, by id: what the front page shows."""
    return await slice_of(tx, select(Venue), wanted, id_column=Venue.id, newest_first=False)


async def edit(tx: Tx, venue_id: str, version: int, wanted: VenueEdit) -> Venue:
    """Change the venue's settings; raises StaleEdit, or Invalid with the field's name."""
    venue = await tx.scalar(select(Venue).where(Venue.id == venue_id).with_for_update())
    if venue is None:
        raise NotFound("venue")
    if venue.version != version:
        raise StaleEdit("Somebody changed these settings meanwhile. Read them again.")
    for field, value in changes(wanted).items():
        setattr(venue, field, value)
    check_zone(venue.timezone)
    Money(0, venue.currency)
    if venue.terms_url and not venue.terms_url.startswith("https://"):
        raise Invalid("terms_url", "Give an https address of your terms.")
    for origin in venue.player_origins:
        _check_origin(origin, venue.mode)
    venue.version += 1
    await tx.flush()
    return venue


def _check_origin(origin: str, mode: Mode) -> None:
    """An origin as browsers send it: scheme, host, perhaps a port, and nothing after."""
    parts = urlsplit(origin)
    home = parts.hostname in ("localhost", "127.0.0.1") and mode is Mode.TEST
    plain = origin == f"{parts.scheme}://{parts.netloc}" and parts.netloc == parts.netloc.lower()
    secure = parts.scheme == "https" or (parts.scheme == "http" and home)
    if not (plain and secure and parts.hostname and "@" not in parts.netloc):
        raise Invalid(
            "player_origins", "Give each site as https://app.example.org, with nothing after it."
        )

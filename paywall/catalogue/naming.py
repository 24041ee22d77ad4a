"""Slugs: the readable names in addresses, made from names, unique within a venue."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict
from paywall.catalogue.tables import Event, Season, Venue

SLUG_MAX = 63


class SlugTaken(Conflict):
    """Another of the venue's seasons or events has this slug."""

    code = "slug_taken"


def slug_of(name: str, fallback: str) -> str:
    """`Nuit d'été, n° 2` becomes `nuit-d-ete-no-2`; a name without Latin letters, the fallback."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o"))
    plain = plain.encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_MAX].strip("-")
    return slug or fallback


async def free_slug(
    tx: Tx,
    model: type[Event] | type[Season],
    venue_id: str,
    *,
    wanted: str,
    name: str,
    own_id: str,
) -> str:
    """`wanted` if it is free, else SlugTaken; made from the name, with a number, if none wanted.

    Locks the venue's row, so that two who choose the same name at once get two slugs.
    """
    await tx.execute(select(Venue.id).where(Venue.id == venue_id).with_for_update())
    if wanted:
        if await _taken(tx, model, venue_id, wanted, own_id):
            raise SlugTaken(f"The address {wanted} is in use. Choose another.", field="slug")
        return wanted
    stem = slug_of(name, own_id.replace("_", "-"))
    for number in range(1, 100):
        slug = stem if number == 1 else f"{stem[: SLUG_MAX - 3].rstrip('-')}-{number}"
        if not await _taken(tx, model, venue_id, slug, own_id):
            return slug
    return own_id.replace("_", "-")


async def _taken(
    tx: Tx, model: type[Event] | type[Season], venue_id: str, slug: str, own_id: str
) -> bool:
    query = select(model.id).where(
        model.venue_id == venue_id, model.slug == slug, model.id != own_id
    )
    return await tx.scalar(query) is not None

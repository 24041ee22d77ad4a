"""Seasons of a venue: made, changed, read. Each takes part in the caller's transaction."""

from __future__ import annotations

from sqlalchemy import func, select

from infra.kernel.bounds import UNSET, Ask, Markdown, Moment, Name, Slug, Unset, changes
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.catalogue.naming import free_slug
from paywall.catalogue.tables import Event, EventState, Season
from paywall.catalogue.times import LONGEST_SEASON, check_window


class NewSeason(Ask, frozen=True):
    """A dated series of events: [starts_at, ends_at)."""

    name: Name
    starts_at: Moment
    ends_at: Moment
    slug: Slug | None = None
    about_md: Markdown = ""


class SeasonEdit(Ask, frozen=True):
    """What to change; absent members stay as they are."""

    name: Name | Unset = UNSET
    starts_at: Moment | Unset = UNSET
    ends_at: Moment | Unset = UNSET
    slug: Slug | Unset = UNSET
    about_md: Markdown | Unset = UNSET


async def create(tx: Tx, venue_id: str, season_id: str, new: NewSeason) -> Season:
    """Make the season under this id; the one that is there, if it was made before."""
    known = await tx.get(Season, season_id)
    if known is not None and known.venue_id == venue_id:
        return known
    check_window(new.starts_at, new.ends_at, LONGEST_SEASON, "season")
    season = Season(
        id=season_id,
        venue_id=venue_id,
        slug=await free_slug(
            tx, Season, venue_id, wanted=new.slug or "", name=new.name, own_id=season_id
        ),
        name=new.name,
        about_md=new.about_md,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        version=1,
    )
    tx.add(season)
    await tx.flush()
    return season


async def get(tx: Tx, venue_id: str, season_id: str, *, lock: bool = False) -> Season:
    query = select(Season).where(Season.id == season_id, Season.venue_id == venue_id)
    season = await tx.scalar(query.with_for_update() if lock else query)
    if season is None:
        raise NotFound("season")
    return season


async def listed(tx: Tx, venue_id: str, wanted: Wanted) -> Slice[Season]:
    """The venue's seasons, latest start first."""
    query = select(Season).where(Season.venue_id == venue_id)
    return await slice_of(tx, query, wanted, id_column=Season.id, at_column=Season.starts_at)


async def edit(tx: Tx, venue_id: str, season_id: str, version: int, wanted: SeasonEdit) -> Season:
    """Change the season. Its window must still hold all of its events."""
    season = await get(tx, venue_id, season_id, lock=True)
    if season.version != version:
        raise StaleEdit("Somebody changed this season meanwhile. Read it again.")
    values = changes(wanted)
    if "slug" in values:
        values["slug"] = await free_slug(
            tx, Season, venue_id, wanted=values["slug"], name=season.name, own_id=season.id
        )
    for field, value in values.items():
        setattr(season, field, value)
    check_window(season.starts_at, season.ends_at, LONGEST_SEASON, "season")
    await _holds_its_events(tx, season)
    season.version += 1
    await tx.flush()
    return season


async def _holds_its_events(tx: Tx, season: Season) -> None:
    first, last = (
        await tx.execute(
            select(func.min(Event.starts_at), func.max(Event.ends_at)).where(
                Event.season_id == season.id, Event.state != EventState.CANCELLED
            )
        )
    ).one()
    if first is not None and first < season.starts_at:
        raise Invalid("starts_at", "One of the season's events starts before. Move starts_at.")
    if last is not None and last > season.ends_at:
        raise Invalid("ends_at", "One of the season's events ends after. Move ends_at later.")


async def delete(tx: Tx, venue_id: str, season_id: str, version: int) -> None:
    """Only a season without events can go; a pass for it must be checked by the caller."""
    season = await get(tx, venue_id, season_id, lock=True)
    if season.version != version:
        raise StaleEdit("Somebody changed this season meanwhile. Read it again.")
    if await tx.scalar(select(Event.id).where(Event.season_id == season_id).limit(1)):
        raise Conflict("The season still has events. Move them out of it first.")
    await tx.delete(season)
    await tx.flush()

"""A venue's models and scores from its own facts: what `train churn --venue` and `score` run.

Learning's libraries, Arrow and DuckDB are imported inside: a server never loads them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from churn.prediction import nights
from churn.prediction.tables import Night
from infra.kernel.errors import NotFound
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Venue
from paywall.http.parts import Parts

if TYPE_CHECKING:
    import pyarrow as pa

    from churn.evaluate import Told
    from churn.lake import Facts
    from churn.prediction.night import Trainings


class Scored(msgspec.Struct, frozen=True):
    """What a run did."""

    venue: str
    as_of: str
    trained: dict[str, str]
    """By cause the state of the model that was trained, or why there is none; empty: not due."""
    people: int
    """Who have a risk."""
    exported: dict[str, int] = {}
    """By table the rows that were taken to the lake first; empty where none were asked for."""


async def train_of(slug: str, told: Told) -> Trainings:
    """Train the venue's models now, whenever they were trained last."""
    from churn.features import features
    from churn.prediction.night import train_venue

    async with _run(slug) as (parts, venue, night):
        facts, began = _facts(parts, venue), parts.clock.machine()
        found = await train_venue(parts.db, venue.id, facts, features, told)
        async with parts.db.transaction() as tx:
            await nights.trained(tx, night, began, notes_of(found))
    return found


async def score_of(slug: str, told: Told, *, train: bool, export: bool = False) -> Scored:
    """Score everybody and renew all that pages read of the facts; train first when a week has
    passed, or when asked. Where `export` is asked, take what is new to the lake before: the
    venue's run is held meanwhile, or the worker would begin it as soon as the export is done."""
    from churn.features import features
    from churn.prediction.night import Trainings, score_venue, train_venue
    from churn.refresh import refresh

    async with _run(slug) as (parts, venue, night):
        exported = await _export(parts, venue, told) if export else {}
        facts, began = _facts(parts, venue), parts.clock.machine()
        found = Trainings({}, {})
        due = train or nights.training_is_due(night, began)
        if due:
            found = await train_venue(parts.db, venue.id, facts, features, told)
            async with parts.db.transaction() as tx:
                await nights.trained(tx, night, began, notes_of(found))

        async def renew(known: pa.Table) -> None:
            await refresh(facts, parts.db, venue.id, venue.timezone, known=known)

        people = await score_venue(parts.db, venue.id, facts, features, refresh=renew, told=told)
        async with parts.db.transaction() as tx:
            await nights.finish(tx, night, began)
    made = {cause.value: record.state.value for cause, record in found.made.items()}
    return Scored(slug, facts.as_of.isoformat(), made | notes_of(found), people, exported)


async def _export(parts: Parts, venue: Venue, told: Told) -> dict[str, int]:
    from paywall.bridges.lake.export import EXPORTS, LakeExport

    done: list[str] = []

    def tell(table: str, _rows: int) -> None:
        done.append(table)
        told("taking what is new to the lake", len(done), len(EXPORTS))

    exporter = LakeExport(parts.db, parts.clock, parts.sealer, parts.settings.lake())
    return (await exporter.run(venue, told=tell)).rows


def notes_of(found: Trainings) -> dict[str, str]:
    return {cause.value: why for cause, why in found.too_few.items()}


def told_of(found: Trainings, *, as_json: bool) -> str:
    """The cards of a training, or one JSON object by cause."""
    if as_json:
        made = {
            cause.value: {"state": record.state.value, "model_id": record.id} | record.figures
            for cause, record in found.made.items()
        }
        whole = made | {cause: {"too_few": why} for cause, why in notes_of(found).items()}
        return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"
    cards = [f"{record.card}\nState: {record.state.value}.\n" for record in found.made.values()]
    return "\n".join([*cards, *(f"{why}\n" for why in notes_of(found).values())])


@asynccontextmanager
async def _run(slug: str) -> AsyncIterator[tuple[Parts, Venue, Night]]:
    """The venue's run, taken and given back."""
    parts = assemble(load_settings())
    try:
        async with parts.db.transaction() as tx:
            venue = await tx.scalar(select(Venue).where(Venue.slug == slug))
            if venue is None:
                raise NotFound("venue")
            night = await nights.begin(tx, venue.id, parts.clock.machine())
        try:
            yield parts, venue, night
        finally:
            async with parts.db.transaction() as tx:
                await nights.release(tx, night)
    finally:
        await parts.close()


def _facts(parts: Parts, venue: Venue) -> Facts:
    from churn.lake import Facts, Lake

    lake = Lake(parts.settings.lake())
    return Facts.of_lake(lake, venue.id, parts.clock.now(venue.clock_offset_s))

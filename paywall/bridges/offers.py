"""What offers can't know of the catalogue: whether a scope exists, and can be delivered."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, NotFound
from offers.tables import Offer, OfferKind
from paywall.catalogue import events, seasons
from paywall.catalogue.tables import Event, EventState, Replay, Stream


async def check_scope(tx: Tx, venue_id: str, kind: OfferKind, scope_id: str) -> None:
    """Raise Invalid unless the scope is an event, or for a pass a season, of this venue."""
    try:
        if kind is OfferKind.SEASON_PASS:
            await seasons.get(tx, venue_id, scope_id)
        else:
            event = await events.get(tx, venue_id, scope_id)
            if event.state is EventState.CANCELLED:
                raise Invalid("scope_id", "This event was cancelled. Choose another.")
    except NotFound as error:
        noun = "season" if kind is OfferKind.SEASON_PASS else "event"
        raise Invalid("scope_id", f"There is no such {noun} at this venue.") from error


async def is_offered(tx: Tx, scope_id: str) -> bool:
    """Whether there is any offer for the event or season, archived ones too."""
    query = select(Offer.id).where(Offer.scope_id == scope_id).limit(1)
    return await tx.scalar(query) is not None


async def missing_for(tx: Tx, offer: Offer) -> list[str]:
    """What must be there before this offer could be delivered, as sentences; none when it can."""
    if offer.kind is OfferKind.SEASON_PASS:
        shown = select(Event.id).where(
            Event.season_id == offer.scope_id, Event.state == EventState.PUBLISHED
        )
        if await tx.scalar(shown.limit(1)) is None:
            return ["Publish an event of the season."]
        return []
    missing = []
    event = await events.get(tx, offer.venue_id, offer.scope_id)
    if event.state is EventState.CANCELLED:
        return ["The event was cancelled."]
    if event.state is not EventState.PUBLISHED:
        missing.append("Publish the event.")
    if offer.kind is OfferKind.STREAM_TICKET:
        if await tx.scalar(select(Stream.id).where(Stream.event_id == event.id).limit(1)) is None:
            missing.append("Give the event a stream.")
    elif await tx.scalar(select(Replay.id).where(Replay.event_id == event.id).limit(1)) is None:
        missing.append("Give the event a recording.")
    return missing

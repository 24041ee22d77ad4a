"""The act `free_stream`: one event, live and its replay, as a gift."""

from __future__ import annotations

from datetime import datetime, timedelta

from churn.ports import CanNotDo, Doing, Given
from churn.triggers.acts import FreeStream
from entitlements.grants import NewGrant, give
from entitlements.tables import ScopeKind
from infra.kernel.clock import iso
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid
from paywall.bridges.churn_acts.letters import Letters
from paywall.catalogue.tables import Event, EventState, Venue
from paywall.checkout.tell import grants_issued
from paywall.notices.emission import emit
from paywall.notices.outbox import Outbox

REPLAY = timedelta(days=7)
"""After the event's end, so that who could not watch that evening loses nothing."""


async def check(tx: Tx, venue_id: str, act: FreeStream, now: datetime) -> None:
    event = await tx.get(Event, act.event_id)
    if event is None or event.venue_id != venue_id:
        raise Invalid("event_id", "There is no such event at this venue.")
    if not _open(event, now):
        raise Invalid("event_id", "This event is over, cancelled or not published yet.")


def _open(event: Event, now: datetime) -> bool:
    return event.state is EventState.PUBLISHED and now < event.ends_at + REPLAY


async def do(tx: Tx, doing: Doing, act: FreeStream, letters: Letters, outbox: Outbox) -> Given:
    event = await tx.get(Event, act.event_id)
    if event is None or event.venue_id != doing.venue_id or not _open(event, doing.now):
        raise CanNotDo("over")
    until = event.ends_at + REPLAY
    grant = NewGrant(
        venue_id=doing.venue_id,
        customer_id=doing.customer_id,
        scope_kind=ScopeKind.EVENT,
        scope_id=event.id,
        starts_at=doing.now,
        ends_at=until,
        opens_live=True,
        opens_replay=True,
        source_key=doing.touch_id,
    )
    (grant_id,) = await give(tx, [grant], doing.machine_now)
    await emit(outbox, tx, grants_issued([(grant_id, grant)]), doing.machine_now)
    venue = await tx.get_one(Venue, doing.venue_id)
    await letters.write(
        tx,
        doing,
        act,
        path=f"/venues/{venue.slug}/events/{event.slug}",
        event=event.name,
        until=iso(until),
        timezone=venue.timezone,
    )
    return Given(travels=True, ids={"grant_id": grant_id})

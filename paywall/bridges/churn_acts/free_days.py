"""The act `free_days`: a season opened for some days.

Where subscriptions are sold elsewhere, free weeks of one are such a grant: it opens what the
subscription would, and no bill is changed by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from churn.ports import CanNotDo, Doing, Given
from churn.triggers.acts import FreeDays
from entitlements.grants import NewGrant, give
from entitlements.tables import ScopeKind
from infra.kernel.clock import iso
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid
from paywall.bridges.churn_acts.letters import Letters
from paywall.catalogue.tables import Season, Venue
from paywall.checkout.tell import grants_issued
from paywall.notices.emission import emit
from paywall.notices.outbox import Outbox


async def check(tx: Tx, venue_id: str, act: FreeDays, now: datetime) -> None:
    season = await tx.get(Season, act.season_id)
    if season is None or season.venue_id != venue_id:
        raise Invalid("season_id", "There is no such season at this venue.")
    if season.ends_at <= now:
        raise Invalid("season_id", "This season is over. Choose one that runs.")


async def do(tx: Tx, doing: Doing, act: FreeDays, letters: Letters, outbox: Outbox) -> Given:
    season = await tx.get(Season, act.season_id)
    if season is None or season.venue_id != doing.venue_id or season.ends_at <= doing.now:
        raise CanNotDo("over")
    until = min(doing.now + timedelta(days=act.days), season.ends_at)
    grant = NewGrant(
        venue_id=doing.venue_id,
        customer_id=doing.customer_id,
        scope_kind=ScopeKind.SEASON,
        scope_id=season.id,
        starts_at=doing.now,
        ends_at=until,
        opens_live=True,
        opens_replay=True,
        source_key=doing.touch_id,
    )
    (grant_id,) = await give(tx, [grant], doing.machine_now)
    await emit(outbox, tx, grants_issued([(grant_id, grant)]), doing.machine_now)
    venue = await tx.get_one(Venue, doing.venue_id)
    await letters.write(tx, doing, act, until=iso(until), timezone=venue.timezone)
    return Given(travels=True, ids={"grant_id": grant_id})

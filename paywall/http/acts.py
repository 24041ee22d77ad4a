"""A change at a venue: one transaction, the venue's clock, and a line in the audit log with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from infra.kernel.clock import iso
from infra.kernel.db import Tx
from paywall.accounts.audit import record
from paywall.accounts.principal import Principal
from paywall.catalogue import venues
from paywall.catalogue.tables import Event, EventState, Venue
from paywall.http.parts import Parts
from paywall.notices.emission import Emission, emit
from paywall.notices.outbox import Outbox


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """An open transaction at a venue. `now` is its business time, `machine_now` ours."""

    tx: Tx
    venue: Venue
    now: datetime
    machine_now: datetime
    actor: str
    outbox: Outbox

    async def note(self, action: str, subject: str, **data: Any) -> None:
        """Write the audit entry (`noun.verb`, an id) of what this transaction does."""
        await record(
            self.tx,
            venue_id=self.venue.id,
            actor=self.actor,
            action=action,
            subject=subject,
            data=data,
            now=self.machine_now,
        )

    async def tell(self, kind: str, subject: str, version: int, **data: Any) -> None:
        """Write the webhooks of what this transaction does to a thing, now at this version."""
        emission = Emission(
            venue_id=self.venue.id, kind=kind, cause_id=f"{subject}.{version}", data=data
        )
        await emit(self.outbox, self.tx, [emission], self.machine_now)


@asynccontextmanager
async def act_at(parts: Parts, principal: Principal, venue_id: str) -> AsyncIterator[Act]:
    """Open a write transaction at the venue; NotFound where there is no such venue."""
    async with parts.db.transaction() as tx:
        yield await _act(parts, tx, principal.actor, venue_id)


@asynccontextmanager
async def look_at(parts: Parts, venue_id: str) -> AsyncIterator[Act]:
    """The same for reading."""
    async with parts.db.read() as tx:
        yield await _act(parts, tx, "", venue_id)


async def _act(parts: Parts, tx: Tx, actor: str, venue_id: str) -> Act:
    venue = await venues.get(tx, venue_id)
    return Act(
        tx=tx,
        venue=venue,
        now=parts.clock.now(venue.clock_offset_s),
        machine_now=parts.clock.machine(),
        actor=actor,
        outbox=parts.outbox,
    )


async def tell_moved(act: Act, event: Event) -> None:
    """`event.published` or `event.cancelled`; a step back to draft is nobody's news."""
    if event.state is not EventState.DRAFT:
        starts_at = iso(event.starts_at)
        await act.tell(
            f"event.{event.state.value}", event.id, event.version,
            event_id=event.id, name=event.name, starts_at=starts_at,
        )  # fmt: skip

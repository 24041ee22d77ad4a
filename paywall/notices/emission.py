"""Fan-out of events to webhook endpoints inside the transaction of their cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.notices.kinds import WEBHOOK_KINDS
from paywall.notices.outbox import Notice, Outbox
from paywall.notices.tables import EndpointState, OutboxKind, WebhookEndpoint


class Emission(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at a venue. The same cause and kind reaches an endpoint once."""

    venue_id: str
    kind: str  # one of WEBHOOK_KINDS
    cause_id: str  # the id of what happened: the order's, the refund's
    data: dict[str, Any]  # plain JSON; ids, states and amounts rather than whole objects


async def emit(outbox: Outbox, tx: Tx, emissions: Sequence[Emission], now: datetime) -> None:
    """Write one row for each endpoint that wants it. `now` is machine time.

    One indexed query for the whole batch finds the endpoints; a venue without any costs no more.
    """
    if not emissions:
        return
    assert all(e.kind in WEBHOOK_KINDS for e in emissions), "an unknown webhook kind"
    query = select(WebhookEndpoint.id, WebhookEndpoint.venue_id, WebhookEndpoint.kinds).where(
        WebhookEndpoint.venue_id.in_({e.venue_id for e in emissions}),
        WebhookEndpoint.state == EndpointState.ENABLED,
    )
    endpoints = (await tx.execute(query)).all()
    notices = [
        notice_for(endpoint.id, emission)
        for emission in emissions
        for endpoint in endpoints
        if endpoint.venue_id == emission.venue_id
        and (not endpoint.kinds or emission.kind in endpoint.kinds)
    ]
    await outbox.enqueue(tx, notices, now)


def notice_for(endpoint_id: str, emission: Emission) -> Notice:
    return Notice(
        kind=OutboxKind.WEBHOOK, venue_id=emission.venue_id, recipient=endpoint_id,
        template=emission.kind, cause_id=emission.cause_id, data=emission.data,
    )  # fmt: skip

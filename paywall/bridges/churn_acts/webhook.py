"""The act `webhook`: the venue's own program hears `action.due` and acts."""

from __future__ import annotations

from sqlalchemy import select

from churn.ports import CanNotDo, Doing, Given
from churn.triggers.acts import Webhook
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid
from paywall.notices.emission import Emission, emit
from paywall.notices.outbox import Outbox
from paywall.notices.tables import EndpointState, WebhookEndpoint

KIND = "action.due"


async def check(tx: Tx, venue_id: str) -> None:
    if not await _heard(tx, venue_id):
        raise Invalid("act", "Add a webhook endpoint that hears action.due first.")


async def _heard(tx: Tx, venue_id: str) -> bool:
    query = select(WebhookEndpoint.kinds).where(
        WebhookEndpoint.venue_id == venue_id, WebhookEndpoint.state == EndpointState.ENABLED
    )
    return any(not kinds or KIND in kinds for kinds in await tx.scalars(query))


async def do(tx: Tx, doing: Doing, act: Webhook, outbox: Outbox) -> Given:
    if not await _heard(tx, doing.venue_id):
        raise CanNotDo("no_endpoint")
    emission = Emission(
        venue_id=doing.venue_id,
        kind=KIND,
        cause_id=doing.touch_id,
        data={
            "trigger_id": doing.trigger_id,
            "name": doing.trigger_name,
            "touch_id": doing.touch_id,
            "customer_id": doing.customer_id,
            "note": act.note,
            **doing.facts,
        },
    )
    await emit(outbox, tx, [emission], doing.machine_now)
    return Given(travels=True)

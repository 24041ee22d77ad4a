"""Tells the venue of a spike: a mail to its contact and a webhook, in the spike's transaction."""

from __future__ import annotations

from datetime import datetime

from infra.kernel.clock import iso
from infra.kernel.db import Tx
from paywall.catalogue.tables import Event, Venue
from paywall.notices.emission import Emission, emit
from paywall.notices.outbox import Outbox, mail
from support_bot.conversation_tables import QuestionSpike
from support_bot.spikes import WINDOW

MINUTES = int(WINDOW.total_seconds() // 60)


async def raise_alarm(
    tx: Tx, outbox: Outbox, venue: Venue, spike: QuestionSpike, now: datetime
) -> None:
    """Written with the spike, so that one spike tells once, whatever dies."""
    event = await tx.get(Event, spike.event_id) if spike.event_id else None
    facts = {
        "topic": spike.topic,
        "questions": spike.questions,
        "minutes": MINUTES,
        "event_id": spike.event_id or "",
        "event_name": event.name if event is not None else "",
    }
    told = Emission(
        venue_id=venue.id, kind="support.spike", cause_id=spike.id,
        data={"spike_id": spike.id, "at": iso(spike.at), **facts},
    )  # fmt: skip
    await emit(outbox, tx, [told], now)
    if venue.contact_email:
        notice = mail(
            venue.id, venue.contact_email, "question_spike", spike.id, facts, locale=venue.locale
        )
        await outbox.enqueue(tx, [notice], now)

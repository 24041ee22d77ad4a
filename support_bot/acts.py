"""Acts: what a signed-in person may have done, only by the button of a preview.

Nothing that is typed starts an act. A preview becomes a confirmation, a row with an id; the button
carries that id, and the act does what the row promises or refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Gone, NotFound
from infra.kernel.ids import new_id
from support_bot.conversation_tables import ActConfirmation, ConfirmationState

OFFER_LIFE = timedelta(minutes=10)
"""How long a preview's button works."""
TAKE_UP = timedelta(hours=1)
"""How long after that an act that was begun may still be finished by pressing again."""
OFFERS_MAX = 5
"""Previews of one act at once."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asks, proven by their session. Acts see this person's own things alone."""

    venue_id: str
    account_id: str
    customer_id: str  # "" for somebody who has not dealt with the venue yet
    email: str
    session_id: str
    lang: str
    event_id: str = ""  # the concert whose page the conversation began on


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that could be done: `text` says exactly what, in the person's language."""

    subject: str
    text: str
    facts: dict[str, Any] = {}


class Refused(Exception):
    """An act that could be done when it was shown can't be done any more; why, to the reader."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A pressed confirmation as an act gets it. The id is its idempotency key."""

    id: str
    person: Person
    subject: str
    facts: dict[str, Any]


class Act(Protocol):
    """One thing that the bot can do. A second `do` of the same confirmation changes nothing."""

    def may(self, person: Person) -> bool:
        """Whether this person may be shown it at all; no database."""
        ...

    async def preview(self, person: Person) -> list[Preview]:
        """What could be done now, the likeliest first; empty where there is nothing to do."""
        ...

    async def do(self, confirmation: Confirmed) -> str:
        """Do what was shown and say what came of it; raises Refused."""
        ...


Acts = Mapping[str, Act]
"""By the name that articles carry in `act`."""


async def offer(
    tx: Tx, talk_id: str, act: str, person: Person, previews: Sequence[Preview], now: datetime
) -> list[ActConfirmation]:
    """A confirmation for each preview."""
    rows = [
        ActConfirmation(
            id=new_id("acf"),
            venue_id=person.venue_id,
            account_id=person.account_id,
            conversation_id=talk_id,
            act=act,
            subject=one.subject,
            facts=one.facts,
            text=one.text,
            lang=person.lang,
            state=ConfirmationState.OFFERED,
            result="",
            created_at=now,
            expires_at=now + OFFER_LIFE,
        )
        for one in previews[:OFFERS_MAX]
    ]
    tx.add_all(rows)
    await tx.flush()
    return rows


async def press(
    tx: Tx, confirmation_id: str, talk_id: str, account_id: str, now: datetime
) -> ActConfirmation:
    """The pressed confirmation, locked: DOING, or already over. NotFound for anybody else's.

    Gone where it was not pressed in time.
    """
    query = select(ActConfirmation).where(ActConfirmation.id == confirmation_id)
    row: ActConfirmation | None = await tx.scalar(query.with_for_update())
    if row is None or row.account_id != account_id or row.conversation_id != talk_id:
        raise NotFound("confirmation")
    if row.state in (ConfirmationState.DONE, ConfirmationState.REFUSED):
        return row
    until = row.expires_at + (TAKE_UP if row.state is ConfirmationState.DOING else timedelta(0))
    if now >= until:
        raise Gone("This button was shown too long ago. Ask again.", code="confirmation_expired")
    row.move(ConfirmationState.DOING)
    return row


async def finish(tx: Tx, confirmation_id: str, to: ConfirmationState, result: str) -> bool:
    """Keep what came of it; False where another press of the same button was first."""
    row = await tx.get_one(ActConfirmation, confirmation_id, with_for_update=True)
    if row.state is not ConfirmationState.DOING:
        return False
    row.move(to)
    row.result = result
    return True

"""Why can't I watch: runs the very check that the player's door runs, and says what it found."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select

from entitlements.grants import Allowed, Refused
from entitlements.ports import Kind
from entitlements.tables import Grant, ScopeKind
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from paywall.bridges.entitlements import Playback, load_stages
from paywall.bridges.support_words import N_, NOTHING
from paywall.catalogue.tables import Event, EventState, Venue
from support_bot import acts
from support_bot.acts import Confirmed, Person, Preview
from support_bot.ports import Wording

NEAR = timedelta(days=30)
SHOWN = 4

REASONS = {
    "not_bought": N_("Nothing that you bought with this address opens this concert."),
    "over": N_("The time to watch this is over."),
    "window": N_("The hours to watch this from its first play are used up."),
    "revoked": N_("This was refunded or taken back, so it can’t be watched."),
    "suspended": N_("This is on hold at the moment. Write to the hall to learn more."),
    "not_available": N_("There is no picture of this concert yet. Look again later."),
}
"""The sentences of the watch page, by the refusal's code."""


class WhyCantIWatch:
    """Reads only; still behind its button, because it tells what somebody bought."""

    def __init__(
        self, db: Database, clock: Clock, wording: Wording, playback: Playback, public_url: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._wording = wording
        self._playback = playback
        self._public_url = public_url

    def may(self, person: Person) -> bool:
        return bool(person.account_id)

    async def preview(self, person: Person) -> list[Preview]:
        """The concert of the page, else those with a grant and those that are on about now."""
        async with self._db.read() as tx:
            events = await self._events(tx, person)
        said = self._wording.words(person.lang, N_("Check whether you can watch %(event)s."))
        return [Preview(subject=one.id, text=said % {"event": one.name}) for one in events]

    async def _events(self, tx: Tx, person: Person) -> list[Event]:
        venue = await tx.get_one(Venue, person.venue_id)
        now = self._clock.now(venue.clock_offset_s)
        mine = select(Grant.scope_id).where(
            Grant.customer_id == person.customer_id, Grant.scope_kind == ScopeKind.EVENT
        )
        query = (
            select(Event)
            .where(
                Event.venue_id == person.venue_id,
                Event.state != EventState.DRAFT,
                or_(
                    Event.id == person.event_id,
                    Event.id.in_(mine),
                    Event.starts_at.between(now - timedelta(hours=6), now + timedelta(hours=6)),
                ),
                Event.starts_at.between(now - NEAR, now + NEAR),
            )
            .order_by(Event.starts_at)
            .limit(20)
        )
        found = list(await tx.scalars(query))
        # The page's own concert first, then what is nearest in time.
        found.sort(key=lambda e: (e.id != person.event_id, abs(e.starts_at - now)))
        return found[:SHOWN]

    async def do(self, confirmation: Confirmed) -> str:
        person = confirmation.person
        words = self._wording.words
        async with self._db.read() as tx:
            event = await tx.get(Event, confirmation.subject)
            stages = await load_stages(tx, [confirmation.subject], self._public_url)
            if event is None or event.venue_id != person.venue_id or event.id not in stages:
                raise acts.Refused(words(person.lang, NOTHING))
            stage = stages[event.id]
            live = await self._playback.may_watch(tx, person.customer_id, stage, Kind.LIVE)
            replay = await self._playback.may_watch(tx, person.customer_id, stage, Kind.REPLAY)
        facts = {"event": event.name}
        for answer in (live, replay):
            if isinstance(answer, Allowed):
                until = self._wording.moment(person.lang, answer.window.end, event.timezone)
                said = N_("You can watch %(event)s now, until %(until)s.")
                return words(person.lang, said) % (facts | {"until": until})
        refusal = _telling(live, replay)
        if refusal.code == "not_yet" and refusal.opens_at is not None:
            opens = self._wording.moment(person.lang, refusal.opens_at, event.timezone)
            said = N_("Your ticket for %(event)s is right. You can take your seat from %(when)s.")
            return words(person.lang, said) % (facts | {"when": opens})
        reason = REASONS.get(refusal.code, REASONS["suspended"])
        return f"{event.name}: {words(person.lang, reason)}"


def _telling(live: Allowed | Refused, replay: Allowed | Refused) -> Refused:
    """Of two refusals the one that helps: a time to come before a time that is over."""
    assert isinstance(live, Refused)
    assert isinstance(replay, Refused)
    order = ("not_yet", "revoked", "suspended", "window", "over", "not_available", "not_bought")
    ranked = {code: n for n, code in enumerate(order)}
    if live.code == "not_bought" or replay.code == "not_bought":
        return live if live.code != "not_bought" else replay
    return min((live, replay), key=lambda one: ranked.get(one.code, len(order)))

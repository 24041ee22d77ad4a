"""End another device: a player that runs under one's ticket, or a browser that is logged in."""

from __future__ import annotations

import contextlib

from sqlalchemy import select

from entitlements.sessions import revoke_sessions
from entitlements.tables import PlaybackSession
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import NotFound
from paywall.accounts.audit import record
from paywall.accounts.device import device_name
from paywall.accounts.principal import Principal
from paywall.accounts.sessions import Sessions
from paywall.bridges.support_words import N_, NOTHING
from paywall.catalogue.tables import Event
from support_bot.acts import OFFERS_MAX, Confirmed, Person, Preview, Refused
from support_bot.ports import Wording


class EndSession:
    """Only one's own; never the session that asks."""

    def __init__(self, db: Database, clock: Clock, wording: Wording, sessions: Sessions) -> None:
        self._db = db
        self._clock = clock
        self._wording = wording
        self._sessions = sessions

    def may(self, person: Person) -> bool:
        return bool(person.account_id)

    async def preview(self, person: Person) -> list[Preview]:
        """Players first, since one of them is what stands in the way of another."""
        words = self._wording.words
        found = []
        async with self._db.read() as tx:
            query = (
                select(PlaybackSession, Event.name)
                .join(Event, Event.id == PlaybackSession.event_id)
                .where(
                    PlaybackSession.customer_id == person.customer_id,
                    PlaybackSession.venue_id == person.venue_id,
                    PlaybackSession.ended_at.is_(None),
                )
                .order_by(PlaybackSession.started_at.desc())
                .limit(3)
            )
            playing = (await tx.execute(query)).all() if person.customer_id else []
        said = words(person.lang, N_("Stop the player that shows %(event)s since %(when)s."))
        for session, name in playing:
            when = self._wording.moment(person.lang, session.started_at, "UTC")
            found.append(
                Preview(
                    subject=session.id, text=said % {"event": name, "when": when},
                    facts={"kind": "player"},
                )
            )  # fmt: skip
        said = words(person.lang, N_("Log out %(device)s, last used %(when)s."))
        for other in await self._sessions.of(_principal(person)):
            if other.current:
                continue
            values = {
                "device": device_name(other.user_agent) or "–",
                "when": self._wording.moment(person.lang, other.last_seen_at, "UTC"),
            }
            found.append(Preview(subject=other.id, text=said % values, facts={"kind": "log-in"}))
        return found[:OFFERS_MAX]

    async def do(self, confirmation: Confirmed) -> str:
        person, now = confirmation.person, self._clock.machine()
        if confirmation.facts["kind"] == "player":
            await self._stop(person, confirmation.subject)
        elif confirmation.subject == person.session_id:
            raise Refused(self._wording.words(person.lang, NOTHING))
        else:
            with contextlib.suppress(NotFound):  # it has ended meanwhile: what was wanted
                await self._sessions.end(_principal(person), confirmation.subject)
        async with self._db.transaction() as tx:
            await record(
                tx, venue_id=person.venue_id, actor=person.account_id, action="device.ended",
                subject=confirmation.subject, data={"confirmation": confirmation.id}, now=now,
            )  # fmt: skip
        return self._wording.words(person.lang, N_("Done. That device has to begin anew."))

    async def _stop(self, person: Person, sid: str) -> None:
        async with self._db.transaction() as tx:
            session = await tx.get(PlaybackSession, sid)
            if session is None or session.customer_id != person.customer_id:
                raise NotFound("player")
            await revoke_sessions(tx, self._clock.machine(), reason="stopped", sids=[sid])


def _principal(person: Person) -> Principal:
    return Principal(account_id=person.account_id, session_id=person.session_id)

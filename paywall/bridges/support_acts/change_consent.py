"""Say yes or no to one venue's news by mail."""

from __future__ import annotations

from infra.kernel.db import Database
from paywall.accounts.consents import Purpose
from paywall.accounts.own_consents import OwnConsents
from paywall.accounts.principal import Principal
from paywall.bridges.support_words import N_
from paywall.catalogue.tables import Venue
from support_bot.acts import Confirmed, Person, Preview
from support_bot.ports import Wording

WORDING = "assistant-2026-11"
"""Version of the sentences below, which stand on the consent."""


class ChangeConsent:
    """The opposite of what was said last; the preview's sentence is what is agreed to."""

    def __init__(self, db: Database, wording: Wording, consents: OwnConsents) -> None:
        self._db = db
        self._wording = wording
        self._consents = consents

    def may(self, person: Person) -> bool:
        return bool(person.account_id)

    async def preview(self, person: Person) -> list[Preview]:
        granted = await self._granted(person)
        async with self._db.read() as tx:
            venue = await tx.get_one(Venue, person.venue_id)
        said = (
            N_("Send me no more news by mail from %(venue)s.")
            if granted
            else N_("Send me news by mail from %(venue)s. I can end this at any time.")
        )
        return [
            Preview(
                subject=person.venue_id,
                text=self._wording.words(person.lang, said) % {"venue": venue.name},
                facts={"granted": not granted},
            )
        ]

    async def _granted(self, person: Person) -> bool:
        for one in await self._consents.of(Principal(account_id=person.account_id)):
            if one.venue_id == person.venue_id and one.purpose is Purpose.MARKETING:
                return one.granted
        return False

    async def do(self, confirmation: Confirmed) -> str:
        person, granted = confirmation.person, bool(confirmation.facts["granted"])
        if await self._granted(person) != granted:  # else a press that died had said it already
            await self._consents.say(
                Principal(account_id=person.account_id), person.venue_id, Purpose.MARKETING,
                granted=granted, wording=WORDING,
            )  # fmt: skip
        said = N_("You get news by mail from now on.") if granted else N_("No more news by mail.")
        return self._wording.words(person.lang, said)

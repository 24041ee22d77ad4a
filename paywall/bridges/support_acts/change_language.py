"""Change the language of one's mails and pages to the one of the conversation."""

from __future__ import annotations

from infra.kernel.db import Database
from paywall.accounts.me import Me
from paywall.accounts.principal import Principal
from paywall.accounts.tables import Account
from paywall.bridges.support_words import N_
from support_bot.acts import Confirmed, Person, Preview
from support_bot.ports import Wording

SHOWN = 3


class ChangeLanguage:
    """To a language that the person reads on the page or wrote in; the rest is on the account."""

    def __init__(self, db: Database, wording: Wording, me: Me) -> None:
        self._db = db
        self._wording = wording
        self._me = me

    def may(self, person: Person) -> bool:
        return bool(person.account_id)

    async def preview(self, person: Person) -> list[Preview]:
        async with self._db.read() as tx:
            account = await tx.get_one(Account, person.account_id)
        said = self._wording.words(
            person.lang, N_("Write all mails and pages to me in %(language)s.")
        )
        offered = [code for code in dict.fromkeys((person.lang, "en")) if code != account.locale]
        return [
            Preview(subject=code, text=said % {"language": self._wording.language_name(code)})
            for code in offered[:SHOWN]
            if self._wording.language_name(code)
        ]

    async def do(self, confirmation: Confirmed) -> str:
        person = confirmation.person
        await self._me.edit(
            Principal(account_id=person.account_id), name=None, locale=confirmation.subject
        )
        said = self._wording.words(confirmation.subject, N_("Your language is %(language)s now."))
        return said % {"language": self._wording.language_name(confirmation.subject)}

"""Consent at the very last moment: asked by the delivery of mails right before one leaves."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Database
from paywall.accounts.consents import Purpose, consenting, refusing
from paywall.accounts.tables import Account
from paywall.notices.kinds import NEWS, NOTICE

SAID_NO = "The person has said no; nothing was sent."


class ConsentsLastWord:
    """The notices' LastWord: news need a yes that still stands, notices that there is no no."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def refusal(self, venue_id: str, recipient: str, template: str) -> str:
        if template not in (NEWS, NOTICE):
            return ""
        async with self._db.read() as tx:
            account = await tx.scalar(select(Account.id).where(Account.email == recipient))
            if account is None:
                return SAID_NO
            if template == NEWS:
                agreed = await consenting(tx, venue_id, Purpose.MARKETING, [account])
                return "" if account in agreed else SAID_NO
            refused = await refusing(tx, venue_id, Purpose.MARKETING, [account])
            return SAID_NO if account in refused else ""

"""The way out of marketing mails: a signed address in each of them, one POST, no log-in."""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import NotFound
from infra.kernel.seal import Sealer
from paywall.accounts.consents import (
    Purpose,
    Source,
    Word,
    record_consents,
    withdraw_everywhere,
)
from paywall.accounts.tables import Account
from paywall.catalogue.tables import Venue

PAGE = "/unsubscribe/{token}"
WORDING = "unsubscribe-2026-11"
_TAG_BYTES = 18


class Leaving(msgspec.Struct, frozen=True):
    """Who stops whose mails."""

    account_id: str
    email: str
    venue: Venue


class Unsubscribes:
    """Makes the addresses and acts on them. They never expire: a mail may be opened years later.

    A GET changes nothing, as mail scanners open every link (RFC 8058 section 3.2).
    """

    def __init__(self, db: Database, clock: Clock, sealer: Sealer, public_url: str) -> None:
        self._db = db
        self._clock = clock
        self._key = sealer.key("unsubscribe v1")
        self._public_url = public_url

    def url(self, venue_id: str, account_id: str) -> str:
        return self._public_url + PAGE.format(token=self._token(venue_id, account_id))

    def _token(self, venue_id: str, account_id: str) -> str:
        said = f"{venue_id}.{account_id}".encode()
        tag = hmac.digest(self._key, said, "sha256")[:_TAG_BYTES]
        return base64.urlsafe_b64encode(tag + said).decode().rstrip("=")

    async def who(self, token: str) -> Leaving:
        """NotFound for a token that is not ours, and for somebody who is not here any more."""
        venue_id, account_id = self._opened(token)
        async with self._db.read() as tx:
            venue = await tx.get(Venue, venue_id)
            email = await tx.scalar(select(Account.email).where(Account.id == account_id))
        if venue is None or email is None:
            raise NotFound("address")
        return Leaving(account_id, email, venue)

    def _opened(self, token: str) -> tuple[str, str]:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError) as error:
            raise NotFound("address") from error
        tag, said = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if len(token) > 200 or not hmac.compare_digest(
            tag, hmac.digest(self._key, said, "sha256")[:_TAG_BYTES]
        ):
            raise NotFound("address")
        venue_id, _, account_id = said.decode().partition(".")
        return venue_id, account_id

    async def stop(self, token: str, *, everywhere: bool = False) -> Leaving:
        """No to the venue's news, or to everybody's; done twice, it is still done."""
        leaving = await self.who(token)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            if everywhere:
                await withdraw_everywhere(
                    tx,
                    leaving.account_id,
                    source=Source.UNSUBSCRIBE_LINK,
                    wording=WORDING,
                    now=now,
                )
            else:
                word = Word(
                    account_id=leaving.account_id,
                    venue_id=leaving.venue.id,
                    purpose=Purpose.MARKETING,
                    granted=False,
                    source=Source.UNSUBSCRIBE_LINK,
                    wording=WORDING,
                    at=now,
                )
                await record_consents(tx, [word])
        return leaving

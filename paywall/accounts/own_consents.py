"""A person's own say: what they agreed to, a new yes or no, and one no to everything."""

from __future__ import annotations

from sqlalchemy import func, select

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid, NotFound
from paywall.accounts.consents import (
    OF_INSTALLATION,
    ConsentView,
    Purpose,
    Source,
    Word,
    consents_of,
    record_consents,
    withdraw_everywhere,
)
from paywall.accounts.customers import customers_for
from paywall.accounts.principal import INSTALLATION, Principal
from paywall.catalogue.tables import Venue


class OwnConsents:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of(self, principal: Principal) -> list[ConsentView]:
        """The caller's latest word to each purpose at each venue."""
        principal.require_person()
        async with self._db.read() as tx:
            return await consents_of(tx, principal.account_id)

    async def say(
        self,
        principal: Principal,
        venue_id: str,
        purpose: Purpose,
        *,
        granted: bool,
        wording: str,
        source: Source = Source.ACCOUNT_PAGE,
    ) -> None:
        """Yes or no to a purpose; `wording` is the version of the text that was shown."""
        principal.require_person()
        if (purpose in OF_INSTALLATION) != (venue_id == INSTALLATION):
            raise Invalid(
                "venue_id",
                "Marketing belongs to a venue; voters and visits belong to the installation.",
            )
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            if venue_id != INSTALLATION:
                if not await tx.scalar(select(func.count()).where(Venue.id == venue_id)):
                    raise NotFound("venue")
                # A first act at a venue makes its customer.
                await customers_for(tx, [(venue_id, principal.account_id)], now)
            await record_consents(
                tx,
                [
                    Word(
                        account_id=principal.account_id,
                        venue_id=venue_id,
                        purpose=purpose,
                        granted=granted,
                        source=source,
                        wording=wording,
                        at=now,
                    )
                ],
            )

    async def withdraw_all(self, principal: Principal) -> None:
        """No to everybody, at once."""
        principal.require_person()
        async with self._db.transaction() as tx:
            await withdraw_everywhere(
                tx,
                principal.account_id,
                source=Source.ACCOUNT_PAGE,
                wording="withdraw-all",
                now=self._clock.machine(),
            )

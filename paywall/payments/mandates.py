"""Mandates: a payer's card kept at a processor, to be charged later while the payer is away.

One is set up on its own (intent, call, outcome: like a payment over nothing) or kept from a
payment that was started with `save_for_later`. All times are machine time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import NotFound
from infra.kernel.ids import new_id
from paywall.payments.claims import claim, wait_s
from paywall.payments.credentials import Gateways
from paywall.payments.kept_cards import apply_mandate
from paywall.payments.port import (
    Decline,
    Gateway,
    GatewayRefused,
    MandateSnapshot,
    NextStep,
    NoStep,
    OutcomeUnknown,
    StartMandate,
)
from paywall.payments.start import GRACE, SOON
from paywall.payments.tables import (
    MANDATE_TRANSITIONS,
    GatewayAccount,
    Mandate,
    MandateState,
    Payment,
)

AT_ONCE = 50
PATIENCE = timedelta(days=1)  # a payer who has not finished by then has left


class WantedMandate(msgspec.Struct, frozen=True, kw_only=True):
    """A card to be kept for a customer, without charging it now."""

    account: GatewayAccount
    customer_id: str
    email: str
    currency: str
    return_url: str  # `{mandate_id}` in it is replaced
    locale: str = "en"
    country: str = ""


class SetUp(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mandate stands after a call: what the payer does next, if anything."""

    mandate_id: str
    state: MandateState
    next: NextStep
    decline: Decline | None = None


def intend_mandate(tx: Tx, wanted: WantedMandate, now: datetime) -> Mandate:
    """Add the intent to the caller's transaction; after its commit, `MandateDesk.send` it."""
    mandate_id = new_id("mdt")
    request = StartMandate(
        mandate_id=mandate_id,
        email=wanted.email,
        return_url=wanted.return_url.replace("{mandate_id}", mandate_id),
        currency=wanted.currency,
        locale=wanted.locale,
        country=wanted.country,
    )
    mandate = _row(mandate_id, wanted.account, wanted.customer_id, now)
    mandate.request = msgspec.json.encode(request).decode()
    mandate.due_at = now + GRACE
    tx.add(mandate)
    return mandate


def keep_card_of(
    tx: Tx, payment: Payment, account: GatewayAccount, customer_id: str, now: datetime
) -> Mandate:
    """Keep the card of a payment that is intended with `save_for_later`, in its transaction.

    It is ready when the processor names what can be charged, with the payment or after it.
    """
    assert payment.gateway_account_id == account.id
    mandate = _row(new_id("mdt"), account, customer_id, now)
    mandate.payment_id = payment.id
    mandate.state = MandateState.PENDING
    tx.add(mandate)
    return mandate


def _row(mandate_id: str, account: GatewayAccount, customer_id: str, now: datetime) -> Mandate:
    return Mandate(
        id=mandate_id,
        venue_id=account.venue_id,
        gateway_account_id=account.id,
        customer_id=customer_id,
        test=account.test,
        state=MandateState.SENT,
        payment_id="",
        setup_ref="",
        mandate_ref="",
        customer_ref="",
        method="",
        decline=None,
        request="",
        next_step="",
        due_at=None,
        tries=0,
        first_sent_at=now,
        created_at=now,
        ready_at=None,
    )


async def kept(tx: Tx, venue_id: str, customer_id: str) -> list[Mandate]:
    """A customer's cards that can be charged, the newest first."""
    query = (
        select(Mandate)
        .where(
            Mandate.venue_id == venue_id,
            Mandate.customer_id == customer_id,
            Mandate.state == MandateState.READY,
        )
        .order_by(Mandate.id.desc())
    )
    return list(await tx.scalars(query))


async def revoke(tx: Tx, venue_id: str, mandate_id: str) -> Mandate:
    """The payer takes it back: it is never charged again, whatever a processor says later."""
    found = await tx.scalar(
        select(Mandate)
        .where(Mandate.id == mandate_id, Mandate.venue_id == venue_id)
        .with_for_update()
    )
    if found is None:
        raise NotFound("kept card")
    if found.state is not MandateState.REVOKED:
        found.move(MandateState.REVOKED)
        found.due_at = None
    return found


class MandateDesk:
    """Calls the processor for committed mandates, and asks it about those that are open."""

    def __init__(self, db: Database, clock: Clock, gateways: Gateways) -> None:
        self._db = db
        self._clock = clock
        self._gateways = gateways

    async def set_up(self, wanted: WantedMandate) -> SetUp:
        """Commit the intent and call the processor; the payer's next step."""
        async with self._db.transaction() as tx:
            mandate = intend_mandate(tx, wanted, self._clock.machine())
        return await self.send(mandate)

    async def send(self, mandate: Mandate) -> SetUp:
        """Also used to send the same again within the key's life."""
        gateway = await self._gateways.of(mandate.gateway_account_id)
        try:
            said = await gateway.set_up(msgspec.json.decode(mandate.request, type=StartMandate))
        except OutcomeUnknown:
            async with self._db.transaction() as tx:
                await tx.execute(
                    update(Mandate)
                    .where(Mandate.id == mandate.id, Mandate.state == MandateState.SENT)
                    .values(state=MandateState.UNKNOWN, due_at=self._clock.machine() + SOON)
                )
            return SetUp(mandate_id=mandate.id, state=MandateState.UNKNOWN, next=NoStep())
        except GatewayRefused as refused:
            return await self._fail(mandate.id, refused.decline or Decline.OTHER)
        return await self._settle(mandate.id, said)

    async def look(self, mandate_id: str) -> SetUp:
        """Ask about one now, as when its payer comes back."""
        async with self._db.read() as tx:
            mandate = await tx.get(Mandate, mandate_id)
        if mandate is None:
            raise NotFound("kept card")
        if mandate.state in (MandateState.READY, MandateState.REVOKED):
            return _standing(mandate)
        gateway = await self._gateways.of(mandate.gateway_account_id)
        try:
            said = await _read(gateway, mandate)
        except OutcomeUnknown:
            said = None
        return _standing(mandate) if said is None else await self._settle(mandate_id, said)

    async def tick(self) -> int:
        """Bring what is due one step on; how many rows."""
        async with self._db.transaction() as tx:
            rows = await claim(tx, Mandate, self._clock.machine(), AT_ONCE)
        for mandate in rows:
            await self._one(mandate)
        return len(rows)

    async def _one(self, mandate: Mandate) -> None:
        gateway = await self._gateways.of(mandate.gateway_account_id)
        age = self._clock.machine() - mandate.created_at
        try:
            said = await _read(gateway, mandate)
        except OutcomeUnknown:
            await self._later(mandate)
            return
        state = mandate.state
        if said is not None:
            state = (await self._settle(mandate.id, said)).state
        elif mandate.request and age < gateway.key_life / 2:
            state = (await self.send(mandate)).state
        if state not in (MandateState.READY, MandateState.REVOKED, MandateState.FAILED):
            if age > PATIENCE:
                await self._fail(mandate.id, Decline.ABANDONED)
            else:
                await self._later(mandate)

    async def _settle(self, mandate_id: str, said: MandateSnapshot) -> SetUp:
        async with self._db.transaction() as tx:
            mandate = await tx.get_one(Mandate, mandate_id, with_for_update=True)
            apply_mandate(mandate, said, self._clock.machine())
        return _standing(mandate)

    async def _fail(self, mandate_id: str, decline: Decline) -> SetUp:
        async with self._db.transaction() as tx:
            mandate = await tx.get_one(Mandate, mandate_id, with_for_update=True)
            if MandateState.FAILED in MANDATE_TRANSITIONS[mandate.state]:
                mandate.move(MandateState.FAILED)
                mandate.decline = mandate.decline or decline
                mandate.due_at = None
                mandate.next_step = ""
        return _standing(mandate)

    async def _later(self, mandate: Mandate) -> None:
        async with self._db.transaction() as tx:
            await tx.execute(
                update(Mandate)
                .where(Mandate.id == mandate.id, Mandate.due_at.is_not(None))
                .values(due_at=self._clock.machine() + wait_s(mandate.tries))
            )


async def _read(gateway: Gateway, mandate: Mandate) -> MandateSnapshot | None:
    return await gateway.read_mandate(setup_ref=mandate.setup_ref, mandate_id=mandate.id)


def _standing(mandate: Mandate) -> SetUp:
    return SetUp(
        mandate_id=mandate.id,
        state=mandate.state,
        next=mandate.next if mandate.state is MandateState.PENDING else NoStep(),
        decline=mandate.decline,
    )

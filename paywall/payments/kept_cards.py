"""What processors say of mandates becomes our state, in the transaction of whoever heard it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import or_, select

from infra.kernel.db import Tx
from paywall.payments.port import MandateSnapshot, NoStep
from paywall.payments.tables import MANDATE_TRANSITIONS, Mandate, MandateState, Payment

FIRST_LOOK = timedelta(minutes=2)


def apply_mandate(mandate: Mandate, said: MandateSnapshot, now: datetime) -> bool:
    """Move a mandate to what its processor says; True when it became ready now.

    A setup that was refused can be tried again in the same form, so that a decline leaves it
    pending; it fails when nobody finishes it.
    """
    if mandate.state in (MandateState.READY, MandateState.REVOKED):
        return False
    mandate.setup_ref = said.setup_ref or mandate.setup_ref
    mandate.customer_ref = said.customer_ref or mandate.customer_ref
    mandate.decline = said.decline
    mandate.tries = 0
    mandate.request = ""
    if said.ready and said.mandate_ref:
        mandate.move(MandateState.READY)
        mandate.mandate_ref = said.mandate_ref
        mandate.ready_at = now
        mandate.next_step = ""
        mandate.due_at = None
        return True
    if MandateState.PENDING in MANDATE_TRANSITIONS[mandate.state]:
        mandate.move(MandateState.PENDING)
        mandate.due_at = now + FIRST_LOOK
    if not isinstance(said.next, NoStep):
        mandate.next_step = msgspec.json.encode(said.next).decode()
    return False


async def mandate_of(tx: Tx, account_id: str, name: str) -> Mandate | None:
    """By its own id, or by that of the payment whose card it keeps; locked. Never another's."""
    mandate: Mandate | None = await tx.scalar(
        select(Mandate)
        .where(
            Mandate.gateway_account_id == account_id,
            or_(Mandate.id == name, Mandate.payment_id == name),
        )
        .with_for_update()
    )
    return mandate


async def settle_mandates(
    tx: Tx, told: Sequence[tuple[str, MandateSnapshot]], now: datetime
) -> None:
    """Settle (account id, what was told) in the caller's transaction; others' are passed over."""
    for account_id, said in told:
        if not said.mandate_id:
            continue
        mandate = await mandate_of(tx, account_id, said.mandate_id)
        if mandate is not None:
            apply_mandate(mandate, said, now)


async def keep_cards(tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
    """Payments that were captured and name what can be charged later: their mandates are ready."""
    named = {payment.id: payment for payment in payments if payment.mandate_ref}
    if not named:
        return
    query = select(Mandate).where(Mandate.payment_id.in_(sorted(named))).order_by(Mandate.id)
    for mandate in await tx.scalars(query.with_for_update()):
        payment = named[mandate.payment_id]
        said = MandateSnapshot(
            mandate_id=mandate.id,
            setup_ref="",
            mandate_ref=payment.mandate_ref,
            customer_ref=payment.customer_ref,
            ready=True,
        )
        if apply_mandate(mandate, said, now):
            mandate.method = payment.method

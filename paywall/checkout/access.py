"""Whether an order's door may stand open: several things close it, and each must have gone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from entitlements import grants
from entitlements.grants import NewGrant
from entitlements.sessions import withdraw
from entitlements.tables import Grant, GrantState
from infra.kernel.db import Tx
from paywall.checkout.tables import Order, OrderState
from paywall.payments.port import DisputeStanding
from paywall.payments.tables import Dispute, Payment, PaymentState

SERVED = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED})


async def kept_closed(tx: Tx, order: Order) -> str:
    """What keeps the door closed, as the end of a sentence; empty when nothing does."""
    if order.state not in SERVED:
        return f"the order is {order.state.value}"
    if order.stopped_at is not None:
        return "its access was stopped"
    if not order.payment_id:
        return ""
    disputed = await tx.scalar(
        select(Dispute.id).where(
            Dispute.payment_id == order.payment_id,
            Dispute.state == DisputeStanding.OPEN,
            Dispute.moved.is_(True),  # an inquiry only asks
        )
    )
    if disputed is not None:
        return "its payment is disputed"
    payment = await tx.get_one(Payment, order.payment_id)
    if payment.state is PaymentState.REVERSED:
        return "its money could not be collected"
    return "" if payment.refundable else "its money is on its way back"


async def set_door(tx: Tx, order: Order, now: datetime, at: datetime) -> None:
    """Open what was on hold, or hold what must stay closed. `at` is business time."""
    why = await kept_closed(tx, order)
    to = GrantState.SUSPENDED if why else GrantState.ACTIVE
    await withdraw(tx, now, at, to=to, reason=why, order_ids=[order.id])


async def was_served(tx: Tx, order_id: str) -> bool:
    return await tx.scalar(select(Grant.id).where(Grant.order_id == order_id).limit(1)) is not None


async def give_again(
    tx: Tx, order: Order, cause_id: str, now: datetime
) -> list[tuple[str, NewGrant]]:
    """What a give-back ended for good is given anew, because the money came back after all.

    A revoked grant stays revoked; the new one has its window and its first play. `now` is machine
    time.
    """
    ended = list(
        await tx.scalars(
            select(Grant)
            .where(Grant.order_id == order.id, Grant.state == GrantState.REVOKED)
            .order_by(Grant.id)
        )
    )
    anew = [
        NewGrant(
            venue_id=old.venue_id,
            customer_id=old.customer_id,
            scope_kind=old.scope_kind,
            scope_id=old.scope_id,
            starts_at=old.starts_at,
            ends_at=old.ends_at,
            opens_live=old.opens_live,
            opens_replay=old.opens_replay,
            play_window_s=old.play_window_s,
            order_id=order.id,
            source_key=f"{old.source_key.partition(':')[0]}:{cause_id}",
        )
        for old in ended[-1:]
    ]
    given = await grants.give(tx, anew, now)
    for grant_id, old in zip(given, ended[-1:], strict=True):
        if old.first_played_at is not None:
            await grants.start_first_play(tx, [grant_id], old.first_played_at)
    return list(zip(given, anew, strict=True))

"""The act `coupon`: a code of the person's own that works once, told by mail."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select

from churn.ports import CanNotDo, Doing, Given
from churn.triggers.acts import Coupon
from infra.kernel.clock import iso
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid
from infra.kernel.ids import new_id
from offers.coupon_codes import NewCoupon, create
from offers.tables import Offer, OfferState
from paywall.bridges.churn_acts.letters import Letters
from paywall.catalogue.tables import Venue

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
LENGTH = 10
"""49 bits: not to be guessed at the few tries that a checkout allows."""


async def check(tx: Tx, venue_id: str, act: Coupon) -> None:
    if act.offer_id is not None and not await _sold(tx, venue_id, act.offer_id):
        raise Invalid("offer_id", "There is no such offer on sale at this venue.")


async def _sold(tx: Tx, venue_id: str, offer_id: str) -> bool:
    query = select(Offer.id).where(
        Offer.id == offer_id, Offer.venue_id == venue_id, Offer.state != OfferState.ARCHIVED
    )
    return await tx.scalar(query) is not None


async def do(tx: Tx, doing: Doing, act: Coupon, letters: Letters) -> Given:
    if act.offer_id is not None and not await _sold(tx, doing.venue_id, act.offer_id):
        raise CanNotDo("over")
    until = doing.now + timedelta(days=act.valid_days)
    coupon = await create(
        tx,
        doing.venue_id,
        new_id("cpn"),
        NewCoupon(
            code="".join(secrets.choice(_LETTERS) for _ in range(LENGTH)),
            percent_bps=act.percent_bps,
            amount_off=act.amount_off,
            offer_id=act.offer_id,
            valid_until=until,
            max_uses=1,
        ),
        now=doing.machine_now,
    )
    venue = await tx.get_one(Venue, doing.venue_id)
    amount = act.amount_off
    await letters.write(
        tx,
        doing,
        act,
        code=coupon.code,
        off={"percent_bps": act.percent_bps}
        if amount is None
        else {"amount": amount.amount, "currency": amount.currency},
        until=iso(until),
        timezone=venue.timezone,
    )
    return Given(travels=True, ids={"coupon_id": coupon.id})

"""Coupons: found by code, used by one atomic statement, given back when nothing came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update

from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from offers.quote import CouponRefused
from offers.tables import Coupon, CouponUse


async def find(tx: Tx, venue_id: str, code: str) -> Coupon:
    """The venue's coupon of this code, in any case and spacing; CouponRefused if there is none."""
    coupon = await tx.scalar(
        select(Coupon).where(Coupon.venue_id == venue_id, Coupon.code == code.strip().upper())
    )
    if coupon is None:
        raise CouponRefused("coupon", "There is no such code. Check for a typing mistake.")
    return coupon


async def use(tx: Tx, coupon: Coupon, *, order_id: str, email: str) -> None:
    """Count one use for this order and person, or raise CouponRefused at a limit.

    Locks the coupon's row first, so that two orders of one person at once count correctly.
    """
    counted = await tx.execute(
        update(Coupon)
        .where(
            Coupon.id == coupon.id,
            Coupon.ended_at.is_(None),
            or_(Coupon.max_uses.is_(None), Coupon.used < Coupon.max_uses),
        )
        .values(used=Coupon.used + 1)
        .returning(Coupon.id)
    )
    if counted.first() is None:
        raise CouponRefused("coupon", "This code has been used up.")
    before = await tx.scalar(
        select(func.count())
        .select_from(CouponUse)
        .where(
            CouponUse.coupon_id == coupon.id,
            CouponUse.email == email,
            CouponUse.released_at.is_(None),
        )
    )
    if (before or 0) >= coupon.max_per_customer:
        raise CouponRefused("coupon", "You have already used this code.")
    tx.add(
        CouponUse(
            id=new_id("cpu"),
            venue_id=coupon.venue_id,
            coupon_id=coupon.id,
            order_id=order_id,
            email=email,
        )
    )
    await tx.flush()


async def give_back(tx: Tx, order_ids: Sequence[str], now: datetime) -> None:
    """Orders that came to nothing leave their coupons for somebody else."""
    freed = await tx.scalars(
        update(CouponUse)
        .where(CouponUse.order_id.in_(order_ids), CouponUse.released_at.is_(None))
        .values(released_at=now)
        .returning(CouponUse.coupon_id)
    )
    for coupon_id in sorted(freed.all()):
        await tx.execute(update(Coupon).where(Coupon.id == coupon_id).values(used=Coupon.used - 1))

"""Coupons: found by code, used by one atomic statement, given back when nothing came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update

from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from offers.quote import CouponRefused
from offers.tables import Coupon, CouponUse


async def find(tx: Tx, venue_id: str, code: str) -> Coupon | None:
    """The venue's coupon of this code, in any case and spacing; CouponRefused if there is none.

    None for a text without any code: nobody asked for a coupon.
    """
    if not code.strip():
        return None
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
    if not await _count(tx, coupon.id, Coupon.ended_at.is_(None)):
        raise CouponRefused("coupon", "This code has been used up.")
    if await _uses(tx, coupon.id, email) >= coupon.max_per_customer:
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
        await _uncount(tx, coupon_id)


async def take_again(tx: Tx, order_ids: Sequence[str]) -> set[str]:
    """Late orders count again the coupons that they had given back; those that can't any more.

    Somebody else may have used a code up meanwhile, or the same person in another order. A code
    that was withdrawn since then counts: it was valid when the order was made.
    """
    given_back = await tx.execute(
        select(CouponUse.id, CouponUse.coupon_id, CouponUse.order_id, CouponUse.email)
        .where(CouponUse.order_id.in_(order_ids), CouponUse.released_at.is_not(None))
        .order_by(CouponUse.coupon_id, CouponUse.id)
    )
    used_up: set[str] = set()
    for row in given_back.all():
        if not await _count(tx, row.coupon_id):
            used_up.add(row.order_id)
            continue
        limit = select(Coupon.max_per_customer).where(Coupon.id == row.coupon_id)
        if await _uses(tx, row.coupon_id, row.email) >= (await tx.scalar(limit) or 0):
            await _uncount(tx, row.coupon_id)
            used_up.add(row.order_id)
            continue
        await tx.execute(update(CouponUse).where(CouponUse.id == row.id).values(released_at=None))
    return used_up


async def _count(tx: Tx, coupon_id: str, *more: ColumnElement[bool]) -> bool:
    """One use more, if the coupon's limit lets it; locks its row."""
    counted = await tx.execute(
        update(Coupon)
        .where(
            Coupon.id == coupon_id,
            or_(Coupon.max_uses.is_(None), Coupon.used < Coupon.max_uses),
            *more,
        )
        .values(used=Coupon.used + 1)
        .returning(Coupon.id)
    )
    return counted.first() is not None


async def _uncount(tx: Tx, coupon_id: str) -> None:
    await tx.execute(update(Coupon).where(Coupon.id == coupon_id).values(used=Coupon.used - 1))


async def _uses(tx: Tx, coupon_id: str, email: str) -> int:
    """How often this person uses the coupon now."""
    count = await tx.scalar(
        select(func.count())
        .select_from(CouponUse)
        .where(
            CouponUse.coupon_id == coupon_id,
            CouponUse.email == email,
            CouponUse.released_at.is_(None),
        )
    )
    return count or 0

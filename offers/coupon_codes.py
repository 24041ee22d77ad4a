"""A venue's coupons: made, changed, ended. `quote` says what they take off, `coupons` uses them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from infra.kernel.bounds import UNSET, Ask, Id, Moment, MoneyAsk, Unset, changes
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.paging import Slice, Wanted, slice_of
from offers.tables import Coupon, Offer

Code = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        min_length=3,
        max_length=40,
        description="Letters, digits, - and _; capitals don't matter.",
    ),
]
Bps = Annotated[int, Meta(ge=1, le=10_000, description="Basis points: 2000 is 20 % off.")]
Uses = Annotated[int, Meta(ge=1, le=1_000_000)]


class NewCoupon(Ask, frozen=True):
    """A code that takes `percent_bps` or `amount_off` off an order; one of the two."""

    code: Code
    percent_bps: Bps | None = None
    amount_off: MoneyAsk | None = None
    offer_id: Id | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    max_uses: Uses | None = None
    max_per_customer: Uses = 1


class CouponEdit(Ask, frozen=True):
    """What to change; absent members stay. What a code takes off never changes."""

    valid_from: Moment | Unset | None = UNSET
    valid_until: Moment | Unset | None = UNSET
    max_uses: Uses | Unset | None = UNSET
    max_per_customer: Uses | Unset = UNSET


async def create(tx: Tx, venue_id: str, coupon_id: str, new: NewCoupon, *, now: datetime) -> Coupon:
    """Make the coupon; the one that is there, if it was made before. `now` is machine time."""
    known = await tx.get(Coupon, coupon_id)
    if known is not None and known.venue_id == venue_id:
        return known
    if (new.percent_bps is None) == (new.amount_off is None):
        raise Invalid("percent_bps", "Give either percent_bps or amount_off.")
    if new.amount_off is not None and new.amount_off.amount == 0:
        raise Invalid("amount_off", "Take off more than nothing.")
    code = new.code.upper()
    taken = select(Coupon.id).where(Coupon.venue_id == venue_id, Coupon.code == code)
    if await tx.scalar(taken) is not None:
        raise _code_taken(code)
    if new.offer_id is not None:
        ours = select(Offer.id).where(Offer.id == new.offer_id, Offer.venue_id == venue_id)
        if await tx.scalar(ours) is None:
            raise Invalid("offer_id", "There is no such offer at this venue.")
    coupon = Coupon(
        id=coupon_id,
        venue_id=venue_id,
        code=code,
        percent_bps=new.percent_bps or 0,
        minor=new.amount_off.amount if new.amount_off is not None else 0,
        currency=new.amount_off.currency if new.amount_off is not None else "",
        offer_id=new.offer_id,
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        max_uses=new.max_uses,
        max_per_customer=new.max_per_customer,
        used=0,
        created_at=now,
        version=1,
    )
    _check(coupon)
    tx.add(coupon)
    try:
        await tx.flush()
    except IntegrityError as error:  # somebody made the same code at the same moment
        raise _code_taken(code) from error
    return coupon


def _code_taken(code: str) -> Conflict:
    return Conflict(f"The code {code} exists. Choose another.", field="code", code="code_taken")


def _check(coupon: Coupon) -> None:
    starts, ends = coupon.valid_from, coupon.valid_until
    if starts is not None and ends is not None and ends <= starts:
        raise Invalid("valid_until", "It must lie after valid_from: move it later.")
    if coupon.max_uses is not None and coupon.max_uses < coupon.used:
        raise Invalid("max_uses", f"It was used {coupon.used} times already. Choose as many.")


async def get(tx: Tx, venue_id: str, coupon_id: str, *, lock: bool = False) -> Coupon:
    query = select(Coupon).where(Coupon.id == coupon_id, Coupon.venue_id == venue_id)
    coupon = await tx.scalar(query.with_for_update() if lock else query)
    if coupon is None:
        raise NotFound("coupon")
    return coupon


async def listed(tx: Tx, venue_id: str, wanted: Wanted) -> Slice[Coupon]:
    """The venue's coupons, newest first, ended ones too."""
    query = select(Coupon).where(Coupon.venue_id == venue_id)
    return await slice_of(tx, query, wanted, id_column=Coupon.id)


async def edit(tx: Tx, venue_id: str, coupon_id: str, version: int, wanted: CouponEdit) -> Coupon:
    coupon = await get(tx, venue_id, coupon_id, lock=True)
    if coupon.version != version:
        raise StaleEdit("Somebody changed this coupon meanwhile. Read it again.")
    for field, value in changes(wanted).items():
        setattr(coupon, field, value)
    _check(coupon)
    coupon.version += 1
    await tx.flush()
    return coupon


async def end(tx: Tx, venue_id: str, coupon_id: str, *, now: datetime) -> Coupon:
    """Withdraw the code; ended twice, nothing changes. Running checkouts keep it."""
    coupon = await get(tx, venue_id, coupon_id, lock=True)
    if coupon.ended_at is None:
        coupon.ended_at = now
        coupon.version += 1
        await tx.flush()
    return coupon

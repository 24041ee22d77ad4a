"""The end of a venue's tests: what testers bought is closed, and nothing of it stays in the way.

The rows stay, marked as tests, so that the books explain themselves; the doors, places, codes and
running payments of test orders go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select, update

from entitlements.sessions import withdraw
from entitlements.tables import Grant, GrantState
from infra.kernel.db import Tx
from offers import coupons, places
from offers.tables import CouponUse, Hold, HoldState
from paywall.catalogue.tables import Venue
from paywall.checkout.tables import Order, OrderState
from paywall.payments.finish import call_off

REASON = "tests ended"
_MANY = 1000


class EndedTests(msgspec.Struct, frozen=True):
    """How many open orders were cancelled, grants revoked, and orders whose places came back."""

    orders: int
    grants: int
    places: int


async def end_tests(tx: Tx, venue: Venue, now: datetime) -> EndedTests:
    """Close what was bought while the venue tested, up to `now` (machine time).

    Open orders are cancelled and their payments called off; places and codes come back; grants
    are revoked and their players stopped. A second call finds nothing left to do.
    """
    ours = and_(Order.venue_id == venue.id, Order.test.is_(True))
    # The orders first, as whoever takes their payment does; pools before coupons, as expiry does.
    cancelled = await _cancel_open(tx, ours, now)
    revoked = await _revoke(tx, venue, ours, now)
    held = select(Hold.order_id).join(Order, Order.id == Hold.order_id)
    occupied = list(await tx.scalars(held.where(ours, Hold.state != HoldState.RELEASED).distinct()))
    for part in _parts(sorted(occupied)):
        await places.release_orders(tx, part)
    used = select(CouponUse.order_id).join(Order, Order.id == CouponUse.order_id)
    discounted = list(await tx.scalars(used.where(ours, CouponUse.released_at.is_(None))))
    for part in _parts(sorted(discounted)):
        await coupons.give_back(tx, part, now)
    return EndedTests(len(cancelled), revoked, len(occupied))


async def _cancel_open(tx: Tx, ours: ColumnElement[bool], now: datetime) -> list[str]:
    locked = select(Order.id).where(ours, Order.state == OrderState.OPEN).order_by(Order.id)
    ids = list(await tx.scalars(locked.with_for_update()))
    for part in _parts(ids):
        await tx.execute(update(Order).where(Order.id.in_(part)).values(state=OrderState.CANCELLED))
        await call_off(tx, part, now)
    return ids


async def _revoke(tx: Tx, venue: Venue, ours: ColumnElement[bool], now: datetime) -> int:
    given_away = and_(Grant.order_id.is_(None), Grant.created_at <= now)
    query = (
        select(Grant.id)
        .outerjoin(Order, Order.id == Grant.order_id)
        .where(
            Grant.venue_id == venue.id,
            or_(ours, given_away),
            Grant.state != GrantState.REVOKED,
        )
        .order_by(Grant.id)
    )
    ids = list(await tx.scalars(query))
    at = now + timedelta(seconds=venue.clock_offset_s)
    for part in _parts(ids):
        await withdraw(tx, now, at, reason=REASON, grant_ids=part)
    return len(ids)


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices that one statement can name; a database counts its parameters."""
    return (ids[n : n + _MANY] for n in range(0, len(ids), _MANY))

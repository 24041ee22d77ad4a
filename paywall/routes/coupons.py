"""Coupons of a venue, for its staff: codes that lower an order."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from infra.kernel.bounds import Id, Moment, changes
from infra.kernel.money import Money
from offers import coupon_codes
from offers.tables import Coupon
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import MoneyView, money, utc, utc_or_none

READ = {"permission": Permission.CATALOGUE_READ}
WRITE = {"permission": Permission.OFFERS_WRITE}


class CouponView(msgspec.Struct, frozen=True, kw_only=True):
    """A code, what it takes off, and how often it was used."""

    id: Id
    code: str
    percent_bps: int | None
    amount_off: MoneyView | None
    offer_id: Id | None
    valid_from: Moment | None
    valid_until: Moment | None
    max_uses: int | None
    max_per_customer: int
    used: int
    created_at: Moment
    ended_at: Moment | None
    version: int


def view(coupon: Coupon) -> CouponView:
    off = money(Money(coupon.minor, coupon.currency)) if coupon.minor else None
    return CouponView(
        id=coupon.id,
        code=coupon.code,
        percent_bps=coupon.percent_bps or None,
        amount_off=off,
        offer_id=coupon.offer_id,
        valid_from=utc_or_none(coupon.valid_from),
        valid_until=utc_or_none(coupon.valid_until),
        max_uses=coupon.max_uses,
        max_per_customer=coupon.max_per_customer,
        used=coupon.used,
        created_at=utc(coupon.created_at),
        ended_at=utc_or_none(coupon.ended_at),
        version=coupon.version,
    )


@post("/v1/venues/{venue_id:str}/coupons", opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[coupon_codes.NewCoupon],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CouponView]:
    """Make a coupon that takes off a percentage or an amount."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            coupon = await coupon_codes.create(
                act.tx, venue_id, resume.resource_id, data, now=act.machine_now
            )
            await act.note("coupon.created", coupon.id)
        return Answer(201, view(coupon), {"ETag": etag(coupon.version)})

    return await once(request, parts, principal, "cpn", run)


@get("/v1/venues/{venue_id:str}/coupons", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[CouponView]]:
    """List the venue's coupons, newest first, ended ones too."""
    async with look_at(parts, venue_id) as look:
        rows = await coupon_codes.listed(look.tx, venue_id, wanted(limit, cursor))
    return page_of(request, rows, view)


@get("/v1/venues/{venue_id:str}/coupons/{coupon_id:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], coupon_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[CouponView]:
    """Read one coupon."""
    async with look_at(parts, venue_id) as look:
        coupon = await coupon_codes.get(look.tx, venue_id, coupon_id)
    return tagged(view(coupon), coupon.version)


@patch("/v1/venues/{venue_id:str}/coupons/{coupon_id:str}", opt={**WRITE, "edit": True})
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    coupon_id: FromPath[str],
    data: JSONBody[coupon_codes.CouponEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CouponView]:
    """Change a coupon's dates and limits. What it takes off never changes."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        coupon = await coupon_codes.edit(act.tx, venue_id, coupon_id, version, data)
        await act.note("coupon.changed", coupon.id, fields=sorted(changes(data)))
    return tagged(view(coupon), coupon.version)


@post(
    "/v1/venues/{venue_id:str}/coupons/{coupon_id:str}/end",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def end(
    venue_id: FromPath[str],
    coupon_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CouponView]:
    """Withdraw a coupon. Ended twice, nothing changes."""
    async with act_at(parts, principal, venue_id) as act:
        coupon = await coupon_codes.end(act.tx, venue_id, coupon_id, now=act.now)
        await act.note("coupon.ended", coupon.id)
    return tagged(view(coupon), coupon.version, status=200)

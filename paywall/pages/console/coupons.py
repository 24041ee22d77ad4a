"""Coupons in the console: made, limited, withdrawn."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.bounds import UNSET
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, Problem
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from infra.kernel.paging import Place, Wanted
from offers import coupon_codes, sale
from offers.tables import Coupon
from paywall.accounts.roles import Permission as P
from paywall.pages.console import offer_forms, offer_rows
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.nav import N_
from paywall.pages.console.table import (
    Cell,
    Link,
    Listing,
    Row,
    moment_cell,
    number_cell,
    show,
)  # fmt: skip
from paywall.pages.console.typed import Typed, ask, local_text

READ = {"permission": P.CATALOGUE_READ}
WRITE = {"permission": P.OFFERS_WRITE, "page": True}


def off_text(desk: Desk, coupon: Coupon) -> str:
    """What the code takes off, in words."""
    if coupon.percent_bps:
        from decimal import Decimal

        return "−" + desk.locale.percent(Decimal(coupon.percent_bps) / 10_000)
    return "−" + desk.locale.money(Money(coupon.minor, coupon.currency))


@get("/console/{venue_id:str}/coupons", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's codes, newest first, withdrawn ones too."""
    _, zone = desk.gettext, desk.venue.timezone

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await coupon_codes.listed(tx, desk.venue.id, wanted)
        return [_row(desk, one, zone) for one in found.rows], found.more

    return await show(
        desk,
        Listing(
            section="coupons",
            title=_("Coupons"),
            columns=[_("Code"), _("Takes off"), _("State"), _("Used"), _("At most"), _("Until")],
            name="coupons",
            actions=[Link(_("New coupon"), desk.url("/coupons/new"))]
            if desk.may(P.OFFERS_WRITE)
            else [],
            empty_title=_("No coupon yet"),
            empty_text=_("A code that takes a percentage or an amount off an order."),
        ),
        fetch,
    )


def _row(desk: Desk, coupon: Coupon, zone: str) -> Row:
    ended = coupon.ended_at is not None
    over = coupon.valid_until is not None and coupon.valid_until <= desk.now
    state = desk.gettext("Over") if over else desk.gettext("Valid")
    if ended:
        state = desk.gettext("Withdrawn")
    return Row(
        [
            Cell(coupon.code, code=True),
            Cell(off_text(desk, coupon)),
            Cell(state, tone="plain" if ended or over else "good"),
            number_cell(desk.locale, coupon.used),
            number_cell(desk.locale, coupon.max_uses),
            moment_cell(desk.locale, coupon.valid_until, zone),
        ],
        desk.url(f"/coupons/{coupon.id}"),
    )


def _limits(desk: Desk) -> list[Input]:
    _ = desk.gettext
    return [
        Input(
            "max_uses", _("Uses in all"), "number", hint=_("Empty: no limit."), group=_("Limits")
        ),
        Input("max_per_customer", _("Uses by one person"), "number"),
        Input("valid_from", _("Valid from"), "moment"),
        Input("valid_until", _("Until"), "moment"),
    ]


async def _new_form(desk: Desk) -> Form:
    _ = desk.gettext
    async with desk.look() as tx:
        known = (await sale.listed(tx, desk.venue.id, Wanted(limit=100))).rows
        offers = await offer_rows.options(tx, known)
    return Form(
        section="coupons", title=_("New coupon"), action=desk.url("/coupons/new"),
        submit=_("Create the coupon"),
        inputs=[
            Input(
                "code", _("Code"), required=True,
                hint=_("Letters, digits, - and _. Capitals don't matter."),
            ),
            Input("percent", _("Percentage off"), "amount", hint=_("Such as 20. Or an amount:")),
            Input("amount", _("Amount off"), "amount"),
            Input("currency", _("Currency"), "select", options=offer_forms.currency_options(desk)),
            Input(
                "offer_id", _("For"), "select",
                options=[("", _("Every offer")), *offers],
            ),
            *_limits(desk),
        ],
        values={"currency": desk.venue.currency, "max_per_customer": "1"},
        hidden={"form_id": new_id("cpn")}, draft=f"{desk.venue.id}-coupon",
        trail=[Link(_("Coupons"), desk.url("/coupons"))],
    )  # fmt: skip


def _asked_limits(desk: Desk, typed: Typed) -> dict[str, Any]:
    zone = desk.venue.timezone
    return {
        "max_uses": typed.whole("max_uses"),
        "max_per_customer": typed.whole("max_per_customer", 1),
        "valid_from": typed.moment("valid_from", zone),
        "valid_until": typed.moment("valid_until", zone),
    }


@get("/console/{venue_id:str}/coupons/new", opt={"permission": P.OFFERS_WRITE})
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty coupon to fill in."""
    return show_form(desk, await _new_form(desk))


@post("/console/{venue_id:str}/coupons/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Make the coupon."""
    typed = await desk.typed()
    try:
        currency = typed.text("currency")
        minor, bps = typed.minor("amount", currency), typed.bps("percent")
        if (minor is None) == (bps is None):
            raise Invalid("percent", N_("Give either a percentage or an amount."))
        amount = None if minor is None else {"amount": minor, "currency": currency}
        asked = ask(
            coupon_codes.NewCoupon,
            code=typed.text("code"),
            percent_bps=bps,
            amount_off=amount,
            offer_id=typed.text("offer_id") or None,
            **_asked_limits(desk, typed),
        )
        async with desk.act() as act:
            coupon = await coupon_codes.create(
                act.tx, desk.venue.id, typed.fresh_id("cpn"), asked, now=act.machine_now
            )
            await act.note("coupon.created", coupon.id)
    except Problem as problem:
        return show_form(desk, await _new_form(desk), typed, problem)
    said = desk.gettext("The code %(code)s works from now on.") % {"code": coupon.code}
    return desk.to(desk.url("/coupons"), said)


async def _page(
    desk: Desk, coupon_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    _, zone = desk.gettext, desk.venue.timezone
    async with desk.look() as tx:
        coupon = await coupon_codes.get(tx, desk.venue.id, coupon_id)
    form = Form(
        section="coupons", title=coupon.code, action=desk.url(f"/coupons/{coupon.id}"),
        submit=_("Save the coupon"), inputs=_limits(desk),
        values={
            "max_uses": "" if coupon.max_uses is None else str(coupon.max_uses),
            "max_per_customer": str(coupon.max_per_customer),
            "valid_from": local_text(coupon.valid_from, zone),
            "valid_until": local_text(coupon.valid_until, zone),
        },
        hidden={"version": str(coupon.version)}, lead=off_text(desk, coupon),
        trail=[Link(_("Coupons"), desk.url("/coupons"))],
    )  # fmt: skip
    return show_form(
        desk, form, typed, problem, template="coupon.html", coupon=coupon,
        may_write=desk.may(P.OFFERS_WRITE),
    )  # fmt: skip


@get("/console/{venue_id:str}/coupons/{coupon_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], coupon_id: FromPath[str]) -> Response[Any]:
    """One coupon. What it takes off never changes; its limits may."""
    return await _page(desk, coupon_id)


@post("/console/{venue_id:str}/coupons/{coupon_id:str}", opt=WRITE)
async def edit(desk: NamedDependency[Desk], coupon_id: FromPath[str]) -> Response[Any]:
    """Change a coupon's limits."""
    typed = await desk.typed()
    try:
        asked = ask(coupon_codes.CouponEdit, **_asked_limits(desk, typed))
        async with desk.act() as act:
            await coupon_codes.edit(act.tx, desk.venue.id, coupon_id, typed.version(), asked)
            fields = sorted(f for f in asked.__struct_fields__ if getattr(asked, f) is not UNSET)
            await act.note("coupon.changed", coupon_id, fields=fields)
    except Problem as problem:
        return await _page(desk, coupon_id, typed, problem)
    return desk.to(desk.url(f"/coupons/{coupon_id}"), desk.gettext("Saved."))


@post("/console/{venue_id:str}/coupons/{coupon_id:str}/end", opt=WRITE)
async def end(desk: NamedDependency[Desk], coupon_id: FromPath[str]) -> Response[Any]:
    """Withdraw the code."""
    async with desk.act() as act:
        await coupon_codes.end(act.tx, desk.venue.id, coupon_id, now=act.now)
        await act.note("coupon.ended", coupon_id)
    return desk.to(desk.url(f"/coupons/{coupon_id}"), desk.gettext("The code is withdrawn."))


PAGES = [listing, new, create, read, edit, end]

"""Buying one offer: the quote and the form, and what happens when it is sent.

What was typed stays through every refusal. The order's id is made with the form, so that the same
form sent twice, or twice at once, is one order and one charge.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.errors import Conflict, Invalid, NotFound, Problem, TooMany
from infra.kernel.money import Money
from offers import coupons
from offers.places import SoldOut
from offers.quote import Availability, CouponRefused, NotAvailable, Quote
from offers.tables import Coupon
from paywall.accounts.addresses import checked_email
from paywall.accounts.consents import Purpose, Source, Word, record_consents
from paywall.accounts.limits import COUPON_PER_NETWORK, enforce, network
from paywall.checkout.buy import Checkout
from paywall.checkout.order_requests import OrderRequest, PriceChanged, weigh
from paywall.checkout.shelf import Shelf
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.http.client_address import client_address
from paywall.pages.cards import event_url
from paywall.pages.checkout_view import country_options, guessed_country, quote_summary
from paywall.pages.forms import Form, go, posted
from paywall.pages.i18n import Translator
from paywall.pages.on_show import Sale, sale_of
from paywall.pages.order_cookie import new_form_id, order_id_of, with_order
from paywall.pages.paths import path
from paywall.pages.problem_words import detail_of
from paywall.pages.site import HTML, AnyRequest, Site, Visit
from paywall.pages.visits import came_to
from paywall.pages.words import why_not

MARKETING_WORDING = "checkout-2026-11"
"""Version of the sentence beside the box in checkout.html; a new sentence gets a new one."""
OPEN = {"public": True}


class Counter(msgspec.Struct, kw_only=True):
    """One checkout on its way: what is sold, and what was typed."""

    shelf: Shelf
    sale: Sale
    form: Form
    form_id: str
    coupon: Coupon | None = None
    notice: str = ""


@get("/buy/{offer_id:str}", opt=OPEN)
async def show(
    offer_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The form, with the whole price; or why this can't be bought now."""
    counter = await _open(request, site, offer_id, {})
    return await _page(request, site, counter)


@post("/buy/{offer_id:str}/quote", opt=OPEN, status_code=200)
async def requote(
    offer_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The price with a code or another currency: the summary alone for htmx, else the page."""
    counter = await _open(request, site, offer_id, await posted(request))
    await _apply_coupon(request, site, counter)
    if request.headers.get("hx-request") != "true":
        return await _page(request, site, counter, status=422 if counter.form.errors else 200)
    visit = site.visit(request)
    summary = quote_summary(visit.locale, counter.shelf, _quote(site, counter), _now(site, counter))
    text = site.environment.get_template("order_summary.html").render(
        locale=visit.locale, order=summary, path=path
    )
    return Response(text.encode(), media_type=HTML, headers={"Cache-Control": "no-store"})


@post("/buy/{offer_id:str}", opt=OPEN, status_code=303)
async def buy(
    offer_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Place the order and start its payment, or show the form again with what is wrong."""
    typed = await posted(request)
    counter = await _open(request, site, offer_id, typed)
    visit = site.visit(request)
    _check(visit, counter)
    await _apply_coupon(request, site, counter)
    if counter.form.errors:
        return await _page(request, site, counter, status=422)
    asked = _asked(site, visit, counter)
    if await _other_order_of(site, asked):
        counter.form_id = new_form_id(site.parts)
        counter.notice = visit.locale.gettext(
            "You had already begun this purchase with other details. Check them, then pay."
        )
        return await _page(request, site, counter, status=409)
    try:
        bought = await site.parts.buy.buy(asked)
    except (Conflict, Invalid) as problem:
        return await _refused(request, site, counter, problem)
    await _record_consent(site, counter, bought)
    onward = "order" if bought.order_state is OrderState.PAID else "payment"
    # Never straight to a processor: the browser holds a redirect after a form to form-action.
    return go(path(onward, order=bought.order_id), with_order(request, site.parts, bought.order_id))


async def _open(request: AnyRequest, site: Site, offer_id: str, typed: dict[str, str]) -> Counter:
    """The offer on the counter, with the form as it was typed or as it begins."""
    visit = site.visit(request)
    shelf = await site.parts.shelves.of(offer_id)
    if shelf is None or shelf.offer.state.value in ("draft", "archived"):
        raise NotFound("offer")
    now = site.parts.clock.now(shelf.venue.clock_offset_s)
    sale = sale_of(shelf, typed.get("currency", "")[:3] or visit.currency, now)
    values = dict(typed)
    values.setdefault("country", guessed_country(request, shelf.venue.country))
    came = came_to(request, typed)
    values["came"], values["campaign"] = came.source, came.campaign
    form_id = typed.get("form_id", "")
    if not order_id_of(site.parts, form_id):
        form_id = new_form_id(site.parts)
    return Counter(shelf=shelf, sale=sale, form=Form(values, {}), form_id=form_id)


def _check(visit: Visit, counter: Counter) -> None:
    """A sentence for each field that is not right."""
    form, locale = counter.form, visit.locale
    if not _account_email(visit):
        try:
            form.values["email"] = checked_email(form.values.get("email", ""))
        except Invalid:
            form.errors["email"] = locale.gettext(
                "Write the address as in ines@example.org: the ticket goes there."
            )
    if form.values.get("country") not in dict(country_options(locale)):
        form.errors["country"] = locale.gettext("Choose the country you pay from.")
    if not form.values.get("terms"):
        form.errors["terms"] = locale.gettext("Accept the terms of sale to go on.")


def _account_email(visit: Visit) -> str:
    return visit.principal.email if visit.principal.email_proven else ""


async def _apply_coupon(request: AnyRequest, site: Site, counter: Counter) -> None:
    code = str(counter.form.values.get("coupon", ""))[:40].strip()
    if not code:
        return
    parts = site.parts
    locale = site.visit(request).locale
    try:
        address = client_address(request.scope, parts.settings.trusted_proxies)
        await enforce(parts.limiter, (COUPON_PER_NETWORK, network(address)))
    except TooMany:
        counter.form.errors["coupon"] = locale.gettext(
            "Too many codes were tried from here. Wait a few minutes, or go on without one."
        )
        return
    try:
        async with parts.db.read() as tx:
            counter.coupon = await coupons.find(tx, counter.shelf.venue.id, code)
        _quote(site, counter)
    except CouponRefused as problem:
        counter.coupon = None
        counter.form.errors["coupon"] = detail_of(locale, problem)
    except Problem:
        return  # the offer itself can't be had; the page says so


def _asked(site: Site, visit: Visit, counter: Counter) -> OrderRequest:
    values, price = counter.form.values, counter.sale.price
    expected = values.get("expected", "")
    shown = None
    if price is not None and expected.isascii() and expected.isdigit() and len(expected) < 12:
        shown = Money(int(expected), price.currency)
    return OrderRequest(
        order_id=order_id_of(site.parts, counter.form_id),
        venue_id=counter.shelf.venue.id,
        offer_id=counter.shelf.offer.id,
        email=_account_email(visit) or values["email"],
        currency=price.currency if price is not None else "",
        coupon=counter.coupon.code if counter.coupon is not None else "",
        locale=visit.locale.code,
        country=values["country"],
        expected_total=shown,
        terms_accepted=True,
        source=values["came"],
        campaign=values["campaign"],
    )


def _quote(site: Site, counter: Counter) -> Quote:
    """What it comes to now, or the Problem that stops it."""
    shelf, price = counter.shelf, counter.sale.price
    request = OrderRequest(
        order_id="",
        venue_id=shelf.venue.id,
        offer_id=shelf.offer.id,
        email="",
        currency=price.currency if price is not None else "",
    )
    return weigh(request, shelf, counter.coupon, _now(site, counter))


def _now(site: Site, counter: Counter) -> datetime:
    return site.parts.clock.now(counter.shelf.venue.clock_offset_s)


async def _other_order_of(site: Site, asked: OrderRequest) -> bool:
    """Whether this form's order exists with other details: Back was pressed, and it was edited."""
    query = (
        select(Order.email, Order.coupon_code, Order.currency, OrderLine.offer_id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.id == asked.order_id)
    )
    async with site.parts.db.read() as tx:
        row = (await tx.execute(query)).first()
    mine = (asked.email, asked.coupon, asked.currency, asked.offer_id)
    return row is not None and tuple(row) != mine


async def _refused(
    request: AnyRequest, site: Site, counter: Counter, problem: Problem
) -> Response[bytes]:
    """The checkout again, fresh, with the reason: the price moved, the last place went, ..."""
    locale = site.visit(request).locale
    again = await _open(request, site, counter.shelf.offer.id, counter.form.values)
    again.coupon = counter.coupon
    if isinstance(problem, CouponRefused):
        again.coupon = None
        again.form.errors["coupon"] = detail_of(locale, problem)
    elif isinstance(problem, PriceChanged | SoldOut | NotAvailable) or problem.field is None:
        again.notice = detail_of(locale, problem)
    else:
        again.form.errors[problem.field] = detail_of(locale, problem)
    return await _page(request, site, again, status=problem.status)


async def _record_consent(site: Site, counter: Counter, bought: Checkout) -> None:
    """A ticked box is a yes, kept with its wording; an empty one is no word at all (law 11)."""
    if not counter.form.values.get("marketing"):
        return
    async with site.parts.db.transaction() as tx:
        order = await tx.get_one(Order, bought.order_id)
        word = Word(
            account_id=order.account_id,
            venue_id=order.venue_id,
            purpose=Purpose.MARKETING,
            granted=True,
            source=Source.CHECKOUT,
            wording=MARKETING_WORDING,
            at=site.parts.clock.machine(),
        )
        await record_consents(tx, [word])


async def _page(
    request: AnyRequest, site: Site, counter: Counter, *, status: int = 200
) -> Response[bytes]:
    visit, shelf = site.visit(request), counter.shelf
    locale, venue = visit.locale, shelf.venue
    tz = shelf.event.timezone if shelf.event is not None else venue.timezone
    back = path("venue", venue=venue.slug)
    if shelf.event is not None:
        back = event_url(shelf.event, venue)
    try:
        quote = _quote(site, counter)
    except Problem as problem:
        title, text = _gate(visit.locale, tz, counter, problem)
        return await site.page(
            request, "not_for_sale.html", venue=venue, status=409 if status == 200 else status,
            gate_title=title, gate_text=text, back_url=back, offer_title=shelf.title,
        )  # fmt: skip
    seller = {
        "name": venue.name,
        "terms_url": venue.terms_url or path("venue_terms", venue=venue.slug),
    }
    return await site.page(
        request,
        "checkout.html",
        venue=venue,
        status=status,
        order=quote_summary(locale, shelf, quote, _now(site, counter)),
        offer_id=shelf.offer.id,
        form=counter.form,
        form_id=counter.form_id,
        notice_text=counter.notice,
        currency_code=quote.total.currency,
        countries=country_options(locale),
        coupon_applied=quote.coupon_code or None,
        email=_account_email(visit),
        seller=seller,
        back_url=back,
        visit_page="offer",
        visit_event="" if shelf.event is None else shelf.event.id,
    )


def _gate(locale: Translator, tz: str, counter: Counter, problem: Problem) -> tuple[str, str]:
    state = counter.sale.state
    if counter.shelf.cancelled:
        return (
            locale.gettext("This concert is cancelled"),
            locale.gettext("There is nothing to buy any more."),
        )
    if state is Availability.OPEN:
        return locale.gettext("This can’t be bought now"), detail_of(locale, problem)
    return why_not(locale, state, counter.shelf.offer.on_sale_from, tz)

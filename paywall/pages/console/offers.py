"""Offers in the console: made by kind, priced over time, put on sale, paused, archived."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.bounds import UNSET
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, Problem
from infra.kernel.ids import new_id
from infra.kernel.paging import Place, Wanted
from offers import sale
from offers.tables import Offer, OfferKind, OfferState, Price
from paywall.accounts.roles import Permission as P
from paywall.bridges.offers import check_scope, missing_for
from paywall.catalogue import events, seasons
from paywall.catalogue.tables import EventState
from paywall.http.acts import Act
from paywall.pages.console import offer_forms, offer_rows, words
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.table import Filter, Link, Listing, Row, show
from paywall.pages.console.timeline import lanes
from paywall.pages.console.typed import Typed, ask, needed

READ = {"permission": P.CATALOGUE_READ}
WRITE = {"permission": P.OFFERS_WRITE, "page": True}
OPEN_FORM = {"permission": P.OFFERS_WRITE}
FIRST = Wanted(limit=100)


@get("/console/{venue_id:str}/offers", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """Everything for sale, newest first."""
    _, query = desk.gettext, desk.request.query_params
    state = OfferState(query["state"]) if query.get("state") in list(OfferState) else None

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await sale.listed(tx, desk.venue.id, wanted, state=state)
        return await offer_rows.rows(desk, tx, found.rows), found.more

    kinds = [
        Link(_("Stream ticket"), desk.url("/offers/new", kind="stream_ticket")),
        Link(_("Replay"), desk.url("/offers/new", kind="replay")),
        Link(_("Season pass"), desk.url("/offers/new", kind="season_pass")),
    ]
    states = [(s.value, words.state_text(desk.locale, s.value)) for s in OfferState]
    return await show(
        desk,
        Listing(
            section="offers",
            title=_("Offers"),
            columns=offer_rows.columns(desk),
            name="offers",
            filters=[Filter("state", _("State"), [("", _("All")), *states])],
            actions=kinds if desk.may(P.OFFERS_WRITE) else [],
            empty_title=_("Nothing is for sale yet"),
            empty_text=_("Sell a stream ticket, a replay, or a pass for a whole season."),
        ),
        fetch,
    )


async def _scopes(desk: Desk, kind: OfferKind) -> list[tuple[str, str]]:
    async with desk.look() as tx:
        if kind is OfferKind.SEASON_PASS:
            return [(s.id, s.name) for s in (await seasons.listed(tx, desk.venue.id, FIRST)).rows]
        found = (await events.listed(tx, desk.venue.id, FIRST)).rows
    return [
        (one.id, f"{one.name}, {desk.locale.date(one.starts_at, one.timezone, 'medium')}")
        for one in found
        if one.state is not EventState.CANCELLED
    ]


def _kind(desk: Desk) -> OfferKind:
    asked = desk.request.query_params.get("kind", "")
    return OfferKind(asked) if asked in list(OfferKind) else OfferKind.STREAM_TICKET


async def _new_form(desk: Desk) -> Form:
    kind = _kind(desk)
    scopes = await _scopes(desk, kind)
    scope_id = desk.request.query_params.get("scope", "")
    label = desk.gettext(words.OFFER_KINDS[kind.value])
    name = next((text for value, text in scopes if value == scope_id), "")
    if kind is OfferKind.SEASON_PASS and name:
        label = f"{label}, {name}"
    return offer_forms.new_form(desk, kind, scopes, scope_id, label)


@get("/console/{venue_id:str}/offers/new", opt=OPEN_FORM)
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty offer of the kind in the address."""
    form = await _new_form(desk)
    if not form.inputs[0].options:
        where, what = ("/seasons/new", desk.gettext("Make a season first: a pass opens one."))
        if _kind(desk) is not OfferKind.SEASON_PASS:
            where, what = ("/events/new", desk.gettext("Make an event first: an offer opens one."))
        return desk.to(desk.url(where), what)
    return show_form(desk, form)


@post("/console/{venue_id:str}/offers/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Make the offer with its first prices, as a draft."""
    typed = await desk.typed()
    kind = _kind(desk)
    try:
        asked = offer_forms.new_offer(desk, typed, kind)
        async with desk.act() as act:
            await check_scope(act.tx, desk.venue.id, kind, asked.scope_id)
            offer = await sale.create(
                act.tx, desk.venue.id, typed.fresh_id("ofr"), asked, now=act.machine_now
            )
            await act.note("offer.created", offer.id)
    except Problem as problem:
        shown = offer_forms.renamed(problem) if isinstance(problem, Invalid) else problem
        return show_form(desk, await _new_form(desk), typed, shown)
    said = desk.gettext("The offer is there, as a draft. Put it on sale when all is ready.")
    return desk.to(desk.url(f"/offers/{offer.id}"), said)


def price_form(desk: Desk, offer: Offer) -> Form:
    _ = desk.gettext
    return Form(
        section="offers",
        title=_("Add a price"),
        action=desk.url(f"/offers/{offer.id}/prices"),
        submit=_("Add the price"),
        inputs=[
            Input("currency", _("Currency"), "select", options=offer_forms.currency_options(desk)),
            Input("amount", _("Price"), "amount", required=True),
            Input("valid_from", _("Holds from"), "moment", hint=_("Empty: from the beginning.")),
            Input("valid_until", _("Until"), "moment", hint=_("Empty: without an end.")),
        ],
        values={"currency": desk.venue.currency},
        hidden={"form_id": new_id("prc")},
    )


async def _page(
    desk: Desk, offer_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    async with desk.look() as tx:
        offer = await sale.get(tx, desk.venue.id, offer_id)
        prices: list[Price] = (await sale.prices_of(tx, [offer_id]))[offer_id]
        pool = (await sale.pools_of(tx, [offer_id])).get(offer_id)
        missing = await missing_for(tx, offer)
        if offer.kind is OfferKind.SEASON_PASS:
            scope: Any = await seasons.get(tx, desk.venue.id, offer.scope_id)
        else:
            scope = await events.get(tx, desk.venue.id, offer.scope_id)
    if not prices:
        missing.append("Add a price.")
    return show_form(
        desk,
        price_form(desk, offer),
        typed,
        problem,
        template="offer.html",
        offer=offer,
        pool=pool,
        scope=scope,
        kind=desk.gettext(words.OFFER_KINDS[offer.kind.value]),
        lanes=lanes(prices, desk.now, offer.on_sale_from, offer.on_sale_until),
        price_now=offer_rows.prices_text(desk, prices, desk.now),
        missing=" ".join(desk.gettext(one) for one in missing),
        may_write=desk.may(P.OFFERS_WRITE) and offer.state is not OfferState.ARCHIVED,
        now=desk.now,
    )


@get("/console/{venue_id:str}/offers/{offer_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], offer_id: FromPath[str]) -> Response[Any]:
    """One offer: its prices over time, its places, what is missing before it can be sold."""
    return await _page(desk, offer_id)


@post("/console/{venue_id:str}/offers/{offer_id:str}/prices", opt=WRITE)
async def add_price(desk: NamedDependency[Desk], offer_id: FromPath[str]) -> Response[Any]:
    """Add a price. None is ever changed: a later start replaces an earlier one."""
    typed, zone = await desk.typed(), desk.venue.timezone
    try:
        currency = typed.text("currency")
        asked = ask(
            sale.NewPrice,
            currency=currency,
            amount=needed(typed.minor("amount", currency), "amount"),
            valid_from=typed.moment("valid_from", zone),
            valid_until=typed.moment("valid_until", zone),
        )
        async with desk.act() as act:
            price = await sale.add_price(
                act.tx, desk.venue.id, offer_id, typed.fresh_id("prc"), asked, now=act.machine_now
            )
            await act.note("price.added", price.id, offer_id=offer_id, minor=price.minor)
    except Problem as problem:
        return await _page(desk, offer_id, typed, problem)
    return desk.to(desk.url(f"/offers/{offer_id}"), desk.gettext("The price is added."))


async def _edit_page(
    desk: Desk, offer_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    async with desk.look() as tx:
        offer = await sale.get(tx, desk.venue.id, offer_id)
        pool = (await sale.pools_of(tx, [offer_id])).get(offer_id)
    return show_form(desk, offer_forms.edit_form(desk, offer, pool), typed, problem)


@get("/console/{venue_id:str}/offers/{offer_id:str}/edit", opt=OPEN_FORM)
async def edit_form(desk: NamedDependency[Desk], offer_id: FromPath[str]) -> Response[Any]:
    """The offer's form."""
    return await _edit_page(desk, offer_id)


@post("/console/{venue_id:str}/offers/{offer_id:str}/edit", opt=WRITE)
async def edit(desk: NamedDependency[Desk], offer_id: FromPath[str]) -> Response[Any]:
    """Change the offer."""
    typed = await desk.typed()
    try:
        async with desk.act() as act:
            offer = await sale.get(act.tx, desk.venue.id, offer_id)
            asked = offer_forms.offer_edit(desk, typed, offer)
            await sale.edit(act.tx, desk.venue.id, offer_id, typed.version(), asked)
            fields = sorted(f for f in asked.__struct_fields__ if getattr(asked, f) is not UNSET)
            await act.note("offer.changed", offer_id, fields=fields)
    except Problem as problem:
        shown = offer_forms.renamed(problem) if isinstance(problem, Invalid) else problem
        return await _edit_page(desk, offer_id, typed, shown)
    return desk.to(desk.url(f"/offers/{offer_id}"), desk.gettext("Saved."))


async def _publish(act: Act, venue_id: str, offer_id: str) -> None:
    missing = await missing_for(act.tx, await sale.get(act.tx, venue_id, offer_id))
    await sale.publish(act.tx, venue_id, offer_id, missing)
    await act.note("offer.published", offer_id)


@post("/console/{venue_id:str}/offers/{offer_id:str}/publish", opt=WRITE)
async def publish(desk: NamedDependency[Desk], offer_id: FromPath[str]) -> Response[Any]:
    """Put it on sale, first or again; what is missing is said in one sentence."""
    page = desk.url(f"/offers/{offer_id}")
    try:
        async with desk.act() as act:
            await _publish(act, desk.venue.id, offer_id)
    except sale.NotDeliverable as problem:
        todo = " ".join(desk.gettext(one) for one in problem.extra.get("missing", []))
        return desk.to(page, desk.gettext("This can't go on sale yet.") + " " + todo)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, desk.gettext("It is on sale."), undo=Undo(f"{page}/pause"))


@post("/console/{venue_id:str}/offers/{offer_id:str}/pause", opt=WRITE)
async def pause(desk: NamedDependency[Desk], offer_id: FromPath[str]) -> Response[Any]:
    """Stop selling for now."""
    page = desk.url(f"/offers/{offer_id}")
    try:
        async with desk.act() as act:
            await sale.pause(act.tx, desk.venue.id, offer_id)
            await act.note("offer.paused", offer_id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    said = desk.gettext("Paused: nobody can buy it. Who has bought keeps it.")
    return desk.to(page, said, undo=Undo(f"{page}/publish"))


@post("/console/{venue_id:str}/offers/{offer_id:str}/archive", opt=WRITE)
async def archive(desk: NamedDependency[Desk], offer_id: FromPath[str]) -> Response[Any]:
    """Stop selling for good."""
    page = desk.url(f"/offers/{offer_id}")
    try:
        async with desk.act() as act:
            await sale.archive(act.tx, desk.venue.id, offer_id)
            await act.note("offer.archived", offer_id)
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    return desk.to(page, desk.gettext("Archived."))


PAGES = [
    listing, new, create, read, add_price, edit_form, edit, publish, pause, archive,
]  # fmt: skip

"""Orders in the console: found, read, their access stopped and opened again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from entitlements.browse import grants_of_order, running
from entitlements.tables import Grant, PlaybackSession
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, Problem
from infra.kernel.money import Money
from infra.kernel.paging import Place, Wanted
from offers import sale
from paywall.accounts.roles import Permission as P
from paywall.catalogue.tables import Event, Mode, Season
from paywall.checkout import browse
from paywall.checkout.order_number import short_number
from paywall.checkout.refund import REFUNDABLE
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.ledger import browse as books
from paywall.ledger.tables import Posting
from paywall.pages.console import offer_rows, words
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.table import (
    Cell,
    Filter,
    Link,
    Listing,
    Row,
    moment_cell,
    money_cell,
    show,
)  # fmt: skip
from paywall.pages.console.typed import Typed
from paywall.payments.tables import Dispute, GatewayAccount, Payment, Refund

READ = {"permission": P.ORDERS_READ}
STOP = {"permission": P.PLAYBACK_STOP, "page": True}


def day_edge(desk: Desk, name: str, *, after: bool = False) -> datetime | None:
    """The start of a day typed as a filter, or of the day after it, at the venue."""
    typed = Typed([(name, desk.request.query_params.get(name, "") + "T00:00")])
    if not desk.request.query_params.get(name):
        return None
    try:
        at = typed.moment(name, desk.venue.timezone)
    except Invalid:
        return None
    return at + timedelta(days=1) if at is not None and after else at


@get("/console/{venue_id:str}/orders", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's orders, newest first; filters in the address."""
    _, query = desk.gettext, desk.request.query_params
    state = OrderState(query["state"]) if query.get("state") in list(OrderState) else None
    live = desk.venue.mode is Mode.LIVE
    testing = not live or query.get("test") == "1"
    async with desk.look() as tx:
        known = (await sale.listed(tx, desk.venue.id, Wanted(limit=100))).rows
        offers = await offer_rows.options(tx, known)

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await browse.of_venue(
            tx, desk.venue.id, wanted, test=testing,
            state=state, email=query.get("email", "").strip().lower()[:254],
            offer_id=query.get("offer_id", "")[:32], made_from=day_edge(desk, "from"),
            made_until=day_edge(desk, "until", after=True),
        )  # fmt: skip
        return [_row(desk, *one) for one in found.rows], found.more

    states = [(s.value, words.state_text(desk.locale, s.value)) for s in OrderState]
    return await show(
        desk,
        Listing(
            section="orders",
            title=_("Orders"),
            columns=[
                _("Email"), _("When"), _("State"), _("What"), _("Total"), _("Refunded"), _("Order"),
            ],
            name="orders",
            filters=[
                Filter("email", _("Email")),
                Filter("state", _("State"), [("", _("All")), *states]),
                Filter("offer_id", _("Offer"), [("", _("All")), *offers]),
                Filter("from", _("From"), type="date"),
                Filter("until", _("Until"), type="date"),
            ],
            views=[
                Link(_("All"), desk.url("/orders")),
                Link(_("Paid"), desk.url("/orders", state="paid")),
                Link(_("Refunded"), desk.url("/orders", state="refunded")),
                Link(_("Paid too late"), desk.url("/orders", state="unserved")),
                *([Link(_("Test orders"), desk.url("/orders", test="1"))] if live else []),
            ],
            empty_title=_("No order yet"),
            empty_text=_("Orders appear here the moment somebody goes to pay."),
        ),
        fetch,
    )  # fmt: skip


def _row(desk: Desk, order: Order, line: OrderLine) -> Row:
    quantity = f"{line.quantity} × " if line.quantity > 1 else ""
    return Row(
        [
            Cell(order.email),
            moment_cell(desk.locale, order.created_at, desk.venue.timezone),
            words.state_cell(desk.locale, order.state.value),
            Cell(quantity + line.name),
            money_cell(desk.locale, order.total),
            money_cell(desk.locale, order.refunded if order.refunded else None),
            Cell(short_number(order.id), raw=order.id, code=True),
        ],
        desk.url(f"/orders/{order.id}"),
    )


@get("/console/{venue_id:str}/orders/{order_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], order_id: FromPath[str]) -> Response[Any]:
    """One order: what was bought, where its money went, what it opens and who watches under it."""
    async with desk.look() as tx:
        order, line = await browse.one(tx, order_id, venue_id=desk.venue.id)
        money = await browse.money_of(tx, order_id)
        postings = await books.of_order(tx, order_id)
        grants = await grants_of_order(tx, order_id)
        players = await running(tx, desk.machine_now, grant_ids=[one.id for one in grants])
        names = await scope_names(tx, grants, players)
        labels = await account_labels(tx, desk.venue.id)
    return desk.page(
        "order.html",
        section="orders",
        order=order,
        number=short_number(order.id),
        line=line,
        unit=Money(line.unit_minor, order.currency),
        story=story(desk, order, *money),
        postings=posting_rows(desk, postings, labels),
        posting_columns=posting_columns(desk)[:4],
        grants=grants,
        players=players,
        names=names,
        stopped=order.stopped_at is not None,
        refundable=order.state in REFUNDABLE and order.total != order.refunded,
        may_refund=desk.may(P.ORDERS_REFUND),
        may_stop=desk.may(P.PLAYBACK_STOP),
    )


async def scope_names(
    tx: Tx, grants: list[Grant], players: list[PlaybackSession]
) -> dict[str, str]:
    """Names of the events and seasons that these open or show."""
    ids = {one.scope_id for one in grants} | {one.event_id for one in players}
    names: dict[str, str] = {}
    for model in (Event, Season):
        rows = await tx.execute(select(model.id, model.name).where(model.id.in_(sorted(ids))))
        names |= dict(rows.all())
    return names


async def account_labels(tx: Tx, venue_id: str) -> dict[str, str]:
    """What the venue calls its payment accounts, by id."""
    found = await tx.scalars(select(GatewayAccount).where(GatewayAccount.venue_id == venue_id))
    return {one.id: one.label or one.gateway.capitalize() for one in found}


def story(
    desk: Desk,
    order: Order,
    payments: list[Payment],
    refunds: list[Refund],
    disputes: list[Dispute],
) -> list[dict[str, Any]]:
    """Everything that happened to the order's money, in order of time."""
    _, locale = desk.gettext, desk.locale
    steps: list[tuple[datetime, dict[str, Any]]] = []
    for payment in payments:
        detail = [
            payment.method,
            _(words.DECLINES[payment.decline.value]) if payment.decline else "",
        ]
        if payment.fee is not None:
            detail.append(_("Fee %(fee)s") % {"fee": locale.money(payment.fee)})
        steps.append((payment.created_at, _step(_("Payment"), payment.amount, payment, detail)))
    for refund in refunds:
        detail = [refund.reason, refund.failure]
        steps.append((refund.created_at, _step(_("Refund"), refund.amount, refund, detail)))
    for dispute in disputes:
        steps.append(
            (dispute.created_at, _step(_("Dispute"), dispute.amount, dispute, [dispute.reason]))
        )
    if not payments and order.paid_at is not None:
        reference = order.external_reference
        steps.append(
            (
                order.paid_at,
                {
                    "what": _("Paid elsewhere") if order.total else _("Free of charge"),
                    "amount": order.total, "state": "captured", "detail": reference,
                    "person": "", "reference": "",
                },
            )
        )  # fmt: skip
    return [step | {"at": at} for at, step in sorted(steps, key=lambda pair: pair[0])]


def _step(
    what: str, amount: Money, row: Payment | Refund | Dispute, detail: list[str]
) -> dict[str, Any]:
    reference = row.dispute_ref if isinstance(row, Dispute) else row.processor_ref
    return {
        "what": what,
        "amount": amount,
        "state": row.state.value,
        "detail": " · ".join(part for part in detail if part),
        "person": row.needs_person,
        "reference": reference or "",
    }


def posting_columns(desk: Desk) -> list[str]:
    _ = desk.gettext
    return [_("When"), _("Movement"), _("Account"), _("Amount"), _("Order"), _("Cause")]


def posting_rows(
    desk: Desk, postings: list[Posting], labels: dict[str, str], *, orders: bool = False
) -> list[Row]:
    """Sides of movements; debits positive, as accountants read them."""
    rows = []
    for one in postings:
        kind = words.MOVEMENTS.get(one.kind)
        cells = [
            moment_cell(desk.locale, one.at, desk.venue.timezone),
            Cell(desk.gettext(kind) if kind else one.kind, raw=one.kind),
            Cell(words.account_text(desk.locale, one.account, labels), raw=one.account),
            money_cell(desk.locale, Money(one.minor, one.currency)),
        ]
        if orders:
            cells.append(Cell(one.order_id, code=True, href=desk.url(f"/orders/{one.order_id}")))
            cells.append(Cell(one.cause_id, code=True))
        rows.append(Row(cells))
    return rows


@post("/console/{venue_id:str}/orders/{order_id:str}/stop", opt=STOP)
async def stop(desk: NamedDependency[Desk], order_id: FromPath[str]) -> Response[Any]:
    """Close the door on what the order opened; no money moves."""
    typed = await desk.typed()
    page = desk.url(f"/orders/{order_id}")
    try:
        await desk.parts.refunds.stop_access(
            venue_id=desk.venue.id, order_id=order_id, reason=typed.text("reason")[:80],
            actor=desk.principal.actor,
        )  # fmt: skip
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    said = desk.gettext("Access is stopped. Players stop within seconds; no money moved.")
    return desk.to(page, said, undo=Undo(f"{page}/open"))


@post("/console/{venue_id:str}/orders/{order_id:str}/open", opt=STOP)
async def open_again(desk: NamedDependency[Desk], order_id: FromPath[str]) -> Response[Any]:
    """Open again what was stopped."""
    page = desk.url(f"/orders/{order_id}")
    try:
        await desk.parts.refunds.open_again(
            venue_id=desk.venue.id, order_id=order_id, actor=desk.principal.actor
        )
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    said = desk.gettext("Access is open again.")
    return desk.to(page, said, undo=Undo(f"{page}/stop"))


PAGES = [listing, read, stop, open_again]

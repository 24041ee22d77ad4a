"""Giving money back from the console: first exactly what moves and what closes, then the act."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from entitlements.browse import grants_of_order, running
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, NotFound, Problem
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.accounts.roles import Permission as P
from paywall.checkout import browse
from paywall.checkout.refund import REFUNDABLE
from paywall.checkout.tables import Order
from paywall.ledger.movements import give_back_sides, posted_by_order, shares
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_
from paywall.pages.console.orders import account_labels, scope_names
from paywall.pages.console.typed import Typed, amount_text
from paywall.pages.forms import Form as Shown
from paywall.payments.tables import Payment

READ = {"permission": P.ORDERS_REFUND}
WRITE = {"permission": P.ORDERS_REFUND, "page": True}


def _amount(order: Order, text: Typed) -> Money:
    """What was typed, or all that is left; Invalid beyond it."""
    left = order.total - order.refunded
    minor = text.minor("amount", order.currency)
    part = left if minor is None else Money(minor, order.currency)
    if not 0 < part.minor <= left.minor:
        raise Invalid("amount", N_("Give back more than nothing, and no more than is left."))
    return part


async def _moves(desk: Desk, tx: Tx, order: Order, part: Money) -> list[tuple[str, Money]]:
    """(account in words, amount) of the postings that the refund will make."""
    labels = await account_labels(tx, desk.venue.id)
    source = "external"
    if order.payment_id:
        payment = await tx.get_one(Payment, order.payment_id)
        source = f"processor:{payment.gateway_account_id}"
    sale = shares(order.total, order.tax, order.platform_fee_bps)
    posted = await posted_by_order(tx, order.id, "refund")
    sides = give_back_sides(source, part, sale, order.refunded + part, posted)
    return [(words.account_text(desk.locale, name, labels), amount) for name, amount in sides]


async def _show(
    desk: Desk, order_id: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    text = typed or Typed(list(desk.request.query_params.multi_items()))
    async with desk.look() as tx:
        order, line = await browse.one(tx, order_id, venue_id=desk.venue.id)
        if order.state not in REFUNDABLE or order.total == order.refunded:
            said = desk.gettext("There is nothing to give back on this order.")
            return desk.to(desk.url(f"/orders/{order_id}"), said)
        left = order.total - order.refunded
        try:
            part = _amount(order, text)
        except Invalid as wrong:
            problem, part = problem or wrong, left
        moves = await _moves(desk, tx, order, part)
        grants = await grants_of_order(tx, order_id)
        players = await running(tx, desk.machine_now, grant_ids=[one.id for one in grants])
        names = await scope_names(tx, grants, players)
    shown = {
        "section": "orders", "order": order, "line": line, "left": left, "part": part,
        "whole": part == left, "moves": moves, "players": players,
        "opened": sorted({names.get(one.scope_id, one.scope_id) for one in grants}),
        "form_id": text.text("form_id") or new_id("ref"),
        "form": Shown(
            {
                "amount": text.text("amount") or amount_text(left.minor, order.currency),
                "reason": text.text("reason"),
            },
            {} if problem is None else {_field(problem): desk.words_for(problem)},
        ),
    }  # fmt: skip
    if desk.request.headers.get("hx-request"):
        return desk.fragment("refund_moves.html", **shown)
    status = 200 if problem is None else max(400, problem.status)
    return desk.page("refund.html", status=status, **shown)


def _field(problem: Problem) -> str:
    return problem.field if problem.field in {"amount", "reason"} else "amount"


@get("/console/{venue_id:str}/orders/{order_id:str}/refund", opt=READ)
async def preview(desk: NamedDependency[Desk], order_id: FromPath[str]) -> Response[Any]:
    """What will move and what will close; `?amount=` for a part, by htmx while it is typed."""
    return await _show(desk, order_id)


@post("/console/{venue_id:str}/orders/{order_id:str}/refund", opt=WRITE)
async def refund(desk: NamedDependency[Desk], order_id: FromPath[str]) -> Response[Any]:
    """Give it back. The form's id is the refund's, so that pressing twice gives back once."""
    typed = await desk.typed()
    try:
        async with desk.look() as tx:
            order, _line = await browse.one(tx, order_id, venue_id=desk.venue.id)
            await _not_anothers(tx, typed.fresh_id("ref"), order_id)
        part = _amount(order, typed)
        answer = await desk.parts.refunds.refund(
            refund_id=typed.fresh_id("ref"), venue_id=desk.venue.id, order_id=order_id,
            amount=part, reason=typed.text("reason")[:200], actor=desk.principal.actor,
        )  # fmt: skip
    except Problem as problem:
        return await _show(desk, order_id, typed, problem)
    facts = {"amount": desk.locale.money(answer.amount)}
    said = {
        "succeeded": desk.gettext("%(amount)s went back."),
        "failed": desk.gettext("The processor refused to give %(amount)s back."),
    }.get(answer.state, desk.gettext("%(amount)s is on its way back."))
    if answer.door_closed:
        said += " " + desk.gettext("Access is closed.")
    return desk.to(desk.url(f"/orders/{order_id}"), said % facts)


async def _not_anothers(tx: Tx, refund_id: str, order_id: str) -> None:
    """A form's id names a refund of this order, or none yet."""
    from paywall.payments.tables import Refund

    known = await tx.get(Refund, refund_id)
    if known is not None and known.order_id != order_id:
        raise NotFound("refund")


PAGES = [preview, refund]

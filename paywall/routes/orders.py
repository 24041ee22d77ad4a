"""Orders: recorded as paid elsewhere, read, refunded, stopped."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from infra.kernel.away import DatabaseAway
from infra.kernel.bounds import Ask, Country, CouponText, Currency, Id, Line, MoneyAsk
from infra.kernel.errors import Invalid, Problem
from infra.kernel.idempotency import Claimed, Kept
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from infra.kernel.paging import Slice
from paywall.accounts.addresses import checked_email
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.catalogue.tables import Mode
from paywall.checkout import browse
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.place_orders import Placed
from paywall.checkout.sell_directly import DirectSale
from paywall.checkout.tables import OrderState
from paywall.http.acts import look_at
from paywall.http.idempotency import (
    NOT_KEPT,
    Answer,
    Resume,
    claim_of,
    kept_json,
    once,
    respond,
    verdict_response,
)
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import MoneyView, money
from paywall.routes.order_views import (
    OrderMoneyView,
    OrderView,
    dispute_view,
    order_view,
    payment_view,
    placed_view,
    refund_view,
)

Locale = Annotated[str, Meta(pattern=r"^[a-z]{2}$", description="The buyer's language.")]


class ExternalPayment(Ask, frozen=True, tag_field="kind", tag="external"):
    """Money that was taken at a till or by transfer; `reference` is that one's own."""

    reference: Annotated[str, Meta(max_length=80)] = ""


class NewOrder(Ask, frozen=True):
    """An order that is already paid. `venue_id` may be left out with an API key."""

    offer_id: Id
    email: Annotated[str, Meta(max_length=254, examples=["ines@example.org"])]
    payment: ExternalPayment
    venue_id: Id | None = None
    quantity: Annotated[int, Meta(ge=1, le=100)] = 1
    currency: Currency | None = None
    coupon: CouponText = None
    locale: Locale = "en"
    country: Country | None = None
    expected_total: MoneyAsk | None = None


@post("/v1/orders", opt={"caller": True, "idempotent": "required", "errors": (404, 409)})
async def create(
    data: JSONBody[NewOrder],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[OrderView]:
    """Record an order whose money was taken elsewhere: paid, booked and open at once."""
    venue_id = data.venue_id or principal.key_venue_id
    if not venue_id:
        raise Invalid("venue_id", "Say at which venue, or use that venue's API key.")
    principal.require(Permission.ORDERS_CREATE, venue_id, now=parts.clock.machine())
    order_id = new_id("ord")
    claim = await claim_of(request, principal, order_id)
    assert claim is not None, "the route requires a key"
    sale = DirectSale(request=_asked(data, order_id, venue_id), claim=claim, keep=_keep)
    try:
        outcome = await parts.sell.sell(sale)
    except (*NOT_KEPT, DatabaseAway):
        raise
    except Problem as problem:
        return await once(request, parts, principal, "ord", _refuse(problem))
    if isinstance(outcome, Claimed):
        return verdict_response(outcome)
    return respond(outcome.kept)


def _asked(data: NewOrder, order_id: str, venue_id: str) -> OrderRequest:
    expected = data.expected_total
    return OrderRequest(
        order_id=order_id,
        venue_id=venue_id,
        offer_id=data.offer_id,
        email=checked_email(data.email),
        quantity=data.quantity,
        currency=data.currency or "",
        coupon=data.coupon or "",
        locale=data.locale,
        country=data.country or "",
        channel="api",
        external_reference=data.payment.reference,
        expected_total=None if expected is None else Money(expected.amount, expected.currency),
    )


def _keep(placed: Placed) -> Kept:
    return kept_json(201, placed_view(placed))


def _refuse(problem: Problem) -> Any:
    async def run(_resume: Resume) -> Answer:
        raise problem

    return run


@get("/v1/venues/{venue_id:str}/orders", opt={"permission": Permission.ORDERS_READ})
async def of_venue(
    venue_id: FromPath[str],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    standing: Annotated[OrderState | None, QueryParameter(name="state")] = None,
    email: FromQuery[Annotated[str, Meta(max_length=254)]] = "",
    offer_id: FromQuery[Annotated[str, Meta(max_length=32)]] = "",
    test: Annotated[
        bool | None, QueryParameter(description="Left out: as the venue's mode is now.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[OrderView]]:
    """The venue's orders in its present mode, newest first; `test` asks for the tests' or not."""
    async with look_at(parts, venue_id) as look:
        rows = await browse.of_venue(
            look.tx,
            venue_id,
            wanted(limit, cursor),
            test=look.venue.mode is Mode.TEST if test is None else test,
            state=standing,
            email=email.strip().lower(),
            offer_id=offer_id,
        )
    return page_of(request, rows, lambda row: order_view(*row))


@get("/v1/venues/{venue_id:str}/orders/{order_id:str}", opt={"permission": Permission.ORDERS_READ})
async def read(
    venue_id: FromPath[str], order_id: FromPath[str], parts: NamedDependency[Parts]
) -> OrderView:
    """One order of the venue."""
    async with parts.db.read() as tx:
        return order_view(*await browse.one(tx, order_id, venue_id=venue_id))


@get(
    "/v1/venues/{venue_id:str}/orders/{order_id:str}/money",
    opt={"permission": Permission.ORDERS_READ},
)
async def read_money(
    venue_id: FromPath[str], order_id: FromPath[str], parts: NamedDependency[Parts]
) -> OrderMoneyView:
    """Payments, refunds and disputes of an order."""
    async with parts.db.read() as tx:
        await browse.one(tx, order_id, venue_id=venue_id)
        payments, refunds, disputes = await browse.money_of(tx, order_id)
    return OrderMoneyView(
        [payment_view(p) for p in payments],
        [refund_view(r) for r in refunds],
        [dispute_view(d) for d in disputes],
    )


class NewRefund(Ask, frozen=True):
    """`amount` left out: all that is left. A whole refund closes the door at once."""

    amount: MoneyAsk | None = None
    reason: Line = ""


class RefundAnswerView(msgspec.Struct, frozen=True):
    """What became of it. pending and unknown settle by themselves; asking again is not needed."""

    refund_id: str
    order_id: str
    state: Literal["created", "sent", "unknown", "pending", "succeeded", "failed"]
    amount: MoneyView
    door_closed: bool


@post(
    "/v1/venues/{venue_id:str}/orders/{order_id:str}/refunds",
    opt={
        "permission": Permission.ORDERS_REFUND,
        "idempotent": "required",
        "errors": (404, 409),
    },
)
async def refund(
    venue_id: FromPath[str],
    order_id: FromPath[str],
    data: JSONBody[NewRefund],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[RefundAnswerView]:
    """Give money back, all of it or a part."""

    async def run(resume: Resume) -> Answer:
        amount = None if data.amount is None else Money(data.amount.amount, data.amount.currency)
        answer = await parts.refunds.refund(
            refund_id=resume.resource_id,
            venue_id=venue_id,
            order_id=order_id,
            amount=amount,
            reason=data.reason,
            actor=principal.actor,
        )
        view = RefundAnswerView(
            answer.refund_id,
            answer.order_id,
            answer.state,  # type: ignore[arg-type]
            money(answer.amount),
            answer.door_closed,
        )
        return Answer(201, view)

    return await once(request, parts, principal, "ref", run)


class StopAccess(Ask, frozen=True):
    """Why the door closes, for the audit log and the viewer."""

    reason: Line = ""


@post(
    "/v1/venues/{venue_id:str}/orders/{order_id:str}/stop",
    opt={"permission": Permission.PLAYBACK_STOP, "errors": (404, 409)},
    status_code=204,
)
async def stop(
    venue_id: FromPath[str],
    order_id: FromPath[str],
    data: JSONBody[StopAccess],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Close the door on what this order opened, without moving money."""
    await parts.refunds.stop_access(
        venue_id=venue_id, order_id=order_id, reason=data.reason, actor=principal.actor
    )


@post(
    "/v1/venues/{venue_id:str}/orders/{order_id:str}/open",
    opt={"permission": Permission.PLAYBACK_STOP, "errors": (404, 409)},
    status_code=204,
)
async def open_again(
    venue_id: FromPath[str],
    order_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Open again what was stopped."""
    await parts.refunds.open_again(venue_id=venue_id, order_id=order_id, actor=principal.actor)


@get("/v1/me/orders", opt={"person": True})
async def mine(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[OrderView]]:
    """What you bought, at every venue, newest first; empty until your address is proven."""
    rows: Slice[browse.Row] = Slice([], None)
    if principal.email_proven:
        async with parts.db.read() as tx:
            rows = await browse.of_account(tx, principal.account_id, wanted(limit, cursor))
    return page_of(request, rows, lambda row: order_view(*row))

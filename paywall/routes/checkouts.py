"""Buying online over the API: an order is placed, its payment started, and the next step told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from infra.kernel.bounds import Ask, Country, CouponText, Currency, Id, MoneyAsk
from infra.kernel.errors import Invalid, NotFound
from infra.kernel.money import Money
from paywall.accounts.principal import Principal
from paywall.checkout import browse
from paywall.checkout.buy import Checkout
from paywall.checkout.order_requests import OrderRequest
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.parts import Parts
from paywall.payments.port import Decline, Element, NoStep, Redirect

APP = "app"
"""The channel of orders that a signed-in person makes through this API."""

TestCard = Annotated[
    str,
    Meta(
        pattern=r"^[0-9 ]{0,23}$",
        description="Test mode with the sandbox only: pay with this card, without its page.",
        examples=["4242 4242 4242 4242"],
    ),
]


class NewCheckout(Ask, frozen=True):
    """What to buy. Terms of sale have to be accepted; the price shown can be pinned."""

    offer_id: Id
    terms_accepted: bool
    quantity: Annotated[int, Meta(ge=1, le=100)] = 1
    currency: Currency | None = None
    country: Country | None = None
    coupon: CouponText = None
    expected_total: MoneyAsk | None = None
    test_card: TestCard = ""


class Retry(Ask, frozen=True):
    """Another try of the same order. Nothing has to be said; the body may be left out."""

    test_card: TestCard = ""


class NextView(msgspec.Struct, frozen=True, omit_defaults=True):
    """redirect: send the buyer to `url`. element: show the processor's form with `params`."""

    kind: Literal["none", "redirect", "element"]
    url: str | None = None
    gateway: str | None = None
    params: dict[str, str] | None = None


class CheckoutView(msgspec.Struct, frozen=True):
    """Where a purchase stands. An unknown or pending payment settles by itself; never pay twice.

    `decline` says why the bank refused the last payment; then retry, or buy anew.
    """

    order_id: str
    order_state: str
    payment_id: str | None
    payment_state: str | None
    next: NextView
    decline: Decline | None = None


def _view(checkout: Checkout) -> CheckoutView:
    match checkout.next:
        case Redirect(url):
            step = NextView("redirect", url=url)
        case Element(gateway, params):
            step = NextView("element", gateway=gateway, params=params)
        case NoStep():
            step = NextView("none")
    state = checkout.payment_state
    return CheckoutView(
        checkout.order_id,
        checkout.order_state.value,
        checkout.payment_id or None,
        None if state is None else state.value,
        step,
        checkout.decline,
    )


@post(
    "/v1/checkouts",
    opt={"person": True, "idempotent": "required", "errors": (404, 409)},
)
async def start(
    data: JSONBody[NewCheckout],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[CheckoutView]:
    """Buy one offer for your own account."""
    if not data.terms_accepted:
        raise Invalid("terms_accepted", "The terms of sale have to be accepted to buy.")

    async def run(resume: Resume) -> Answer:
        shelf = await parts.shelves.of(data.offer_id)
        if shelf is None:
            raise NotFound("offer")
        expected = data.expected_total
        checkout = await parts.buy.buy(
            OrderRequest(
                order_id=resume.resource_id,
                venue_id=shelf.venue.id,
                offer_id=data.offer_id,
                email=principal.email,
                quantity=data.quantity,
                currency=data.currency or "",
                coupon=data.coupon or "",
                locale=principal.locale or "en",
                country=data.country or "",
                channel=APP,
                expected_total=None
                if expected is None
                else Money(expected.amount, expected.currency),
                terms_accepted=True,
                test_card=data.test_card.replace(" ", ""),
            )
        )
        return Answer(201, _view(checkout))

    return await once(request, parts, principal, "ord", run)


@get("/v1/checkouts/{order_id:str}", opt={"person": True, "errors": (403, 404)})
async def read(
    order_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> CheckoutView:
    """Where your purchase stands; what is still out settles by itself."""
    await _require_own(parts, principal, order_id)
    return _view(await parts.buy.standing(order_id))


@post(
    "/v1/checkouts/{order_id:str}/retry",
    opt={"person": True, "errors": (403, 404, 409)},
    status_code=200,
)
async def retry(
    order_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
    data: JSONBody[Retry] = Retry(),  # noqa: B008 - frozen
) -> CheckoutView:
    """After a decline: another payment of the same order. A running one is gone on with."""
    await _require_own(parts, principal, order_id)
    return _view(await parts.buy.resume(order_id, test_card=data.test_card.replace(" ", "")))


async def _require_own(parts: Parts, principal: Principal, order_id: str) -> None:
    """The order is this account's, and bound to it: bought here while signed in, or proven.

    An address is proven before anything bought under it is shown: whoever typed it at the web
    checkout need not be who holds the account.
    """
    async with parts.db.read() as tx:
        order, _ = await browse.one(tx, order_id, account_id=principal.account_id)
    if order.channel != APP:
        principal.require_proven()

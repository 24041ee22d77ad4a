"""The venue's own customers: who they are, what they bought."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import ColumnElement, func, or_, select, true

from churn.prediction import browse
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.paging import Place, Wanted, slice_of
from paywall.accounts.roles import Permission as P
from paywall.accounts.tables import Account, Customer
from paywall.catalogue.tables import Mode
from paywall.checkout.tables import Order, OrderState
from paywall.pages.console.desk import Desk
from paywall.pages.console.feature_words import in_hundred
from paywall.pages.console.leaving import band_of
from paywall.pages.console.table import (
    Cell,
    Filter,
    Listing,
    Row,
    moment_cell,
    number_cell,
    show,
)  # fmt: skip

READ = {"permission": P.PEOPLE_READ}
BOUGHT = (OrderState.PAID, OrderState.PARTLY_REFUNDED)


@get("/console/{venue_id:str}/people", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """Customers, the newest first; a venue sees only its own."""
    _, email = desk.gettext, desk.request.query_params.get("email", "").strip().lower()[:254]

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        query = select(Customer).where(Customer.venue_id == desk.venue.id, _met(desk))
        if email:
            ours = select(Account.id).where(Account.email == email)
            query = query.where(Customer.account_id.in_(ours))
        found = await slice_of(tx, query, wanted, id_column=Customer.id)
        return await _rows(desk, tx, found.rows), found.more

    return await show(
        desk,
        Listing(
            section="people",
            title=_("People"),
            columns=[_("Email"), _("Name"), _("Since"), _("Orders")],
            name="people",
            filters=[Filter("email", _("Email"))],
            empty_title=_("Nobody yet"),
            empty_text=_("Whoever buys something becomes your customer and appears here."),
        ),
        fetch,
    )


def _met(desk: Desk) -> ColumnElement[bool]:
    """Whom the venue knows: since it is live, whoever only tested is not among them."""
    if desk.venue.live_since is None:
        return true()
    bought = select(Order.customer_id).where(
        Order.customer_id == Customer.id, Order.test.is_(False)
    )
    return or_(Customer.created_at >= desk.venue.live_since, bought.exists())


async def _rows(desk: Desk, tx: Tx, customers: list[Customer]) -> list[Row]:
    accounts = {
        one.id: one
        for one in await tx.scalars(
            select(Account).where(Account.id.in_([c.account_id for c in customers]))
        )
    }
    ids = [one.id for one in customers]
    counts = dict(
        (
            await tx.execute(
                select(Order.customer_id, func.count())
                .where(
                    Order.customer_id.in_(ids),
                    Order.state.in_(BOUGHT),
                    Order.test == (desk.venue.mode is Mode.TEST),
                )
                .group_by(Order.customer_id)
            )
        ).all()
    )
    return [
        Row(
            [
                Cell(accounts[one.account_id].email),
                Cell(accounts[one.account_id].name),
                moment_cell(desk.locale, one.created_at, desk.venue.timezone),
                number_cell(desk.locale, counts.get(one.id, 0)),
            ],
            desk.url(f"/people/{one.id}"),
        )
        for one in customers
        if one.account_id in accounts
    ]


@get("/console/{venue_id:str}/people/{customer_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], customer_id: FromPath[str]) -> Response[Any]:
    """One customer with their orders."""
    async with desk.look() as tx:
        customer = await tx.get(Customer, customer_id)
        if customer is None or customer.venue_id != desk.venue.id:
            raise NotFound("customer")
        account = await tx.get_one(Account, customer.account_id)
        query = (
            select(Order)
            .where(
                Order.customer_id == customer_id,
                Order.venue_id == desk.venue.id,
                Order.test == (desk.venue.mode is Mode.TEST),
            )
            .order_by(Order.id.desc())
            .limit(100)
        )
        orders = list(await tx.scalars(query))
        scored, band = None, ("", "")
        if desk.may(P.MARKETING_WRITE):
            scored = await browse.of_customer(tx, desk.venue.id, customer_id)
            band = band_of(
                desk, await browse.levels(tx, desk.venue.id), scored.risk if scored else None
            )
    return desk.page(
        "person.html", section="people", account=account, customer=customer, orders=orders,
        may_orders=desk.may(P.ORDERS_READ), scored=scored, band=band,
        hundred=lambda chance: in_hundred(desk.locale, chance),
    )  # fmt: skip


PAGES = [listing, read]

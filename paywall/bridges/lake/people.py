"""People of the lake: the venue's customers. What they bought from says where they live."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, or_, select

from infra.kernel.db import Tx, padded
from paywall.accounts.tables import Account, Customer
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Row, Source, page_of
from paywall.checkout.tables import Order
from paywall.crm.tables import Visit


async def customers(tx: Tx, source: Source, after: str) -> Page:
    """Each customer as they began, and again with each country that an order brought.

    Where they came from is said by the first order or visit that knows, and then stays.

    At a live venue only those who came since, or bought something real.
    """
    query = (
        select(Customer.id, Customer.created_at, Account.locale, Account.city)
        .join(Account, Account.id == Customer.account_id)
        .where(Customer.venue_id == source.venue_id, Customer.id > after)
        .order_by(Customer.id)
        .limit(ROWS_A_PAGE)
    )
    if source.live:
        bought = select(Order.id).where(Order.customer_id == Customer.id, Order.test.is_(False))
        query = query.where(or_(Customer.created_at >= source.live_since, bought.exists()))
    found = (await tx.execute(query)).all()
    ids = [row.id for row in found]
    told = await _told(tx, source, ids)
    rows: list[Row] = []
    for row in found:
        began = source.at(row.created_at)
        now: Row = {
            "fact_id": source.person(row.id),
            "person": source.person(row.id),
            "event_at": began,
            "known_at": began,
            "origin": "paywall",
            "country": "",
            "language": row.locale,
            "city": row.city,
            "source": "",
            "campaign": "",
        }
        versions = [now]
        for at, country, came, campaign in sorted(told.get(row.id, ())):
            later = now | {"country": country or now["country"]}
            if not now["source"]:
                later |= {"source": came, "campaign": campaign}
            if later == now:
                continue
            # Whom an order made a customer had that country from the first moment.
            now = later | {"known_at": max(at, began)}
            versions = [now] if at <= began else [*versions, now]
        rows += versions
    return page_of(rows, ids)


async def _told(
    tx: Tx, source: Source, ids: list[str]
) -> dict[str, list[tuple[datetime, str, str, str]]]:
    """By customer: when, which country, and where they came from, as orders and visits tell it."""
    orders = select(
        Order.customer_id, Order.created_at, Order.country, Order.source, Order.campaign
    ).where(Order.customer_id.in_(padded(ids)), or_(Order.country != "", Order.source != ""))
    if source.live:
        orders = orders.where(Order.test.is_(False))
    found: dict[str, list[tuple[datetime, str, str, str]]] = defaultdict(list)
    for row in await tx.execute(orders):
        found[row.customer_id].append((row.created_at, row.country, row.source, row.campaign))
    visits = select(Visit.customer_id, Visit.at, Visit.source, Visit.campaign).where(
        Visit.customer_id.in_(padded(ids)), Visit.source != ""
    )
    if source.live:
        visits = visits.where(Visit.at >= source.live_since)
    first = func.row_number().over(partition_by=Visit.customer_id, order_by=(Visit.at, Visit.id))
    numbered = visits.add_columns(first.label("place")).subquery()
    for row in await tx.execute(select(numbered).where(numbered.c.place == 1)):
        found[row.customer_id].append((source.at(row.at), "", row.source, row.campaign))
    return found


PAGES = (customers,)

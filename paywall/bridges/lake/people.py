"""People of the lake: the venue's customers. What they bought from says where they live."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import or_, select

from infra.kernel.db import Tx, padded
from paywall.accounts.tables import Account, Customer
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Row, Source, page_of
from paywall.checkout.tables import Order


async def customers(tx: Tx, source: Source, after: str) -> Page:
    """Each customer as they began, and again with each country that an order brought.

    At a live venue only those who came since, or bought something real.
    """
    query = (
        select(Customer.id, Customer.created_at, Account.locale)
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
    orders = await _orders(tx, ids, live=source.live)
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
        }
        versions = [now]
        for at, country in orders.get(row.id, ()):
            if country == now["country"]:
                continue
            # Whom an order made a customer had that country from the first moment.
            now = now | {"country": country, "known_at": max(at, began)}
            versions = [now] if at <= began else [*versions, now]
        rows += versions
    return page_of(rows, ids)


async def _orders(tx: Tx, ids: list[str], *, live: bool) -> dict[str, list[tuple[datetime, str]]]:
    query = (
        select(Order.customer_id, Order.created_at, Order.country)
        .where(Order.customer_id.in_(padded(ids)), Order.country != "")
        .order_by(Order.created_at)
    )
    if live:
        query = query.where(Order.test.is_(False))
    found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for row in await tx.execute(query):
        found[row.customer_id].append((row.created_at, row.country))
    return found


PAGES = (customers,)

"""Grants of the lake: who may watch what, from when until when."""

from __future__ import annotations

from sqlalchemy import and_, or_, select

from entitlements.tables import Grant, GrantState
from infra.kernel.db import Tx
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Row, Source, page_of
from paywall.checkout.tables import Order


async def grants(tx: Tx, source: Source, after: str) -> Page:
    """Each as it was given, and as it is today where that differs."""
    query = (
        select(Grant)
        .outerjoin(Order, Order.id == Grant.order_id)
        .where(Grant.venue_id == source.venue_id, Grant.id > after)
        .order_by(Grant.id)
        .limit(ROWS_A_PAGE)
    )
    if source.live:
        given = and_(Grant.order_id.is_(None), Grant.created_at >= source.live_since)
        query = query.where(or_(Order.test.is_(False), given))
    found = list(await tx.scalars(query))
    rows: list[Row] = []
    for grant in found:
        row = {
            "fact_id": grant.id,
            "event_at": grant.created_at,
            "known_at": grant.created_at,
            "origin": "paywall",
            "person": source.person(grant.customer_id),
            "grant_id": grant.id,
            "scope_kind": grant.scope_kind.value,
            "scope_id": grant.scope_id,
            "order_id": grant.order_id or "",
            "starts_at": grant.starts_at,
            "ends_at": grant.ends_at,
            "state": GrantState.ACTIVE.value,
            "gift": grant.order_id is None,
        }
        rows.append(row)
        if grant.state is not GrantState.ACTIVE:
            rows.append(row | {"state": grant.state.value, "known_at": grant.revoked_at})
    return page_of(rows, [grant.id for grant in found])


PAGES = (grants,)

"""Consents of the lake: each yes and no to the venue, when it was said."""

from __future__ import annotations

from sqlalchemy import and_, select

from infra.kernel.db import Tx
from paywall.accounts.tables import Consent, Customer
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Source, page_of


async def consents(tx: Tx, source: Source, after: str) -> Page:
    """Of the venue's customers; a word to the whole installation is no fact of one venue."""
    query = (
        select(Consent, Customer.id)
        .join(
            Customer,
            and_(Customer.account_id == Consent.account_id, Customer.venue_id == Consent.venue_id),
        )
        .where(Consent.venue_id == source.venue_id, Consent.id > after)
        .order_by(Consent.id)
        .limit(ROWS_A_PAGE)
    )
    # A test venue's clock runs ahead of ours, so `at` is never before the machine's time.
    if source.since is not None:
        query = query.where(Consent.at >= source.since)
    if source.live:
        query = query.where(Consent.at >= source.live_since)
    found = (await tx.execute(query)).all()
    rows = [
        {
            "fact_id": consent.id,
            "event_at": consent.at,
            "known_at": consent.at,
            "origin": "paywall",
            "person": source.person(customer_id),
            "purpose": consent.purpose,
            "granted": consent.granted,
            "source": consent.source,
        }
        for consent, customer_id in found
    ]
    return page_of(rows, [consent.id for consent, _ in found])


PAGES = (consents,)

"""Reading the books: a venue's postings, newest first, and those of one order."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.paging import Slice, Wanted, slice_of
from paywall.ledger.tables import Posting


async def of_venue(
    tx: Tx, venue_id: str, wanted: Wanted, *, test: bool, account: str = "", kind: str = ""
) -> Slice[Posting]:
    """The venue's postings in its mode; of one account or one kind of movement, if asked."""
    query = select(Posting).where(Posting.venue_id == venue_id, Posting.test == test)
    if account:
        query = query.where(Posting.account == account)
    if kind:
        query = query.where(Posting.kind == kind)
    return await slice_of(tx, query, wanted, id_column=Posting.id)


async def of_order(tx: Tx, order_id: str) -> list[Posting]:
    """Everything an order moved, oldest first; the sides of a movement follow each other."""
    query = (
        select(Posting)
        .where(Posting.order_id == order_id)
        .order_by(Posting.at, Posting.movement_id, Posting.id)
        .limit(1000)
    )
    return list(await tx.scalars(query))

"""Messages of the lake: the venue's mails that went out, or came back."""

from __future__ import annotations

from sqlalchemy import and_, select

from infra.kernel.clock import epoch_s
from infra.kernel.db import Tx
from paywall.accounts.tables import Account, Customer
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Source, page_of
from paywall.notices.tables import OutboxKind, OutboxRow, OutboxState

_CHANGE = {OutboxState.SENT: "sent", OutboxState.FAILED: "bounced"}


async def mails(tx: Tx, source: Source, after: str) -> Page:
    """Mails to customers. One that is sent again is said again; staff's are no audience's."""
    query = (
        select(OutboxRow, Customer.id)
        .join(Account, Account.email == OutboxRow.recipient)
        .join(
            Customer,
            and_(Customer.account_id == Account.id, Customer.venue_id == OutboxRow.venue_id),
        )
        .where(OutboxRow.venue_id == source.venue_id, OutboxRow.id > after)
        .where(OutboxRow.kind == OutboxKind.MAIL, OutboxRow.state.in_(list(_CHANGE)))
        .where(OutboxRow.done_at.is_not(None))
        .order_by(OutboxRow.id)
        .limit(ROWS_A_PAGE)
    )
    if source.since is not None:
        query = query.where(OutboxRow.done_at >= source.since)
    if source.live:
        query = query.where(OutboxRow.created_at >= source.live_since)
    found = (await tx.execute(query)).all()
    rows = []
    for mail, customer_id in found:
        at, change = mail.done_at or mail.created_at, _CHANGE[mail.state]
        rows.append(
            {
                "fact_id": f"{mail.id}:{change}:{epoch_s(at)}",
                "event_at": source.at(at),
                "known_at": source.at(at),
                "origin": "paywall",
                "person": source.person(customer_id),
                "message_id": mail.id,
                "kind": "service",
                "template": mail.template,
                "change": change,
            }
        )
    return page_of(rows, [mail.id for mail, _ in found])


PAGES = (mails,)

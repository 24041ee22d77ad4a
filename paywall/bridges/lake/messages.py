"""Messages of the lake: the venue's mails that went out or came back, and links followed."""

from __future__ import annotations

from sqlalchemy import and_, select

from infra.kernel.clock import epoch_s
from infra.kernel.db import Tx
from paywall.accounts.tables import Account, Customer
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Source, page_of
from paywall.mailings.clicks import SETTLES
from paywall.mailings.tables import MailClick
from paywall.notices.kinds import AT_MOST_ONCE
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
                "kind": "action" if mail.template in AT_MOST_ONCE else "service",
                "template": mail.template,
                "action_id": mail.data.get("action_id", ""),
                "change": change,
            }
        )
    return page_of(rows, [mail.id for mail, _ in found])


async def clicks(tx: Tx, source: Source, after: str) -> Page:
    """Links of marketing mails that a person followed, once a mail."""
    query = (
        select(MailClick)
        .where(MailClick.venue_id == source.venue_id, MailClick.id > after)
        .where(MailClick.at < source.now - SETTLES)
        .order_by(MailClick.id)
        .limit(ROWS_A_PAGE)
    )
    if source.since is not None:
        query = query.where(MailClick.at >= source.since)
    if source.live:
        query = query.where(MailClick.at >= source.live_since)
    found = list(await tx.scalars(query))
    rows = [
        {
            "fact_id": f"{click.id}:clicked",
            "event_at": source.at(click.at),
            "known_at": source.at(click.at),
            "origin": "paywall",
            "person": source.person(click.customer_id),
            "message_id": click.id,
            "kind": "action",
            "template": click.template,
            "action_id": click.action_id,
            "change": "clicked",
        }
        for click in found
        if click.at is not None
    ]
    return page_of(rows, [click.id for click in found])


PAGES = (mails, clicks)

"""A person at one venue: made by the first act there, then always the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from infra.kernel.db import Tx, insert_into, padded
from infra.kernel.ids import new_id
from paywall.accounts.tables import Account, Customer


def normalise_email(address: str) -> str:
    """The form under which an address is unique: trimmed and lower case (no provider's tricks)."""
    return address.strip().lower()


async def accounts_for(tx: Tx, emails: list[str], now: datetime) -> dict[str, str]:
    """Account ids by normalised address; missing ones are made, unproven and without password."""
    wanted = sorted(set(emails))
    if not wanted:
        return {}
    found = await _accounts(tx, wanted)
    missing = [email for email in wanted if email not in found]
    if missing:
        rows = [{"id": new_id("acc"), "email": e, "created_at": now} for e in missing]
        await tx.execute(insert_into(tx, Account).on_conflict_do_nothing(), rows)
        found |= await _accounts(tx, missing)
    return found


async def _accounts(tx: Tx, emails: list[str]) -> dict[str, str]:
    query = select(Account.email, Account.id).where(Account.email.in_(padded(emails)))
    return {row.email: row.id for row in await tx.execute(query)}


async def customers_for(
    tx: Tx, pairs: list[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], str]:
    """Customer ids by (venue_id, account_id); missing ones are made in one statement."""
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    found = await _customers(tx, wanted)
    missing = [pair for pair in wanted if pair not in found]
    if missing:
        rows = [
            {"id": new_id("cus"), "venue_id": v, "account_id": a, "created_at": now}
            for v, a in missing
        ]
        await tx.execute(insert_into(tx, Customer).on_conflict_do_nothing(), rows)
        found |= await _customers(tx, missing)
    return found


async def _customers(tx: Tx, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    query = select(Customer.venue_id, Customer.account_id, Customer.id).where(
        Customer.account_id.in_(padded(account for _, account in pairs)),
        Customer.venue_id.in_(padded(venue for venue, _ in pairs)),
    )
    return {(v, a): id_ for v, a, id_ in (await tx.execute(query)).all()}

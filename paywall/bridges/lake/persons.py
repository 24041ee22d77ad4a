"""Who the pseudonyms are, written down beside the facts; and who must not be among them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from churn.pseudonym import KEY_PURPOSE, Pseudonyms
from churn.tables import Erased, Person, PersonToday
from infra.kernel.db import Database, Tx, insert_into
from infra.kernel.seal import Sealer
from paywall.accounts.tables import Customer

_MANY = 5000


def pseudonyms(sealer: Sealer, venue_id: str) -> Pseudonyms:
    """The venue's names for people, under a key of its own from the master secret."""
    return Pseudonyms(sealer.key(KEY_PURPOSE + venue_id))


def insert_new(tx: Tx, model: Any) -> Any:
    """An insert that leaves rows alone which are there."""
    return insert_into(tx, model).on_conflict_do_nothing()


async def write_persons(
    tx: Tx, venue_id: str, met: dict[str, tuple[str | None, str]], now: datetime
) -> None:
    """Pseudonyms with customer and external id; one that is known keeps what it has."""
    rows = [
        {
            "venue_id": venue_id,
            "person": name,
            "customer_id": customer_id,
            "external_id": external_id,
            "created_at": now,
        }
        for name, (customer_id, external_id) in met.items()
    ]
    for at in range(0, len(rows), _MANY):
        await tx.execute(insert_new(tx, Person), rows[at : at + _MANY])


async def erased(db: Database, venue_id: str, *, undone: bool = False) -> set[str]:
    """Pseudonyms that no run may write; `undone`: those still to be taken out of the lake."""
    query = select(Erased.person).where(Erased.venue_id == venue_id)
    if undone:
        query = query.where(Erased.done_at.is_(None))
    async with db.read() as tx:
        return set(await tx.scalars(query))


async def forget(tx: Tx, venue_id: str, names: Iterable[str], now: datetime) -> None:
    """Have these pseudonyms taken out by the next run, and refused for good."""
    rows = [{"venue_id": venue_id, "person": name, "asked_at": now} for name in sorted(set(names))]
    if rows:
        await tx.execute(insert_new(tx, Erased), rows)
        # Asked again: what an import brought meanwhile under another file goes as well.
        again = update(Erased).where(Erased.venue_id == venue_id)
        for at in range(0, len(rows), 500):
            part = [row["person"] for row in rows[at : at + 500]]
            await tx.execute(again.where(Erased.person.in_(part)).values(done_at=None))


async def forget_vanished(db: Database, venue_id: str, names: Pseudonyms, now: datetime) -> int:
    """Customers who are no longer in the database are erased from the lake as well. How many."""
    gone = (
        select(Person.person, Person.external_id)
        .outerjoin(Customer, Customer.id == Person.customer_id)
        .where(Person.venue_id == venue_id, Person.customer_id.is_not(None))
        .where(Customer.id.is_(None))
    )
    async with db.read() as tx:
        found = (await tx.execute(gone)).all()
    if found:
        async with db.transaction() as tx:
            out = {row.person for row in found}
            out |= {names.external(row.external_id) for row in found if row.external_id}
            await forget(tx, venue_id, out, now)
    return len(found)


async def strike(db: Database, venue_id: str, names: set[str], now: datetime) -> int:
    """Their facts are out of the lake: the rows that say who they were go too. How many people."""
    people = 0
    async with db.transaction() as tx:
        named = sorted(names)
        for at in range(0, len(named), 500):
            part = named[at : at + 500]
            today = (PersonToday.venue_id == venue_id) & PersonToday.person.in_(part)
            await tx.execute(delete(PersonToday).where(today))
            ours = (Person.venue_id == venue_id) & Person.person.in_(part)
            gone = await tx.execute(delete(Person).where(ours).returning(Person.person))
            people += len(gone.all())
            done = update(Erased).where(Erased.venue_id == venue_id, Erased.person.in_(part))
            await tx.execute(done.values(done_at=now))
    return people

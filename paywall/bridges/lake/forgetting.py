"""Somebody asked to be forgotten: which pseudonyms of theirs leave the lake, and stay out."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from churn.tables import Person
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Invalid
from infra.kernel.seal import Sealer
from paywall.accounts.customers import normalise_email
from paywall.accounts.tables import Account, Customer
from paywall.bridges.lake import persons
from paywall.crm.visits import forget_visits
from paywall.mailings.clicks import forget_clicks


class Forget:
    """Writes the erasure; the next export takes the person out of every file."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer

    async def forget(
        self, venue_id: str, *, email: str = "", customer_id: str = "", external_id: str = ""
    ) -> int:
        """Erase by exactly one of the three; how many of their names the lake knew.

        0 means that no fact was there. Later imports refuse them all the same.
        """
        if sum(map(bool, (email, customer_id, external_id))) != 1:
            raise Invalid("email", "Say whom: one of --email, --customer or --external-id.")
        names = persons.pseudonyms(self._sealer, venue_id)
        out: set[str] = set()
        async with self._db.transaction() as tx:
            if email:
                email = normalise_email(email)
                # An import that knew nothing but the address named them by it.
                out |= {names.address(email), names.external(email)}
                customer_id = await _customer_of(tx, venue_id, email)
            if external_id:
                out.add(names.external(external_id))
            rows = await _persons(tx, venue_id, customer_id, external_id)
            customers = {row.customer_id for row in rows if row.customer_id} | {customer_id}
            for one in sorted(customers - {""}):
                out.add(names.customer(one))
                address = await _address_of(tx, venue_id, one)
                out |= {names.address(address), names.external(address)} if address else set()
            out |= {row.person for row in rows}
            out |= {names.external(row.external_id) for row in rows if row.external_id}
            await forget_visits(tx, sorted(customers - {""}))
            await forget_clicks(tx, sorted(customers - {""}))
            await persons.forget(tx, venue_id, out, self._clock.machine())
        return len(rows)


async def _customer_of(tx: Tx, venue_id: str, email: str) -> str:
    query = (
        select(Customer.id)
        .join(Account, Account.id == Customer.account_id)
        .where(Customer.venue_id == venue_id, Account.email == email)
    )
    return await tx.scalar(query) or ""


async def _address_of(tx: Tx, venue_id: str, customer_id: str) -> str:
    query = (
        select(Account.email)
        .join(Customer, Customer.account_id == Account.id)
        .where(Customer.venue_id == venue_id, Customer.id == customer_id)
    )
    return await tx.scalar(query) or ""


async def _persons(tx: Tx, venue_id: str, customer_id: str, external_id: str) -> list[Person]:
    """Rows of the person, by either name, and by the other name that those rows bring."""
    ours = Person.venue_id == venue_id
    which: list[ColumnElement[bool]] = []
    if customer_id:
        which.append(Person.customer_id == customer_id)
    if external_id:
        which.append(Person.external_id == external_id)
    found: dict[str, Person] = {}
    for condition in which:
        for row in await tx.scalars(select(Person).where(ours, condition)):
            found[row.person] = row
    others = {row.customer_id for row in found.values() if row.customer_id}
    if others:
        for row in await tx.scalars(select(Person).where(ours, Person.customer_id.in_(others))):
            found[row.person] = row
    return list(found.values())

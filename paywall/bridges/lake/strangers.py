"""People whom an import names by another system's ids or their address: who they are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select, update

from churn.pseudonym import Pseudonyms
from churn.tables import Person
from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx, padded
from paywall.accounts.tables import Account, Customer
from paywall.bridges.lake.persons import write_persons

Who = tuple[str, str]
"""The other system's id, and a normalised address; one of them may be empty."""
REMEMBERED_MOST = 300_000
_MANY = 500


class Strangers:
    """Pseudonyms for one venue's import.

    Somebody whom an earlier import named keeps that name; a customer found by address has the
    customer's; anybody else gets one from the other system's id, or from the address.
    """

    def __init__(
        self, db: Database, clock: Clock, venue_id: str, names: Pseudonyms, banned: set[str]
    ) -> None:
        self._db = db
        self._clock = clock
        self._venue_id = venue_id
        self._names = names
        self._banned = banned
        self._found: dict[Who, str | None] = {}

    async def named(self, who: set[Who], *, write: bool) -> dict[Who, str | None]:
        """A pseudonym for each, None for whom was erased; `write`: note down who is new."""
        new = sorted(one for one in who - self._found.keys() if any(one))
        if len(self._found) + len(new) > REMEMBERED_MOST:
            self._found = {one: self._found[one] for one in who if one in self._found}
        if new:
            async with self._db.read() as tx:
                known = await self._known(tx, [external for external, _ in new if external])
                customers = await self._customers(tx, [email for _, email in new if email])
            met: dict[str, tuple[str | None, str]] = {}
            for one in new:
                self._found[one] = self._name(one, known, customers, met)
            if write:
                await self._write(met)
        return self._found

    def _name(
        self,
        one: Who,
        known: dict[str, str],
        customers: dict[str, str],
        met: dict[str, tuple[str | None, str]],
    ) -> str | None:
        external, email = one
        if self._gone(external, email):
            return None
        customer_id = customers.get(email)
        if external in known:
            name = known[external]
        elif customer_id is not None:
            name = self._names.customer(customer_id)
            met[name] = (customer_id, external)
        else:
            name = self._names.external(external or email)
            met[name] = (None, external)
        return None if name in self._banned else name

    def _gone(self, external: str, email: str) -> bool:
        if external and self._names.external(external) in self._banned:
            return True
        return bool(email) and self._names.address(email) in self._banned

    async def _known(self, tx: Tx, external: list[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in _parts(external):
            query = select(Person.external_id, Person.person).where(
                Person.venue_id == self._venue_id, Person.external_id.in_(padded(part))
            )
            found |= {row.external_id: row.person for row in await tx.execute(query)}
        return found

    async def _customers(self, tx: Tx, emails: list[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in _parts(emails):
            query = (
                select(Account.email, Customer.id)
                .join(Customer, Customer.account_id == Account.id)
                .where(Customer.venue_id == self._venue_id, Account.email.in_(padded(part)))
            )
            found |= {row.email: row.id for row in await tx.execute(query)}
        return found

    async def _write(self, met: dict[str, tuple[str | None, str]]) -> None:
        kept = {name: both for name, both in met.items() if name not in self._banned}
        if not kept:
            return
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            await write_persons(tx, self._venue_id, kept, now)
            # A customer whom the export named first learns what the other system calls them.
            for name, (customer_id, external) in kept.items():
                if customer_id is not None and external:
                    ours = (Person.venue_id == self._venue_id) & (Person.person == name)
                    blank = update(Person).where(ours, Person.external_id == "")
                    await tx.execute(blank.values(external_id=external))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    distinct = sorted(set(values))
    return (distinct[n : n + _MANY] for n in range(0, len(distinct), _MANY))

"""Who may be reached now, and what time it is where they are."""

from __future__ import annotations

from collections.abc import Mapping

from babel.core import get_global
from sqlalchemy import ColumnElement, select

from churn.ports import Reach
from infra.kernel.db import Tx, padded
from paywall.accounts.consents import Purpose, consenting, refusing
from paywall.accounts.tables import Account, Customer
from paywall.catalogue.tables import Venue
from support_bot.case_tables import UNDECIDED, Case


async def reach(tx: Tx, venue_id: str, customers: Mapping[str, str]) -> dict[str, Reach]:
    """Of customers with their countries; those that are not this venue's are left out."""
    rows = (
        await tx.execute(
            select(Customer.id, Account.id, Account.email, Account.name, Account.email_proven_at)
            .join(Account, Account.id == Customer.account_id)
            .where(Customer.id.in_(padded(customers)), Customer.venue_id == venue_id)
        )
    ).all()
    accounts = [account for _, account, _, _, _ in rows]
    if not accounts:
        return {}
    venue_zone = await tx.scalar(select(Venue.timezone).where(Venue.id == venue_id)) or "UTC"
    agreed = await consenting(tx, venue_id, Purpose.MARKETING, accounts)
    refused = await refusing(tx, venue_id, Purpose.MARKETING, accounts)
    return {
        customer: Reach(
            agreed=account in agreed,
            refused=account in refused,
            proven=proven_at is not None,
            zone=_zone(customers[customer]) or venue_zone,
            name=name,
            email=email,
        )
        for customer, account, email, name, proven_at in rows
    }


def open_case(venue_id: str, customer_id: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Whether this customer has a case that nobody has settled, at this moment."""
    waiting = select(Case.customer_id).where(
        Case.venue_id == venue_id, Case.state.in_(UNDECIDED), Case.customer_id.is_not(None)
    )
    return customer_id.in_(waiting)


def _zone(country: str) -> str:
    """The time zone of a country that has only one (CLDR); empty elsewhere, as nobody told us."""
    zones = get_global("territory_zones").get(country.upper(), []) if country else []
    return zones[0] if len(zones) == 1 else ""

"""Movements of money as double-entry postings. The shapes are pure; `post` writes them.

Accounts: `processor:<gateway account>` what a processor owes us; `external` money taken at a till;
`venue` what we owe the venue; `tax` what the venue owes its state (kept apart, for its return);
`platform` the installation's share; `processor_fees` what processors kept, a cost of the venue;
`disputed` money that a bank took back while a dispute runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import msgspec
from sqlalchemy import func, select

from infra.kernel.db import Tx, add_rows
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.ledger.tables import Posting


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Sides of one movement: (account, amount), debits positive. They sum to zero."""

    venue_id: str
    test: bool
    kind: str
    order_id: str
    cause_id: str
    at: datetime
    sides: list[tuple[str, Money]]

    def __post_init__(self) -> None:
        assert self.sides, "a movement has sides"
        assert sum(money.minor for _, money in self.sides) == 0, f"unbalanced: {self.sides}"
        assert len({money.currency for _, money in self.sides}) == 1, "one currency a movement"


def shares(gross: Money, tax: Money, platform_fee_bps: int) -> dict[str, Money]:
    """How a sale divides: tax, the installation's share of the gross, and the venue's rest."""
    platform = gross.share(Fraction(platform_fee_bps, 10_000))
    return {"tax": tax, "platform": platform, "venue": gross - tax - platform}


def charge_sides(source: str, gross: Money, tax: Money, fee_bps: int) -> list[tuple[str, Money]]:
    """A payment of gross came in at `source` and is divided."""
    parts = shares(gross, tax, fee_bps)
    sides = [(source, gross)] + [(account, -part) for account, part in parts.items()]
    return [(account, money) for account, money in sides if money]


def fee_sides(source: str, fee: Money) -> list[tuple[str, Money]]:
    """The processor kept a fee."""
    return [("processor_fees", fee), (source, -fee)]


def give_back_sides(
    source: str, amount: Money, sale: dict[str, Money], back: Money, posted: dict[str, int]
) -> list[tuple[str, Money]]:
    """Part of a sale goes back out of `source`, each share bearing its part.

    `sale` are the shares of the whole sale, `back` all that has gone back with this amount
    included, and `posted` the minor units that earlier give-backs of the sale already took from
    each share. Working from totals keeps the parts of many small refunds, and of refunds that
    failed later (a negative amount), summing to the shares of the sale to the last unit.
    """
    names = list(sale)
    targets = back.split([sale[name].minor for name in names]) if back else [back] * len(names)
    sides = [(source, -amount)]
    for name, target in zip(names, targets, strict=True):
        sides.append((name, target - Money(posted.get(name, 0), amount.currency)))
    return [(account, money) for account, money in sides if money]


def dispute_sides(source: str, amount: Money) -> list[tuple[str, Money]]:
    """A bank took the money back while a dispute runs."""
    return [("disputed", amount), (source, -amount)]


def dispute_won_sides(source: str, amount: Money) -> list[tuple[str, Money]]:
    return [(source, amount), ("disputed", -amount)]


async def post(tx: Tx, movements: Sequence[Movement]) -> None:
    """Write movements in the transaction of the state that they explain (law 3)."""
    rows: list[dict[str, Any]] = []
    for movement in movements:
        movement_id = new_id("mov")
        rows.extend(
            {
                "id": new_id("pst"),
                "movement_id": movement_id,
                "venue_id": movement.venue_id,
                "test": movement.test,
                "kind": movement.kind,
                "account": account,
                "currency": money.currency,
                "minor": money.minor,
                "order_id": movement.order_id,
                "cause_id": movement.cause_id,
                "at": movement.at,
            }
            for account, money in movement.sides
        )
    await add_rows(tx, Posting, rows)


async def balances(tx: Tx, venue_id: str, *, test: bool) -> dict[tuple[str, str], int]:
    """Minor units by (account, currency) of one venue; debits positive."""
    query = (
        select(Posting.account, Posting.currency, func.sum(Posting.minor))
        .where(Posting.venue_id == venue_id, Posting.test == test)
        .group_by(Posting.account, Posting.currency)
        .order_by(Posting.account, Posting.currency)
    )
    return {(account, currency): int(s) for account, currency, s in await tx.execute(query)}


async def unbalanced(tx: Tx) -> list[tuple[str, str, int]]:
    """Movements whose postings do not sum to zero: (movement, currency, sum). Should be empty."""
    total = func.sum(Posting.minor)
    query = (
        select(Posting.movement_id, Posting.currency, total)
        .group_by(Posting.movement_id, Posting.currency)
        .having(total != 0)
        .limit(100)
    )
    return [(movement, currency, int(s)) for movement, currency, s in await tx.execute(query)]


async def posted_by_cause(tx: Tx, cause_ids: Sequence[str]) -> dict[str, int]:
    """Minor units by account of everything that these causes posted."""
    if not cause_ids:
        return {}
    query = (
        select(Posting.account, func.sum(Posting.minor))
        .where(Posting.cause_id.in_(cause_ids))
        .group_by(Posting.account)
    )
    return {account: int(s) for account, s in await tx.execute(query)}


async def posted_by_order(tx: Tx, order_id: str, kind: str) -> dict[str, int]:
    """Minor units by account of an order's movements of one kind."""
    query = (
        select(Posting.account, func.sum(Posting.minor))
        .where(Posting.order_id == order_id, Posting.kind == kind)
        .group_by(Posting.account)
    )
    return {account: int(s) for account, s in await tx.execute(query)}

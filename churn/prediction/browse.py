"""Who may leave, for pages: slices of today's people by score. Nothing of learning is imported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select

from churn.prediction.tables import Night, PastScore
from churn.tables import PERSON_TODAY
from infra.kernel.db import Tx
from infra.kernel.paging import Place, Slice, Wanted

HIGH_TIMES = 3.0
"""Times the venue's mean risk from which a risk is called high."""
RAISED_TIMES = 1.5
RISING_BY = 0.02
"""Two more in a hundred than a week before is called rising."""
DIGITS = 6


class Band(StrEnum):
    HIGH = "high"
    RAISED = "raised"
    LOW = "low"


class Order(StrEnum):
    """What the list is sorted by, the highest first."""

    RISK = "risk"
    PAYMENT = "payment_risk"


class Asked(msgspec.Struct, frozen=True):
    """What a list is narrowed to; empty: everybody that a model speaks of."""

    band: str = ""
    plan: str = ""
    rising: bool = False
    order: Order = Order.RISK


class Scored(msgspec.Struct, frozen=True):
    """One person's scores of today."""

    person: str
    customer_id: str | None
    as_of: datetime
    currency: str
    plan: str | None
    risk: float | None
    risk_before: float | None
    payment_risk: float | None
    value_month_minor: float | None
    reasons: list[dict[str, Any]]
    model_id: str

    def score(self, order: Order) -> float | None:
        return self.risk if order is Order.RISK else self.payment_risk

    @property
    def strongest(self) -> list[dict[str, Any]]:
        """The reasons, the one that moves the chance by most points first."""
        return sorted(self.reasons, key=lambda reason: -abs(reason["points"]))


_SCORED = [PERSON_TODAY.c[name] for name in Scored.__struct_fields__]


class Levels(msgspec.Struct, frozen=True):
    """The venue's people of today: how many have a risk, and the mean of it."""

    people: int
    mean: float

    def band(self, risk: float) -> Band:
        if risk >= self.mean * HIGH_TIMES:
            return Band.HIGH
        return Band.RAISED if risk >= self.mean * RAISED_TIMES else Band.LOW


async def levels(tx: Tx, venue_id: str, order: Order = Order.RISK) -> Levels:
    """Of the score that the list is sorted by."""
    column = PERSON_TODAY.c[order.value]
    query = select(func.count(column), func.avg(column)).where(PERSON_TODAY.c.venue_id == venue_id)
    people, mean = (await tx.execute(query)).one()
    return Levels(int(people), float(mean or 0.0))


async def plans(tx: Tx, venue_id: str) -> list[str]:
    """The plans of people with a risk."""
    plan = PERSON_TODAY.c.plan
    query = (
        select(plan)
        .where(PERSON_TODAY.c.venue_id == venue_id, PERSON_TODAY.c.risk.is_not(None), plan != "")
        .distinct()
        .order_by(plan)
        .limit(50)
    )
    return list(await tx.scalars(query))


async def listed(
    tx: Tx, venue_id: str, asked: Asked, found: Levels, wanted: Wanted
) -> Slice[Scored]:
    """A slice of people, the highest score first; of equal ones by pseudonym."""
    score = PERSON_TODAY.c[asked.order.value]
    query = select(*_SCORED).where(PERSON_TODAY.c.venue_id == venue_id, score.is_not(None))
    query = query.where(*_narrowed(asked, found, score))
    if wanted.after is not None:
        at, person = _place(wanted.after.id)
        query = query.where(or_(score < at, and_(score == at, PERSON_TODAY.c.person > person)))
    query = query.order_by(score.desc(), PERSON_TODAY.c.person).limit(wanted.limit + 1)
    rows = [Scored(*row) for row in await tx.execute(query)]
    if len(rows) <= wanted.limit:
        return Slice(rows, None)
    rows.pop()
    last = rows[-1].score(asked.order)
    return Slice(rows, Place(None, f"{last:.{DIGITS}f}|{rows[-1].person}"))


def _narrowed(
    asked: Asked, found: Levels, score: ColumnElement[Any]
) -> Sequence[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if asked.plan:
        chosen.append(PERSON_TODAY.c.plan == asked.plan)
    if asked.rising:
        before = PERSON_TODAY.c.risk_before
        chosen.append(PERSON_TODAY.c.risk - before >= RISING_BY)
    high, raised = found.mean * HIGH_TIMES, found.mean * RAISED_TIMES
    match asked.band:
        case Band.HIGH:
            chosen.append(score >= high)
        case Band.RAISED:
            chosen.append(and_(score >= raised, score < high))
        case Band.LOW:
            chosen.append(score < raised)
    return chosen


def _place(text: str) -> tuple[float, str]:
    """What a cursor says; a made-up one begins at the end."""
    score, _, person = text.partition("|")
    try:
        return float(score), person
    except ValueError:
        return -1.0, person


async def person_of(tx: Tx, venue_id: str, person: str) -> Scored | None:
    """By pseudonym."""
    return await _one(tx, venue_id, PERSON_TODAY.c.person == person)


async def of_customer(tx: Tx, venue_id: str, customer_id: str) -> Scored | None:
    """The customer's row of today, where the last run knew them."""
    return await _one(tx, venue_id, PERSON_TODAY.c.customer_id == customer_id)


async def _one(tx: Tx, venue_id: str, who: ColumnElement[bool]) -> Scored | None:
    query = select(*_SCORED).where(PERSON_TODAY.c.venue_id == venue_id, who)
    row = (await tx.execute(query.limit(1))).first()
    return None if row is None else Scored(*row)


async def past_of(tx: Tx, venue_id: str, person: str) -> Sequence[PastScore]:
    """What was said of the person before, the latest day first."""
    query = (
        select(PastScore)
        .where(PastScore.venue_id == venue_id, PastScore.person == person)
        .order_by(PastScore.day.desc())
    )
    return (await tx.scalars(query)).all()


async def night_of(tx: Tx, venue_id: str) -> Night | None:
    return await tx.get(Night, venue_id)

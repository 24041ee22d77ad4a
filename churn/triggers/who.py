"""The people whom a trigger concerns now, as queries over what is known of everybody today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Float, Select, and_, case, false, func, literal, or_, select
from sqlalchemy.engine import Row

from churn.ports import Acts, Reach
from churn.tables import PERSON_TODAY
from churn.triggers import acts as acts_of
from churn.triggers import conditions, occasions
from churn.triggers.arms import arm_of
from churn.triggers.tables import Arm, Assignment, Touch, TouchState, Trigger
from infra.kernel.db import Tx

ASSUMED_CHANCE = 0.05
"""Chance of leaving within a month where no model has scored the person: our assumption, measured
by nobody, and said as such on the page."""

P = PERSON_TODAY.c


class Why(StrEnum):
    """Why a person whom the condition fits is left alone."""

    NO_CUSTOMER = "no_customer"  # imported, and not known here
    OTHER_CURRENCY = "other_currency"
    NOT_WORTH = "not_worth"  # chance x value x uplift does not exceed the cost
    ALREADY = "already"  # had it, or was held out of it, in the time that has to pass
    RESTING = "resting"  # another action reached them lately
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    OPEN_CASE = "open_case"


class Plain(msgspec.Struct, frozen=True):
    """One candidate."""

    person: str
    customer_id: str | None
    country: str
    plan: str
    currency: str
    chance: float
    month_minor: float
    open_case: bool
    worth: bool
    already: bool
    resting: bool
    reasons: list[Any]
    scored: bool


def open_case(acts: Acts, venue_id: str) -> ColumnElement[int]:
    """1 while the person waits for support. The night's word counts only for those whom nobody
    knows here but through an import."""
    now = case((acts.open_case(venue_id, P.customer_id), 1), else_=0)
    return case((P.customer_id.is_(None), func.coalesce(P.open_case, 0)), else_=now)


def meets(trigger: Trigger, acts: Acts) -> ColumnElement[bool]:
    """Occasion and condition, at this venue."""
    live = {"open_case": open_case(acts, trigger.venue_id)}
    return and_(
        P.venue_id == trigger.venue_id,
        conditions.sql(occasions.condition(trigger.occasion, trigger.level), live),
        conditions.sql(conditions.read(trigger.who), live),
    )


def chance_of(trigger: Trigger) -> ColumnElement[float]:
    """Chance of losing the person, by the score that fits the occasion."""
    score = P[occasions.OCCASION[trigger.occasion].chance]
    return func.coalesce(score, literal(ASSUMED_CHANCE, Float()))


def month_value() -> ColumnElement[float]:
    """What the person brings a month: the model's figure, else the price, else the last year."""
    return func.coalesce(
        P.value_month_minor, P.price_month_minor, P.paid_365_minor / 12.0, literal(0.0, Float())
    )


def uplift_of(trigger: Trigger) -> float:
    """Share of leavers whom it keeps: as measured where that is sure, else as assumed."""
    bps = trigger.uplift_bps if trigger.measured_bps is None else trigger.measured_bps
    return bps / 10_000


def worth(trigger: Trigger) -> ColumnElement[bool]:
    """Expected money kept exceeds the cost. What costs nothing is done unless it does harm."""
    if trigger.cost_minor == 0:
        return literal(uplift_of(trigger) >= 0)
    gain = chance_of(trigger) * month_value() * trigger.value_months * uplift_of(trigger)
    return gain > trigger.cost_minor


def _already(trigger: Trigger, now: datetime) -> ColumnElement[bool]:
    drawn = select(Assignment.id).where(
        Assignment.trigger_id == trigger.id, Assignment.person == P.person
    )
    if trigger.again_after_days is not None:
        drawn = drawn.where(Assignment.at > now - timedelta(days=trigger.again_after_days))
    return drawn.exists()


def reached_lately(trigger: Trigger, person: Any, now: datetime) -> ColumnElement[bool]:
    """Whether any action of the venue reached the person within `rest_days`."""
    if trigger.rest_days == 0:
        return false()
    return (
        select(Touch.id)
        .where(
            Touch.venue_id == trigger.venue_id,
            Touch.person == person,
            Touch.acted_at > now - timedelta(days=trigger.rest_days),
        )
        .exists()
    )


def _resting(trigger: Trigger, now: datetime) -> ColumnElement[bool]:
    """Reached lately, or about to be by what another action has planned."""
    if trigger.rest_days == 0:
        return false()
    planned = (
        select(Touch.id)
        .where(
            Touch.venue_id == trigger.venue_id,
            Touch.person == P.person,
            Touch.state == TouchState.PLANNED,
        )
        .exists()
    )
    return or_(reached_lately(trigger, P.person, now), planned)


def _in_money(trigger: Trigger) -> ColumnElement[bool]:
    return or_(P.currency == trigger.currency, P.currency == "")


def candidates(trigger: Trigger, acts: Acts, now: datetime) -> Select[Any]:
    """Everybody whom the condition fits, with what decides about each, in the order of ids."""
    return (
        select(
            P.person,
            P.customer_id,
            P.country,
            P.plan,
            P.currency,
            open_case(acts, trigger.venue_id).label("open_case"),
            P.reasons,
            chance_of(trigger).label("chance"),
            month_value().label("month_minor"),
            P[occasions.OCCASION[trigger.occasion].chance].is_not(None).label("scored"),
            worth(trigger).label("worth"),
            _already(trigger, now).label("already"),
            _resting(trigger, now).label("resting"),
        )
        .where(meets(trigger, acts))
        .order_by(P.person)
    )


def eligible(trigger: Trigger, acts: Acts, now: datetime) -> Select[Any]:
    """Those of them whom nothing in the database's own rows excludes; consent is asked apart."""
    query = candidates(trigger, acts, now).where(
        P.customer_id.is_not(None),
        _in_money(trigger),
        worth(trigger),
        ~_already(trigger, now),
        ~_resting(trigger, now),
    )
    if trigger.not_during_case:
        query = query.where(open_case(acts, trigger.venue_id) == 0)
    return query


def plain(row: Row[Any]) -> Plain:
    return Plain(
        person=row.person,
        customer_id=row.customer_id,
        country=row.country or "",
        plan=row.plan or "",
        currency=row.currency,
        chance=float(row.chance),
        month_minor=float(row.month_minor),
        open_case=bool(row.open_case),
        worth=bool(row.worth),
        already=bool(row.already),
        resting=bool(row.resting),
        reasons=row.reasons or [],
        scored=bool(row.scored),
    )


def consent_lacks(trigger: Trigger, reach: Reach) -> Why | None:
    """A no stops everything, a notice too; anything but a notice also needs a yes."""
    if reach.refused:
        return Why.OPTED_OUT
    if acts_of.is_service(acts_of.read(trigger.act)):
        return None if reach.proven else Why.NO_CONSENT
    return None if reach.agreed else Why.NO_CONSENT


def judge(trigger: Trigger, one: Plain, reach: Reach | None) -> Why | None:
    """Why this person is left alone now; None: drawn into an arm."""
    if one.customer_id is None or reach is None:
        return Why.NO_CUSTOMER
    if one.currency not in ("", trigger.currency):
        return Why.OTHER_CURRENCY
    if one.already:
        return Why.ALREADY
    lacks = consent_lacks(trigger, reach)
    if lacks is not None:
        return lacks
    if trigger.not_during_case and one.open_case:
        return Why.OPEN_CASE
    if one.resting:
        return Why.RESTING
    return None if one.worth else Why.NOT_WORTH


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many people an action concerns today, step by step. Consent as of the last refresh."""

    meeting: int
    customers: int
    may_be_reached: int
    worth_it: int
    """... of whom nothing else stands in the way either: they would be drawn now."""
    held_out: int
    """... by the share; the coin decides for each."""
    unscored: int
    """Of those who meet: without a score, so that ASSUMED_CHANCE stands for it."""

    @property
    def treated(self) -> int:
        return self.worth_it - self.held_out


async def counts(tx: Tx, acts: Acts, trigger: Trigger, now: datetime) -> Counts:
    """One pass over the venue's people; nothing is written."""
    service = acts_of.is_service(acts_of.read(trigger.act))
    customer = P.customer_id.is_not(None)
    may = customer if service else and_(customer, P.may_write == 1)
    fits = and_(
        may,
        _in_money(trigger),
        worth(trigger),
        ~_already(trigger, now),
        ~_resting(trigger, now),
    )
    if trigger.not_during_case:
        fits = and_(fits, open_case(acts, trigger.venue_id) == 0)
    unscored = P[occasions.OCCASION[trigger.occasion].chance].is_(None)
    row = (
        await tx.execute(
            select(
                func.count().label("meeting"),
                *(
                    func.coalesce(func.sum(case((part, 1), else_=0)), 0).label(name)
                    for name, part in (
                        ("customers", customer),
                        ("may", may),
                        ("fits", fits),
                        ("unscored", unscored),
                    )
                ),
            )
            .select_from(PERSON_TODAY)
            .where(meets(trigger, acts))
        )
    ).one()
    drawn = int(row.fits)
    return Counts(
        meeting=int(row.meeting),
        customers=int(row.customers),
        may_be_reached=int(row.may),
        worth_it=drawn,
        held_out=round(drawn * trigger.holdout_bps / 10_000),
        unscored=int(row.unscored),
    )


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a dry run: the arm that the person would be drawn into, or why not."""

    person: str
    customer_id: str | None
    name: str
    email: str
    chance: float
    scored: bool
    month_minor: int
    arm: Arm | None
    why: Why | None


async def dry_run(
    tx: Tx, acts: Acts, trigger: Trigger, now: datetime, *, after: str = "", limit: int = 50
) -> list[Looked]:
    """The next people whom the condition fits, each judged as the run would; nothing is written."""
    rows = (
        await tx.execute(candidates(trigger, acts, now).where(P.person > after).limit(limit))
    ).all()
    found = [plain(row) for row in rows]
    reach = await reach_of(tx, acts, trigger.venue_id, found)
    return [_looked(trigger, one, reach.get(one.customer_id or "")) for one in found]


async def reach_of(tx: Tx, acts: Acts, venue_id: str, people: Sequence[Plain]) -> dict[str, Reach]:
    customers = {one.customer_id: one.country for one in people if one.customer_id is not None}
    return await acts.reach(tx, venue_id, customers) if customers else {}


def _looked(trigger: Trigger, one: Plain, reach: Reach | None) -> Looked:
    why = judge(trigger, one, reach)
    arm = arm_of(trigger.seed, one.person, trigger.holdout_bps) if why is None else None
    return Looked(
        person=one.person,
        customer_id=one.customer_id,
        name=reach.name if reach else "",
        email=reach.email if reach else "",
        chance=one.chance,
        scored=one.scored,
        month_minor=round(one.month_minor),
        arm=arm,
        why=why,
    )

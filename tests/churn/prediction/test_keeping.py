"""Trainings and scores in the database: one model in use, a way back, the past in few rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from ibis.expr.types import Table as Expression
from sqlalchemy import func, select

from churn.lake import Facts
from churn.prediction.causes import Cause
from churn.prediction.in_use import FILES_KEPT, ModelGone, current, put_in_use
from churn.prediction.keeping import keep, models_in_use, write_scores
from churn.prediction.night import score_venue, train_venue
from churn.prediction.nights import Scoring, begin, finish, release, training_is_due
from churn.prediction.scoring import Scores
from churn.prediction.tables import ModelFile, ModelRecord, ModelState, PastScore
from churn.prediction.training import Candidate, train_cause
from churn.store import Comparison
from churn.tables import PERSON_TODAY, PersonToday
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from tests.churn.prediction.lives import NOW, facts_of, few_features, subscribers
from tests.churn.prediction.test_training import past

VENUE, OTHER = "ven_1", "ven_2"
DAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def rules() -> Candidate:
    return train_cause(Cause.CHOICE, past(25), NOW)


async def states(db: Database) -> list[ModelState]:
    async with db.read() as tx:
        return list(await tx.scalars(select(ModelRecord.state).order_by(ModelRecord.trained_at)))


@pytest.mark.slow
async def test_a_training_takes_the_place_of_the_one_before_and_that_can_come_back(
    database: Database, rules: Candidate
) -> None:
    first = await keep(database, VENUE, rules, NOW)
    second = await keep(database, VENUE, rules, NOW + timedelta(days=7))
    await keep(database, OTHER, rules, NOW + timedelta(days=8))
    assert await states(database) == ["replaced", "current", "current"]
    models = await models_in_use(database, VENUE)
    assert models.id_of(Cause.CHOICE) == second.id
    opened = models.get(Cause.CHOICE)
    assert opened is not None
    assert np.array_equal(opened.judged.score(rules.rows), rules.chance)
    async with database.transaction() as tx:
        await put_in_use(tx, VENUE, first.id)
    assert await states(database) == ["current", "replaced", "current"]


@pytest.mark.slow
async def test_a_refused_model_is_kept_aside_and_old_bytes_are_given_up(
    database: Database, rules: Candidate
) -> None:
    first = await keep(database, VENUE, rules, NOW)
    bad = Comparison(500, 50, 0.2, 0.3, 0.1, 0.01)
    refused = msgspec.structs.replace(rules, comparison=bad)
    for week in range(1, FILES_KEPT + 3):
        await keep(database, VENUE, refused, NOW + timedelta(days=7 * week))
    async with database.read() as tx:
        assert (await current(tx, VENUE))[Cause.CHOICE].id == first.id
        assert await tx.scalar(select(func.count()).select_from(ModelFile)) == FILES_KEPT + 1
        oldest = select(ModelRecord.id).where(ModelRecord.state == ModelState.REFUSED)
        gone = await tx.scalar(oldest.order_by(ModelRecord.trained_at).limit(1))
    assert gone is not None
    async with database.transaction() as tx:
        with pytest.raises(ModelGone):
            await put_in_use(tx, VENUE, gone)


async def test_scores_are_written_twice_as_once_and_the_past_thins_out(
    database: Database, clock: HandClock
) -> None:
    async with database.transaction() as tx:
        for venue in (VENUE, OTHER):
            tx.add(PersonToday(venue_id=venue, person="ann", as_of=clock.machine(), reasons=[]))
    one = np.array([0.25, 0.5])
    reasons = [{"feature": "minutes_30", "value": 5.0, "points": 12.0}]
    scores = Scores(["ann", "gone"], one, one, np.array([np.nan, np.nan]), one * 1000,
                    [reasons, []])  # fmt: skip
    for back in (300, 20, 14, 11, 7, 3, 0, 0):
        assert await write_scores(database, VENUE, scores, "mdl", DAY - timedelta(days=back)) == 2
    columns = [PERSON_TODAY.c[name] for name in ("venue_id", "risk", "payment_risk", "reasons")]
    async with database.read() as tx:
        rows = (await tx.execute(select(*columns).order_by(PERSON_TODAY.c.venue_id))).all()
        query = select(PastScore.day).where(PastScore.person == "ann").order_by(PastScore.day)
        days = [DAY - day for day in await tx.scalars(query)]
    assert [tuple(row) for row in rows] == [(VENUE, 0.25, None, reasons), (OTHER, None, None, [])]
    # The 11th day back is a Monday; the 14th and 20th are none, the 300th is too long ago.
    assert [age.days for age in days] == [11, 7, 3, 0]


async def test_one_run_at_a_time_and_a_dead_one_is_taken_over(
    database: Database, clock: HandClock
) -> None:
    now = clock.machine()
    async with database.transaction() as tx:
        dead = await begin(tx, VENUE, now)
        assert training_is_due(dead, now)
    async with database.transaction() as tx:
        with pytest.raises(Scoring):
            await begin(tx, VENUE, now + timedelta(hours=1))
    async with database.transaction() as tx:
        alive = await begin(tx, VENUE, now + timedelta(hours=4))
    async with database.transaction() as tx:
        await finish(tx, dead, now)
        await release(tx, dead)
    async with database.transaction() as tx:
        with pytest.raises(Scoring):
            await begin(tx, VENUE, now + timedelta(hours=5))
    async with database.transaction() as tx:
        await finish(tx, alive, now + timedelta(hours=4))
    async with database.transaction() as tx:
        await begin(tx, VENUE, now + timedelta(hours=5))


@pytest.mark.slow
async def test_a_night_trains_and_scores_everybody(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("the statements are the same; once is enough")
    facts = facts_of(subscribers(90))
    people = few_features(facts).select("person").to_pyarrow()["person"].to_pylist()
    async with database.transaction() as tx:
        for person in people:
            tx.add(PersonToday(venue_id=VENUE, person=person, as_of=NOW, reasons=[]))
    found = await train_venue(database, VENUE, facts, few_features)
    assert set(found.made) | set(found.too_few) == {Cause.CHOICE, Cause.PAYMENT}
    assert Cause.CHOICE in found.made
    asked: list[datetime] = []
    given: list[pa.Table] = []

    def counted(of: Facts) -> Expression:
        asked.append(of.as_of)
        return few_features(of)

    async def refresh(known: pa.Table) -> None:
        given.append(known)

    scored = await score_venue(database, VENUE, facts, counted, refresh=refresh)
    assert asked == [NOW, NOW - timedelta(days=7)], "what is known today is computed once"
    assert sorted(given[0]["person"].to_pylist()) == sorted(people)
    async with database.read() as tx:
        risk = PERSON_TODAY.c.risk
        told = (await tx.execute(select(func.count(risk), func.min(risk), func.max(risk)))).one()
    assert told[0] == scored > 0
    assert 0 <= told[1] < told[2] <= 1

"""Puts trainings and scores into the database, and takes the models in use out of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import bindparam, delete, select, update

from churn.prediction.card import figures_of, markdown
from churn.prediction.causes import Cause
from churn.prediction.in_use import current, give_up_old_files, step_aside
from churn.prediction.packing import packed, unpacked
from churn.prediction.scoring import Scores
from churn.prediction.tables import ModelFile, ModelRecord, ModelState, PastScore
from churn.prediction.training import Candidate, Kept
from churn.tables import PERSON_TODAY, PersonToday
from infra.kernel.db import Database, add_rows
from infra.kernel.ids import new_id

BATCH = 1000
"""People a transaction: others write in between."""
DAYS_KEPT = 8
WEEKS_KEPT = 26


class InUse:
    """The models in use at a venue, opened, with their ids."""

    def __init__(self, models: dict[Cause, tuple[str, Kept]]) -> None:
        self._models = models

    def get(self, cause: Cause) -> Kept | None:
        found = self._models.get(cause)
        return None if found is None else found[1]

    def id_of(self, cause: Cause) -> str:
        found = self._models.get(cause)
        return "" if found is None else found[0]


async def models_in_use(db: Database, venue_id: str) -> InUse:
    """Read and opened; UntrustedModel where the bytes are none of ours."""
    async with db.read() as tx:
        records = await current(tx, venue_id)
        contents = {
            cause: (record.id, (await tx.get_one(ModelFile, record.id)).content)
            for cause, record in records.items()
        }
    return InUse({cause: (id_, unpacked(raw, id_)) for cause, (id_, raw) in contents.items()})


async def keep(db: Database, venue_id: str, candidate: Candidate, now: datetime) -> ModelRecord:
    """The training with its card; in use from now on unless it is refused."""
    kept, content = candidate.kept, packed(candidate.kept)
    record = ModelRecord(
        id=new_id("mdl"), venue_id=venue_id, cause=kept.cause,
        state=ModelState.REFUSED if candidate.refused else ModelState.CURRENT, trained_at=now,
        learned_from=kept.learned_from, learned_until=kept.learned_until,
        judged_from=kept.judged_from, figures=figures_of(candidate), card=markdown(candidate),
    )  # fmt: skip
    async with db.transaction() as tx:
        if not candidate.refused:
            await step_aside(tx, venue_id, kept.cause)
        tx.add(record)
        tx.add(ModelFile(model_id=record.id, venue_id=venue_id, content=content))
        await tx.flush()
        await give_up_old_files(tx, venue_id, kept.cause)
    return record


_TOLD = (
    update(PersonToday.metadata.tables[PersonToday.__tablename__])
    .where(
        PERSON_TODAY.c.venue_id == bindparam("of_venue"),
        PERSON_TODAY.c.person == bindparam("of_person"),
    )
    .values(
        {
            name: bindparam(f"to_{name}")
            for name in (
                *("risk", "risk_before", "payment_risk", "value_month_minor"),
                *("reasons", "model_id"),
            )
        }
    )
)


async def write_scores(
    db: Database, venue_id: str, scores: Scores, model_id: str, day: date
) -> int:
    """Everybody's scores into their row of today and into the past. Done twice, it is the same.

    How many people have a risk. A person without a row of today is passed over.
    """
    rows = [_row(venue_id, scores, at, model_id) for at in range(len(scores.person))]
    past = [_past(venue_id, scores, at, day) for at in range(len(scores.person))]
    told = [row for row in past if row["risk"] is not None or row["payment_risk"] is not None]
    async with db.transaction() as tx:
        await tx.execute(
            delete(PastScore).where(PastScore.venue_id == venue_id, PastScore.day == day)
        )
    for start in range(0, len(rows), BATCH):
        async with db.transaction() as tx:
            await tx.execute(_TOLD, rows[start : start + BATCH])
    for start in range(0, len(told), BATCH):
        async with db.transaction() as tx:
            await add_rows(tx, PastScore, told[start : start + BATCH])
    await forget_days(db, venue_id, day)
    return int(np.sum(~np.isnan(scores.risk)))


async def forget_days(db: Database, venue_id: str, today: date) -> None:
    """Of past scores keep the last eight days, then Mondays of half a year."""
    async with db.read() as tx:
        query = select(PastScore.day).where(PastScore.venue_id == venue_id).distinct()
        days: Sequence[date] = (await tx.scalars(query)).all()
    for day in days:
        age = today - day
        if age < timedelta(days=DAYS_KEPT):
            continue
        if day.weekday() == 0 and age <= timedelta(weeks=WEEKS_KEPT):
            continue
        async with db.transaction() as tx:
            await tx.execute(
                delete(PastScore).where(PastScore.venue_id == venue_id, PastScore.day == day)
            )


def _row(venue_id: str, scores: Scores, at: int, model_id: str) -> dict[str, Any]:
    return {
        "of_venue": venue_id,
        "of_person": scores.person[at],
        "to_risk": _known(scores.risk[at]),
        "to_risk_before": _known(scores.risk_before[at]),
        "to_payment_risk": _known(scores.payment_risk[at]),
        "to_value_month_minor": _known(scores.value_month_minor[at]),
        "to_reasons": scores.reasons[at],
        "to_model_id": model_id,
    }


def _past(venue_id: str, scores: Scores, at: int, day: date) -> dict[str, Any]:
    return {
        "venue_id": venue_id,
        "person": scores.person[at],
        "day": day,
        "risk": _known(scores.risk[at]),
        "payment_risk": _known(scores.payment_risk[at]),
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)

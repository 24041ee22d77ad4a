"""A venue's night: train where a week has passed, score everybody. Runs in a process of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pyarrow as pa

from churn.evaluate import Told, no_news
from churn.lake import Facts
from churn.prediction.causes import WEEK, Cause
from churn.prediction.keeping import InUse, keep, models_in_use, write_scores
from churn.prediction.outcomes import people_of, sells_subscriptions
from churn.prediction.rows import COLUMNS, Features, frame_of, known_of, past_rows
from churn.prediction.scoring import Known, score
from churn.prediction.tables import ModelRecord
from churn.prediction.training import train_cause
from churn.problems import TooFewRows
from infra.kernel.db import Database

Refresh = Callable[[pa.Table], Awaitable[object]]
"""Puts everybody's features of today where pages read them: given the whole table of them."""


class Trainings(msgspec.Struct):
    """What came of the trainings of a venue, by cause."""

    made: dict[Cause, ModelRecord]
    too_few: dict[Cause, str]
    """Why there is none, in a sentence."""


async def train_venue(
    db: Database, venue_id: str, facts: Facts, features: Features, told: Told = no_news
) -> Trainings:
    """Train every cause that the venue has people for, as of the facts' moment; keep what came."""
    before = await models_in_use(db, venue_id)
    found = Trainings({}, {})
    for cause, rows in past_rows(causes_of(facts), facts, features, facts.as_of, told=told).items():
        try:
            candidate = train_cause(cause, rows, facts.as_of, before=before.get(cause), told=told)
        except TooFewRows as few:
            found.too_few[cause] = few.detail
            continue
        found.made[cause] = await keep(db, venue_id, candidate, facts.as_of)
    return found


def causes_of(facts: Facts) -> list[Cause]:
    """Silence stands in for leaving where nothing is subscribed to."""
    if sells_subscriptions(facts):
        return [Cause.CHOICE, Cause.PAYMENT]
    return [Cause.SILENCE]


async def score_venue(
    db: Database,
    venue_id: str,
    facts: Facts,
    features: Features,
    *,
    refresh: Refresh | None = None,
    told: Told = no_news,
) -> int:
    """Everybody's features and scores of the facts' moment. How many people have a risk."""
    told("what is known of everybody", 0, 4)
    known = features(facts).to_pyarrow()
    if refresh is not None:
        told("rows and figures for the pages", 1, 4)
        await refresh(known)
    models = await models_in_use(db, venue_id)
    leaving = _leaving(models, facts)
    today = Known(frame_of(known.select(COLUMNS)), _spoken_of(leaving, facts))
    told("what was known a week before", 2, 4)
    before = facts.at(facts.as_of - WEEK)
    earlier = Known(known_of(before, features), _spoken_of(leaving, before))
    told("scores and reasons", 3, 4)
    scores = score(models.get(leaving), models.get(Cause.PAYMENT), today, earlier)
    day = facts.as_of.date()
    return await write_scores(db, venue_id, scores, models.id_of(leaving), day)


def _leaving(models: InUse, facts: Facts) -> Cause:
    for cause in (Cause.CHOICE, Cause.SILENCE):
        if cause in causes_of(facts) and models.get(cause) is not None:
            return cause
    return Cause.CHOICE


def _spoken_of(leaving: Cause, facts: Facts) -> frozenset[str]:
    """Of whom the model speaks as of the facts' moment."""
    return frozenset(people_of(leaving, facts).to_pyarrow()["person"].to_pylist())

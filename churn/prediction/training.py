"""One training of one cause: learn on earlier dates, judge on the latest, then learn from all."""

from __future__ import annotations

from datetime import datetime

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.columns import Schema, typed
from churn.derive import DaysBetween, Plan
from churn.drift import LARGE, Spread, moved, spreads
from churn.evaluate import Evaluation, Told, evaluate_on, no_news
from churn.explain import Background, background_of
from churn.fairness import by_group
from churn.figures import bands
from churn.label import Label
from churn.pipeline import LEAVERS_MIN, Method, Model, Shape, learn, method_for
from churn.prediction.causes import WINDOW, Cause
from churn.prediction.rows import Rows, schema_for, split_dates
from churn.problems import TooFewRows
from churn.reading import Source
from churn.report import Report
from churn.rules import in_words
from churn.store import Comparison, compared

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAVERS_JUDGED = 100
"""Judged on the latest date alone where so many of its people left, else on more dates."""
WORSE_BY_SHARE = 0.01
"""Of the old log loss: less is no reason to keep an older model."""
FAIR = ("country", "language")
CARD_BEYOND_RENEWAL = DaysBetween(
    "card_outlives_renewal_days", "renews_in_days", "card_expires_in_days"
)


class Kept(msgspec.Struct):
    """All that a later training and every scoring need of a model."""

    cause: Cause
    model: Model
    judged: Model
    """Learned up to where judging began: what a comparison on later rows may ask."""
    report: Report
    background: Background
    spreads: dict[str, Spread]
    learned_from: datetime
    learned_until: datetime
    """The end of the last window that `model` learned from; `judged_from` is that of `judged`."""
    judged_from: datetime


class Candidate(msgspec.Struct):
    """A fresh model with the rows that it was judged on."""

    kept: Kept
    rows: pd.DataFrame
    """Features of the judged rows."""
    left: Floats
    chance: Floats
    comparison: Comparison | None = None
    """With the model in use, where there is one."""

    @property
    def refused(self) -> bool:
        """Worse beyond chance, and by enough to matter: two trainings on nearly the same rows
        differ by next to nothing with next to no spread."""
        found = self.comparison
        return (
            found is not None
            and found.clearly_worse
            and found.worse_by > WORSE_BY_SHARE * found.old_log_loss
        )


def train_cause(
    cause: Cause, rows: Rows, now: datetime, *, before: Kept | None = None, told: Told = no_news
) -> Candidate:
    """The story of a training. TooFewRows, with a sentence, where there is too little past."""
    frame = rows.frame
    learned, judged = _split(cause, rows)
    left = frame["left"].to_numpy(dtype=float)
    earlier = frame["as_of"].isin(learned).to_numpy()
    later = frame["as_of"].isin(judged).to_numpy()
    # The shape too is decided by what was known when judging began.
    shape = _shape(cause, schema_for(frame[earlier], len(learned)))
    table, _ = typed(frame, shape.schema)
    people = np.asarray(pd.factorize(frame["person"])[0], dtype=np.int64)
    told("learning from earlier dates", 0, 2)
    trial = _learn(table, left, shape, people, earlier)
    chance = trial.chances(table[later])
    how = f"on {_days(judged)}, learned until {_day(judged[0])}"
    evaluation = evaluate_on(left[later], chance, how)
    told("learning from all dates", 1, 2)
    shape = _shape(cause, schema_for(frame, len(rows.dates)))
    table, _ = typed(frame, shape.schema)
    model = _learn(table, left, shape, people, np.ones(len(frame), dtype=bool))
    drift = {} if before is None else moved(before.spreads, table)
    comparison = _compare(before, frame[later], left[later], chance, judged[0])
    report = _report(cause, rows, model, evaluation, now)
    report = msgspec.structs.replace(
        report,
        notes=tuple(_notes(rows, trial, model, left, drift)),
        calibration=tuple(bands(left[later], chance)),
        fairness=tuple(by_group(frame[later], left[later], chance, FAIR)),
        drift=drift,
    )
    kept = Kept(
        cause, model, trial, report, background_of(table, shape.schema),
        spreads(table, shape.schema), rows.dates[0], rows.dates[-1] + WINDOW[cause], judged[0],
    )  # fmt: skip
    return Candidate(kept, frame[later], left[later], chance, comparison)


def _split(cause: Cause, rows: Rows) -> tuple[list[datetime], list[datetime]]:
    frame = rows.frame
    if not len(frame):
        raise TooFewRows(_TOO_LITTLE[cause].format(what="nothing yet"))
    learned, judged = split_dates(
        rows.dates, frame["left"], frame["as_of"], WINDOW[cause], LEAVERS_JUDGED
    )
    for dates, part in ((learned, "to learn from"), (judged, "to judge on")):
        left = frame["left"][frame["as_of"].isin(dates)]
        least = LEAVERS_MIN if part == "to learn from" else 2
        if min(left.sum(), len(left) - left.sum()) < least:
            what = f"{int(left.sum())} of {len(left)} on {len(dates)} dates {part}"
            raise TooFewRows(_TOO_LITTLE[cause].format(what=what))
    return learned, judged


_TOO_LITTLE = {
    Cause.CHOICE: "Too few people left by choice to learn from: {what}. A few months more are "
    "needed, or an import of the past.",
    Cause.PAYMENT: "Too few renewals failed to learn from: {what}. A few months more are needed, "
    "or an import of the past.",
    Cause.SILENCE: "Too little is known of who fell silent: {what}. A season more is needed, or "
    "an import of the past.",
}


def _shape(cause: Cause, schema: Schema) -> Shape:
    gap = CARD_BEYOND_RENEWAL
    known = {gap.earlier, gap.later} <= set(schema.names)
    return Shape(schema, Plan(gaps=(gap,) if cause is Cause.PAYMENT and known else ()))


def _learn(
    table: pd.DataFrame, left: Floats, shape: Shape, people: Ints, chosen: npt.NDArray[np.bool_]
) -> Model:
    method, _ = method_for(left[chosen])
    rows = np.flatnonzero(chosen)
    alone = len(np.unique(people[rows])) == len(rows)
    return learn(
        table.iloc[rows], left[rows], shape, method, groups=None if alone else people[rows]
    )


def _compare(
    before: Kept | None, rows: pd.DataFrame, left: Floats, chance: Floats, judged_from: datetime
) -> Comparison | None:
    """Neither side may have learned from the judged windows. The model in use has, where it was
    trained lately: then its twin speaks, which learned up to where its own judging began."""
    if before is None:
        return None
    fair = before.model if before.learned_until <= judged_from else before.judged
    return compared(left, fair.score(rows), chance)


def _report(
    cause: Cause, rows: Rows, model: Model, evaluation: Evaluation, now: datetime
) -> Report:
    parts = (
        tuple(in_words(model.fitted))
        if model.method is Method.RULES
        else tuple(
            f"{name} x {weight:.2f}"
            for name, weight in zip(model.fitted.used_, model.fitted.weights_, strict=True)
        )
    )
    return Report(
        **msgspec.structs.asdict(evaluation.figures),
        saved_share=None,
        low=msgspec.structs.asdict(evaluation.low),
        high=msgspec.structs.asdict(evaluation.high),
        evaluation=evaluation.how,
        method=model.method.value,
        method_parts=parts,
        rows=len(rows.frame),
        leavers=int(rows.frame["left"].sum()),
        judged_rows=evaluation.rows,
        judged_leavers=evaluation.leavers,
        notes=(),
        label=Label(cause.value, "1", 0, ("0",)),
        sources=(Source(f"the facts, {_days(rows.dates)}", len(rows.frame)),),
        trained_at=now.isoformat(timespec="seconds"),
        columns=model.shape.schema.columns,
        left_out=model.shape.schema.left_out,
        suspects=(),
        derived=tuple(gap.name for gap in model.shape.plan.gaps),
        calibration=(),
        fairness=(),
        savings=None,
        terms=None,
        drift={},
    )


def _notes(
    rows: Rows, trial: Model, model: Model, left: Floats, drift: dict[str, float]
) -> list[str]:
    notes = [sentence] if (sentence := method_for(left)[1]) else []
    if trial.method is not model.method:
        notes.append(
            f"Judged with {trial.method.value}, since the earlier dates alone hold fewer leavers; "
            f"in use is {model.method.value}, learned from all dates."
        )
    if rows.drawn < 1:
        notes.append(f"{rows.drawn:.0%} of people were drawn, with all their dates.")
    changed = [f"{name} ({psi:.2f})" for name, psi in drift.items() if psi > LARGE]
    if changed:
        notes.append(
            "Differently spread than when the model in use learned: " + ", ".join(changed[:8]) + "."
        )
    return notes


def _day(at: datetime) -> str:
    return at.date().isoformat()


def _days(dates: list[datetime]) -> str:
    if len(dates) == 1:
        return _day(dates[0])
    return f"{len(dates)} dates from {_day(dates[0])} to {_day(dates[-1])}"

"""The story of one training: read, look for traps, judge on unseen rows, learn from all of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.columns import LeftOut, Schema, read_schema, typed
from churn.derive import plan_for
from churn.drift import LARGE, moved, spreads
from churn.evaluate import Evaluation, Told, cross_validate, evaluate_on, no_news
from churn.explain import background_of
from churn.fairness import by_group
from churn.figures import bands
from churn.label import Label, read_label
from churn.leaks import Suspicion, find_leaks
from churn.money import Savings, Terms, savings
from churn.pipeline import Method, Model, Shape, learn, method_for
from churn.problems import NothingToLearnFrom
from churn.reading import Source, column_named, read_table
from churn.report import Beside, Report
from churn.rules import in_words
from churn.values import as_levels, as_numbers, decimal_mark, is_text

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TOO_GOOD = 0.99


class Task(msgspec.Struct, frozen=True):
    """What is asked of a training; the names are those of the command's options."""

    label: str
    positive: str = ""
    id: str = ""
    value: str = ""
    """A column, or a number that holds for everybody."""
    terms: Terms | None = None
    keep_leaking: bool = False
    leave_out: tuple[str, ...] = ()
    fair: tuple[str, ...] = ()
    seed: int = 1


class Trained(msgspec.Struct):
    """A model, its report, and the judged rows that a comparison with another model needs."""

    model: Model
    report: Report
    beside: Beside
    judged: pd.DataFrame
    """Raw rows, in the order of the next two."""
    left: Floats
    chance: Floats
    """Out of fold, or on the test table."""
    learned: pd.DataFrame
    """Raw rows learned from."""
    learned_left: Floats
    learned_chance: Floats
    """Their out-of-fold chances; NaN where there is none."""


class _Rows(msgspec.Struct):
    """One table as training sees it."""

    frame: pd.DataFrame
    left: Floats
    label: Label
    source: Source


def train_from_csv(
    file: Path, task: Task, now: datetime, *, test: Path | None = None, told: Told = no_news
) -> Trained:
    """Train on one file and judge by repeated folds, or on `test` where one is given."""
    frame, source = read_table(file)
    other = None if test is None else read_table(test)
    return train(frame, source, task, now, test=other, told=told)


def train(
    frame: pd.DataFrame,
    source: Source,
    task: Task,
    now: datetime,
    *,
    test: tuple[pd.DataFrame, Source] | None = None,
    told: Told = no_news,
) -> Trained:
    """The same for any frame, the product's own features included. `now` dates the card."""
    rows = _rows(frame, source, task, "")
    method, too_few = method_for(rows.left)
    besides = _besides(rows.frame, rows.label.column, task)
    told("looking at the columns", 0, 1)
    shape, table, suspects = _shape(rows, besides, task)
    groups, group_note = _groups(rows.frame, task)
    if test is None:
        evaluation, chance = cross_validate(
            table, rows.left, shape, method, groups=groups, seed=task.seed, told=told
        )
        judged, learned_chance = rows, chance
    told("learning from all rows", 0, 1)
    model = learn(table, rows.left, shape, method, groups=groups, seed=task.seed)
    notes: list[str] = []
    drift: dict[str, float] = {}
    sources: tuple[Source, ...] = (source,)
    if test is not None:
        judged = _rows(test[0], test[1], task, rows.label.positive)
        there, differences = shape.read(judged.frame)
        chance = model.chances(there)
        evaluation = evaluate_on(judged.left, chance, f"on {judged.source.name}")
        notes += _differences(differences.missing, differences.extra, judged.label.column)
        drift = moved(spreads(table, shape.schema), there)
        learned_chance, sources = np.full(len(table), np.nan), (source, test[1])
    known = ~np.isnan(chance)
    judged_frame, left, chance = judged.frame[known], judged.left[known], chance[known]
    saved, money_notes = _saved(judged_frame, left, chance, task)
    report = _report(evaluation, rows, shape, model, suspects, now)
    report = msgspec.structs.replace(
        report,
        notes=(
            *([too_few] if too_few else []),
            *_notes(rows, shape.schema, suspects, evaluation, drift),
            *([group_note] if group_note else []),
            *notes,
            *money_notes,
        ),
        sources=sources,
        calibration=tuple(bands(left, chance)),
        fairness=tuple(by_group(judged_frame, left, chance, _fair(judged_frame, task))),
        savings=saved,
        saved_share=None if saved is None else saved.by_score.saved_share,
        terms=task.terms,
        drift=drift,
    )
    beside = Beside(background_of(table, shape.schema), spreads(table, shape.schema))
    return Trained(
        model,
        report,
        beside,
        judged_frame,
        left,
        chance,
        rows.frame,
        rows.left,
        learned_chance,
    )


def _rows(frame: pd.DataFrame, source: Source, task: Task, positive: str) -> _Rows:
    column = column_named(frame, task.label, "label")
    left, label = read_label(frame[column], column, positive or task.positive)
    known = ~np.isnan(left)
    return _Rows(frame[known].reset_index(drop=True), left[known], label, source)


def _besides(frame: pd.DataFrame, label: str, task: Task) -> set[str]:
    """Columns with a part of their own."""
    named = {label}
    if task.id:
        named.add(column_named(frame, task.id, "id"))
    return named | {column_named(frame, name, "leave-out") for name in task.leave_out}


def _shape(
    rows: _Rows, besides: set[str], task: Task
) -> tuple[Shape, pd.DataFrame, list[Suspicion]]:
    schema = read_schema(rows.frame, besides)
    asked = [LeftOut(name, "asked", "Left out by --leave-out.") for name in task.leave_out]
    if task.id:
        asked.append(LeftOut(column_named(rows.frame, task.id, "id"), "id", "Names the person."))
    table, _ = typed(rows.frame, schema)
    leaks, suspects = find_leaks(table, schema, rows.left, rows.label.column)
    if task.keep_leaking:
        suspects = [*leaks, *suspects]
    else:
        schema = schema.without(leaks)
    schema = schema.without(asked)
    if not schema.columns:
        why = "; ".join(f"{gone.name}: {gone.detail}" for gone in schema.left_out[:10])
        raise NothingToLearnFrom(f"No column is left to learn from. {why}", field="from_csv")
    return Shape(schema, plan_for(schema)), table[schema.names], suspects


def _groups(frame: pd.DataFrame, task: Task) -> tuple[Ints | None, str]:
    """Numbers of people, where some have several rows."""
    if not task.id:
        return None, ""
    codes, people = pd.factorize(as_levels(frame[column_named(frame, task.id, "id")]))
    if len(people) == len(frame):
        return None, ""
    return np.asarray(codes, dtype=np.int64), (
        f"{len(people)} people have {len(frame)} rows: all rows of one person are judged together."
    )


def value_of(frame: pd.DataFrame, asked: str) -> tuple[Floats, str]:
    """What each person is worth: a column's numbers, or one number for everybody."""
    try:
        return np.full(len(frame), float(asked.replace(",", "."))), ""
    except ValueError:
        name = column_named(frame, asked, "value")
    values = frame[name]
    mark = decimal_mark(values.astype(str), ".")[0] if is_text(values) else "."
    numbers = as_numbers(values, mark)
    holes = int(np.isnan(numbers).sum())
    note = f"{holes} people have no {name}: the median stands in." if holes else ""
    return numbers, note


def _saved(
    frame: pd.DataFrame, left: Floats, chance: Floats, task: Task
) -> tuple[Savings | None, list[str]]:
    if not task.value or task.terms is None:
        return None, []
    value, note = value_of(frame, task.value)
    return savings(left, chance, value, task.terms), [note] if note else []


def _fair(frame: pd.DataFrame, task: Task) -> list[str]:
    return [column_named(frame, name, "fair") for name in task.fair]


def _differences(missing: tuple[str, ...], extra: tuple[str, ...], label: str) -> list[str]:
    notes = []
    if missing:
        notes.append(f"The test table lacks {', '.join(missing)}: taken as empty.")
    beyond = [name for name in extra if name != label]
    if beyond:
        shown = ", ".join(beyond[:10]) + (" ..." if len(beyond) > 10 else "")
        notes.append(f"The test table has further columns, ignored: {shown}.")
    return notes


def _notes(
    rows: _Rows,
    schema: Schema,
    suspects: list[Suspicion],
    evaluation: Evaluation,
    drift: dict[str, float],
) -> list[str]:
    notes = []
    for gone in schema.left_out:
        if gone.why == "leak":
            notes.append(f"{gone.name} was left out. {gone.detail} --keep-leaking keeps it.")
    notes += [
        f"Look at {one.name}: {one.detail} Is it known before they leave?" for one in suspects
    ]
    if evaluation.figures.roc_auc > TOO_GOOD:
        notes.append(
            "These figures are too good to be true: look for columns that are only known after "
            "somebody left."
        )
    if rows.label.rows_without:
        notes.append(f"{rows.label.rows_without} rows without an outcome were not used.")
    if len(rows.label.others) > 1:
        notes.append(f"These count as staying: {', '.join(rows.label.others[:8])}.")
    if rows.source.rows_skipped:
        notes.append(f"{rows.source.rows_skipped} lines with too many fields were skipped.")
    changed = [f"{name} ({psi:.2f})" for name, psi in drift.items() if psi > LARGE]
    if changed:
        notes.append(f"Differently spread in the test table: {', '.join(changed[:8])}.")
    return notes


def _report(
    evaluation: Evaluation,
    rows: _Rows,
    shape: Shape,
    model: Model,
    suspects: list[Suspicion],
    now: datetime,
) -> Report:
    parts: tuple[str, ...] = ()
    if model.method is not Method.RULES:
        weights = zip(model.fitted.used_, model.fitted.weights_, strict=True)
        parts = tuple(f"{name} x {weight:.2f}" for name, weight in weights)
    else:
        parts = tuple(in_words(model.fitted))
    return Report(
        **msgspec.structs.asdict(evaluation.figures),
        saved_share=None,
        low=msgspec.structs.asdict(evaluation.low),
        high=msgspec.structs.asdict(evaluation.high),
        evaluation=evaluation.how,
        method=model.method.value,
        method_parts=parts,
        rows=len(rows.left),
        leavers=int(rows.left.sum()),
        judged_rows=evaluation.rows,
        judged_leavers=evaluation.leavers,
        notes=(),
        label=rows.label,
        sources=(rows.source,),
        trained_at=now.isoformat(timespec="seconds"),
        columns=shape.schema.columns,
        left_out=shape.schema.left_out,
        suspects=tuple(suspects),
        derived=tuple(total.name for total in shape.plan.sums)
        + tuple(gap.name for gap in shape.plan.gaps),
        calibration=(),
        fairness=(),
        savings=None,
        terms=None,
        drift={},
    )

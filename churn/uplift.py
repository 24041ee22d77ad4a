"""The story of an uplift training: a randomised trial in, whom to treat and a verdict out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr
from scipy.stats.contingency import chi2_contingency
from sklearn.model_selection import StratifiedKFold

from churn.columns import Column, Kind, LeftOut, Schema, read_schema, typed
from churn.evaluate import Told, no_news
from churn.label import Label, read_label
from churn.learners import ARM_MIN, Learned, Uplifts, learn_uplift
from churn.problems import NothingToLearnFrom, TooFewRows, UnclearLabel
from churn.qini import Interval, effect, qini_interval
from churn.reading import Source, column_named, read_table
from churn.values import as_levels, as_numbers, decimal_mark, is_text
from churn.verdict import verdict

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FOLDS = 5
UNBALANCED = 1e-6
"""A column that differs between the arms with less chance than this was written after treating."""
PURE_ROWS = 30
PURE = 0.99
IMPOSSIBLE_ROWS = 20.0
"""So many outcomes were expected among rows that have none."""
TENTHS = 10


class Trial(msgspec.Struct, frozen=True):
    """What is asked; the names are those of the command's options."""

    treatment: str
    treated: str
    control: str
    outcome: str
    positive: str = ""
    lower_is_better: bool = False
    """The outcome is bad, such as leaving: treat those in whom treating lowers it."""
    id: str = ""
    leave_out: tuple[str, ...] = ()
    keep_leaking: bool = False
    seed: int = 1


class Slice(msgspec.Struct, frozen=True):
    """A tenth of the people by the ranking, highest first: what treating did to them."""

    people: int
    said: float
    treated_outcome: float
    control_outcome: float


class UpliftReport(msgspec.Struct, frozen=True):
    """One uplift training. `qini` is of the mean of both learners; all on rows not learned from."""

    qini: float
    qini_low: float
    qini_high: float
    qini_response: float
    qini_response_low: float
    qini_response_high: float
    verdict: str
    """`target`, `no_gain_to_target`, `no_effect` or `harm`."""
    sentence: str
    effect: Interval
    """Mean outcome of the treated less the untreated."""
    learners: dict[str, Interval]
    evaluation: str
    rows: int
    treated_rows: int
    rows_ignored: int
    outcome: str
    lower_is_better: bool
    slices: tuple[Slice, ...]
    notes: tuple[str, ...]
    sources: tuple[Source, ...]
    trained_at: str
    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]


class _Rows(msgspec.Struct):
    frame: pd.DataFrame
    treated: Floats
    outcome: Floats
    """As asked for: higher is better."""
    label: Label | None
    ignored: int

    @property
    def binary(self) -> bool:
        return self.label is not None


def train_uplift_from_csv(
    file: Path, trial: Trial, now: datetime, *, test: Path | None = None, told: Told = no_news
) -> UpliftReport:
    """Learn whom to treat; judge by five folds, or on `test` where one is given."""
    frame, source = read_table(file)
    rows = _read(frame, trial, "")
    besides = {column_named(frame, name, option) for name, option in _parts(trial)}
    schema = read_schema(rows.frame, besides)
    table, _ = typed(rows.frame, schema)
    after = [] if trial.keep_leaking else _written_after(table, schema.columns, rows)
    shaken = len(after) > max(2, len(schema.columns) // 2)
    schema = schema.without([] if shaken else after)
    if not schema.columns:
        raise NothingToLearnFrom("No column is left to learn from.", field="from_csv")
    table = table[schema.names]
    sources: tuple[Source, ...] = (source,)
    if test is None:
        said, folds = _over_folds(table, rows, trial.seed, told)
        judged, how = rows, f"{FOLDS} folds, stratified by arm and outcome"
    else:
        other, other_source = read_table(test)
        judged = _read(other, trial, rows.label.positive if rows.label else "")
        told("learning", 0, 1)
        learned = _learn(table, rows)
        said = learned.uplifts(typed(judged.frame, schema)[0])
        folds, how = np.zeros(len(judged.frame), dtype=np.int64), f"on {other_source.name}"
        sources = (source, other_source)
    told("drawing people again for the intervals", 0, 1)
    scores = {
        "mean": said.both,
        "two_models": said.two_models,
        "transformed_outcome": said.transformed_outcome,
        "response": said.response,
    }
    qinis = {
        name: qini_interval(score, judged.outcome, judged.treated, folds, trial.seed)
        for name, score in scores.items()
    }
    return _report(
        trial,
        rows,
        judged,
        qinis,
        said.both,
        how,
        after=after,
        shaken=shaken,
        schema=schema,
        sources=sources,
        now=now,
    )


def _parts(trial: Trial) -> list[tuple[str, str]]:
    parts = [(trial.treatment, "treatment"), (trial.outcome, "outcome")]
    parts += [(trial.id, "id")] if trial.id else []
    return parts + [(name, "leave-out") for name in trial.leave_out]


def _read(frame: pd.DataFrame, trial: Trial, positive: str) -> _Rows:
    """Rows of both arms with an outcome; the rest is ignored."""
    arm = as_levels(frame[column_named(frame, trial.treatment, "treatment")])
    wanted = [_arm(arm, trial.treated, "treated"), _arm(arm, trial.control, "control")]
    in_trial = arm.isin(wanted).to_numpy()
    part = frame[in_trial].reset_index(drop=True)
    treated = (arm[in_trial] == wanted[0]).to_numpy().astype(float)
    column = column_named(frame, trial.outcome, "outcome")
    values = part[column]
    label = None
    if as_levels(values).replace("", np.nan).nunique() <= 2 or trial.positive or positive:
        outcome, label = read_label(values, column, positive or trial.positive)
    else:
        mark = decimal_mark(values.astype(str), ".")[0] if is_text(values) else "."
        outcome = as_numbers(values, mark)
        if np.isnan(outcome).mean() > 0.5:
            raise UnclearLabel(
                f"{column!r} holds neither two answers nor numbers; name the answer that counts "
                "with --positive.",
                field="outcome",
            )
    if trial.lower_is_better:
        outcome = (1 - outcome) if label is not None else -outcome
    known = ~np.isnan(outcome)
    for name, count in (("treated", treated[known].sum()), ("control", (1 - treated)[known].sum())):
        if count < ARM_MIN:
            raise TooFewRows(
                f"Only {int(count)} rows are {name}: a trial needs at least {ARM_MIN} in each arm, "
                "and some thousands before whom to treat can be learned.",
                field=name,
            )
    return _Rows(
        part[known].reset_index(drop=True),
        treated[known],
        outcome[known],
        label,
        int(len(frame) - known.sum()),
    )


def _arm(arm: pd.Series, asked: str, option: str) -> str:
    found = {str(level).casefold(): str(level) for level in arm.unique() if level}
    wanted = str(as_levels(pd.Series([asked])).iloc[0]).casefold()
    if wanted not in found:
        listed = ", ".join(repr(level) for level in list(found.values())[:8])
        raise UnclearLabel(f"No row is {asked!r} for --{option}. There are {listed}.", field=option)
    return found[wanted]


def _written_after(table: pd.DataFrame, columns: tuple[Column, ...], rows: _Rows) -> list[LeftOut]:
    """Columns that a coin can't have known: unequal between the arms, or deciding the outcome."""
    out = []
    happened = (rows.outcome > rows.outcome.min()).astype(float)
    if rows.binary:
        happened = rows.outcome
    for column in columns:
        values = table[column.name]
        chance = _balance(values, column.kind, rows.treated)
        if chance < UNBALANCED:
            detail = f"The arms differ in it (p = {chance:.1e}): written after treating."
            out.append(LeftOut(column.name, "after_treatment", detail))
        elif decided := _decides(values, column.kind, happened):
            out.append(LeftOut(column.name, "leak", decided))
    return out


def _balance(values: pd.Series, kind: Kind, treated: Floats) -> float:
    """Chance of so large a difference between the arms if a coin decided."""
    if kind is Kind.CATEGORY:
        table = pd.crosstab(values.to_numpy(), treated).to_numpy()
        table = table[table.sum(axis=1) >= 10]
        return float(chi2_contingency(table).pvalue) if len(table) > 1 else 1.0
    numbers = values.to_numpy(dtype=float)
    worst = 1.0
    for sample in (np.isnan(numbers).astype(float), pd.Series(numbers).rank().to_numpy()):
        known = ~np.isnan(sample)
        one, other = sample[known & (treated == 1)], sample[known & (treated == 0)]
        if min(len(one), len(other)) < 2:
            continue
        error = np.sqrt(one.var() / len(one) + other.var() / len(other))
        if error > 0:
            worst = min(worst, float(2 * ndtr(-abs(one.mean() - other.mean()) / error)))
    return worst


def _decides(values: pd.Series, kind: Kind, happened: Floats) -> str:
    """Rows whose outcome is always, or never, so: a level, or all but a number's usual value."""
    base = happened.mean()
    usual = values.mode(dropna=False).iloc[0]
    if kind is Kind.CATEGORY:
        parts = [(str(level), values == level) for level in values.value_counts().head(50).index]
    else:
        same = (values == usual) | (values.isna() & pd.isna(usual))
        parts = [(f"{usual:g}", same), (f"not {usual:g}", ~same)]
    for name, part in parts:
        inside = happened[part.to_numpy()]
        if not inside.size:
            continue
        rate = float(inside.mean())
        if inside.size >= PURE_ROWS and rate >= PURE and base < 0.6:
            return f"Where it is {name}, the outcome came in {rate:.1%}: it knows the outcome."
        if base * inside.size >= IMPOSSIBLE_ROWS and rate == 0.0:
            return f"Where it is {name}, the outcome never came: it knows the outcome."
    return ""


def _learn(table: pd.DataFrame, rows: _Rows) -> Learned:
    return learn_uplift(table, rows.outcome, rows.treated, binary=rows.binary)


def _over_folds(table: pd.DataFrame, rows: _Rows, seed: int, told: Told) -> tuple[Uplifts, Ints]:
    said = Uplifts(*(np.zeros(len(table)) for _ in range(3)))
    folds = np.zeros(len(table), dtype=np.int64)
    middle = rows.outcome > np.median(rows.outcome) if not rows.binary else rows.outcome > 0
    strata = rows.treated * 2 + middle
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for fold, (learning, judging) in enumerate(splitter.split(table, strata)):
        told("judging on people not learned from", fold, FOLDS)
        learned = learn_uplift(
            table.iloc[learning], rows.outcome[learning], rows.treated[learning], binary=rows.binary
        )
        found = learned.uplifts(table.iloc[judging])
        said.two_models[judging] = found.two_models
        said.transformed_outcome[judging] = found.transformed_outcome
        said.response[judging] = found.response
        folds[judging] = fold
    told("judging on people not learned from", FOLDS, FOLDS)
    return said, folds


def _report(
    trial: Trial,
    rows: _Rows,
    judged: _Rows,
    qinis: dict[str, Interval],
    score: Floats,
    how: str,
    *,
    after: list[LeftOut],
    shaken: bool,
    schema: Schema,
    sources: tuple[Source, ...],
    now: datetime,
) -> UpliftReport:
    difference = effect(judged.outcome, judged.treated)
    code, sentence = verdict(qinis["mean"], qinis["response"], difference)
    response = qinis.pop("response")
    best = qinis.pop("mean")
    notes = [f"{gone.name} was left out. {gone.detail}" for gone in after if not shaken]
    if shaken:
        notes.append(
            f"{len(after)} of {len(after) + len(schema.columns)} columns differ between the arms: "
            "this was no coin, so none of these figures says what treating did."
        )
    return UpliftReport(
        qini=best.value,
        qini_low=best.low,
        qini_high=best.high,
        qini_response=response.value,
        qini_response_low=response.low,
        qini_response_high=response.high,
        verdict=code,
        sentence=sentence,
        effect=difference,
        learners=qinis,
        evaluation=how,
        rows=len(rows.frame),
        treated_rows=int(rows.treated.sum()),
        rows_ignored=rows.ignored,
        outcome=trial.outcome,
        lower_is_better=trial.lower_is_better,
        slices=tuple(_slices(score, judged)),
        notes=tuple(notes),
        sources=sources,
        trained_at=now.isoformat(timespec="seconds"),
        columns=schema.columns,
        left_out=schema.left_out,
    )


def _slices(score: Floats, rows: _Rows) -> Iterator[Slice]:
    """Tenths by rank, highest first; the outcome as it was asked for (higher is better)."""
    order = np.argsort(-score, kind="stable")
    for part in np.array_split(order, TENTHS):
        one, other = part[rows.treated[part] == 1], part[rows.treated[part] == 0]
        if len(one) and len(other):
            yield Slice(
                people=len(part),
                said=float(score[part].mean()),
                treated_outcome=float(rows.outcome[one].mean()),
                control_outcome=float(rows.outcome[other].mean()),
            )

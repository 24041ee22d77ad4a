"""Training on tables whose truth is known: it finds it, and does not fall into traps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.card import markdown
from churn.columns import read_schema, typed
from churn.derive import derive, plan_for
from churn.explain import in_words, reasons
from churn.figures import NAMES
from churn.money import Terms
from churn.pipeline import Method, Model, Shape, learn, method_for
from churn.problems import NoSuchColumn, NothingToLearnFrom, TooFewRows, UnclearLabel
from churn.train import Task, Trained, train_from_csv
from tests.churn.tables import subscribers, written

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TASK = Task(label="left", id="customer_id")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, pd.DataFrame]:
    """A blend trained on one table with traps, judged on another with columns moved about."""
    folder = tmp_path_factory.mktemp("tables")
    learned = written(subscribers(1400, seed=3, leak=True), folder)
    other = subscribers(1000, seed=4)
    moved = other[list(reversed(other.columns))].drop(columns=["noise"])
    moved = moved.assign(city="never seen", new="column")
    task = Task(
        label="left", id="customer_id", value="30", terms=Terms(act_cost=3.0, save_chance=0.4)
    )
    trained = train_from_csv(learned, task, NOW, test=written(moved, folder, "test.csv"))
    return trained, other


def test_the_blend_comes_close_to_the_truth_on_a_table_with_moved_columns(
    judged: tuple[Trained, pd.DataFrame],
) -> None:
    trained, other = judged
    assert trained.report.method == "blend"
    best = np.mean((other["true_chance"] - (other["left"] == "yes")) ** 2)
    assert trained.report.brier < best + 0.012
    assert trained.report.roc_auc > 0.83
    assert np.corrcoef(trained.chance, other["true_chance"])[0, 1] > 0.95


def test_columns_that_know_the_outcome_are_left_out_and_named(
    judged: tuple[Trained, pd.DataFrame],
) -> None:
    report = judged[0].report
    why = {gone.name: gone.why for gone in report.left_out}
    assert why["cancel_reason"] == why["account_state"] == "leak"
    assert any("cancel_reason was left out" in note for note in report.notes)


def test_differences_of_the_second_table_are_told(judged: tuple[Trained, pd.DataFrame]) -> None:
    notes = " ".join(judged[0].report.notes)
    assert "lacks noise" in notes
    assert "new" in notes
    assert judged[0].report.drift["city"] > 1


def test_the_report_holds_every_figure_and_the_card_shows_them(
    judged: tuple[Trained, pd.DataFrame],
) -> None:
    report = judged[0].report
    card = markdown(report)
    for name in NAMES:
        assert report.low[name] <= getattr(report, name) <= report.high[name]
        assert f"`{name}`" in card
    assert report.savings is not None
    assert report.saved_share == report.savings.by_score.saved_share
    assert report.savings.by_score.saved > report.savings.on_everybody.saved
    assert {group.value for group in report.fairness if group.column == "country"} == {"FR", "DE"}
    assert report.derived == ("sum of * fee",)


def test_reasons_name_what_made_this_person_s_score(judged: tuple[Trained, pd.DataFrame]) -> None:
    trained, _ = judged
    table, _ = trained.model.shape.read(trained.judged)
    table = table.iloc[:1].copy()
    table["tenure"], table["plan"] = 1.0, "monthly"
    table[["day_fee", "night_fee", "weekend_fee"]] = 5.0
    told = reasons(trained.model, table, trained.beside.background)[0]
    assert {"tenure", "plan"} <= {reason.column for reason in told}
    assert all(reason.points > 0 for reason in told if reason.column in {"tenure", "plan"})
    assert "half of people" in " ".join(in_words(reason) for reason in told)


def test_reasons_of_a_straight_model_are_its_weights_times_the_distance() -> None:
    """The contribution's definition, on a model whose answer is known."""

    class Straight:
        def predict_proba(self, table: pd.DataFrame) -> np.ndarray:
            odds = 0.1 * table["a"].to_numpy() - 0.5 * table["b"].to_numpy()
            chance = 1 / (1 + np.exp(-odds))
            return np.column_stack([1 - chance, chance])

    from churn.explain import background_of

    frame = pd.DataFrame({"a": np.arange(48.0), "b": np.tile([0.0, 2.0], 24)})
    schema = read_schema(frame.assign(a=frame["a"] + 0.5))
    table, _ = typed(frame, schema)
    model = Model(Shape(schema, plan_for(schema)), Method.LOGISTIC, Straight())
    background = background_of(table, schema)
    told = {reason.column: reason for reason in reasons(model, table.tail(1), background)[0]}
    mean = np.dot(background["a"].values, background["a"].weights)
    assert told["a"].log_odds == pytest.approx(0.1 * (47 - mean))
    assert told["b"].log_odds == pytest.approx(-0.5 * (2 - 1))


def test_few_leavers_get_simpler_learners_and_a_sentence() -> None:
    def of(leavers: int, stayers: int) -> tuple[Method, str]:
        return method_for(np.array([1.0] * leavers + [0.0] * stayers))

    assert of(200, 900) == (Method.BLEND, "")
    assert of(199, 900)[0] is Method.LOGISTIC
    assert "Only 199 leavers" in of(199, 900)[1]
    assert of(99, 900)[0] is Method.RULES
    assert of(900, 50)[0] is Method.RULES
    assert "50 people who stayed" in of(900, 50)[1]
    with pytest.raises(TooFewRows, match="only 9 leavers"):
        of(9, 900)


def test_rules_are_told_in_words_and_find_the_plan(tmp_path: Path) -> None:
    file = written(subscribers(300, seed=8), tmp_path)
    trained = train_from_csv(file, TASK, NOW)
    assert trained.report.method == "rules"
    assert "plain rules" in trained.report.notes[0]
    assert any("tenure is above" in rule for rule in trained.report.method_parts)
    assert trained.report.roc_auc > 0.65
    assert not np.isnan(trained.chance).any()


def test_noise_is_not_learned(tmp_path: Path) -> None:
    table = subscribers(500, seed=9)
    print("shuffled with seed 1")
    table["left"] = np.random.default_rng(1).permutation(table["left"])
    trained = train_from_csv(written(table, tmp_path), TASK, NOW)
    assert trained.report.low["roc_auc"] < 0.56


def test_rows_of_one_person_are_judged_together(tmp_path: Path) -> None:
    """A person's rows repeat; a model that had seen one would know the others."""
    table = subscribers(150, seed=10)
    table["noise"] = np.random.default_rng(2).normal(size=150)
    table = pd.concat([table] * 3, ignore_index=True)
    trained = train_from_csv(written(table, tmp_path), TASK, NOW)
    assert "kept together" in trained.report.evaluation
    assert trained.report.roc_auc < 0.95


def test_a_kept_leak_is_told_and_too_good_to_be_true(tmp_path: Path) -> None:
    file = written(subscribers(400, seed=11, leak=True), tmp_path)
    task = Task(label="left", id="customer_id", keep_leaking=True)
    trained = train_from_csv(file, task, NOW)
    assert trained.report.roc_auc > 0.99
    assert any("too good to be true" in note for note in trained.report.notes)
    assert any("Look at account_state" in note for note in trained.report.notes)


def test_sums_of_kindred_columns_are_derived_from_names_alone() -> None:
    schema = read_schema(subscribers(200))
    table, _ = typed(subscribers(200), schema)
    plan = plan_for(schema)
    wide = derive(table, plan)
    assert [total.parts for total in plan.sums] == [("day_fee", "night_fee", "weekend_fee")]
    summed = table[["day_fee", "night_fee", "weekend_fee"]].sum(axis=1)
    assert np.allclose(wide[plan.sums[0].name], summed)


def test_one_outcome_alone_no_columns_and_unknown_columns_are_refused(tmp_path: Path) -> None:
    table = subscribers(300)
    with pytest.raises(UnclearLabel, match="Add rows"):
        train_from_csv(written(table.assign(left="yes"), tmp_path), TASK, NOW)
    with pytest.raises(NothingToLearnFrom):
        train_from_csv(written(table[["customer_id", "left"]], tmp_path), TASK, NOW)
    file = written(table, tmp_path)
    with pytest.raises(NoSuchColumn, match="--leave-out"):
        train_from_csv(file, Task(label="left", leave_out=("nope",)), NOW)


def test_holes_and_levels_never_seen_still_get_a_score() -> None:
    frame = subscribers(700, seed=12).drop(columns=["true_chance", "customer_id"])
    left = (frame.pop("left") == "yes").to_numpy().astype(float)
    schema = read_schema(frame)
    table, _ = typed(frame, schema)
    model = learn(table, left, Shape(schema, plan_for(schema)), Method.LOGISTIC)
    empty = pd.DataFrame({"plan": ["", "lifetime"], "city": ["nowhere", ""]})
    chances = model.score(empty)
    assert ((chances > 0) & (chances < 1)).all()


def test_a_column_that_is_empty_in_a_fold_or_has_few_values_does_no_harm() -> None:
    frame = subscribers(1300, seed=13).drop(columns=["true_chance", "customer_id"])
    left = (frame.pop("left") == "yes").to_numpy().astype(float)
    frame["rare"] = np.nan
    frame.loc[frame.index[:2], "rare"] = [1.0, 2.0]
    schema = read_schema(frame)
    table, _ = typed(frame, schema)
    model = learn(table.iloc[2:], left[2:], Shape(schema, plan_for(schema)), Method.BLEND)
    assert "rare" in schema.names
    assert np.isfinite(model.chances(table)).all()

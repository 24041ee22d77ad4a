"""Figures and money, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from churn.figures import bands, ece, figures, top_decile_lift
from churn.money import Terms, savings
from churn.qini import curve, effect, qini, qini_interval
from churn.verdict import verdict


def test_the_lift_is_the_share_in_the_highest_tenth_over_the_share_in_all() -> None:
    left = np.array([1.0] * 2 + [0.0] * 18)
    best = np.linspace(1, 0, 20)
    assert top_decile_lift(left, best) == pytest.approx(10.0)
    assert top_decile_lift(left, best[::-1]) == 0.0


def test_equal_scores_have_no_lift_whatever_the_order_of_rows() -> None:
    left = np.array([1.0] * 5 + [0.0] * 45)
    assert top_decile_lift(left, np.full(50, 0.1)) == pytest.approx(1.0)


def test_calibration_error_is_the_weighted_gap_of_bins() -> None:
    left = np.array([0.0, 0.0, 1.0, 1.0])
    chance = np.array([0.05, 0.05, 0.95, 0.75])
    assert ece(left, chance) == pytest.approx((0.1 + 0.05 + 0.25) / 4)


def test_bands_cover_everybody_once() -> None:
    chance = np.linspace(0.01, 0.99, 95)
    assert sum(band.people for band in bands((chance > 0.5).astype(float), chance)) == 95


def test_figures_of_a_perfect_score() -> None:
    left = np.array([0.0, 0.0, 1.0, 1.0])
    found = figures(left, left)
    assert (found.roc_auc, found.pr_auc, found.brier) == (1.0, 1.0, 0.0)
    assert found.log_loss < 1e-5


def test_money_is_saved_where_chance_times_value_times_help_exceeds_cost() -> None:
    left = np.array([1.0, 1.0, 0.0, 0.0])
    chance = np.array([0.9, 0.2, 0.8, 0.1])
    value = np.array([100.0, 100.0, 10.0, 1000.0])
    found = savings(left, chance, value, Terms(act_cost=15.0, save_chance=0.5))
    # Acted on: 0.9 x 100 x 0.5 = 45 and 0.1 x 1000 x 0.5 = 50; not 10, not 4.
    assert found.by_score.acted == 2
    assert found.by_score.saved == pytest.approx(50 - 15 - 15)
    assert found.lost_if_nothing_is_done == 200
    assert found.by_score.saved_share == pytest.approx(20 / 200)
    assert found.by_knowing.saved == pytest.approx(70)
    assert found.share_of_possible == pytest.approx(20 / 70)
    assert found.on_everybody.saved == pytest.approx(100 - 60)


def test_a_missing_value_takes_the_median_and_is_counted() -> None:
    value = np.array([10.0, np.nan, 30.0])
    found = savings(np.ones(3), np.ones(3), value, Terms(0.0, 1.0))
    assert (found.values_missing, found.lost_if_nothing_is_done) == (1, 60.0)


def _trial(seed: int, moved: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    young = rng.random(8000) < 0.5
    treated = (rng.random(8000) < 0.5).astype(float)
    outcome = (rng.random(8000) < 0.2 + moved * young * treated).astype(float)
    return young.astype(float), outcome, treated


def test_qini_is_positive_for_the_right_ranking_and_negative_for_its_reverse() -> None:
    young, outcome, treated = _trial(1, 0.3)
    assert qini(young, outcome, treated) > 0.05
    assert qini(-young, outcome, treated) < -0.05
    assert qini(np.zeros(8000), outcome, treated) == pytest.approx(0.0, abs=1e-9)
    perfect = outcome * (2 * treated - 1)
    assert qini(perfect, outcome, treated) == pytest.approx(1.0)


def test_the_curve_ends_at_the_effect_on_all() -> None:
    young, outcome, treated = _trial(2, 0.3)
    people, extra = curve(young, outcome, treated)
    found = effect(outcome, treated)
    assert people[-1] == 8000
    assert extra[-1] / treated.sum() == pytest.approx(found.value)
    assert found.low < 0.15 < found.high


def test_the_verdict_goes_by_intervals_alone() -> None:
    young, outcome, treated = _trial(3, 0.3)
    folds = np.zeros(8000, dtype=np.int64)
    good = qini_interval(young, outcome, treated, folds, 1)
    none = qini_interval(np.random.default_rng(9).random(8000), outcome, treated, folds, 1)
    helped = effect(outcome, treated)
    assert verdict(good, none, helped)[0] == "target"
    assert verdict(none, none, helped)[0] == "no_gain_to_target"
    harmed = effect(1 - outcome, treated)
    assert verdict(none, none, harmed)[0] == "harm"
    nothing = effect(outcome, np.random.default_rng(4).integers(0, 2, 8000).astype(float))
    assert verdict(none, none, nothing)[0] == "no_effect"

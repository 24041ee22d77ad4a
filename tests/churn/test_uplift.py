"""Trials whose truth is known: the right people are found, and where there are none it is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from churn.problems import TooFewRows, UnclearLabel
from churn.uplift import Trial, train_uplift_from_csv
from churn.uplift_card import markdown
from tests.churn.tables import trial, written

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TASK = Trial(treatment="arm", treated="mail", control="Nothing", outcome="bought")


def test_the_persuadable_are_found_and_what_came_after_is_left_out(tmp_path: Path) -> None:
    report = train_uplift_from_csv(written(trial(), tmp_path), TASK, NOW)
    assert report.verdict == "target"
    assert 0 < report.qini_low <= report.qini <= report.qini_high
    assert report.qini > report.qini_response
    assert {gone.name for gone in report.left_out} == {"spent"}
    first, last = report.slices[0], report.slices[-1]
    assert first.treated_outcome - first.control_outcome > 0.1
    assert last.treated_outcome - last.control_outcome < 0.05
    assert report.rows + report.rows_ignored == 6000
    assert "**Target" in markdown(report)


def test_where_all_are_moved_alike_there_is_no_gain_to_target(tmp_path: Path) -> None:
    file = written(trial(persuadable=False), tmp_path)
    report = train_uplift_from_csv(file, TASK, NOW)
    assert report.verdict == "no_gain_to_target"
    assert report.effect.low > 0


def test_a_second_table_judges_amounts_too(tmp_path: Path) -> None:
    learned = written(trial(seed=5), tmp_path)
    other = written(trial(seed=6), tmp_path, "test.csv")
    task = Trial("arm", "mail", "nothing", "spent")
    report = train_uplift_from_csv(learned, task, NOW, test=other)
    assert report.evaluation == "on test.csv"
    assert report.qini > 0
    assert {gone.name for gone in report.left_out} == {"bought"}


def test_leaving_is_an_outcome_to_lower(tmp_path: Path) -> None:
    table = trial()
    table["left"] = 1 - table.pop("bought")
    task = Trial("arm", "mail", "nothing", "left", lower_is_better=True, leave_out=("spent",))
    report = train_uplift_from_csv(written(table, tmp_path), task, NOW)
    assert report.verdict == "target"
    assert report.effect.value > 0


def test_what_no_coin_decided_is_said(tmp_path: Path) -> None:
    table = trial()
    mailed = table["arm"] == "mail"
    print("seed 1")
    for name in ("age", "visits"):
        table[name] += np.where(mailed, 15, 0) + np.random.default_rng(1).integers(0, 3, 6000)
    table["region"] = np.where(mailed, "north", table["region"])
    report = train_uplift_from_csv(written(table.drop(columns="spent"), tmp_path), TASK, NOW)
    assert any("no coin" in note for note in report.notes)


def test_an_unknown_arm_and_a_tiny_trial_are_refused_with_the_remedy(tmp_path: Path) -> None:
    file = written(trial(400), tmp_path)
    with pytest.raises(UnclearLabel, match="'mail'"):
        train_uplift_from_csv(file, Trial("arm", "letter", "nothing", "bought"), NOW)
    with pytest.raises(TooFewRows, match="at least 100"):
        train_uplift_from_csv(file, Trial("arm", "other", "nothing", "bought"), NOW)

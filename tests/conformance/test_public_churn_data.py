"""Public churn and trial tables, from the folder in PAYWALL_TEST_DATA; else a plain skip.

Bounds are a little below what public references reach with five folds (docs/prediction.md). To stay
within a minute of CPU each table is judged on one held-out fifth.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.reading import read_table
from churn.train import Task, train
from churn.uplift import Trial, train_uplift_from_csv

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def _file(name: str) -> Path:
    folder = os.environ.get("PAYWALL_TEST_DATA")
    if not folder:
        pytest.skip("PAYWALL_TEST_DATA is not set: no folder with public churn tables")
    file = Path(folder) / name
    if not file.is_file():
        pytest.skip(f"PAYWALL_TEST_DATA names no folder with {name}")
    return file


@pytest.mark.parametrize(
    ("name", "label", "roc_auc", "pr_auc", "lift", "brier"),
    [
        ("telco_ibm.csv", "Churn", 0.82, 0.60, 2.5, 0.15),
        ("mlc_churn.csv", "churn", 0.87, 0.80, 6.0, 0.045),
        ("pysurvival_saas_churn.csv", "churned", 0.88, 0.80, 1.6, 0.13),
    ],
)
def test_public_tables_are_learned_without_being_told_anything(
    name: str, label: str, roc_auc: float, pr_auc: float, lift: float, brier: float
) -> None:
    frame, source = read_table(_file(name))
    print("split with seed 1")
    fold = np.random.default_rng(1).permutation(len(frame)) % 5
    learned, other = (pd.DataFrame(frame[rows]) for rows in (fold != 0, fold == 0))
    report = train(learned, source, Task(label=label), NOW, test=(other, source)).report
    assert report.method == "blend"
    assert report.roc_auc > roc_auc
    assert report.pr_auc > pr_auc
    assert report.top_decile_lift > lift
    assert report.brier < brier
    assert not [gone.name for gone in report.left_out if gone.why == "leak"]


@pytest.mark.parametrize(
    ("arm", "verdict"),
    [("Womens E-Mail", "target"), ("Mens E-Mail", "no_gain_to_target")],
)
def test_the_public_trial_gets_the_verdict_that_it_deserves(arm: str, verdict: str) -> None:
    trial = Trial("segment", arm, "No E-Mail", "visit")
    report = train_uplift_from_csv(_file("hillstrom.csv"), trial, NOW)
    assert report.verdict == verdict
    assert {gone.name for gone in report.left_out} == {"conversion", "spend"}

"""`paywall train` as a stranger runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from churn.problems import UnclearLabel
from infra.kernel.errors import Invalid
from paywall.cli.train import app
from tests.churn.tables import subscribers, trial, written

FIGURES = ("roc_auc", "pr_auc", "brier", "log_loss", "top_decile_lift", "ece", "saved_share")


def test_churn_prints_figures_scores_with_reasons_and_keeps_the_model(tmp_path: Path) -> None:
    file = written(subscribers(300), tmp_path)
    scores = tmp_path / "scores.csv"
    ran = CliRunner().invoke(
        app,
        ["churn", "--from-csv", str(file), "--label", "left", "--positive", "yes",
         "--id", "customer_id", "--value", "day_fee", "--act-cost", "0.5", "--save-chance", "0.3",
         "--json", "--scores", str(scores), "--reasons", "2", "--save", str(tmp_path / "kept")],
        catch_exceptions=False,
    )  # fmt: skip
    found = json.loads(ran.stdout)
    assert all(isinstance(found[name], float) for name in FIGURES)
    lines = scores.read_text("utf-8").splitlines()
    assert lines[0] == "id,score,left,reason_1,reason_2"
    assert len(lines) == 301
    assert "points" in lines[1]
    assert (tmp_path / "kept" / "card.md").exists()


def test_uplift_prints_qini_and_a_verdict(tmp_path: Path) -> None:
    file = written(trial(2000), tmp_path)
    options = ["--treatment", "arm", "--treated", "mail", "--control", "nothing"]
    ran = CliRunner().invoke(
        app,
        ["uplift", "--from-csv", str(file), *options, "--outcome", "bought", "--json"],
        catch_exceptions=False,
    )
    found = json.loads(ran.stdout)
    assert found["qini_low"] <= found["qini"] <= found["qini_high"]
    assert found["verdict"] in {"target", "no_gain_to_target", "no_effect", "harm"}
    assert found["qini_response_low"] <= found["qini_response"]


def test_the_money_options_belong_together(tmp_path: Path) -> None:
    file = written(subscribers(300), tmp_path)
    with pytest.raises(Invalid, match="give all three"):
        CliRunner().invoke(
            app,
            ["churn", "--from-csv", str(file), "--label", "left", "--act-cost", "1"],
            catch_exceptions=False,
        )


def test_trouble_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    file = written(subscribers(300), tmp_path)
    with pytest.raises(UnclearLabel, match="--positive"):
        CliRunner().invoke(
            app, ["churn", "--from-csv", str(file), "--label", "plan"], catch_exceptions=False
        )


def test_the_command_itself_loads_no_library_of_learning() -> None:
    code = (
        "import sys, paywall.cli.main; "
        "print([n for n in ('sklearn', 'pandas', 'numpy', 'scipy', 'skops') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"

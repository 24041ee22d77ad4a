"""Models in folders: the same after loading, nothing foreign opened, no worse one put in place."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.svm import SVC

from churn.card import markdown
from churn.problems import UntrustedModel, WorseThanBefore
from churn.store import CARD, MODEL, load, save
from churn.train import Task, Trained, train_from_csv
from tests.churn.tables import subscribers, written

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TASK = Task(label="left", id="customer_id")


def _trained(folder: Path, rows: int, seed: int, *, shuffled: bool = False) -> Trained:
    table = subscribers(rows, seed=seed)
    if shuffled:
        table["left"] = np.random.default_rng(1).permutation(table["left"])
    test = written(subscribers(1200, seed=77), folder, "test.csv")
    return train_from_csv(written(table, folder), TASK, NOW, test=test)


@pytest.mark.parametrize(("rows", "method"), [(1000, "blend"), (450, "logistic"), (200, "rules")])
def test_a_model_says_the_same_after_it_was_stored(tmp_path: Path, rows: int, method: str) -> None:
    trained = _trained(tmp_path, rows, 3)
    assert trained.report.method == method
    save(trained, tmp_path / "model")
    stored = load(tmp_path / "model")
    assert np.array_equal(stored.model.score(trained.judged), trained.chance)
    assert stored.report == trained.report
    assert (tmp_path / "model" / CARD).read_text("utf-8") == markdown(trained.report)
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == [
        "beside.json", "card.json", "card.md", "model.skops", "rows.npz", "shape.json"
    ]  # fmt: skip


def test_a_worse_model_does_not_replace_a_better_one_unless_told(tmp_path: Path) -> None:
    good = _trained(tmp_path, 450, 3)
    assert save(good, tmp_path / "model") is None
    bad = _trained(tmp_path, 450, 3, shuffled=True)
    with pytest.raises(WorseThanBefore, match="--even-if-worse"):
        save(bad, tmp_path / "model")
    assert load(tmp_path / "model").report == good.report
    save(bad, tmp_path / "model", even_if_worse=True)
    compared = save(good, tmp_path / "model")
    assert compared is not None
    assert compared.rows == 1200
    assert compared.worse_by < 0


def test_a_model_for_another_outcome_is_not_replaced(tmp_path: Path) -> None:
    good = _trained(tmp_path, 200, 3)
    save(good, tmp_path / "model")
    other = subscribers(200, seed=3).rename(columns={"left": "gone"})
    trained = train_from_csv(written(other, tmp_path), Task(label="gone"), NOW)
    with pytest.raises(WorseThanBefore, match="'left'"):
        save(trained, tmp_path / "model")


def test_rows_that_the_old_model_learned_from_count_with_its_out_of_fold_chances(
    tmp_path: Path,
) -> None:
    """Otherwise an old model that knows its rows by heart could never be replaced."""
    file = written(subscribers(300, seed=5), tmp_path)
    first = train_from_csv(file, TASK, NOW)
    save(first, tmp_path / "model")
    compared = save(train_from_csv(file, TASK, NOW), tmp_path / "model")
    assert compared is not None
    assert compared.rows == 300
    assert compared.worse_by == pytest.approx(0, abs=1e-6)


def test_a_type_that_is_not_ours_is_not_opened(tmp_path: Path) -> None:
    trained = _trained(tmp_path, 200, 3)
    save(trained, tmp_path / "model")
    for foreign in (skops.io.dumps(_Foreign()), pickle.dumps(SVC())):
        (tmp_path / "model" / MODEL).write_bytes(foreign)
        with pytest.raises(UntrustedModel):
            load(tmp_path / "model")


class _Foreign:
    """Something that a stranger put there."""

    def __init__(self) -> None:
        self.harm = True

"""A training: it finds what is there, is judged on later dates, and is refused when it is worse."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from churn.feature_list import FEATURES
from churn.prediction.causes import STEP, Cause
from churn.prediction.packing import packed, unpacked
from churn.prediction.rows import Rows
from churn.prediction.training import Candidate, train_cause
from churn.problems import TooFewRows, UntrustedModel
from tests.churn.prediction.lives import BEGAN, NOW


def past(people: int = 150, dates: int = 9, seed: int = 3) -> Rows:
    """Who watches little leaves, about one in four people-dates; the countries are alike."""
    print(f"past: seed {seed}, {people} people on {dates} dates")
    rng = np.random.default_rng(seed)
    size = people * dates
    moments = [BEGAN + STEP * number for number in range(dates)]
    minutes = rng.gamma(2, 60, size).round()
    chance = 1 / (1 + np.exp((minutes - 60) / 20))
    frame = pd.DataFrame(
        {feature.name: np.full(size, np.nan) for feature in FEATURES}
        | {
            "person": np.tile([f"p{number:04d}" for number in range(people)], dates),
            "as_of": np.repeat(np.array(moments, dtype=object), people),
            "left": (rng.random(size) < chance).astype(int),
            "minutes_30": minutes,
            "tenure_days": rng.integers(1, 900, size).astype(float),
            "country": rng.choice(np.array(["FR", "DE"], dtype=object), size),
            "language": np.full(size, "fr", dtype=object),
        }
    )
    for name in ("source", "plan", "tier", "month"):
        frame[name] = ""
    return Rows(frame, moments, 1.0)


@pytest.fixture(scope="module")
def trained() -> Candidate:
    return train_cause(Cause.CHOICE, past(), NOW)


@pytest.fixture(scope="module")
def plain() -> Candidate:
    """Logistic regression, which learns in a moment."""
    return train_cause(Cause.CHOICE, past(70), NOW)


pytestmark = pytest.mark.slow


def test_it_finds_what_is_there_on_dates_it_did_not_learn_from(trained: Candidate) -> None:
    report, kept = trained.kept.report, trained.kept
    assert report.method == "blend"
    assert report.roc_auc > 0.75
    judged = set(trained.rows["as_of"])
    assert min(judged) == kept.judged_from
    assert kept.learned_until == BEGAN + STEP * 8 + timedelta(days=30)
    assert report.judged_rows == len(trained.rows) < report.rows
    assert [group.value for group in report.fairness if group.column == "country"]
    assert trained.comparison is None


def test_it_comes_back_from_bytes_as_it_was_and_nothing_foreign_does(trained: Candidate) -> None:
    content = packed(trained.kept)
    again = unpacked(content, "mdl_1")
    rows = trained.rows
    assert np.array_equal(again.model.score(rows), trained.kept.model.score(rows))
    assert np.array_equal(again.judged.score(rows), trained.chance)
    assert again.report == trained.kept.report
    for foreign in (b"", b"no zip", content[:-200]):
        with pytest.raises(UntrustedModel, match="mdl_1"):
            unpacked(foreign, "mdl_1")


def test_a_worse_model_is_refused_and_the_same_one_is_not(plain: Candidate) -> None:
    same = train_cause(Cause.CHOICE, past(70), NOW, before=plain.kept)
    assert same.comparison is not None
    assert same.comparison.worse_by == pytest.approx(0, abs=1e-9)
    assert not same.refused
    broken = past(70)
    rng = np.random.default_rng(1)
    early = broken.frame["as_of"] < plain.kept.judged_from
    labels = broken.frame.loc[early, "left"].to_numpy()
    broken.frame.loc[early, "left"] = rng.permutation(labels)
    worse = train_cause(Cause.CHOICE, broken, NOW, before=plain.kept)
    assert worse.refused
    assert worse.kept.report.drift["minutes_30"] < 0.1


def test_neither_side_of_a_comparison_has_learned_from_the_judged_windows(
    plain: Candidate,
) -> None:
    """The model in use was trained on all dates, the judged ones too: its twin speaks for it."""
    same = train_cause(Cause.CHOICE, past(70), NOW, before=plain.kept)
    assert same.comparison is not None
    cheating = plain.kept.model.score(plain.rows)
    honest = same.comparison.old_log_loss
    said = np.clip(cheating, 1e-6, 1 - 1e-6)
    left = plain.left
    by_heart = float(-(left * np.log(said) + (1 - left) * np.log(1 - said)).mean())
    assert by_heart < honest


def test_fewer_leavers_get_a_plainer_model_and_are_told(plain: Candidate) -> None:
    rules = train_cause(Cause.CHOICE, past(25), NOW)
    for made, method in ((plain, "logistic"), (rules, "rules")):
        assert made.kept.report.method == method
        assert any("Only" in note for note in made.kept.report.notes)


def test_too_little_past_is_a_sentence() -> None:
    with pytest.raises(TooFewRows, match="Too few people left by choice"):
        train_cause(Cause.CHOICE, past(3, 3), NOW)
    empty = past(3, 3)
    with pytest.raises(TooFewRows, match="nothing yet"):
        train_cause(Cause.CHOICE, Rows(empty.frame[:0], [], 1.0), NOW)

"""Scores: of whom a model speaks, a week before by the same model, reasons of each person."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.prediction.causes import Cause
from churn.prediction.scoring import Known, score, value_a_month
from churn.prediction.training import Candidate, train_cause
from tests.churn.prediction.lives import NOW
from tests.churn.prediction.test_training import past

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plain() -> Candidate:
    return train_cause(Cause.CHOICE, past(55), NOW)


def people(minutes: list[float]) -> pd.DataFrame:
    frame = past(len(minutes), 1).frame.drop(columns=["left", "as_of"])
    frame["minutes_30"], frame["country"], frame["tenure_days"] = minutes, "FR", 365.0
    frame["paid_365_minor"] = 12_000.0
    return frame


def test_everybody_is_scored_of_whom_the_model_speaks_and_nobody_else(plain: Candidate) -> None:
    names = frozenset({"p0000", "p0001"})
    today, before = people([5, 200, 5]), people([200, 200, 5])
    scores = score(plain.kept, None, Known(today, names), Known(before, names))
    assert scores.person == ["p0000", "p0001", "p0002"]
    assert scores.risk[0] > 0.5 > scores.risk[1]
    assert np.isnan(scores.risk[2])
    assert scores.risk_before[0] == scores.risk_before[1] == scores.risk[1]
    assert np.isnan(scores.payment_risk).all(), "there is no model of payments"
    first = scores.reasons[0][0]
    assert (first["feature"], first["value"]) == ("minutes_30", 5.0)
    assert first["points"] > 20
    assert scores.reasons[1][0]["points"] < 0
    assert scores.reasons[2] == []


def test_a_payment_is_scored_when_it_is_due_soon(plain: Candidate) -> None:
    today = people([5, 5, 5])
    today["renews_in_days"] = [3.0, 200.0, np.nan]
    known = Known(today, frozenset(today["person"]))
    scores = score(None, plain.kept, known, known)
    assert np.isnan(scores.payment_risk).tolist() == [False, True, False]
    assert np.isnan(scores.risk).all()


def test_what_a_person_brings_a_month_counts_the_months_they_were_there() -> None:
    frame = pd.DataFrame(
        {
            "paid_365_minor": [12_000.0, 1_000.0, 2_000.0],
            "tenure_days": [900.0, 5.0, 365.25 / 12 * 2],
        }
    )
    assert value_a_month(frame).tolist() == [1_000.0, 1_000.0, 1_000.0]

"""Rows to learn from hold what was known on their date, and nothing that came later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from churn.feature_list import FEATURES
from churn.features import features
from churn.prediction.causes import STEP, WINDOW, Cause
from churn.prediction.rows import dates_before, past_rows, schema_for, split_dates
from tests.churn.history import History, at
from tests.churn.prediction.lives import NOW, facts_of, few_features, subscribers

TODAY = at("2026-06-15 12:00")


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Six subscribers since March; half of them leave in May."""
    made = History(tmp_path)
    for number in range(6):
        made.person(f"p{number}", "2026-03-01")
        made.change(f"p{number}", "2026-03-01", "started")
        if number % 2:
            made.change(f"p{number}", "2026-05-20", "ended", cause="choice")
    return made


def test_dates_stand_a_window_back_and_thirty_days_apart() -> None:
    dates = dates_before(TODAY, [Cause.CHOICE, Cause.PAYMENT])
    assert dates[-1] == at("2026-06-15") - WINDOW[Cause.PAYMENT]
    assert {later - earlier for earlier, later in pairwise(dates)} == {STEP}


@pytest.mark.slow
def test_the_future_that_is_planted_is_not_found(history: History) -> None:
    """A visit to the page for leaving tells everything. Those who left are given one after the
    date, and one before it that was written down after it: neither may show."""
    date = dates_before(TODAY, [Cause.CHOICE])[-1]
    for number in (1, 3, 5):
        history.add("visits", date + timedelta(hours=1), person=f"p{number}", page="cancel")
        history.add(
            "visits", date - timedelta(days=1), known=date + timedelta(hours=1),
            person=f"p{number}", page="cancel",
        )  # fmt: skip
    history.add("visits", date - timedelta(days=1), person="p2", page="cancel")
    found = past_rows([Cause.CHOICE], history.facts(TODAY), features, TODAY)[Cause.CHOICE].frame
    latest = found[found["as_of"] == date]
    assert latest["left"].tolist() == [0, 1, 0, 1, 0, 1]
    assert latest["cancel_visits_30"].tolist() == [0, 0, 1, 0, 0, 0], "p2's was known in time"


def test_learning_ends_where_the_judged_windows_begin() -> None:
    dates = [datetime(2026, 1, 1, tzinfo=UTC) + STEP * n for n in range(9)]
    as_of, left = pd.Series(dates * 10), pd.Series([1] * 90)
    learned, judged = split_dates(dates, left, as_of, WINDOW[Cause.CHOICE], 20)
    assert judged == dates[-2:]
    assert learned == dates[:-2]
    learned, judged = split_dates(dates, left, as_of, WINDOW[Cause.PAYMENT], 20)
    assert learned == dates[:-3], "a window of 35 days would reach into what is judged"
    _, judged = split_dates(dates, left, as_of, WINDOW[Cause.CHOICE], 10_000)
    assert len(judged) == 3, "a third at most"


@pytest.mark.slow
def test_too_many_people_are_drawn_with_all_their_dates() -> None:
    facts, asked = facts_of(subscribers(60)), [Cause.CHOICE]
    whole = past_rows(asked, facts, few_features, NOW)[Cause.CHOICE]
    third = len(whole.frame) // 3
    some = past_rows(asked, facts, few_features, NOW, rows_max=third)[Cause.CHOICE]
    assert 0 < len(some.frame) < len(whole.frame) * 0.6
    kept = whole.frame[whole.frame["person"].isin(some.frame["person"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, some.frame)


def test_a_column_that_only_names_the_date_is_left_out_until_seasons_repeat() -> None:
    frame = pd.DataFrame({"as_of": [1, 1, 2, 2], "month": ["01", "01", "02", "02"]})
    for feature in FEATURES:
        if feature.name not in frame:
            frame[feature.name] = [1.0, 2.0, 1.0, None]
    out = {gone.name: gone.why for gone in schema_for(frame, 12).left_out}
    assert out == {"month": "date"}
    assert schema_for(frame, 24).left_out == ()

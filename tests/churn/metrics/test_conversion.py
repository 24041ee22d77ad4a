"""Trials, free plans and premium against the calendar of `told`."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn.lake import Facts
from tests.churn.history import History
from tests.churn.metrics.told import read, rows, spring


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return spring(History(tmp_path)).facts("2026-04-20")


def test_trials_count_when_they_are_over(tmp_path: Path) -> None:
    history = spring(History(tmp_path))
    history.change("eve", "2026-02-01", "trial_started", trial_until="2026-02-15")
    history.change("fay", "2026-02-01", "trial_started", trial_until="2026-03-01")
    history.change("fay", "2026-02-10", "ended", cause="choice")
    history.change("gus", "2026-04-10", "trial_started", trial_until="2026-05-10")
    facts = history.facts("2026-04-20")
    assert read(facts, "trial_conversion") == {("2026-02",): 1 / 3}
    behind = rows(facts, "trial_conversion", "2026-02")
    assert [(row["person"], row["converted"]) for row in behind] == [
        ("bea", True),
        ("eve", False),
        ("fay", False),
    ]


def test_free_to_paid_and_basic_to_premium(facts: Facts) -> None:
    free = read(facts, "free_to_paid")
    assert (free[("2026-02",)], free[("2026-03",)]) == (0, 1)
    premium = read(facts, "basic_to_premium")
    assert premium[("2026-02",)] == 1, "ann alone paid for basic when February began"
    assert premium[("2026-03",)] == 0, "bea"

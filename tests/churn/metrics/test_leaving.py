"""Churn, causes and reasons against the calendar of `told`."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn.lake import Facts
from tests.churn.history import History
from tests.churn.metrics.told import read, rows, spring


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return spring(History(tmp_path)).facts("2026-04-20")


def test_churn_of_subscribers_by_three_published_definitions(facts: Facts) -> None:
    """March begins with ann and bea. Ann leaves; dot comes, goes and comes."""
    march = ("2026-03",)
    assert read(facts, "subscriber_churn")[march] == 1 / 2
    assert read(facts, "subscriber_churn", "recurly")[march] == 2 / 2, "dot had left as well"
    assert read(facts, "subscriber_churn", "stripe")[march] == 2 / (2 + 3), "cem, and dot twice"
    assert ("2026-01",) not in read(facts, "subscriber_churn"), "nobody was there to leave"
    assert read(facts, "subscriber_churn")[("2026-02",)] == 0


def test_churn_of_money_gross_and_net(facts: Facts) -> None:
    assert read(facts, "money_churn")[("2026-03",)] == 1500 / 2500
    assert read(facts, "money_churn", "net")[("2026-03",)] == (1500 - 1000) / 2500
    assert read(facts, "money_churn", "net")[("2026-02",)] == -500 / 1000


def test_who_left_by_cause_and_reason(facts: Facts) -> None:
    assert read(facts, "leaving_by_cause") == {
        ("2026-03", "choice"): 1,
        ("2026-04", "payment"): 1,
    }
    assert read(facts, "leaving_reasons") == {("2026-03", "price"): 1}
    [gone] = rows(facts, "leaving_by_cause", "2026-04")
    assert (gone["person"], gone["cause"], gone["began"]) == ("bea", "payment", True)
    assert [row["person"] for row in rows(facts, "subscriber_churn", "2026-03")] == ["ann"]


def test_who_gave_no_reason_is_counted_too(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.change("ann", "2026-01-10", "started")
    history.change("ann", "2026-02-10", "ended", cause="choice")
    assert read(history.facts("2026-03-01"), "leaving_reasons") == {("2026-02", "not said"): 1}

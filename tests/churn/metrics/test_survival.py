"""Cohorts, Kaplan-Meier and lifetime value against values computed by hand."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from churn.lake import Facts
from churn.metrics import figures
from churn.metrics.calendar import Calendar
from churn.metrics.survival import MONTHS_A_DAY, Z, curve, mean_days, wilson
from tests.churn.history import History, at
from tests.churn.metrics.told import ZONE, read, rows, spring


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return spring(History(tmp_path)).facts("2026-04-20")


def test_cohorts_count_who_pays_at_each_months_end(facts: Facts) -> None:
    """January's are ann and dot: ann stays until March, dot is back from March on."""
    found = read(facts, "cohort_retention")
    january = [found[("2026-01", f"{later:02d}")] for later in range(4)]
    assert january == [1 / 2, 1 / 2, 1 / 2, 1 / 2]
    assert [found[("2026-02", f"{later:02d}")] for later in range(3)] == [1, 1, 0]
    assert ("2026-04", "00") not in found, "nobody first paid in April"
    assert [row["person"] for row in rows(facts, "cohort_retention", "2026-03")] == ["cem"]


def _lives(days: list[tuple[int, bool]]) -> ibis.Table:
    columns = {"days": [day for day, _ in days], "left": [left for _, left in days]}
    return ibis.memtable(pa.table(columns))


def test_kaplan_meier_is_as_computed_by_hand() -> None:
    """The remission times of 6-MP in Freireich et al. 1963, in every textbook: S(6) = 0.857,
    S(10) = 0.753, S(23) = 0.448, standard error 0.0764 at 6 and 0.1346 at 23."""
    left = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    stay = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    table = _lives([(day, True) for day in left] + [(day, False) for day in stay])
    found = {row["day"]: row for row in curve(table).to_pyarrow().to_pylist()}
    wanted = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {day: round(row["stay"], 3) for day, row in found.items()} == wanted
    assert found[6]["at_risk"] == 21
    error = {day: row["stay"] * math.sqrt(row["variance"]) for day, row in found.items()}
    assert (round(error[6], 4), round(error[23], 4)) == (0.0764, 0.1346)
    [mean] = mean_days(table).to_pyarrow().to_pylist()
    assert round(mean["days"], 2) == 23.29, "R's survfit prints rmean 23.29 up to 35"
    assert round(math.sqrt(mean["variance"]), 2) == 2.83


def test_once_all_have_left_nobody_stays() -> None:
    found = curve(_lives([(3, True), (5, True)])).order_by("day").to_pyarrow().to_pylist()
    assert [row["stay"] for row in found] == [pytest.approx(0.5), 0]


def test_the_interval_stays_between_nothing_and_all(tmp_path: Path) -> None:
    history = History(tmp_path)
    for person in range(30):
        history.change(f"p{person}", "2026-01-01", "started")
        if person < 20:
            end = at("2026-01-02") + timedelta(days=person)
            history.change(f"p{person}", str(end.date()), "ended", cause="choice")
    facts = history.facts("2026-03-01")
    calendar = Calendar.until(facts.as_of, ZONE, 1)
    found = figures.figure(facts, calendar, "survival").order_by("dimension").to_pyarrow()
    for row in found.to_pylist():
        assert 0 < row["low"] < row["value"] < row["high"] < 1
    first = found.to_pylist()[0]
    stay = 29 / 30
    spread = Z * math.sqrt(1 / (30 * 29)) / math.log(stay)
    assert first["low"] == pytest.approx(math.exp(-math.exp(math.log(-math.log(stay)) - spread)))


def test_lifetime_value_is_revenue_a_day_times_the_mean_days(tmp_path: Path) -> None:
    """Two of four leave after 10 days, two stay 40: 10 days all, 30 days half of them: 25 days."""
    history = History(tmp_path)
    for person in ("ann", "bea", "cem", "dot"):
        history.change(person, "2026-01-01", "started", 3000)
    for person in ("ann", "bea"):
        history.change(person, "2026-01-11", "ended", 3000, cause="choice")
    facts = history.facts("2026-02-10")
    calendar = Calendar.until(facts.as_of, ZONE, 2)
    [row] = figures.figure(facts, calendar, "lifetime_value").to_pyarrow().to_pylist()
    a_day = 3000 * MONTHS_A_DAY
    assert row["value"] == pytest.approx(a_day * 25)
    variance = (0.5 * 30) ** 2 * 2 / (4 * 2)
    assert row["high"] - row["value"] == pytest.approx(a_day * Z * math.sqrt(variance))
    assert read(facts, "lifetime_value", "simple") == {}, "nobody left in February"


def test_wilsons_interval() -> None:
    """Of 10, 1: 0.018 to 0.404 (Newcombe 1998, method 3)."""
    table = ibis.memtable(pa.table({"share": [0.1], "count": [10.0]}))
    low, high = wilson(table["share"], table["count"])
    [row] = table.select(low=low, high=high).to_pyarrow().to_pylist()
    assert (round(row["low"], 3), round(row["high"], 3)) == (0.018, 0.404)

"""MRR and its movements against a calendar computed by hand, and by their own arithmetic."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from churn.lake import Facts
from churn.metrics import figures
from churn.metrics.calendar import Calendar
from churn.metrics.states import month_minor
from tests.churn.history import History, at
from tests.churn.metrics.told import ZONE, read, rows, spring


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return spring(History(tmp_path)).facts("2026-04-20")


def test_mrr_at_each_months_end(facts: Facts) -> None:
    """Jan: ann; dot left. Feb: ann 15, bea 120 a year. Mar: bea, cem, dot. Apr: without bea."""
    assert read(facts, "mrr") == {
        ("2026-01",): 1000,
        ("2026-02",): 2500,
        ("2026-03",): 3000,
        ("2026-04",): 2000,
    }
    assert read(facts, "subscribers") == {
        ("2026-01",): 1,
        ("2026-02",): 2,
        ("2026-03",): 3,
        ("2026-04",): 2,
    }
    assert read(facts, "arpu")[("2026-02",)] == 1250


def test_movements_of_snapshots_leave_out_who_came_and_went(facts: Facts) -> None:
    assert read(facts, "mrr_movements") == {
        ("2026-01", "new"): 1000,
        ("2026-02", "new"): 1000,
        ("2026-02", "expansion"): 500,
        ("2026-03", "new"): 1000,
        ("2026-03", "reactivated"): 1000,
        ("2026-03", "churned"): -1500,
        ("2026-04", "churned"): -1000,
    }


def test_every_movement_counts_by_the_other_definition(facts: Facts) -> None:
    found = read(facts, "mrr_movements", "every")
    assert found[("2026-01", "new")] == 2000
    assert found[("2026-01", "churned")] == -1000
    assert found[("2026-03", "reactivated")] == 2000
    assert found[("2026-03", "churned")] == -2500


def test_a_figure_opens_to_its_rows(facts: Facts) -> None:
    behind = rows(facts, "mrr_movements", "2026-03")
    assert [(row["person"], row["dimension"], row["amount"]) for row in behind] == [
        ("ann", "churned", -1500),
        ("cem", "new", 1000),
        ("dot", "reactivated", 1000),
    ]
    assert [row["amount"] for row in rows(facts, "mrr", "2026-03")] == [1000, 1000, 1000]


def test_the_month_is_the_venues(tmp_path: Path) -> None:
    """31 January 23:30 UTC is February in Paris."""
    history = History(tmp_path)
    history.change("ann", "2026-01-31 23:30", "started")
    assert read(history.facts("2026-03-01"), "mrr_movements") == {("2026-02", "new"): 1000}


def test_a_discount_ends_on_its_date_without_a_word(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.change(
        "ann", "2026-01-10", "started", 500, list_minor=1000, discount_until="2026-03-10"
    )
    facts = history.facts("2026-04-20")
    assert read(facts, "mrr", "paid") == {
        ("2026-01",): 500,
        ("2026-02",): 500,
        ("2026-03",): 1000,
        ("2026-04",): 1000,
    }
    assert set(read(facts, "mrr", "list").values()) == {1000}
    assert read(facts, "mrr_movements")[("2026-03", "expansion")] == 500


def test_what_was_cancelled_ends_with_its_period(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.change("ann", "2026-01-10", "started", period_end="2026-02-10")
    history.change("ann", "2026-01-20", "cancel_asked", period_end="2026-02-10", reason="quality")
    facts = history.facts("2026-03-20")
    assert read(facts, "mrr") == {("2026-01",): 1000}
    assert read(facts, "leaving_reasons") == {("2026-02", "quality"): 1}


def test_what_is_written_down_after_an_end_begins_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.change("ann", "2026-01-10", "started")
    history.change("ann", "2026-02-10", "ended", cause="choice")
    history.change("ann", "2026-02-11", "cancel_asked", period_end="2026-02-10")
    history.change("ann", "2026-02-12", "changed", 1200)
    facts = history.facts("2026-04-20")
    assert read(facts, "mrr") == {("2026-01",): 1000}


def test_a_pause_pays_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.change("ann", "2026-01-10", "started")
    history.change("ann", "2026-02-10", "paused")
    history.change("ann", "2026-04-01", "resumed")
    facts = history.facts("2026-04-20")
    assert read(facts, "mrr") == {("2026-01",): 1000, ("2026-04",): 1000}
    assert read(facts, "leaving_by_cause") == {("2026-02", "paused"): 1}


def test_two_subscriptions_are_one_subscriber_and_a_change_of_currency_moves(
    tmp_path: Path,
) -> None:
    history = History(tmp_path)
    history.change("ann", "2026-01-10", "started")
    history.change("ann", "2026-01-12", "started", 500, subscription_id="sub-2")
    history.change("ann", "2026-02-10", "changed", 1200, currency="USD")
    facts = history.facts("2026-02-20")
    assert read(facts, "subscribers") == {("2026-01",): 1, ("2026-02",): 1}
    behind = rows(facts, "mrr", "2026-02")
    assert {(row["currency"], row["amount"]) for row in behind} == {("EUR", 500), ("USD", 1200)}


@pytest.mark.parametrize(
    ("price", "months", "minor"), [(1000, 1, 1000), (9999, 12, 833), (100, 3, 33), (5, 2, 3)]
)
def test_a_months_worth_is_rounded_half_up(price: int, months: int, minor: int) -> None:
    table = ibis.memtable(pa.table({"price": [price], "months": [months]}))
    found = table.select(minor=month_minor(table.price, table.months)).to_pyarrow()
    assert found["minor"].to_pylist() == [minor]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("definition", ["snapshot", "every"])
def test_movements_sum_to_the_change_of_mrr_in_every_month_and_currency(
    tmp_path: Path, seed: int, definition: str
) -> None:
    print(f"lives: seed {seed}")
    facts = _lives(tmp_path, seed).facts("2026-06-25")
    calendar = Calendar.until(facts.as_of, ZONE, 9)
    moved: Counter[tuple[str, str]] = Counter()
    for row in (
        figures.figure(facts, calendar, "mrr_movements", definition).to_pyarrow().to_pylist()
    ):
        moved[row["currency"], row["month"]] += row["value"]
    level: Counter[tuple[str, str]] = Counter()
    for row in figures.figure(facts, calendar, "mrr").to_pyarrow().to_pylist():
        level[row["currency"], row["month"]] += row["value"]
    months = [month.name for month in calendar.months]
    for currency in ("EUR", "USD", "JPY"):
        before = 0
        for month in months:
            change = level[currency, month] - before
            assert moved[currency, month] == change, (currency, month)
            before = level[currency, month]
    assert len([key for key, value in moved.items() if value]) >= 12, "a quiet world proves nothing"


def _lives(folder: Path, seed: int) -> History:
    """Sixty people do anything at any time, in three currencies, sometimes in two plans."""
    draw = random.Random(seed)
    history = History(folder)
    changes = ["started", "changed", "paused", "resumed", "cancel_asked", "ended", "trial_started"]
    for person in range(60):
        when = at("2025-12-01")
        for _ in range(draw.randrange(1, 8)):
            when += timedelta(hours=draw.randrange(0, 800))
            row = (
                {"discount_until": str(when.date() + timedelta(days=40))}
                if draw.random() < 0.2
                else {}
            )
            history.change(
                f"p{person}", str(when.date()), draw.choice(changes), draw.randrange(0, 5000),
                months=draw.choice([1, 3, 12]), currency=draw.choice(["EUR", "USD", "JPY"]),
                subscription_id=f"s{person}-{draw.randrange(2)}",
                list_minor=draw.randrange(0, 6000), cause="choice",
                period_end=str(when.date() + timedelta(days=20)), **row,
            )  # fmt: skip
    return history

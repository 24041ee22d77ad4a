"""Engagement and what events brought, from rows told by hand."""

from __future__ import annotations

from pathlib import Path

from tests.churn.history import History
from tests.churn.metrics.told import read, rows


def test_watching_by_month(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.watched("ann", "2026-02-20 20:00", 60)
    history.watched("ann", "2026-02-20 22:00", 30, kind="replay")
    history.watched("ann", "2026-03-31 21:00", 60)  # 23:00 in Paris: still March
    history.watched("bea", "2026-03-31 22:30", 60)  # April there
    history.watched("bea", "2026-03-05 20:00", 0)
    history.watched("", "2026-03-05 20:00", 10)
    facts = history.facts("2026-04-10")
    assert read(facts, "minutes") == {
        ("2026-02", "live"): 60,
        ("2026-02", "replay"): 30,
        ("2026-03", "live"): 70,
        ("2026-04", "live"): 60,
    }
    assert read(facts, "viewers") == {("2026-02",): 1, ("2026-03",): 1, ("2026-04",): 1}
    assert read(facts, "live_share")[("2026-02",)] == 60 / 90


def test_active_days_look_thirty_days_back_from_the_months_end(tmp_path: Path) -> None:
    history = History(tmp_path)
    for day in ("2026-01-28", "2026-01-29", "2026-01-30", "2026-02-28"):
        history.watched("ann", f"{day} 12:00", 10)
    history.watched("bea", "2026-02-01 12:00", 10)
    facts = history.facts("2026-03-10")
    found = read(facts, "active_days")
    assert found[("2026-02",)] == (2 + 1) / 2, "30 January is the first of the thirty"
    assert found[("2026-03",)] == 1, "up to the moment: from 9 February on"


def test_revenue_by_event_and_by_stream(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add("concerts", "2026-02-01", concert_id="con_1", name="Nuit", state="published")
    history.bought("ann", "2026-01-10", 1200, concert_id="con_1")
    history.bought("bea", "2026-01-11", 3000, concert_id="con_1", offer_kind="admission")
    history.bought("cem", "2026-01-12", 1200, concert_id="con_1", state="open")
    history.bought(
        "dot", "2026-01-12", 900, concert_id="con_1", offer_kind="replay",
        state="partly_refunded", refunded_minor=400,
    )  # fmt: skip
    history.bought("eve", "2026-01-12", 5000, offer_kind="season_pass")
    facts = history.facts("2026-02-20")
    assert read(facts, "event_revenue") == {("2026-01", "con_1"): 1200 + 3000 + 500}
    assert read(facts, "stream_revenue") == {
        ("2026-01", "con_1 stream_ticket"): 1200,
        ("2026-01", "con_1 replay"): 500,
    }
    behind = rows(facts, "event_revenue", "2026-01")
    assert [(row["person"], row["amount"]) for row in behind] == [
        ("ann", 1200), ("bea", 3000), ("dot", 500),
    ]  # fmt: skip
    assert {row["label"] for row in behind} == {"Nuit"}

"""Counting an action's arms from facts: who counts, when, and as what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from churn.effect_arms import arms, outcomes
from churn.effects import Arm, Terms
from churn.lake import Facts, Lake

COIN = datetime(2026, 3, 1, tzinfo=UTC)
AS_OF = COIN + timedelta(days=90)
TERMS = Terms(horizon_days=60)


class Story:
    """People of one venue told day by day; day 0 is when the coin fell."""

    def __init__(self, folder: Path) -> None:
        self._lake = Lake(str(folder))
        self._rows: dict[str, list[dict[str, Any]]] = {"assignments": [], "subscriptions": []}

    def coin(self, person: str, arm: str, *, day: float = 0, month: int = 990, **more: Any) -> None:
        self._add(
            "assignments", day, person=person, action_id=more.pop("action", "act"), arm=arm,
            month_minor=month, cost_minor=400 if arm == "treated" else 0,
            **{"currency": "EUR", **more},
        )  # fmt: skip

    def subscription(self, person: str, *changes: tuple[float, str], **more: Any) -> None:
        known = more.pop("known", None)
        for day, change in changes:
            self._add(
                "subscriptions", day, person=person, change=change, known=known,
                **{"subscription_id": f"s-{person}", "tier": "basic", **more},
            )  # fmt: skip

    def _add(self, table: str, day: float, *, known: float | None = None, **row: Any) -> None:
        rows = self._rows[table]
        rows.append(
            {
                "fact_id": f"{table}-{len(rows)}",
                "event_at": COIN + timedelta(days=day),
                "known_at": COIN + timedelta(days=day if known is None else known),
                **row,
            }
        )

    def facts(self, as_of: datetime = AS_OF) -> Facts:
        for table, rows in self._rows.items():
            self._lake.write_rows(table, "ven_1", rows, "told")
        return Facts.of_lake(self._lake, "ven_1", as_of)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "lake")


def kept(story: Story, as_of: datetime = AS_OF) -> dict[str, int]:
    rows = outcomes(story.facts(as_of), TERMS).to_pyarrow().to_pylist()
    return {row["person"]: row["kept"] for row in rows}


def test_kept_is_who_pays_at_the_horizon_and_has_not_asked_to_leave(story: Story) -> None:
    told: dict[str, list[tuple[float, str]]] = {
        "stays": [(-90, "started")],
        "left": [(-90, "started"), (20, "cancel_asked"), (30, "ended")],
        "left later": [(-90, "started"), (61, "cancel_asked")],
        "is about to go": [(-90, "started"), (59, "cancel_asked")],
        "thought better": [(-90, "started"), (20, "cancel_asked"), (25, "cancel_withdrawn")],
        "moved plans": [(-90, "started"), (30, "changed")],
        "came back": [(-90, "started"), (20, "ended"), (40, "started")],
        "never paid": [(-1, "trial_started")],
    }
    for person, changes in told.items():
        story.coin(person, "treated")
        story.subscription(person, *changes)
    story.coin("free", "treated")
    story.subscription("free", (-30, "started"), tier="free")
    story.coin("has two", "treated")
    story.subscription("has two", (-90, "started"), (10, "ended"))
    story.subscription("has two", (5, "started"), subscription_id="another")
    story.coin("no subscription", "held_out")
    stay = {"stays", "left later", "thought better", "moved plans", "came back", "has two"}
    assert kept(story) == {
        person: int(person in stay) for person in (*told, "free", "has two", "no subscription")
    }


def test_nobody_is_judged_before_their_horizon(story: Story) -> None:
    story.coin("early", "treated", day=0)
    story.coin("late", "treated", day=1)
    for person in ("early", "late"):
        story.subscription(person, (-90, "started"))
    assert set(kept(story, COIN + timedelta(days=60))) == {"early"}
    assert set(kept(story, COIN + timedelta(days=61))) == {"early", "late"}


def test_what_was_not_known_yet_does_not_count(story: Story) -> None:
    story.coin("quiet", "treated")
    story.subscription("quiet", (-90, "started"))
    story.subscription("quiet", (50, "ended"), known=80)
    assert kept(story, COIN + timedelta(days=70)) == {"quiet": 1}
    assert kept(story, COIN + timedelta(days=81)) == {"quiet": 0}


def test_the_first_coin_of_a_person_counts(story: Story) -> None:
    story.coin("twice", "held_out", day=0)
    story.coin("twice", "treated", day=10)
    story.subscription("twice", (-90, "started"))
    assert arms(story.facts(), TERMS) == {
        ("act", "EUR"): (Arm(0, 0), Arm(1, 1, 990, 990**2, cost_minor=0))
    }


def test_arms_are_counted_by_action_and_currency(story: Story) -> None:
    for number in range(3):
        story.coin(f"t{number}", "treated", month=1000)
        story.subscription(f"t{number}", (-90, "started"))
    story.subscription("t2", (3, "ended"))
    story.coin("h", "held_out", month=1490)
    story.subscription("h", (-90, "started"))
    story.coin("swiss", "treated", currency="CHF")
    story.coin("other", "held_out", action="another")
    assert arms(story.facts(), TERMS) == {
        ("act", "CHF"): (Arm(1, 0, cost_minor=400), Arm(0, 0)),
        ("act", "EUR"): (Arm(3, 2, 2000, 2_000_000, 1200), Arm(1, 1, 1490, 1490**2)),
        ("another", "EUR"): (Arm(0, 0), Arm(1, 0)),
    }


def test_without_facts_there_are_no_arms(story: Story) -> None:
    assert arms(story.facts()) == {}

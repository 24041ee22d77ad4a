"""Whom a model speaks of, and what came of them: each life as a few rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from churn.lake import Facts
from churn.prediction.causes import Cause
from churn.prediction.outcomes import outcomes, people_of, sells_subscriptions
from tests.churn.history import History, at

START = at("2026-03-01")
LATER = at("2026-09-01")


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def came(cause: Cause, history: History, start: datetime = START) -> dict[str, int]:
    table = outcomes(cause, history.facts(LATER), start).to_pyarrow()
    return dict(zip(table["person"].to_pylist(), table["left"].to_pylist(), strict=True))


def spoken_of(cause: Cause, facts: Facts) -> set[str]:
    return set(people_of(cause, facts).to_pyarrow()["person"].to_pylist())


def test_who_pays_and_has_not_asked_to_leave_is_spoken_of(history: History) -> None:
    for person in ("stays", "asked", "withdrew", "paused", "ended", "replanned"):
        history.change(person, "2026-01-01", "started")
    history.change("asked", "2026-02-20", "cancel_asked")
    history.change("asked", "2026-02-21", "changed")
    history.change("withdrew", "2026-02-20", "cancel_asked")
    history.change("withdrew", "2026-02-21", "cancel_withdrawn")
    history.change("paused", "2026-02-20", "paused")
    history.change("ended", "2026-02-20", "ended", cause="choice")
    history.change("replanned", "2026-02-20", "changed", plan="yearly")
    history.change("trial", "2026-02-20", "trial_started")
    history.change("free", "2026-01-01", "started", 0, tier="free")
    history.change("later", "2026-03-02", "started")
    history.change("heard_late", "2026-02-01", "started", known="2026-03-02")
    assert spoken_of(Cause.CHOICE, history.facts(START)) == {"stays", "withdrew", "replanned"}


def test_leaving_is_an_end_by_choice_within_thirty_days_with_nothing_after(
    history: History,
) -> None:
    ends = {
        "chose": ("2026-03-20", "choice"), "late": ("2026-04-01", "choice"),
        "card": ("2026-03-20", "payment"), "closed": ("2026-03-20", "venue"),
        "back": ("2026-03-10", "choice"), "switched": ("2026-03-10", "choice"),
    }  # fmt: skip
    for person, (when, cause) in ends.items():
        history.change(person, "2026-01-01", "started")
        history.change(person, when, "ended", cause=cause)
    history.change("back", "2026-03-25", "started")
    history.change("switched", "2026-03-10", "started", subscription_id="another")
    assert came(Cause.CHOICE, history) == {
        "chose": 1, "late": 0, "card": 0, "back": 0, "switched": 0
    }  # fmt: skip


def test_a_payment_fails_when_the_first_attempt_is_declined(history: History) -> None:
    for person in ("pays", "declined", "recovers", "yearly"):
        history.change(person, "2026-01-01", "started")
        history.paid(person, "2026-02-25", subscription_id=f"sub-{person}", outcome="declined")
    history.paid("pays", "2026-03-05", subscription_id="sub-pays")
    history.paid("declined", "2026-03-05", subscription_id="sub-declined", outcome="declined")
    history.paid("recovers", "2026-03-05", subscription_id="sub-recovers", outcome="declined")
    history.paid("recovers", "2026-03-08", subscription_id="sub-recovers", attempt=2)
    history.paid("yearly", "2026-06-05", subscription_id="sub-yearly", outcome="declined")
    assert came(Cause.PAYMENT, history) == {"pays": 0, "declined": 1, "recovers": 1}


def test_silence_is_neither_buying_nor_watching_while_the_venue_plays(history: History) -> None:
    for person in ("gone", "buys", "watches"):
        history.add("viewing", "2026-02-01", person=person, watched_s=60.0, kind="live")
    history.add("viewing", "2024-02-01", person="long_ago", watched_s=60.0, kind="live")
    history.add("orders", "2026-05-01", person="buys", state="paid", total_minor=900)
    history.add("viewing", "2026-05-01", person="watches", watched_s=60.0, kind="replay")
    assert came(Cause.SILENCE, history) == {}, "nobody can come where nothing is played"
    history.add("concerts", "2026-04-01", concert_id="c", state="published", known="2026-01-01")
    assert came(Cause.SILENCE, history) == {"gone": 1, "buys": 0, "watches": 0}
    assert not sells_subscriptions(history.facts(LATER))

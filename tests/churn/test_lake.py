"""Facts of a lake: what many figures share is computed once, of each moment apart."""

from __future__ import annotations

from pathlib import Path

import ibis

from churn.metrics.states import steps
from tests.churn.history import History, at


def test_what_is_shared_is_computed_once_and_of_each_moment_apart(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.change("ann", "2026-01-10", "started")
    history.change("ann", "2026-03-20", "ended", cause="choice")
    march = history.facts("2026-03-01")
    april = march.at(at("2026-04-01"))
    asked = []

    def made() -> ibis.Table:
        asked.append(1)
        return march.table("subscriptions")

    once = march.once("lives", made)
    assert once.count().to_pyarrow().as_py() == 1
    assert march.once("lives", made) is once
    assert len(asked) == 1
    assert april.once("lives", made) is not once
    assert steps(march).count().to_pyarrow().as_py() == 1
    assert steps(april).count().to_pyarrow().as_py() == 2

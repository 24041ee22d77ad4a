"""A hundred simulated audiences: is what is measured true, and is harm seen?"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest

from churn.effect_arms import arms, outcomes
from churn.effects import PEOPLE_MIN, Arm, Effect, Verdict, judge
from churn.simulate.run import Planted, Simulation, simulate, worlds
from tests.churn.simulate.audience import JUDGED, UNTIL, facts_of

pytestmark = pytest.mark.drill

SEEDS = range(100)
PEOPLE = 12_000
YEARS = 2.0
HARMFUL, IDLE = "sim_plan_advice", "sim_coupon"


def test_the_interval_covers_what_was_planted_and_harm_is_flagged() -> None:
    said: dict[str, list[tuple[Effect, Planted]]] = {}
    cried = 0
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for measured, cries in pool.map(_measured, SEEDS):
            cried += cries
            for action, pair in measured.items():
                said.setdefault(action, []).append(pair)
    print(f"\n{len(SEEDS)} audiences of {PEOPLE:,} people over {YEARS:g} years; level 95 %")
    for action, pairs in said.items():
        print(_line(action, pairs))
        covered = sum(truth.effect in effect.kept for effect, truth in pairs)
        once = sum(truth.effect in effect.once for effect, truth in pairs)
        assert covered >= 0.9 * len(pairs)
        assert once >= 0.9 * len(pairs)
    print(f"looked at every week, {IDLE} was wrongly said to help or harm in {cried} of 100")
    assert cried <= 0.05 * len(SEEDS) + 4  # 5 expected at most; 9 are seen by chance in 1 of 30
    verdicts = Counter(effect.verdict for effect, _ in said[HARMFUL])
    assert verdicts[Verdict.HELPED] == 0
    assert verdicts[Verdict.HARMED] >= 0.5 * len(SEEDS)


def _measured(seed: int) -> tuple[dict[str, tuple[Effect, Planted]], bool]:
    """One audience: of each action, what its page would show and what it really did."""
    simulation = simulate(seed, YEARS, PEOPLE, UNTIL, only=JUDGED)
    truth = worlds(seed, YEARS, PEOPLE, UNTIL)
    pairs = {}
    for (action, _), (treated, held_out) in arms(facts_of(simulation)).items():
        assert treated.people + held_out.people == truth[action].people
        pairs[action] = (judge(treated, held_out), truth[action])
    return pairs, _cries(simulation)


def _line(action: str, pairs: list[tuple[Effect, Planted]]) -> str:
    verdicts = Counter(effect.verdict.value for effect, _ in pairs)
    covered = sum(truth.effect in effect.kept for effect, truth in pairs)
    once = sum(truth.effect in effect.once for effect, truth in pairs)
    flagged = sum(not effect.once.low <= 0 <= effect.once.high for effect, _ in pairs)
    people = sum(truth.people for _, truth in pairs) / len(pairs)
    planted = sum(truth.effect for _, truth in pairs) / len(pairs)
    measured = sum(effect.kept.value for effect, _ in pairs) / len(pairs)
    return (
        f"{action}: {people:,.0f} people, planted {100 * planted:+.1f} points, measured "
        f"{100 * measured:+.1f}; covered {covered} (one look: {once}) of {len(pairs)}; "
        f"{dict(verdicts)} (one look finds a difference in {flagged})"
    )


def _cries(simulation: Simulation) -> bool:
    """Somebody looks every week at an action that does nothing: does any look say it does?"""
    rows = outcomes(facts_of(simulation)).to_pyarrow().to_pylist()
    rows = sorted((r for r in rows if r["action_id"] == IDLE), key=lambda r: r["event_at"])
    counts: Counter[tuple[str, int]] = Counter()
    look = rows[0]["event_at"] if rows else UNTIL
    for row in rows:
        counts[row["arm"], row["kept"]] += 1
        if row["event_at"] < look:
            continue
        look = row["event_at"] + timedelta(days=7)
        treated, held_out = (
            Arm(counts[arm, 0] + counts[arm, 1], counts[arm, 1]) for arm in ("treated", "held_out")
        )
        if min(treated.people, held_out.people) >= PEOPLE_MIN:
            verdict = judge(treated, held_out).verdict
            if verdict in (Verdict.HELPED, Verdict.HARMED):
                return True
    return False

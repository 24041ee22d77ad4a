from __future__ import annotations

import numpy as np
import pytest

from support_bot.engine.gate import (
    NEVER,
    SUGGEST_AT,
    Calibration,
    Change,
    Gate,
    Outcome,
    Policy,
    Thresholds,
    asked_weights,
    decide,
    seen_share,
    stream_weights,
)

pytestmark = pytest.mark.slow

N = 4_000
NOBODY = np.zeros(N, bool)


def calibration(seed: int, oos: float = 0.25) -> Calibration:
    """Questions whose one fact tells how likely the answer is right."""
    dice = np.random.default_rng(seed)
    outside = dice.random(N) < oos
    fact = dice.normal(np.where(outside, -1.0, 1.5), 1.0)
    right = (dice.random(N) < 1 / (1 + np.exp(-2 * fact))) & ~outside
    among = right | ((dice.random(N) < 0.5) & ~outside)
    return Calibration(fact.reshape(-1, 1), right, among, outside, np.arange(1, N + 1), NOBODY)


@pytest.mark.parametrize("wanted", [0.9, 0.95, 0.98])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_wanted_precision_holds_on_questions_not_seen(wanted: float, seed: int) -> None:
    gate = Gate.fit(calibration(seed))
    fresh = calibration(seed + 100)
    chance, _ = gate.chances(fresh.facts)
    answered = chance >= gate.thresholds(Policy(wanted, 0.25)).answer_at
    assert fresh.right[answered].mean() >= wanted - 0.015
    assert answered.mean() > 0.2


def test_with_more_out_of_scope_the_threshold_rises() -> None:
    gate = Gate.fit(calibration(5))
    assert (
        gate.thresholds(Policy(0.95, 0.4)).answer_at > gate.thresholds(Policy(0.95, 0.05)).answer_at
    )


def test_what_can_not_be_reached_is_never_answered() -> None:
    seen = calibration(6)
    noise = np.random.default_rng(0).normal(size=(N, 1))
    gate = Gate.fit(seen._replace(facts=noise))
    assert gate.thresholds(Policy(0.99, 0.15)) == Thresholds(NEVER, SUGGEST_AT, 0.0, 0.0)


def test_always_right_and_never_right_are_no_trouble() -> None:
    seen = calibration(7)
    every = np.ones(N, bool)
    none = np.zeros(N, bool)
    good = Gate.fit(seen._replace(right=every, among_three=every, oos=none))
    assert good.thresholds(Policy(0.95, 0.15)).coverage == 1.0
    bad = Gate.fit(seen._replace(right=none, among_three=none, oos=none))
    assert bad.thresholds(Policy(0.95, 0.15)).coverage == 0.0


def test_two_gates_are_compared_on_what_both_know() -> None:
    seen = calibration(8)
    old = Gate.fit(seen)
    hard = calibration(9)._replace(right=np.zeros(N, bool), names=np.arange(N + 1, 2 * N + 1))
    more = Calibration(*(np.concatenate(pair) for pair in zip(seen, hard, strict=True)))
    new = Gate.fit(more)
    assert new.accuracy < old.accuracy - 0.2
    familiar = new.against(old, Policy(0.9))
    assert familiar.right.examples == familiar.settled.examples == int((~seen.oos).sum())
    assert familiar.right.before == familiar.right.after == int(seen.right.sum())
    assert 0 < familiar.settled.before <= int(seen.among_three.sum())
    assert Gate.fit(hard).against(old, Policy(0.9)).right.examples == 0


def test_worse_is_more_than_a_slack_and_more_than_chance() -> None:
    before = np.array([True] * 800 + [False] * 200)
    after = before.copy()
    after[:30] = False
    lost = Change.of(before, after)
    assert lost == (1000, 800, 770, 30, 0)
    assert lost.is_worse(0.02)
    assert not lost.is_worse(0.03)
    few = Change(100, 50, 45, 15, 10)
    assert not few.is_worse(0.02), "five of a hundred are within the chance of the folds"


def test_three_outcomes_by_two_chances() -> None:
    marks = Thresholds(0.8, 0.5, 0.95, 0.6)
    assert decide(0.8, 0.9, marks) is Outcome.ANSWER
    assert decide(0.79, 0.9, marks) is Outcome.SUGGEST
    assert decide(0.2, 0.49, marks) is Outcome.HAND_OVER


def test_the_share_out_of_scope_begins_as_assumed_and_follows_what_was_seen() -> None:
    assert seen_share(0, 0) == pytest.approx(0.15)
    assert seen_share(0, 3_000) < 0.01
    assert seen_share(300, 1_000) == pytest.approx(0.286, abs=0.01)


def test_weights_make_the_sample_look_like_the_stream() -> None:
    oos = np.array([True] * 10 + [False] * 30)
    weights = stream_weights(oos, 0.15)
    assert weights[oos].sum() / weights.sum() == pytest.approx(0.15)
    assert (stream_weights(np.zeros(5, bool), 0.15) == 1).all()


def test_confirmed_examples_weigh_what_they_were_of_the_requests() -> None:
    oos = np.array([True] * 20 + [False] * 80)
    confirmed = np.array([False] * 60 + [True] * 40)
    weights = stream_weights(oos, 0.15)
    asked = asked_weights(weights, confirmed, oos, 400)
    assert asked[confirmed].sum() / asked[~oos].sum() == pytest.approx(0.1)
    assert asked.sum() == pytest.approx(weights.sum())
    assert (asked[oos] == weights[oos]).all()
    # Never more than each example alike, and nothing changes while nobody knows how many came.
    assert asked_weights(weights, confirmed, oos, 50) == pytest.approx(weights)
    assert (asked_weights(weights, confirmed, oos, 0) == weights).all()


def test_hard_questions_that_agents_confirmed_do_not_silence_the_gate() -> None:
    seen = calibration(10)
    dice = np.random.default_rng(11)
    hard = calibration(12)._replace(
        right=dice.random(N) < 0.4, oos=NOBODY, names=np.arange(N + 1, 2 * N + 1),
        confirmed=np.ones(N, bool),
    )  # fmt: skip
    gate = Gate.fit(Calibration(*(np.concatenate(pair) for pair in zip(seen, hard, strict=True))))
    few = gate.thresholds(Policy(0.9, 0.25))
    asked = gate.thresholds(Policy(0.9, 0.25, handled=20 * N))
    assert asked.coverage > few.coverage + 0.1
    assert asked.answer_at < few.answer_at

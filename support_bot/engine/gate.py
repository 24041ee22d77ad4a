"""Answer, suggest or hand over: thresholds that hold a wanted precision, calibrated out of fold."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from support_bot.engine.features import Array

OOS_SHARE_PRIOR = 0.15
"""Share of out-of-scope questions that is assumed before any question was handled."""

PRIOR_QUESTIONS = 100
"""How many handled questions the assumed share weighs as much as."""

WANTED_PRECISION = 0.95
CAUTION = 0.5
"""Standard errors by which the estimated precision must exceed the wanted one."""

ANSWERED_MIN = 20
"""Out-of-fold answers below which no precision is claimed; then nothing is answered directly."""

SUGGEST_AT = 0.5
"""Chance that the right article is among three from which on three are offered."""

NEVER = 2.0


class Outcome(StrEnum):
    """What becomes of a question."""

    ANSWER = "answer"
    SUGGEST = "suggest"
    HAND_OVER = "hand_over"


class Calibration(NamedTuple):
    """What happened out of fold to each question, in scope and out of scope alike.

    names: a number for each example that is judged as what it is, 0 for one that plays another.
    confirmed: whether it was asked by somebody and came to an agent.
    """

    facts: Array
    right: Array
    among_three: Array
    oos: Array
    names: Array
    confirmed: Array


class Change(NamedTuple):
    """What two gates did with the same examples: counts of all, of good by each, of lost and won.

    Lost are those that the earlier did well and the later did not; won the other way round.
    """

    examples: int
    before: int
    after: int
    lost: int
    won: int

    @classmethod
    def of(cls, before: Array, after: Array) -> Change:
        lost, won = int((before & ~after).sum()), int((after & ~before).sum())
        return cls(len(before), int(before.sum()), int(after.sum()), lost, won)

    def is_worse(self, slack: float) -> bool:
        """Whether more than this share was lost, and by more than the chance of the folds.

        Folds are drawn anew each time, and where they fall some examples are lost and some won. The
        excess counts from 2.33 of its standard errors on (McNemar 1947, one side, 1 %).
        """
        excess = self.lost - self.won
        return excess > slack * self.examples and excess > 2.33 * math.sqrt(self.lost + self.won)


class Familiar(NamedTuple):
    """Two gates on the in-scope examples that both were calibrated on.

    `right`: the best article is right; `settled`: it is right and answered, or the right one is
    among three that are suggested.
    """

    right: Change
    settled: Change


class Policy(msgspec.Struct, frozen=True):
    """What a venue wants of direct answers, and what its requests are like."""

    wanted_precision: float = WANTED_PRECISION
    oos_share: float = OOS_SHARE_PRIOR
    """Of all requests (seen_share)."""
    handled: int = 0
    """Requests so far, those included that never came to an agent; 0 is unknown."""


class Thresholds(NamedTuple):
    """From which chance on to answer and to suggest, and what that did out of fold.

    precision and coverage are estimates for requests like the policy's.
    """

    answer_at: float
    suggest_at: float
    precision: float
    coverage: float


class Gate:
    """Two chances for each question: that the best article is right, that one of three is."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    @classmethod
    def fit(cls, seen: Calibration) -> Gate:
        weights = stream_weights(seen.oos, OOS_SHARE_PRIOR)
        confirmed = seen.confirmed & ~seen.oos
        centre = seen.facts.mean(axis=0)
        scale = np.maximum(seen.facts.std(axis=0), 1e-6)
        state: dict[str, Any] = {"centre": centre, "scale": scale, "oos": seen.oos}
        state["confirmed"] = confirmed
        state["names"] = np.where(seen.oos, 0, seen.names)
        for name, target in (("right", seen.right), ("among", seen.among_three)):
            bent = _bent((seen.facts - centre) / scale)
            state[name] = target
            state[f"{name}_model"] = _model(bent, target, weights)
            state[f"{name}_chance"] = _out_of_fold(bent, target, weights)
        return cls(state)

    @property
    def accuracy(self) -> float:
        """Share of the in-scope questions whose best article was right, out of fold."""
        return float(self._state["right"][~self._state["oos"]].mean())

    def chances(self, facts: Array) -> tuple[Array, Array]:
        """Per question: the chance that the best is right, and that the right is among three."""
        bent = _bent((facts - self._state["centre"]) / self._state["scale"])
        right = _chance(self._state["right_model"], bent)
        return right, np.maximum(right, _chance(self._state["among_model"], bent))

    def thresholds(self, policy: Policy) -> Thresholds:
        """The lowest threshold at which out-of-fold precision, less some caution, is as wanted."""
        wanted = policy.wanted_precision
        oos, confirmed = self._state["oos"], self._state["confirmed"]
        weights = stream_weights(oos, policy.oos_share)
        weights = asked_weights(weights, confirmed, oos, policy.handled)
        chance, right = self._state["right_chance"], self._state["right"]
        order = np.argsort(-chance, kind="stable")
        answered = np.cumsum(weights[order])
        precision = np.cumsum((weights * right)[order]) / np.maximum(answered, 1e-9)
        count = np.arange(1, len(order) + 1)
        error = np.sqrt(np.maximum(precision * (1 - precision), 1e-4) / count)
        held = (precision - CAUTION * error >= wanted) & (count >= ANSWERED_MIN)
        if not held.any():
            return Thresholds(NEVER, SUGGEST_AT, 0.0, 0.0)
        last = int(np.flatnonzero(held)[-1])
        answer_at = float(chance[order[last]])
        return Thresholds(
            answer_at,
            min(SUGGEST_AT, answer_at),
            float(precision[last]),
            float(answered[last] / answered[-1]),
        )

    def against(self, before: Gate, policy: Policy) -> Familiar:
        """This gate beside an earlier one, on what both know.

        What agents confirm are the questions that the earlier one could not answer. They make the
        later one's examples harder and its totals lower, though it is the better of the two.
        """
        old, new = before._named(), self._named()
        shared = sorted(set(old) & set(new))
        was, now = [old[name] for name in shared], [new[name] for name in shared]
        return Familiar(
            Change.of(before._state["right"][was], self._state["right"][now]),
            Change.of(before._settled(was, policy), self._settled(now, policy)),
        )

    def _named(self) -> dict[int, int]:
        """Row by name."""
        return {int(name): row for row, name in enumerate(self._state["names"]) if name}

    def _settled(self, rows: list[int], policy: Policy) -> Array:
        """For each example whether it was answered rightly, or among three that were suggested."""
        marks, state = self.thresholds(policy), self._state
        right, among = state["right_chance"][rows], state["among_chance"][rows]
        offered = np.maximum(right, among) >= marks.suggest_at
        taken = offered & state["among"][rows]
        return np.asarray(np.where(right >= marks.answer_at, state["right"][rows], taken))

    def state(self) -> dict[str, Any]:
        return self._state


def decide(right: float, among: float, thresholds: Thresholds) -> Outcome:
    """The outcome for one question, from its two chances."""
    if right >= thresholds.answer_at:
        return Outcome.ANSWER
    if among >= thresholds.suggest_at:
        return Outcome.SUGGEST
    return Outcome.HAND_OVER


def policy_for(wanted_precision_bps: int, out_of_scope: int, handled: int) -> Policy:
    """A venue's policy from its setting and from what its requests were so far."""
    return Policy(wanted_precision_bps / 10_000, seen_share(out_of_scope, handled), handled)


def seen_share(out_of_scope: int, handled: int) -> float:
    """Share of out-of-scope questions after so many were handled, the prior counted in."""
    assert 0 <= out_of_scope <= handled
    return (out_of_scope + OOS_SHARE_PRIOR * PRIOR_QUESTIONS) / (handled + PRIOR_QUESTIONS)


def stream_weights(oos: Array, share: float) -> Array:
    """Weights that make a sample look like a stream with this share out of scope; mean 1."""
    inside, outside = max(int((~oos).sum()), 1), int(oos.sum())
    if not outside:
        return np.ones(len(oos))
    return np.where(oos, share / outside, (1.0 - share) / inside) * len(oos)


def asked_weights(weights: Array, confirmed: Array, oos: Array, handled: int) -> Array:
    """The same weights with what agents confirmed at its share of the requests.

    Confirmed examples are the requests that the bot could not settle. Counted like any other
    example they would make all requests look as hard as these: after thousands of requests they
    are half of the examples and came from a twentieth of the requests. `confirmed` has none out of
    scope. They never weigh more than each example alike, and all weights keep their sum.
    """
    others = ~oos & ~confirmed
    if not handled or not confirmed.any() or not others.any():
        return weights
    share = min(confirmed.sum() / handled, confirmed.sum() / (~oos).sum())
    inside = weights[~oos].sum()
    fair = np.where(confirmed, share / confirmed.sum(), (1.0 - share) / others.sum()) * inside
    return np.where(oos, weights, fair)


def _bent(scaled: Array) -> Array:
    """Facts with their squares, so that a chance may rise and fall again along a fact."""
    clipped = np.clip(scaled, -5.0, 5.0)
    return np.hstack([clipped, clipped**2 / 5.0])


def _model(bent: Array, target: Array, weights: Array) -> Array:
    """Weights and, last, the bias of a logistic regression; a constant where nothing varies."""
    if target.all() or not target.any():
        constant = np.zeros(bent.shape[1] + 1)
        constant[-1] = 4.0 if target.all() else -4.0
        return constant
    machine = LogisticRegression(C=0.3, max_iter=500)
    machine.fit(bent, target, sample_weight=weights)
    return np.concatenate([machine.coef_[0], machine.intercept_])


def _chance(model: Array, bent: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-(bent @ model[:-1] + model[-1]))))


def _out_of_fold(bent: Array, target: Array, weights: Array) -> Array:
    """Each question's chance by a regression that did not see it."""
    chance = np.zeros(len(target))
    rarest = min(int(target.sum()), int((~target).sum()))
    if rarest < 2:
        return _chance(_model(bent, target, weights), bent)
    folds = StratifiedKFold(min(5, rarest), shuffle=True, random_state=0)
    for learned, held in folds.split(bent, target):
        chance[held] = _chance(_model(bent[learned], target[learned], weights[learned]), bent[held])
    return chance

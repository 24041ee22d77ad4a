"""What a score is worth in money: act on those for whom it pays, against doing nothing."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from churn.problems import NothingToLearnFrom

Floats = npt.NDArray[np.float64]


class Terms(msgspec.Struct, frozen=True):
    """What an action costs and does. Amounts in the file's own unit; save_chance is 0..1."""

    act_cost: float
    save_chance: float


class Policy(msgspec.Struct, frozen=True):
    """One way to choose whom to act on, judged on people whose outcome is known."""

    acted: int
    saved: float
    """Money kept less what acting cost, expected."""
    saved_share: float
    """`saved` over what leavers take with them when nobody acts; negative: acting loses money."""


class Savings(msgspec.Struct, frozen=True):
    """The same people under each policy."""

    lost_if_nothing_is_done: float
    by_score: Policy
    """Act where chance x value x save_chance > act_cost."""
    at_half: Policy
    """Act where the chance is above 0.5, whatever the value: what a plain classifier would do."""
    on_everybody: Policy
    by_knowing: Policy
    """Act on exactly the leavers worth it: the most that can be saved."""
    share_of_possible: float
    """by_score's saving over by_knowing's."""
    people: int
    values_missing: int
    """People without a value: the median stood in."""


def savings(left: Floats, chance: Floats, value: Floats, terms: Terms) -> Savings:
    """saved_share = sum over acted of (left x value x save_chance - act_cost) / sum(left x value).

    Cost-sensitive savings after Bahnsen, Aouada and Ottersten (2015), with doing nothing as the
    base: cost(nothing) = sum(left x value); cost(policy) = sum over not acted (left x value) + sum
    over acted (act_cost + left x value x (1 - save_chance)). `chance` must be out of fold.
    """
    missing = int(np.isnan(value).sum())
    if missing == len(value):
        raise NothingToLearnFrom("No person has a value: see --value.", field="value")
    worth = np.where(np.isnan(value), np.nanmedian(value), value)
    lost = float(np.sum(left * worth))

    def policy(act: npt.NDArray[np.bool_]) -> Policy:
        gain = left * worth * terms.save_chance - terms.act_cost
        saved = float(np.sum(gain[act]))
        return Policy(int(act.sum()), saved, saved / lost if lost > 0 else 0.0)

    by_score = policy(chance * worth * terms.save_chance > terms.act_cost)
    by_knowing = policy(left * worth * terms.save_chance > terms.act_cost)
    possible = by_knowing.saved
    return Savings(
        lost_if_nothing_is_done=lost,
        by_score=by_score,
        at_half=policy(chance > 0.5),
        on_everybody=policy(np.ones(len(left), dtype=bool)),
        by_knowing=by_knowing,
        share_of_possible=by_score.saved / possible if possible > 0 else 0.0,
        people=len(left),
        values_missing=missing,
    )

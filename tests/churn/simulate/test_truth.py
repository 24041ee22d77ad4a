"""The truth beside the facts: believable figures, and effects that are what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from churn.effect_arms import arms
from churn.effects import judge
from churn.simulate.run import simulate, worlds
from churn.simulate.sanity import effect_of_knowing, figures
from churn.simulate.truth import roc_auc
from tests.churn.simulate.audience import JUDGED, UNTIL, audience, facts_of

pytestmark = pytest.mark.slow


def test_its_figures_are_those_of_published_reports() -> None:
    strange = [one for one in figures(audience(people=4000)) if not one.believable]
    assert strange == []


def test_the_true_chances_are_chances() -> None:
    said, came = effect_of_knowing(audience(people=4000))
    assert said == pytest.approx(came, rel=0.1)


def test_the_area_under_the_curve_counts_pairs() -> None:
    chance, came = np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True])
    assert roc_auc(chance, came) == pytest.approx(3.5 / 4)


def test_two_worlds_differ_by_the_planted_effect_alone() -> None:
    planted = worlds(7, 1.5, 2500, UNTIL)
    assert planted["sim_free_weeks"].effect > 0.02
    assert planted["sim_card_mail"].effect >= 0
    assert planted["sim_plan_advice"].effect < -0.03
    assert not planted["sim_coupon"].each.any()
    nothing = worlds(7, 0.6, 600, UNTIL, planted=0.0)
    # Free weeks move the next payment even where they move nobody's mind.
    assert {k for k, one in nothing.items() if one.each.any()} <= {"sim_free_weeks"}


@pytest.mark.parametrize("seed", range(5))
def test_what_is_measured_covers_what_was_planted(seed: int) -> None:
    simulation = simulate(seed, 1.0, 1500, UNTIL, only=JUDGED)
    truth = worlds(seed, 1.0, 1500, UNTIL)
    measured = {action: judge(*both) for (action, _), both in arms(facts_of(simulation)).items()}
    assert set(measured) == set(truth)
    for action, effect in measured.items():
        assert effect.treated.people + effect.held_out.people == truth[action].people
        assert truth[action].effect in effect.kept

"""What an action changed: intervals worked out by hand and from print, verdicts, money."""

from __future__ import annotations

import random
import subprocess
import sys
from math import sqrt

import pytest

from churn.effects import (
    PEOPLE_MIN,
    Arm,
    Interval,
    Terms,
    Verdict,
    always_valid_z,
    difference,
    judge,
    sentence,
    together,
    wilson,
)

Z = 1.959964


@pytest.mark.parametrize(
    ("treated", "held_out", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_difference_is_that_of_newcombes_table(
    treated: tuple[int, int], held_out: tuple[int, int], low: float, high: float
) -> None:
    arms = [Arm(people, kept) for kept, people in (treated, held_out)]
    found = difference(arms[0], arms[1], Z)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    swapped = difference(arms[1], arms[0], Z)
    assert (swapped.low, swapped.high) == (-found.high, -found.low)


def test_the_share_has_wilsons_interval() -> None:
    # Newcombe 1998 (two-sided intervals for the single proportion), table I: 81 of 263.
    found = wilson(81, 263, Z)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0, Z) == Interval(0.0, 0.0, 1.0)


def test_the_boundary_is_that_of_the_paper() -> None:
    # By hand at the number where it is tightest: r = 5.99146 + ln 6.99146 = 7.93615,
    # sqrt(8.93615 / 7.93615 * (ln 8.93615 + 5.99146)) = 3.0352.
    assert always_valid_z(2000) == pytest.approx(3.0352, abs=5e-5)
    tightest = min(always_valid_z(people) for people in range(100, 50_000, 100))
    assert always_valid_z(2000) == pytest.approx(tightest, abs=1e-4)
    assert always_valid_z(2000, 0.90) < always_valid_z(2000)


def test_looking_every_week_at_an_action_that_does_nothing_seldom_cries_wolf() -> None:
    rng = random.Random(20261122)
    cried = {"any day": 0, "once": 0}
    for _ in range(200):
        people, kept, wrong = [0, 0], [0, 0], {"any day": False, "once": False}
        for person in range(1500):
            arm = 0 if rng.random() < 0.85 else 1
            people[arm] += 1
            kept[arm] += rng.random() < 0.88
            if person % 25 or min(people) < PEOPLE_MIN:
                continue
            arms = [Arm(n, k) for n, k in zip(people, kept, strict=True)]
            for how, z in (("any day", always_valid_z(person + 1)), ("once", Z)):
                wrong[how] |= 0 not in difference(arms[0], arms[1], z)
        for how in cried:
            cried[how] += wrong[how]
    assert cried["any day"] <= 10  # 5 of 100
    assert cried["once"] >= 30  # what the boundary is for


def arms(kept: float, kept_held_out: float, people: int = 3000) -> tuple[Arm, Arm]:
    held_out = people // 5
    return (
        Arm(people - held_out, round(kept * (people - held_out))),
        Arm(held_out, round(kept_held_out * held_out)),
    )


@pytest.mark.parametrize(
    ("kept", "held_out", "people", "verdict", "words"),
    [
        (0.92, 0.82, 3000, Verdict.HELPED, "It helped. 92.0 % of the treated stayed"),
        (0.80, 0.90, 3000, Verdict.HARMED, "It did harm. 80.0 % of the treated stayed"),
        (0.880, 0.885, 30_000, Verdict.NO_DIFFERENCE, "It changed little: less than 3 points"),
        (0.88, 0.86, 3000, Verdict.TOO_EARLY, "Too early to say."),
    ],
)
def test_the_verdict_follows_the_interval(
    kept: float, held_out: float, people: int, verdict: Verdict, words: str
) -> None:
    effect = judge(*arms(kept, held_out, people))
    assert effect.verdict is verdict
    assert sentence(effect).startswith(words)
    assert (effect.more_people > 0) == (verdict is Verdict.TOO_EARLY)
    assert effect.kept.low < effect.once.low < effect.once.high < effect.kept.high


def test_a_few_people_say_nothing_however_clear_they_look() -> None:
    effect = judge(Arm(400, 400), Arm(PEOPLE_MIN - 1, 0))
    assert effect.verdict is Verdict.TOO_EARLY
    assert effect.more_people > 0
    nobody = judge(Arm(0, 0), Arm(0, 0))
    assert nobody.verdict is Verdict.TOO_EARLY
    assert sentence(nobody) == "Too early to say. About 60 more people have to be judged."


def test_with_as_many_more_people_as_it_asks_for_something_can_be_said() -> None:
    treated, held_out = arms(0.90, 0.86, 1000)
    effect = judge(treated, held_out)
    assert effect.verdict is Verdict.TOO_EARLY
    times = (1000 + effect.more_people) / 1000
    grown = [Arm(round(a.people * times), round(a.kept * times)) for a in (treated, held_out)]
    assert judge(grown[0], grown[1]).kept.low == pytest.approx(0, abs=0.01)


def test_money_is_what_stays_a_month_for_the_months_counted() -> None:
    treated = Arm(100, 90, 90 * 1000, 90 * 1000**2, cost_minor=25_000)
    held_out = Arm(50, 40, 40 * 1000, 40 * 1000**2)
    money = judge(treated, held_out, Terms(months=6)).money
    # 9.00 a head against 8.00: 1.00 more for 100 people and 6 months.
    assert money.kept.value == 60_000
    assert money.net.value == 35_000
    # Variances 9e6 / 99 and 8e6 / 49.
    error = sqrt(9e6 / 99 / 100 + 8e6 / 49 / 50)
    half = always_valid_z(150) * error * 600
    assert money.kept.low == pytest.approx(60_000 - half, abs=1)
    assert money.kept.high == pytest.approx(60_000 + half, abs=1)
    assert money.net.low == money.kept.low - money.cost_minor


def test_arms_of_several_currencies_are_put_together_without_their_money() -> None:
    assert together([Arm(3, 2, 10, 50), Arm(4, 4, 99, 99)]) == Arm(7, 6)


def test_a_page_may_use_it_without_loading_what_learns() -> None:
    code = (
        "import sys, churn.effects; print(sorted({'numpy', 'pyarrow', 'ibis'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

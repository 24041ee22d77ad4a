from __future__ import annotations

import random
from pathlib import Path

import pytest

from support_bot.engine.brain import Asked
from support_bot.engine.gate import Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.learning import ACCURACY_SLACK, retrain
from support_bot.engine.shelf import Shelf
from support_bot.examples import OOS, Example
from support_bot.learned import learned_example
from tests.support_bot.builders import sample_examples

pytestmark = pytest.mark.slow

EASY = Policy(wanted_precision=0.8)


def test_a_confirmed_answer_becomes_a_bounded_example() -> None:
    assert learned_example(" <b>Money</b> back?", "refund", "en") == Example(
        "Money back?", "refund", "en"
    )
    assert learned_example("😀", "refund", "en") is None
    long = learned_example("word " * 9_000, OOS, "en")
    assert long is not None
    assert len(long.text) <= 500


def test_what_was_learned_is_known_from_then_on(
    tmp_path: Path, identifier: LanguageIdentifier
) -> None:
    shelf = Shelf(tmp_path)
    examples = sample_examples()
    first = retrain(shelf, examples, None, identifier, EASY)
    assert first.accepted
    assert first.before is None
    question = "my grandmother's wifi toaster shows no gig"
    learned = learned_example(question, "cannot-watch", "en")
    assert learned is not None
    second = retrain(shelf, [*examples, learned], None, identifier, EASY)
    assert second.accepted
    assert second.after.examples == first.after.examples + 1
    verdict = shelf.load(second.after).ask([Asked(question, "en")], None, identifier)[0]
    assert verdict.candidates[0].intent == "cannot-watch"


def test_wrong_lessons_are_refused_with_a_reason_and_nothing_changes(
    tmp_path: Path, identifier: LanguageIdentifier
) -> None:
    shelf = Shelf(tmp_path)
    examples = sample_examples()
    good = retrain(shelf, examples, None, identifier, EASY)
    dice = random.Random(4)
    slugs = sorted({example.intent for example in examples})
    muddled = [Example(e.text, dice.choice(slugs), e.lang) for e in examples]
    bad = retrain(shelf, [*examples, *muddled], None, identifier, EASY)
    assert not bad.accepted
    assert bad.why
    assert bad.before == good.after
    assert shelf.current() == good.after
    assert len(list(tmp_path.glob("v*"))) == 1


def test_hard_lessons_are_no_reason_to_refuse_what_else_is_known(
    tmp_path: Path, identifier: LanguageIdentifier
) -> None:
    """What agents confirm is what the bot could not answer: its totals fall, it does not."""
    shelf = Shelf(tmp_path)
    examples = sample_examples()
    first = retrain(shelf, examples, None, identifier, EASY)
    slugs = sorted({example.intent for example in examples})
    dice = random.Random(5)
    hard = [
        Example(" ".join("".join(dice.choices("aeilmnorst", k=6)) for _ in range(3)), slug, "en")
        for slug in dice.choices(slugs, k=len(examples) // 4)
    ]
    second = retrain(shelf, [*examples, *hard], None, identifier, EASY)
    assert second.accepted, second.why
    assert (second.after.accuracy or 0) < (first.after.accuracy or 0) - ACCURACY_SLACK


def test_an_accepted_version_can_be_undone(tmp_path: Path, identifier: LanguageIdentifier) -> None:
    shelf = Shelf(tmp_path)
    examples = sample_examples()
    first = retrain(shelf, examples[:-1], None, identifier, EASY)
    assert retrain(shelf, examples, None, identifier, EASY).accepted
    assert shelf.back() == first.after

from __future__ import annotations

import numpy as np
import pytest

from support_bot.engine.brain import Asked, Brain
from support_bot.engine.embed import Embedder
from support_bot.engine.evaluation import evaluate
from support_bot.engine.gate import Outcome, Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.training import TooLittle, embedded_max, train
from support_bot.examples import OOS, Example
from tests.support_bot.builders import (
    FAR_AWAY,
    HOSTILE,
    LetterEmbedder,
    sample_examples,
    split,
)

pytestmark = pytest.mark.slow

BRAINS = ("plain_brain", "embedding_brain")


@pytest.fixture(params=BRAINS)
def brain(request: pytest.FixtureRequest) -> Brain:
    found: Brain = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def embedder(brain: Brain) -> Embedder | None:
    return LetterEmbedder() if brain.embedder_name else None


def test_questions_never_seen_find_their_article_in_each_language(
    brain: Brain, embedder: Embedder | None, identifier: LanguageIdentifier
) -> None:
    _, asked = split(sample_examples())
    report = evaluate(brain, asked, embedder, identifier, Policy())
    assert report.overall.accuracy is not None
    assert report.overall.accuracy >= 0.6
    assert report.overall.top3 is not None
    assert report.overall.top3 >= 0.8
    assert set(report.by_language) == {"de", "en", "fr", "ja"}


def test_questions_about_something_else_are_not_answered(
    brain: Brain, embedder: Embedder | None, identifier: LanguageIdentifier
) -> None:
    verdicts = brain.ask([Asked(text) for text in FAR_AWAY], embedder, identifier)
    assert Outcome.ANSWER not in {verdict.outcome for verdict in verdicts}


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_input_gets_a_verdict_like_any_other(
    brain: Brain, embedder: Embedder | None, identifier: LanguageIdentifier, typed: str
) -> None:
    verdict = brain.ask([Asked(typed, "xx-??")], embedder, identifier)[0]
    assert 1 <= len(verdict.candidates) <= 3
    assert 0 <= verdict.right <= verdict.among <= 1
    assert all(np.isfinite(candidate.score) for candidate in verdict.candidates)


@pytest.mark.parametrize("typed", ["", "😀😀😀", "?!", "\u200b"])
def test_what_holds_no_word_goes_to_a_person(
    brain: Brain, embedder: Embedder | None, identifier: LanguageIdentifier, typed: str
) -> None:
    verdict = brain.ask([Asked(typed, "en")], embedder, identifier)[0]
    assert verdict.outcome is Outcome.HAND_OVER


def test_a_verdict_does_not_depend_on_what_is_asked_beside_it(
    brain: Brain, embedder: Embedder | None, identifier: LanguageIdentifier
) -> None:
    questions = [Asked("I want a refund", "en"), Asked("テレビで見たい", "ja")]
    together = brain.ask(questions, embedder, identifier)
    assert [brain.ask([one], embedder, identifier)[0] for one in questions] == together


def test_the_same_examples_give_the_same_brain(identifier: LanguageIdentifier) -> None:
    examples = sample_examples()[:60]
    asked = [Asked("how do I reset it"), Asked("money back")]
    first, second = (train(examples, None, identifier) for _ in range(2))
    assert first.ask(asked, None, identifier) == second.ask(asked, None, identifier)


def test_out_of_scope_examples_teach_what_not_to_answer(identifier: LanguageIdentifier) -> None:
    weather = [
        Example(f"what will the weather be {when} in {city}", OOS, "en")
        for when in ("today", "tomorrow", "on friday")
        for city in ("Paris", "Rome", "Oslo", "Riga")
    ]
    brain = train([*sample_examples(), *weather], None, identifier)
    assert OOS not in brain.intents
    verdict = brain.ask([Asked("weather in Berlin tomorrow", "en")], None, identifier)[0]
    assert verdict.outcome is Outcome.HAND_OVER


def test_two_examples_are_enough_to_begin_and_nothing_is_answered_directly(
    identifier: LanguageIdentifier,
) -> None:
    few = [Example("refund my ticket", "refund"), Example("forgot my password", "password")]
    brain = train(few, LetterEmbedder(), identifier)
    verdict = brain.ask([Asked("refund")], LetterEmbedder(), identifier)[0]
    assert verdict.outcome is Outcome.SUGGEST
    assert verdict.candidates[0].intent == "refund"
    strange = brain.ask([Asked("zzz qqq")], LetterEmbedder(), identifier)[0]
    assert strange.outcome is Outcome.HAND_OVER


@pytest.mark.parametrize("intents", [1, 2, 3])
def test_very_few_intents_are_no_trouble(identifier: LanguageIdentifier, intents: int) -> None:
    slugs = ["refund", "tv", "invoice"][:intents]
    examples = [e for e in sample_examples() if e.intent in slugs and e.lang == "en"]
    brain = train(examples, LetterEmbedder(), identifier)
    verdict = brain.ask([Asked("I need an invoice", "en")], LetterEmbedder(), identifier)[0]
    assert len(verdict.candidates) == intents


def test_nothing_to_learn_from_is_said(identifier: LanguageIdentifier) -> None:
    with pytest.raises(TooLittle):
        train([Example("😀", "smile"), Example("weather", OOS)], None, identifier)


def test_a_wish_for_more_precision_never_answers_more(
    brain: Brain,
) -> None:
    coverages = [brain.thresholds(Policy(wanted)).coverage for wanted in (0.7, 0.8, 0.9, 0.99)]
    assert coverages == sorted(coverages, reverse=True)


def test_more_questions_out_of_scope_never_let_more_answers_out(brain: Brain) -> None:
    marks = [brain.thresholds(Policy(0.9, share)).answer_at for share in (0.0, 0.1, 0.3, 0.6)]
    assert marks == sorted(marks)


def test_of_very_many_examples_only_a_part_is_embedded() -> None:
    assert embedded_max(15_000) == 15_000
    assert embedded_max(30_000) == 4_000
    assert embedded_max(1_000_000) == 4_000
    assert 4_000 < embedded_max(20_000) < 16_000

"""How good a brain is on questions that it never saw: the figures of `paywall support evaluate`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from support_bot.engine.brain import Asked, Brain, Verdict
from support_bot.engine.embed import Embedder
from support_bot.engine.gate import Outcome, Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.examples import OOS, Example


class Figures(msgspec.Struct, frozen=True, omit_defaults=False):
    """Shares between 0 and 1, None where there is nothing to divide by.

    accuracy, top3: of the in-scope questions, the right intent first, among the first three,
    whatever the gate says. coverage: of all questions, answered directly. precision: of the direct
    answers, right ones; any answer to an out-of-scope question is wrong. oos_refused: of the
    out-of-scope questions, not answered directly. oos_handed_over: of these, not even suggested to.
    helped: of the in-scope questions, answered rightly or offered the right intent among three.
    """

    questions: int
    out_of_scope: int
    accuracy: float | None
    top3: float | None
    coverage: float | None
    precision: float | None
    oos_refused: float | None
    oos_handed_over: float | None
    helped: float | None


class Report(msgspec.Struct, frozen=True):
    """The figures of all questions and of each language as the test file names it."""

    overall: Figures
    by_language: dict[str, Figures]


def evaluate(
    brain: Brain,
    test: Sequence[Example],
    embedder: Embedder | None,
    identifier: LanguageIdentifier,
    policy: Policy,
) -> Report:
    """Ask every question with its language as the interface's, and compare with its label."""
    asked = [Asked(example.text, example.lang) for example in test]
    verdicts = brain.ask(asked, embedder, identifier, policy)
    judged = list(zip(test, verdicts, strict=True))
    languages = sorted({example.lang for example in test if example.lang})
    return Report(
        figures(judged),
        {
            lang: figures([pair for pair in judged if pair[0].lang == lang])
            for lang in languages
        },
    )  # fmt: skip


def figures(judged: Sequence[tuple[Example, Verdict]]) -> Figures:
    """The figures of some questions with their verdicts."""
    inside = [(example, verdict) for example, verdict in judged if example.intent != OOS]
    outside = [verdict for example, verdict in judged if example.intent == OOS]
    answered = [pair for pair in judged if pair[1].outcome is Outcome.ANSWER]
    refused = [verdict for verdict in outside if verdict.outcome is not Outcome.ANSWER]
    handed = [verdict for verdict in outside if verdict.outcome is Outcome.HAND_OVER]
    return Figures(
        len(judged),
        len(outside),
        _share(sum(_first(pair) for pair in inside), len(inside)),
        _share(sum(_among(pair) for pair in inside), len(inside)),
        _share(len(answered), len(judged)),
        _share(sum(_first(pair) for pair in answered), len(answered)),
        _share(len(refused), len(outside)),
        _share(len(handed), len(outside)),
        _share(sum(_helped(pair) for pair in inside), len(inside)),
    )


def _first(pair: tuple[Example, Verdict]) -> bool:
    return pair[0].intent == pair[1].candidates[0].intent


def _among(pair: tuple[Example, Verdict]) -> bool:
    return pair[0].intent in {candidate.intent for candidate in pair[1].candidates}


def _helped(pair: tuple[Example, Verdict]) -> bool:
    outcome = pair[1].outcome
    return (outcome is Outcome.ANSWER and _first(pair)) or (
        outcome is Outcome.SUGGEST and _among(pair)
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None

"""Figures on public data, where a folder with it is given; docs/support-bot.md names the sets."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from support_bot.engine.evaluation import Figures, evaluate
from support_bot.engine.gate import Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.training import train
from support_bot.examples import OOS, Example, read_table

FOLDER = os.environ.get("PAYWALL_TEST_DATA", "")
pytestmark = pytest.mark.skipif(
    not FOLDER or not (Path(FOLDER) / "intents").is_dir(),
    reason="PAYWALL_TEST_DATA names no folder that has public intent data in intents/",
)


def rows(name: str) -> list[Example]:
    return read_table(Path(FOLDER) / "intents" / name).examples


def per_intent(examples: list[Example], count: int) -> list[Example]:
    """The first so many examples of each intent."""
    taken: dict[str, int] = {}
    kept = []
    for example in examples:
        taken[example.intent] = taken.get(example.intent, 0) + 1
        if taken[example.intent] <= count:
            kept.append(example)
    return kept


def by_wording(taught: list[Example], asked: list[Example], share: float = 0.15) -> Figures:
    """Without embeddings, which would take minutes here."""
    identifier = LanguageIdentifier()
    brain = train(taught, None, identifier)
    figures = evaluate(brain, asked, None, identifier, Policy(oos_share=share)).overall
    print(figures)
    return figures


def test_bank_questions_by_wording_alone() -> None:
    examples = rows("banking_train.tsv")
    random.Random(7).shuffle(examples)
    figures = by_wording(per_intent(examples[1_500:], 40), examples[:1_500])
    assert figures.accuracy is not None
    assert figures.precision is not None
    assert figures.accuracy >= 0.84
    assert figures.precision >= 0.94


def test_out_of_scope_questions_are_refused_though_none_was_taught() -> None:
    taught = per_intent(rows("clinc_train.tsv"), 30)
    inside = random.Random(7).sample(rows("clinc_val.tsv"), 1_100)
    outside = [*rows("clinc_oos_val.tsv"), *rows("clinc_oos_train.tsv")]
    assert {example.intent for example in outside} == {OOS}
    figures = by_wording(taught, [*inside, *outside])
    assert figures.accuracy is not None
    assert figures.precision is not None
    assert figures.oos_refused is not None
    assert figures.accuracy >= 0.86
    assert figures.precision >= 0.93
    assert figures.oos_refused >= 0.85

"""The trained bot: which intents a question means, and what should become of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from support_bot.engine.embed import Embedder
from support_bot.engine.evidence import evidence
from support_bot.engine.features import Array
from support_bot.engine.gate import (
    NEVER,
    SUGGEST_AT,
    Familiar,
    Gate,
    Outcome,
    Policy,
    Thresholds,
    decide,
)
from support_bot.engine.heads import Heads, Judgement, Questions
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.stacker import Stacker
from support_bot.texts import has_words, tidy

AT_ONCE = 256
"""Questions that are judged together: bounds memory, not results."""

SHOWN = 3


class Asked(msgspec.Struct, frozen=True):
    """A question as it was typed, and the language of the page it was typed on ("" if none)."""

    text: str
    lang: str = ""


class Candidate(msgspec.Struct, frozen=True):
    """An intent and its probability, given that the question is in scope."""

    intent: str
    score: float


class Verdict(msgspec.Struct, frozen=True):
    """What the bot makes of one question.

    right: chance that the first candidate is what was meant; among: that one of the first three is;
    languages: up to two, the likeliest first; candidates: up to three, also when handing over.
    """

    outcome: Outcome
    right: float
    among: float
    languages: tuple[str, ...]
    candidates: tuple[Candidate, ...]


class Brain:
    """Needs the embedder it was trained with; without it, it must be trained again without."""

    def __init__(
        self,
        intents: list[str],
        languages: list[str],
        heads: Heads,
        stacker: Stacker | None,
        gate: Gate | None,
        embedder_name: str,
        examples: int,
    ) -> None:
        self.intents = intents
        self.languages = languages
        self.embedder_name = embedder_name
        self.examples = examples
        self._heads = heads
        self._stacker = stacker
        self._gate = gate
        self.thresholds = lru_cache(maxsize=32)(self._thresholds)

    @property
    def accuracy(self) -> float | None:
        """In scope and out of fold, whatever the gate says; None where too few examples exist."""
        return None if self._gate is None else self._gate.accuracy

    def ask(
        self,
        questions: Sequence[Asked],
        embedder: Embedder | None,
        identifier: LanguageIdentifier,
        policy: Policy = Policy(),  # noqa: B008 - frozen
    ) -> list[Verdict]:
        """One verdict for each question, in order. Any text is allowed; none raises."""
        if self.embedder_name:
            assert embedder is not None, "trained with embeddings: ask with them"
            assert embedder.name == self.embedder_name, "vectors of another model"
        verdicts: list[Verdict] = []
        for start in range(0, len(questions), AT_ONCE):
            part = questions[start : start + AT_ONCE]
            verdicts += self._ask(
                part, embedder if self.embedder_name else None, identifier, policy
            )
        return verdicts

    def _ask(
        self,
        asked: Sequence[Asked],
        embedder: Embedder | None,
        identifier: LanguageIdentifier,
        policy: Policy,
    ) -> list[Verdict]:
        readable = [tidy(question.text) for question in asked]
        folded = [text.casefold() for text in readable]
        languages = [
            identifier.likeliest(text, question.lang, self.languages)
            for text, question in zip(folded, asked, strict=True)
        ]
        vectors = None if embedder is None else embedder.vectors(readable)
        judgement = self._heads.judge(Questions(folded, languages, vectors))
        shares = self._shares(judgement)
        right, among = self._chances(judgement, shares)
        thresholds = self.thresholds(policy)
        best = np.argsort(-shares, axis=1, kind="stable")[:, :SHOWN]
        return [
            Verdict(
                decide(right[i], among[i], thresholds) if has_words(folded[i])
                else Outcome.HAND_OVER,
                round(float(right[i]), 4),
                round(float(among[i]), 4),
                tuple(lang for lang, _ in languages[i]),
                tuple(Candidate(self.intents[j], round(float(shares[i, j]), 4)) for j in best[i]),
            )
            for i in range(len(asked))
        ]  # fmt: skip

    def _shares(self, judgement: Judgement) -> Array:
        if self._stacker is not None:
            return self._stacker.shares(judgement.opinions)
        # Too few examples to weigh the opinions: the common SVM's word alone.
        margin = np.exp(2.0 * judgement.opinions[:, :, 0])
        return np.asarray(margin / margin.sum(axis=1, keepdims=True))

    def _chances(self, judgement: Judgement, shares: Array) -> tuple[Array, Array]:
        if self._gate is not None:
            return self._gate.chances(evidence(judgement, shares))
        known = judgement.strange[:, 0] < 1.0  # at least one word that was ever taught
        return np.zeros(len(shares)), np.where(known, SUGGEST_AT, 0.0)

    def against(self, before: Brain, policy: Policy) -> Familiar | None:
        """This brain beside an earlier one; None where one of them has no gate."""
        if self._gate is None or before._gate is None:
            return None
        return self._gate.against(before._gate, policy)

    def _thresholds(self, policy: Policy) -> Thresholds:
        if self._gate is None:
            return Thresholds(NEVER, SUGGEST_AT, 0.0, 0.0)
        return self._gate.thresholds(policy)

    def state(self) -> dict[str, Any]:
        """Arrays, numbers and text only: what `archive` writes."""
        return {
            "intents": self.intents,
            "languages": self.languages,
            "embedder_name": self.embedder_name,
            "examples": self.examples,
            "heads": self._heads.state(),
            "stacker": None if self._stacker is None else self._stacker.state(),
            "gate": None if self._gate is None else self._gate.state(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Brain:
        stacker, gate = state["stacker"], state["gate"]
        return cls(
            list(state["intents"]),
            list(state["languages"]),
            Heads.from_state(state["heads"]),
            None if stacker is None else Stacker(stacker),
            None if gate is None else Gate(gate),
            str(state["embedder_name"]),
            int(state["examples"]),
        )

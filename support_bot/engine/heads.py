"""All opinions on a question side by side: every language's wording, all wordings, the meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from support_bot.engine.accents import Accents
from support_bot.engine.features import Array, Counts
from support_bot.engine.lexical import Lexical
from support_bot.engine.semantic import Semantic

OWN_HEAD_MIN = 30
"""Examples that a language needs before it gets an SVM of its own beside the common one."""


class Questions(NamedTuple):
    """Folded texts, the likeliest languages of each with weights, and embeddings if there are."""

    folded: Sequence[str]
    languages: Sequence[Sequence[tuple[str, float]]]
    vectors: Array | None

    def take(self, rows: Array) -> Questions:
        vectors = None if self.vectors is None else self.vectors[rows]
        folded = [self.folded[i] for i in rows]
        return Questions(folded, [self.languages[i] for i in rows], vectors)


class Judgement(NamedTuple):
    """Opinions (texts, intents, kinds), those on the out-of-scope class, and strangeness.

    `outside` is (texts, kinds): the same opinions on the class of out-of-scope examples, 0 where
    training had none. `strange` is (texts, 3): unseen words, unseen characters, length in words.
    """

    opinions: Array
    outside: Array
    strange: Array


class Heads:
    """What was learned from the examples themselves; the stacker and the gate come after it."""

    def __init__(
        self,
        common: Lexical,
        own: dict[str, Lexical],
        semantic: Semantic | None,
        accents: Accents | None,
        intents: int,
        has_oos: bool,  # noqa: FBT001 - read back from a file
    ) -> None:
        self.common = common
        self.own = own
        self.semantic = semantic
        self.accents = accents
        self.intents = intents
        self.has_oos = has_oos

    @classmethod
    def fit(
        cls,
        counts: Counts,
        labels: Array,
        langs: Sequence[str],
        embedded: tuple[Array, Array] | None,
        intents: int,
    ) -> Heads:
        """Label `intents` (one past the last) is the out-of-scope class, if any example has it.

        `embedded` holds vectors and rows of the examples that were embedded, maybe not all. With
        them no language gets an SVM of its own: on three sets of 29 languages its weight came out
        as 0, and it took half of the time.
        """
        has_oos = bool((labels == intents).any())
        classes = intents + has_oos
        common = Lexical.fit(counts, labels, classes)
        own = {}
        spoken_by = Counter(lang for lang in langs if lang)
        if len(spoken_by) > 1 and embedded is None:
            for lang in sorted(lang for lang, n in spoken_by.items() if n >= OWN_HEAD_MIN):
                rows = np.array([i for i, code in enumerate(langs) if code == lang])
                if len(np.unique(labels[rows])) > 1:
                    own[lang] = Lexical.fit(counts.take(rows), labels[rows], classes)
        semantic = accents = None
        if embedded is not None and len(embedded[1]):
            vectors, rows = embedded
            spoken = [langs[row] for row in rows]
            accents = Accents.fit(vectors, labels[rows], spoken)
            plain = accents.without(vectors, [[(lang, 1.0)] for lang in spoken])
            semantic = Semantic.fit(plain, labels[rows], classes)
        return cls(common, own, semantic, accents, intents, has_oos)

    def judge(self, questions: Questions) -> Judgement:
        counts = Counts.of(questions.folded)
        said = self.common.judge(counts)
        kinds = [said["margin"], said["near"], said["near3"]]
        if self.own:
            kinds += self._in_own_language(questions, counts, said)
        if self.semantic is not None and questions.vectors is not None:
            assert self.accents is not None, "what was embedded has its accents"
            plain = self.accents.without(questions.vectors, questions.languages)
            meant = self.semantic.judge(plain)
            kinds += [meant["chance"], meant["guess"], meant["near"], meant["near3"]]
        everything = np.stack(kinds, axis=2)
        words = np.array([[np.log1p(len(text.split()))] for text in questions.folded], np.float32)
        outside = everything[:, self.intents] if self.has_oos else np.zeros_like(everything[:, 0])
        strange = np.hstack([said["strange"], words.reshape(-1, 1)])
        return Judgement(everything[:, : self.intents], outside, strange)

    def _in_own_language(
        self, questions: Questions, counts: Counts, common: dict[str, Array]
    ) -> list[Array]:
        """Margin and likeness in the two likeliest languages, weighed by how likely they are.

        A language without an SVM of its own speaks with the common one's voice.
        """
        margin, near = np.zeros_like(common["margin"]), np.zeros_like(common["near"])
        asked: dict[str, list[tuple[int, float]]] = {}
        for row, languages in enumerate(questions.languages):
            for lang, weight in languages or [("", 1.0)]:
                asked.setdefault(lang if lang in self.own else "", []).append((row, weight))
        for lang, places in asked.items():
            rows = np.array([row for row, _ in places])
            weights = np.array([[weight] for _, weight in places], np.float32)
            if lang:
                said = self.own[lang].judge(counts.take(rows))
            else:
                said = {name: common[name][rows] for name in ("margin", "near")}
            np.add.at(margin, rows, weights * said["margin"])
            np.add.at(near, rows, weights * said["near"])
        return [margin, near]

    def state(self) -> dict[str, Any]:
        return {
            "common": self.common.state(),
            "own": {lang: head.state() for lang, head in self.own.items()},
            "semantic": None if self.semantic is None else self.semantic.state(),
            "accents": None if self.accents is None else self.accents.state(),
            "intents": self.intents,
            "has_oos": self.has_oos,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Heads:
        semantic, accents = state["semantic"], state["accents"]
        return cls(
            Lexical(state["common"]),
            {lang: Lexical(head) for lang, head in state["own"].items()},
            None if semantic is None else Semantic(semantic),
            None if accents is None else Accents(accents),
            int(state["intents"]),
            bool(state["has_oos"]),
        )

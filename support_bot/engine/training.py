"""From labelled examples to a Brain: heads, and out of fold the stacker and the gate."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from infra.kernel.errors import Problem
from support_bot.engine.accents import Accents
from support_bot.engine.brain import Brain
from support_bot.engine.copies import joined, near_copies, translations
from support_bot.engine.embed import Embedder
from support_bot.engine.evidence import evidence
from support_bot.engine.features import Array, Counts
from support_bot.engine.gate import Calibration, Gate
from support_bot.engine.heads import Heads, Judgement, Questions
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.stacker import Stacker
from support_bot.examples import OOS, Example
from support_bot.languages import canonical
from support_bot.texts import has_words, tidy

FOLDS = 5
CALIBRATED_ON = 5_000
"""Held-out questions that are enough for the few weights of stacker and gate."""

UNKNOWN_INTENTS = 0.1
"""Share of the intents that a fold is not taught: their questions play the out-of-scope ones."""

EMBEDDED_FULLY = 16_000
EMBEDDED_LEAST = 4_000
SHORTENS_UNTIL = 30_000

Say = Callable[[str], None]


class TooLittle(Problem):
    """There is nothing to learn from; the detail says what is missing."""

    status = 422
    code = "too_few_examples"
    title = "Too few examples"


class _Lesson(msgspec.Struct):
    """The examples as columns: comparable text and its counts, readable text, class, language,
    and whether somebody asked it and an agent confirmed it."""

    folded: list[str]
    counts: Counts
    readable: list[str]
    labels: Array
    langs: list[str]
    confirmed: Array
    intents: list[str]


def train(
    examples: Sequence[Example],
    embedder: Embedder | None,
    identifier: LanguageIdentifier,
    say: Say = lambda _: None,
) -> Brain:
    """Learn from examples, of which some may be labelled OOS; raises TooLittle.

    Without an embedder everything works on wording alone, and worse. Of more than EMBEDDED_FULLY
    examples only a part is embedded, evenly over intents and languages, to bound the time.
    The same examples and the same embedder give the same Brain.
    """
    lesson = _lesson(examples)
    chosen, vectors = _embedded(lesson, embedder, say)
    # The matrices are small: BLAS threads would wait for one another, up to ten times longer.
    with threadpool_limits(1, user_api="blas"):
        return _learned(
            lesson, chosen, vectors, identifier, "" if embedder is None else embedder.name, say
        )


def _learned(
    lesson: _Lesson,
    chosen: Array,
    vectors: Array | None,
    identifier: LanguageIdentifier,
    embedder_name: str,
    say: Say,
) -> Brain:
    known = sorted({lang for lang in lesson.langs if lang})
    languages = [
        identifier.likeliest(text, lang, known)
        for text, lang in zip(lesson.folded, lesson.langs, strict=True)
    ]
    stacker, gate = _calibrated(lesson, languages, chosen, vectors, say)
    say(f"Learning {len(lesson.intents)} intents from {len(lesson.folded)} examples")
    everything = np.arange(len(lesson.folded))
    heads = _heads(lesson, everything, chosen, vectors)
    return Brain(lesson.intents, known, heads, stacker, gate, embedder_name, len(lesson.folded))


def embedded_max(examples: int) -> int:
    """How many examples of so many that aren't shipped are embedded: training stays in minutes.

    Embedding costs about 20 ms a sentence and core, and the SVM's time grows as well; from
    EMBEDDED_FULLY on the one makes room for the other.
    """
    if examples <= EMBEDDED_FULLY:
        return examples
    slope = (EMBEDDED_FULLY - EMBEDDED_LEAST) / (SHORTENS_UNTIL - EMBEDDED_FULLY)
    return max(EMBEDDED_LEAST, round(EMBEDDED_FULLY - slope * (examples - EMBEDDED_FULLY)))


def _lesson(examples: Sequence[Example]) -> _Lesson:
    """Tidied, each sentence once per intent and language, intents in alphabetical order."""
    distinct: dict[tuple[str, str, str], tuple[str, bool]] = {}
    for example in examples:
        readable = tidy(example.text)
        folded = readable.casefold()
        if has_words(folded):
            key = (folded, example.intent, canonical(example.lang))
            distinct.setdefault(key, (readable, example.confirmed))
    intents = sorted({intent for _, intent, _ in distinct} - {OOS})
    if not intents:
        raise TooLittle("There is no example with an intent to learn from.")
    number = {intent: i for i, intent in enumerate(intents)} | {OOS: len(intents)}
    texts = [text for text, _, _ in distinct]
    return _Lesson(
        texts,
        Counts.of(texts),
        [readable for readable, _ in distinct.values()],
        np.array([number[intent] for _, intent, _ in distinct]),
        [lang for _, _, lang in distinct],
        np.array([confirmed for _, confirmed in distinct.values()]),
        intents,
    )


def _embedded(lesson: _Lesson, embedder: Embedder | None, say: Say) -> tuple[Array, Array | None]:
    """Rows that are embedded, in order, and their vectors."""
    if embedder is None:
        return np.arange(0), None
    turns: dict[tuple[int, str], int] = {}
    turn = []
    for label, lang in zip(lesson.labels.tolist(), lesson.langs, strict=True):
        turn.append(turns.get((label, lang), 0))
        turns[label, lang] = turn[-1] + 1
    order = np.argsort(np.array(turn), kind="stable")
    free = embedder.ready(lesson.readable)
    costly = order[~free[order]]
    chosen = np.sort(np.concatenate([np.flatnonzero(free), costly[: embedded_max(len(costly))]]))
    say(f"Embedding {len(chosen) - free.sum()} of {len(turn)} examples")
    return chosen, embedder.vectors([lesson.readable[i] for i in chosen])


def _heads(lesson: _Lesson, rows: Array, chosen: Array, vectors: Array | None) -> Heads:
    embedded = None
    if vectors is not None:
        inside = np.isin(chosen, rows)
        embedded = (vectors[inside], np.searchsorted(rows, chosen[inside]))
    return Heads.fit(
        lesson.counts.take(rows),
        lesson.labels[rows],
        [lesson.langs[i] for i in rows],
        embedded,
        len(lesson.intents),
    )


def _calibrated(
    lesson: _Lesson,
    languages: Sequence[Sequence[tuple[str, float]]],
    chosen: Array,
    vectors: Array | None,
    say: Say,
) -> tuple[Stacker | None, Gate | None]:
    """Stacker and gate from questions that the heads had not seen; None where too few exist."""
    usable = np.arange(len(lesson.folded)) if vectors is None else chosen
    intents = len(lesson.intents)
    if intents < 2 or len(usable) < 2 * FOLDS:
        return None, None
    dice = np.random.default_rng(0)
    fold_of = _folds(lesson, chosen, vectors, dice)
    unknown = dice.permutation(intents)
    runs = min(FOLDS, max(2, math.ceil(CALIBRATED_ON * FOLDS / len(usable))))
    strangers = max(1, round(UNKNOWN_INTENTS * intents)) if intents > 2 else 0
    place = np.full(len(lesson.folded), -1)
    place[usable] = np.arange(len(usable))
    names = _names(lesson)
    judged: list[Judgement] = []
    truths: list[Array] = []
    named: list[Array] = []
    confirmed: list[Array] = []
    for run in range(runs):
        say(f"Calibrating, fold {run + 1} of {runs}")
        untaught = unknown[run * strangers : (run + 1) * strangers]
        stranger = np.isin(lesson.labels, untaught)
        taught = np.flatnonzero((fold_of != run) & ~stranger)
        asked = usable[(fold_of[usable] == run) & ~stranger[usable]]
        odd = usable[stranger[usable]]
        odd = dice.permutation(odd)[: max(1, len(asked) // 2)]
        if not len(asked) or len(np.unique(lesson.labels[taught])) < 2:
            continue
        heads = _heads(lesson, taught, chosen, vectors)
        nothing = np.zeros(len(odd), np.int64)
        for rows, truth, name, came in (
            (asked, lesson.labels[asked], names[asked], lesson.confirmed[asked]),
            (odd, np.full(len(odd), intents), nothing, nothing.astype(bool)),
        ):
            if len(rows):
                part = None if vectors is None else vectors[place[rows]]
                texts = [lesson.folded[i] for i in rows]
                questions = Questions(texts, [languages[i] for i in rows], part)
                judged.append(heads.judge(questions))
                truths.append(truth)
                named.append(name)
                confirmed.append(came)
    if not judged:
        return None, None
    return _fitted(
        judged, np.concatenate(truths), np.concatenate(named), np.concatenate(confirmed), intents
    )


def _names(lesson: _Lesson) -> Array:
    """A number for each example, the same in every training that has it."""
    digests = (
        hashlib.blake2b("\0".join(one).encode("utf-8", "ignore"), digest_size=7).digest()
        for one in zip(
            lesson.folded,
            [lesson.intents[i] if i < len(lesson.intents) else OOS for i in lesson.labels],
            lesson.langs,
            strict=True,
        )
    )
    return np.array([int.from_bytes(digest) for digest in digests], np.int64)


def _folds(
    lesson: _Lesson, chosen: Array, vectors: Array | None, dice: np.random.Generator
) -> Array:
    """A fold for each example: every label spread evenly, near-copies of a sentence kept together.

    A question from outside rarely is a training sentence with one word changed, or one that only
    another language has. If its near-copies were taught while it is held out, the gate would
    promise a precision that strangers don't get.
    """
    fold_of = np.zeros(len(lesson.labels), dtype=int)
    plain = None
    if vectors is not None:
        spoken = [lesson.langs[i] for i in chosen]
        accents = Accents.fit(vectors, lesson.labels[chosen], spoken)
        plain = accents.without(vectors, [[(lang, 1.0)] for lang in spoken])
    for label in np.unique(lesson.labels):
        rows = np.flatnonzero(lesson.labels == label)
        alike = near_copies([lesson.folded[i] for i in rows])
        if plain is not None:
            mine = np.flatnonzero(lesson.labels[chosen] == label)
            said = translations(plain[mine], [lesson.langs[i] for i in chosen[mine]])
            alike = joined(alike, np.searchsorted(rows, chosen[mine]), said)
        turn = dice.permutation(alike.max() + 1)[alike]
        size = np.bincount(turn)
        # Whole groups go round the folds, the large ones first.
        order = np.argsort(-size, kind="stable")
        load = np.zeros(FOLDS, dtype=int)
        load[: int(dice.integers(FOLDS))] += 1
        home = np.zeros(len(size), dtype=int)
        for group in order:
            home[group] = int(load.argmin())
            load[home[group]] += size[group]
        fold_of[rows] = home[turn]
    return fold_of


def _fitted(
    judged: Sequence[Judgement], truth: Array, names: Array, confirmed: Array, intents: int
) -> tuple[Stacker | None, Gate | None]:
    # A fold whose training lost every out-of-scope example speaks as if there were none.
    all_of_it = Judgement(
        np.concatenate([one.opinions for one in judged]),
        np.concatenate([one.outside for one in judged]),
        np.concatenate([one.strange for one in judged]),
    )
    inside = truth < intents
    if not inside.any():
        return None, None
    stacker = Stacker.fit(all_of_it.opinions[inside], truth[inside])
    shares = stacker.shares(all_of_it.opinions)
    order = np.argsort(-shares, axis=1)[:, :3]
    among = (order == truth[:, None]).any(axis=1)
    best = order[:, 0] == truth
    seen = Calibration(evidence(all_of_it, shares), best, among, ~inside, names, confirmed)
    return stacker, Gate.fit(seen)

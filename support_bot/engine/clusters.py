"""Questions that no article answers, put together by likeness: what to write an article about."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from support_bot.engine.embed import Embedder
from support_bot.engine.features import Array
from support_bot.examples import Example
from support_bot.texts import fold, has_words

LEAST = 3
"""Questions that make a cluster."""
CLUSTERED_MAX = 1_500
SHOWN = 10
APART = {True: 0.12, False: 0.72}
"""Cosine distance up to which two are alike: by meaning (E5's rows lie close), and by letters."""
NEAR = 0.12
"""Likeness in letters to any taught sentence from which on a question is of our domain."""


class Cluster(msgspec.Struct, frozen=True):
    """Questions alike; the first is the one in their middle, `title` too."""

    title: str
    lang: str
    questions: tuple[str, ...]
    size: int


def clusters(
    asked: Sequence[Example], taught: Sequence[Example], embedder: Embedder | None
) -> list[Cluster]:
    """Clusters of at least LEAST questions that are near what we know, the largest first.

    `asked`: unanswered questions, their intent unused. What is far from every taught sentence is
    small talk or spam, and no article would answer it.
    """
    distinct: dict[str, Example] = {}
    count: dict[str, int] = {}
    for one in asked:
        folded = fold(one.text)
        if has_words(folded):
            distinct.setdefault(folded, one)
            count[folded] = count.get(folded, 0) + 1
    texts = list(distinct)[-CLUSTERED_MAX:]
    if not texts:
        return []
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    known = letters.fit_transform([fold(one.text) for one in taught] or texts)
    rows = letters.transform(texts)
    if taught:
        near = np.asarray((rows @ known.T).max(axis=1).todense()).ravel() >= NEAR
        texts = [text for text, kept in zip(texts, near, strict=True) if kept]
        rows = rows[near]
    if sum(count[text] for text in texts) < LEAST:
        return []
    vectors = rows.toarray() if embedder is None else embedder.vectors(texts)
    labels = _labels(np.asarray(vectors), by_meaning=embedder is not None)
    made = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        size = sum(count[texts[i]] for i in members)
        if size < LEAST:
            continue
        group = vectors[members]
        middle = np.argsort(-(group @ group.mean(axis=0)), kind="stable")
        ordered = [distinct[texts[members[i]]] for i in middle]
        questions = tuple(one.text[:300] for one in ordered[:SHOWN])
        made.append(Cluster(questions[0][:200], ordered[0].lang, questions, size))
    return sorted(made, key=lambda cluster: (-cluster.size, cluster.title))


def _labels(vectors: Array, *, by_meaning: bool) -> Array:
    if len(vectors) < 2:
        return np.zeros(len(vectors), int)
    machine = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=APART[by_meaning]
    )
    return np.asarray(machine.fit_predict(vectors))

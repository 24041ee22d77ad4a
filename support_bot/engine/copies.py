"""Which sentences are near-copies of one another, by the letters they are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

from support_bot.engine.features import Array

ALIKE = 0.8
"""Cosine of character trigram counts from which two sentences are near-copies."""

COMPARED_MAX = 2_000
"""Sentences that are compared with one another at once; bounds time and memory."""


def near_copies(folded: Sequence[str]) -> Array:
    """A group number for each sentence; a near-copy of a near-copy belongs to the same group."""
    groups = np.arange(len(folded))
    for start in range(0, len(folded), COMPARED_MAX):
        part = [f" {text} " for text in folded[start : start + COMPARED_MAX]]
        # Padded, so that the shortest sentence has a trigram as well.
        letters = TfidfVectorizer(
            analyzer="char", ngram_range=(3, 3), lowercase=False, use_idf=False, dtype=np.float32
        ).fit_transform([f"{text:<3}" for text in part])
        alike = (letters @ letters.T) >= ALIKE
        _, found = connected_components(alike, directed=False)
        groups[start : start + len(part)] = found + start
    return np.asarray(np.unique(groups, return_inverse=True)[1])

"""Sentences as sparse vectors: word and character TF-IDF, hashed, so no vocabulary is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer

from support_bot.texts import spaced

Array = npt.NDArray[Any]
HASHES = 2**20
COLUMNS_MAX = 120_000
"""Features kept of one kind, the most frequent ones."""

_WORD_HASHES = HashingVectorizer(
    n_features=HASHES, alternate_sign=False, norm=None, lowercase=False,
    token_pattern=r"(?u)\w+", ngram_range=(1, 2), dtype=np.float32,  # noqa: S106
)  # fmt: skip
_CHAR_HASHES = HashingVectorizer(
    n_features=HASHES, alternate_sign=False, norm=None, lowercase=False,
    analyzer="char_wb", ngram_range=(2, 5), dtype=np.float32,
)  # fmt: skip


class Counts(NamedTuple):
    """How often each hash occurs in each text: two matrices (texts, HASHES)."""

    words: sparse.csr_matrix
    chars: sparse.csr_matrix

    @classmethod
    def of(cls, folded: Sequence[str]) -> Counts:
        words = _WORD_HASHES.transform([spaced(text) for text in folded])
        return cls(words.tocsr(), _CHAR_HASHES.transform(folded).tocsr())

    def take(self, rows: Array) -> Counts:
        return Counts(self.words[rows], self.chars[rows])


class _Kind:
    """One kind of feature: which hashes are kept, in order, and how rare each of them is."""

    def __init__(self, columns: Array, idf: Array) -> None:
        self.columns = columns
        self.idf = idf

    def vectors(self, counts: sparse.csr_matrix) -> tuple[sparse.csr_matrix, Array]:
        """Unit rows, and for each text the share of its features that training never saw."""
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        # Looked up in the sorted columns: a table of all hashes would cost 4 MB, in each language.
        place = np.searchsorted(self.columns, counts.indices)
        place = np.minimum(place, len(self.columns) - 1)
        seen = self.columns[place] == counts.indices
        total = np.maximum(np.diff(counts.indptr), 1)
        unseen = np.bincount(rows[~seen], minlength=counts.shape[0]) / total
        weight = (1.0 + np.log(counts.data[seen])) * self.idf[place[seen]]
        norm = np.sqrt(np.bincount(rows[seen], weight**2, minlength=counts.shape[0]))
        weight /= np.maximum(norm, 1e-9)[rows[seen]]
        shape = (counts.shape[0], len(self.columns))
        found = sparse.csr_matrix(
            (weight.astype(np.float32), (rows[seen], place[seen])), shape=shape, dtype=np.float32
        )
        return found, unseen.astype(np.float32)


class Features:
    """Word unigrams and bigrams beside character two- to five-grams, each kind of unit length."""

    def __init__(self, state: dict[str, Array]) -> None:
        self._state = state
        self._words = _Kind(state["word_columns"], state["word_idf"])
        self._chars = _Kind(state["char_columns"], state["char_idf"])

    @classmethod
    def fit(cls, counts: Counts) -> Features:
        rare = 2 if counts.words.shape[0] > 1_500 else 1
        words, word_idf = _kept(counts.words, rare)
        chars, char_idf = _kept(counts.chars, rare)
        return cls(
            {"word_columns": words, "word_idf": word_idf}
            | {"char_columns": chars, "char_idf": char_idf}
        )

    def vectors(self, counts: Counts) -> tuple[sparse.csr_matrix, Array]:
        """(texts, width) sparse rows, and (texts, 2): the unseen shares of words and characters."""
        words, strange_words = self._words.vectors(counts.words)
        chars, strange_chars = self._chars.vectors(counts.chars)
        both = sparse.hstack([words, chars], format="csr")
        return both, np.stack([strange_words, strange_chars], axis=1)

    @property
    def width(self) -> int:
        return len(self._words.columns) + len(self._chars.columns)

    def state(self) -> dict[str, Array]:
        return self._state


def _kept(counts: sparse.csr_matrix, rare: int) -> tuple[Array, Array]:
    """Hashes that occur in at least `rare` texts, and their smoothed inverse frequency."""
    texts = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=HASHES)
    columns = np.flatnonzero(frequency >= min(rare, int(frequency.max(initial=1))))
    if len(columns) > COLUMNS_MAX:
        order = np.argsort(-frequency[columns], kind="stable")[:COLUMNS_MAX]
        columns = np.sort(columns[order])
    idf = np.log((1.0 + texts) / (1.0 + frequency[columns])) + 1.0
    return columns.astype(np.int32), idf.astype(np.float32)

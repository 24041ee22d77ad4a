"""What a language adds to a sentence's embedding whatever the sentence says, taken away again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from support_bot.engine.features import Array

BELIEVED_AT = 20
"""Sentences of a language at which half of what seems its own is believed."""


class Accents:
    """One vector a language: how its sentences differ from all sentences of the same intents.

    Multilingual embeddings keep the language beside the meaning. Compared within intents, so that
    a language in which only one thing was ever asked doesn't lose what it asks. On commands in 29
    languages, asked in words that were never taught, the regression over these embeddings was
    right for .842 instead of .821 of them, and the nearest example for .719 instead of .678.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._shifts: dict[str, Array] = dict(zip(state["langs"], state["shifts"], strict=True))

    @classmethod
    def fit(cls, vectors: Array, labels: Array, langs: Sequence[str]) -> Accents:
        """`vectors` are unit rows; a language may be "" where it isn't known."""
        found = np.array(langs)
        rest = vectors.copy()
        for label in np.unique(labels):
            rows = labels == label
            rest[rows] -= vectors[rows].mean(axis=0)
        known = sorted({lang for lang in langs if lang})
        shifts = [_shift(rest[found == lang]) for lang in known] if len(known) > 1 else []
        dimensions = vectors.shape[1]
        return cls(
            {"langs": known if shifts else []}
            | {"shifts": np.array(shifts, np.float32).reshape(-1, dimensions)}
        )

    def without(self, vectors: Array, languages: Sequence[Sequence[tuple[str, float]]]) -> Array:
        """Unit rows again, for sentences whose likeliest languages are given with weights."""
        if not self._shifts:
            return vectors
        plain = vectors.copy()
        for row, likeliest in enumerate(languages):
            whole = sum(weight for _, weight in likeliest)
            for lang, weight in likeliest:
                if lang in self._shifts and whole > 0:
                    plain[row] -= np.float32(weight / whole) * self._shifts[lang]
        length = np.linalg.norm(plain, axis=1, keepdims=True)
        return np.asarray(plain / np.maximum(length, 1e-9), dtype=np.float32)

    def state(self) -> dict[str, Any]:
        return self._state


def _shift(rest: Array) -> Array:
    return np.asarray(rest.mean(axis=0) * (len(rest) / (len(rest) + BELIEVED_AT)), np.float32)

"""Intent by wording: a linear SVM over word and character TF-IDF, and the nearest examples."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.svm import LinearSVC

from support_bot.engine.features import Array, Counts, Features
from support_bot.engine.neighbours import per_class

FAR = -1.5
"""Margin of a class that a language's own SVM was never taught."""


class Lexical:
    """One SVM and its examples, for one language or for all of them together."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._features = Features(state["features"])
        self._weights: Array = state["weights"]  # (features, taught classes)
        self._bias: Array = state["bias"]
        self._taught: Array = state["taught"]
        self._classes = int(state["classes"])
        self._labels: Array = state["labels"]
        self._examples: sparse.csr_matrix = state["examples"]  # (features, examples)

    @classmethod
    def fit(cls, counts: Counts, labels: Array, classes: int) -> Lexical:
        """`labels` are class numbers below `classes`; any class may be missing here."""
        features = Features.fit(counts)
        rows, _ = features.vectors(counts)
        taught = np.unique(labels)
        weights, bias = _margins(rows, labels, taught)
        state = {
            "features": features.state(), "weights": weights, "bias": bias, "taught": taught,
            "classes": classes, "labels": labels, "examples": rows.T.tocsr(),
        }  # fmt: skip
        return cls(state)

    def judge(self, counts: Counts) -> dict[str, Array]:
        """For each text: `margin`, `near` and `near3` per class, and `strange` shares (2)."""
        rows, strange = self._features.vectors(counts)
        margin = np.full((rows.shape[0], self._classes), FAR, dtype=np.float32)
        margin[:, self._taught] = rows @ self._weights + self._bias
        near, near3 = per_class((rows @ self._examples).toarray(), self._labels, self._classes)
        return {"margin": margin, "near": near, "near3": near3, "strange": strange}

    def state(self) -> dict[str, Any]:
        return self._state


def _margins(rows: sparse.csr_matrix, labels: Array, taught: Array) -> tuple[Array, Array]:
    """One-against-rest margins as (features, classes) weights and (classes,) bias, in float32."""
    if len(taught) == 1:
        return np.zeros((rows.shape[1], 1), np.float32), np.ones(1, np.float32)
    # The tolerance costs no accuracy on the sets we measure and saves a fifth of the time.
    machine = LinearSVC(C=1.0, tol=0.05, max_iter=300, random_state=0)
    machine.fit(rows, labels)
    weights, bias = machine.coef_.T, machine.intercept_
    if len(taught) == 2:  # scikit-learn keeps one plane for two classes
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    return np.ascontiguousarray(weights, np.float32), bias.astype(np.float32)

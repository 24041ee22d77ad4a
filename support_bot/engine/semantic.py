"""Intent by meaning: logistic regression and nearest examples over sentence embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from support_bot.engine.features import Array
from support_bot.engine.neighbours import per_class

FAR = -12.0
"""Log-probability of a class that was never taught, and the least that is told apart."""


class Semantic:
    """One logistic regression for all languages, and the embedded examples."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._mean: Array = state["mean"]
        self._weights: Array = state["weights"]  # (dimensions, taught classes)
        self._bias: Array = state["bias"]
        self._taught: Array = state["taught"]
        self._classes = int(state["classes"])
        self._labels: Array = state["labels"]
        self._examples: Array = state["examples"]  # (examples, dimensions)

    @classmethod
    def fit(cls, vectors: Array, labels: Array, classes: int) -> Semantic:
        """`vectors` are unit rows; `labels` class numbers, of which any may be missing here."""
        mean = vectors.mean(axis=0)
        taught = np.unique(labels)
        weights, bias = _regression(vectors - mean, labels, taught)
        return cls(
            {"mean": mean, "weights": weights, "bias": bias, "taught": taught}
            | {"classes": classes, "labels": labels, "examples": vectors}
        )

    def judge(self, vectors: Array) -> dict[str, Array]:
        """For each text: `chance` (log-probability), `near` and `near3` per class."""
        logits = (vectors - self._mean) @ self._weights + self._bias
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        chance = np.full((len(vectors), self._classes), FAR, dtype=np.float32)
        chance[:, self._taught] = np.maximum(logits, FAR)
        near, near3 = per_class(vectors @ self._examples.T, self._labels, self._classes)
        return {"chance": chance, "near": near, "near3": near3}

    def state(self) -> dict[str, Any]:
        return self._state


def _regression(centred: Array, labels: Array, taught: Array) -> tuple[Array, Array]:
    """Weights as (dimensions, classes) for centred rows, and their bias."""
    if len(taught) == 1:
        return np.zeros((centred.shape[1], 1), np.float32), np.zeros(1, np.float32)
    # E5's rows lie close together: without the scale, C=1 would flatten every difference.
    scale = float(max(centred.std(), 1e-6))
    machine = LogisticRegression(C=1.0, tol=1e-3, max_iter=60)
    machine.fit(centred / scale, labels)
    weights, bias = machine.coef_.T, machine.intercept_
    if len(taught) == 2:  # scikit-learn keeps one plane for two classes
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return np.ascontiguousarray(weights / scale, np.float32), bias.astype(np.float32)

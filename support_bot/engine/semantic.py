"""Intent by meaning: a regression, a small neural net and nearest examples over embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from support_bot.engine.features import Array
from support_bot.engine.neighbours import per_class

FAR = -12.0
"""Log-probability of a class that was never taught, and the least that is told apart."""

HIDDEN = 256
EPOCHS = 20
NETS = 3
"""Nets that differ only in their first weights; the mean of their logits errs less than one's."""


class Semantic:
    """One regression and one net for all languages, and the embedded examples.

    The net finds what languages and phrasings share that planes can't part; the regression
    errs elsewhere and needs fewer examples. Together they are right more often than either.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._mean: Array = state["mean"]
        self._weights: Array = state["weights"]  # (dimensions, taught classes)
        self._bias: Array = state["bias"]
        self._net: list[Array] = state["net"]  # weights and bias of the hidden layer, of the last
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
        net = _net(vectors - mean, labels, taught)
        return cls(
            {"mean": mean, "weights": weights, "bias": bias, "net": net, "taught": taught}
            | {"classes": classes, "labels": labels, "examples": vectors}
        )

    def judge(self, vectors: Array) -> dict[str, Array]:
        """For each text: `chance` and `guess` (log-probabilities), `near`, `near3` per class."""
        centred = vectors - self._mean
        chance = self._spread(centred @ self._weights + self._bias)
        inner, inner_bias, outer, outer_bias = self._net
        guess = self._spread(np.maximum(centred @ inner + inner_bias, 0.0) @ outer + outer_bias)
        near, near3 = per_class(vectors @ self._examples.T, self._labels, self._classes)
        return {"chance": chance, "guess": guess, "near": near, "near3": near3}

    def _spread(self, logits: Array) -> Array:
        """Log-probabilities of all classes from the logits of the taught ones."""
        logits = logits - logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        spread = np.full((len(logits), self._classes), FAR, dtype=np.float32)
        spread[:, self._taught] = np.maximum(logits, FAR)
        return spread

    def state(self) -> dict[str, Any]:
        return self._state


def _regression(centred: Array, labels: Array, taught: Array) -> tuple[Array, Array]:
    """Weights as (dimensions, classes) for centred rows, and their bias."""
    if len(taught) == 1:
        return np.zeros((centred.shape[1], 1), np.float32), np.zeros(1, np.float32)
    # E5's rows lie close together: without the scale, every difference would be flattened.
    scale = _scale(centred)
    machine = LogisticRegression(C=0.03, tol=1e-3, max_iter=100)
    machine.fit(centred / scale, labels)
    weights, bias = _planes(machine.coef_.T, machine.intercept_, len(taught))
    return np.ascontiguousarray(weights / scale, np.float32), bias.astype(np.float32)


def _net(centred: Array, labels: Array, taught: Array) -> list[Array]:
    """One hidden layer of rectifiers: its weights and bias, then those of the logits."""
    if len(taught) == 1:
        width = centred.shape[1]
        return [np.zeros(shape, np.float32) for shape in ((width, 1), 1, (1, 1), 1)]
    scale = _scale(centred) * np.sqrt(centred.shape[1]) / 4.0  # rows of about length four
    rows = (centred / scale).astype(np.float32)
    nets = [_one_net(rows, labels, taught, seed) for seed in range(NETS)]
    inner, inner_bias, outer, outer_bias = zip(*nets, strict=True)
    # Side by side they are one wide net whose logits are the mean of theirs.
    wide = (
        np.hstack(inner) / scale, np.concatenate(inner_bias),
        np.vstack(outer) / NETS, np.mean(outer_bias, axis=0),
    )  # fmt: skip
    return [np.ascontiguousarray(part, np.float32) for part in wide]


def _one_net(rows: Array, labels: Array, taught: Array, seed: int) -> tuple[Array, ...]:
    machine = MLPClassifier(
        (HIDDEN,), alpha=1e-3, learning_rate_init=2e-3, batch_size=min(128, len(rows)),
        random_state=seed,
    )  # fmt: skip
    for _ in range(EPOCHS):
        machine.partial_fit(rows, labels, classes=taught)
    (inner, outer), (inner_bias, outer_bias) = machine.coefs_, machine.intercepts_
    return inner, inner_bias, *_planes(outer, outer_bias, len(taught))


def _scale(centred: Array) -> float:
    return float(max(centred.std(), 1e-6))


def _planes(weights: Array, bias: Array, taught: int) -> tuple[Array, Array]:
    """A plane a class; scikit-learn keeps one for two classes."""
    if taught != 2:
        return weights, bias
    return np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2

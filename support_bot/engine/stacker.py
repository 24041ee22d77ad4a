"""One probability per intent out of several opinions: a conditional logit learned out of fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

from support_bot.engine.features import Array

PENALTY = 1e-3


class Stacker:
    """Weighs opinions alike for every intent, so that a few hundred examples teach it."""

    def __init__(self, state: dict[str, Array]) -> None:
        self._state = state
        self._weights: Array = state["weights"]
        self._scale: Array = state["scale"]

    @classmethod
    def fit(cls, opinions: Array, truth: Array) -> Stacker:
        """`opinions` is (texts, intents, kinds), larger is likelier; `truth` intent numbers."""
        texts, _, kinds = opinions.shape
        rows = np.arange(texts)
        scale = np.maximum(opinions.std(axis=(0, 1)), 1e-6).astype(np.float32)
        scaled = opinions / scale

        def loss(weights: Array) -> tuple[float, Array]:
            logits = scaled @ weights.astype(np.float32)
            logits -= logits.max(axis=1, keepdims=True)
            share = np.exp(logits)
            share /= share.sum(axis=1, keepdims=True)
            right = np.maximum(share[rows, truth], 1e-12)
            gap = share
            gap[rows, truth] -= 1.0
            slope = np.einsum("tik,ti->k", scaled, gap) / texts + 2 * PENALTY * weights
            return float(-np.log(right).mean() + PENALTY * (weights**2).sum()), slope

        # Every opinion is meant to speak for its intent; a negative weight would be noise.
        found = minimize(
            loss, np.ones(kinds), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * kinds,
            options={"maxiter": 100},
        )  # fmt: skip
        return cls({"weights": found.x.astype(np.float32), "scale": scale})

    def shares(self, opinions: Array) -> Array:
        """(texts, intents) probabilities, given that the question is about one of them."""
        logits = (opinions / self._scale) @ self._weights
        logits -= logits.max(axis=1, keepdims=True)
        share = np.exp(logits)
        return np.asarray(share / share.sum(axis=1, keepdims=True), dtype=np.float32)

    def state(self) -> dict[str, Any]:
        return self._state

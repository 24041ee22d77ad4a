"""Likeness to single examples, gathered per class."""

from __future__ import annotations

import numpy as np

from support_bot.engine.features import Array


def per_class(likeness: Array, labels: Array, classes: int) -> tuple[Array, Array]:
    """(texts, classes): the greatest likeness to an example of the class, and the mean of three.

    `likeness` is (texts, examples), `labels` the examples' class numbers. A class with fewer than
    three examples takes the mean of those it has; one with none gets 0.
    """
    texts = likeness.shape[0]
    near = np.zeros((texts, classes), dtype=np.float32)
    near3 = np.zeros((texts, classes), dtype=np.float32)
    order = np.argsort(labels, kind="stable")
    found, starts = np.unique(labels[order], return_index=True)
    bounds = [*starts[1:], len(order)]
    for label, start, end in zip(found, starts, bounds, strict=True):
        mine = likeness[:, order[start:end]]
        if mine.shape[1] > 3:
            mine = -np.partition(-mine, 2, axis=1)[:, :3]
        near[:, label] = mine.max(axis=1)
        near3[:, label] = mine.mean(axis=1)
    return near, near3

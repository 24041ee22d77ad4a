"""What the gate looks at before it lets an answer out: agreement, distance and strangeness."""

from __future__ import annotations

import numpy as np

from support_bot.engine.features import Array
from support_bot.engine.heads import Judgement

TINY = 1e-6


def evidence(judgement: Judgement, shares: Array) -> Array:
    """(texts, facts) about the best intent of each text; `shares` are the stacker's probabilities.

    Facts: the best share as log-odds, its lead over the second as log-ratio, the share of the first
    three, the entropy; for every kind of opinion its value for the best intent, its lead over the
    best of the others, its greatest value over all intents, its lead over the out-of-scope class;
    how many kinds agree; unseen words, unseen characters, length.
    """
    rows = np.arange(len(shares))
    intents, kinds = judgement.opinions.shape[1:]
    order = np.argsort(-shares, axis=1)
    best = order[:, 0]
    first = shares[rows, best]
    second = shares[rows, order[:, 1]] if intents > 1 else np.zeros_like(first)
    facts = [
        np.log((first + TINY) / (1 - first + TINY)),
        np.log((first + TINY) / (second + TINY)),
        shares[rows[:, None], order[:, :3]].sum(axis=1),
        -(shares * np.log(shares + TINY)).sum(axis=1),
    ]
    agreeing = np.zeros(len(shares))
    for kind in range(kinds):
        values = judgement.opinions[:, :, kind]
        chosen = values[rows, best]
        others = values.copy()
        others[rows, best] = -np.inf
        rival = others.max(axis=1) if intents > 1 else chosen
        facts += [chosen, chosen - rival, values.max(axis=1), chosen - judgement.outside[:, kind]]
        agreeing += chosen >= rival
    facts.append(agreeing)
    return np.column_stack([*facts, judgement.strange]).astype(np.float32)

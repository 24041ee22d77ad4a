"""Learning from agents: a confirmed answer becomes an example; a retrained brain must hold up."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from support_bot.engine.embed import Embedder
from support_bot.engine.gate import Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.shelf import Record, Shelf, digest
from support_bot.engine.training import Say, train
from support_bot.examples import Example
from support_bot.training_reason import Reason, Why

SETTLED_SLACK = 0.05
"""How much less of what both know a retrained brain may settle, by an answer or by a suggestion."""

ACCURACY_SLACK = 0.02

FAMILIAR_MIN = 100
"""Shared examples from which on two brains are compared on these alone, else by their totals."""


class Retrained(msgspec.Struct, frozen=True):
    """What came of a retraining; `before` is None for the very first."""

    accepted: bool
    why: Why
    before: Record | None
    after: Record


def retrain(
    shelf: Shelf,
    examples: Sequence[Example],
    embedder: Embedder | None,
    identifier: LanguageIdentifier,
    policy: Policy = Policy(),  # noqa: B008 - frozen
    say: Say = lambda _: None,
) -> Retrained:
    """Train on everything and use the result only if its out-of-fold figures hold.

    It has to reach the wanted precision wherever its predecessor did, and on the examples that both
    were judged on it may lose neither more than SETTLED_SLACK of what was settled nor
    ACCURACY_SLACK of the accuracy. Direct answers may become fewer: a gate that saw harder
    questions is more careful. A refused one is removed; an accepted one can be undone with
    `Shelf.back`.
    """
    before = shelf.current()
    brain = train(examples, embedder, identifier, say)
    made_from = digest(examples, brain.embedder_name)
    after = shelf.add(brain, made_from, policy)
    why = _objection(shelf, before, after, policy)
    if why:
        shelf.discard(after)
        return Retrained(False, why, before, after)
    shelf.use(after)
    return Retrained(True, Why(Reason.HOLDS), before, after)


def _objection(shelf: Shelf, before: Record | None, after: Record, policy: Policy) -> Why | None:
    """Why the new version may not replace the old one; None if it may."""
    if before is None:
        return None
    older, newer = shelf.load(before), shelf.load(after)
    held = older.thresholds(policy)
    if held.coverage and after.precision is None:
        return Why(Reason.NOT_PRECISE, (policy.wanted_precision,))
    familiar = newer.against(older, policy)
    if familiar is None or familiar.right.examples < FAMILIAR_MIN:
        was, now = held.coverage, after.coverage or 0.0
        knew, knows = before.accuracy or 0.0, after.accuracy or 0.0
        if now < was - SETTLED_SLACK:
            return Why(Reason.ANSWERS_LESS, (now, was))
        if knows < knew - ACCURACY_SLACK:
            return Why(Reason.LESS_ACCURATE, (knew, knows))
        return None
    settled, right = familiar.settled, familiar.right
    if settled.is_worse(SETTLED_SLACK):
        return Why(Reason.SETTLES_LESS, (settled.examples, settled.after, settled.before))
    if right.is_worse(ACCURACY_SLACK):
        return Why(Reason.FINDS_LESS, (right.examples, right.after, right.before))
    return None

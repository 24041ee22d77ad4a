"""Learning from agents: a confirmed answer becomes an example; a retrained brain must hold up."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from support_bot.engine.brain import Policy
from support_bot.engine.embed import Embedder
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.shelf import Record, Shelf, digest
from support_bot.engine.training import Say, train
from support_bot.examples import Example

COVERAGE_SLACK = 0.05
"""How much less a retrained brain may answer directly of what both know before it is refused."""

ACCURACY_SLACK = 0.02

FAMILIAR_MIN = 100
"""Shared examples from which on two brains are compared on these alone, else by their totals."""


class Retrained(msgspec.Struct, frozen=True):
    """What came of a retraining; `before` is None for the very first."""

    accepted: bool
    why: str
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
    were judged on lose neither more than COVERAGE_SLACK of the direct answers nor ACCURACY_SLACK
    of the accuracy. A refused one is removed; an accepted one can be undone with `Shelf.back`.
    """
    before = shelf.current()
    brain = train(examples, embedder, identifier, say)
    made_from = digest(examples, brain.embedder_name)
    after = shelf.add(brain, made_from, policy.wanted_precision, policy.oos_share)
    why = _objection(shelf, before, after, policy)
    if why:
        shelf.discard(after)
        return Retrained(False, why, before, after)
    shelf.use(after)
    return Retrained(True, "Out-of-fold precision holds.", before, after)


def _objection(shelf: Shelf, before: Record | None, after: Record, policy: Policy) -> str:
    """Why the new version may not replace the old one, "" if it may."""
    if before is None:
        return ""
    older, newer = shelf.load(before), shelf.load(after)
    held = older.thresholds(policy.wanted_precision, policy.oos_share)
    if held.coverage and after.precision is None:
        return f"It no longer reaches a precision of {policy.wanted_precision:.0%}."
    was, now = held.coverage, after.coverage or 0.0
    knew, knows = before.accuracy or 0.0, after.accuracy or 0.0
    familiar = newer.against(older, policy)
    if familiar is not None and familiar.examples >= FAMILIAR_MIN:
        (was, now), (knew, knows) = familiar.answered, familiar.right
    if now < was - COVERAGE_SLACK:
        return f"It would answer {now:.0%} directly instead of {was:.0%}."
    if knows < knew - ACCURACY_SLACK:
        return f"Its accuracy would fall from {knew:.1%} to {knows:.1%}."
    return ""

"""Builders of actions for tests."""

from __future__ import annotations

from datetime import datetime

from churn.triggers.acts import LetterText, Mail
from churn.triggers.define import NewTrigger, draft_of
from churn.triggers.tables import Trigger
from infra.kernel.bounds import MoneyAsk


def a_trigger(venue_id: str, trigger_id: str, now: datetime, *, name: str = "Quiet") -> Trigger:
    """A draft: a mail to those who have watched nothing for three weeks."""
    new = NewTrigger(
        name=name,
        occasion="silent",
        act=Mail({"en": LetterText(name, "Come back.")}),
        cost=MoneyAsk(1, "EUR"),
        budget=MoneyAsk(100, "EUR"),
    )
    return draft_of(venue_id, trigger_id, new, now)

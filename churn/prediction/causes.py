"""What is predicted, of whom, and how far ahead. Pure data: pages and the command read it too."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class Cause(StrEnum):
    """Each is a model of its own: what moves one says nothing of the others."""

    CHOICE = "choice"
    """Of paying subscribers who have not asked to leave: their subscription ends by choice within
    30 days, and they have none at the end of them."""
    PAYMENT = "payment"
    """Of the same people: the first attempt at the next renewal's payment is declined. Only
    renewals that are attempted within 35 days count."""
    SILENCE = "silence"
    """At a venue that sells no subscriptions, of people who bought or watched within a year: they
    do neither in the next 90 days, though the venue plays."""


WINDOW = {
    Cause.CHOICE: timedelta(days=30),
    Cause.PAYMENT: timedelta(days=35),
    Cause.SILENCE: timedelta(days=90),
}
"""How far ahead. 35 days hold each month's renewal whatever the day."""

STEP = timedelta(days=30)
"""Between two dates that are learned from."""
DATES_MAX = 24
WEEK = timedelta(days=7)
"""`risk_before` is the risk so long ago."""

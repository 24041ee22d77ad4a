"""The requests and cases behind one value of the report: the same facts, narrowed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from support_bot.outcomes import AUTOMATIC, CaseFact, Facts, Request, Settled, monday_of


def _is(settled: Settled, one: Request) -> bool:
    return one.settled is settled


PARTS: Mapping[str, Callable[[Request], bool]] = {
    "": lambda one: True,
    "automatic": lambda one: one.settled in AUTOMATIC,
    "direct": lambda one: one.direct,
    "right": lambda one: one.direct and one.right is True,
    "wrong": lambda one: one.direct and one.right is False,
    "judged": lambda one: one.direct and one.right is not None,
    "asked_again": lambda one: one.asked_again,
    "corrected": lambda one: one.corrected,
    **{one.value: partial(_is, one) for one in Settled if one is not Settled.WRONG},
    "not_helped": partial(_is, Settled.WRONG),
}
"""What a value counts, by its name in the address."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which value: None and "" let everything through, `by` names what `key` is of."""

    part: str = ""
    week: date | None = None
    by: str = ""  # language | topic | event
    key: str = ""


def requests_behind(facts: Facts, chosen: Chosen) -> list[Request]:
    """The latest first. KeyError for a part that is none."""
    counts, zone = PARTS[chosen.part], ZoneInfo(facts.timezone)
    return sorted(
        (
            one
            for one in facts.requests
            if counts(one)
            and (chosen.week is None or monday_of(one.at, zone) == chosen.week)
            and (not chosen.by or _key(one, chosen.by) == chosen.key)
        ),
        key=lambda one: one.at,
        reverse=True,
    )


def cases_behind(facts: Facts, week: date | None) -> list[CaseFact]:
    """Cases that were opened in that week, the latest first."""
    zone = ZoneInfo(facts.timezone)
    held = [c for c in facts.cases if week is None or monday_of(c.opened_at, zone) == week]
    return sorted(held, key=lambda one: one.opened_at, reverse=True)


def _key(one: Request, by: str) -> str:
    return {"language": one.lang, "topic": one.topic, "event": one.event_id}[by]

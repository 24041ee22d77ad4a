"""What came of people's questions, in figures. `figures` is pure; `facts_of` reads its rows.

A request is one question to the bot, one help article that somebody voted on, or one case that no
conversation led to. Nobody's silence is a success: an answer without a vote counts as unsaid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from math import sqrt
from statistics import median
from zoneinfo import ZoneInfo

import msgspec

UNKNOWN = ""
TOP = 20
"""Topics and events shown; the rest is in the rows."""
PERIOD_WEEKS = 12
"""What a report covers where nobody names days: whole weeks up to today."""
Z_95 = 1.96


class Settled(StrEnum):
    """By what a request was settled, or why it can't be said that it was."""

    ARTICLE = "article"
    BOT = "bot_answer"
    SUGGESTION = "suggestion"
    ACT = "act"
    PERSON = "person"
    UNSAID = "unsaid"  # answered, and nobody said whether it helped
    WRONG = "wrong"  # voted down, asked again within a day, or corrected by an agent
    WAITING = "waiting"  # with a person, not solved yet


AUTOMATIC = (Settled.ARTICLE, Settled.BOT, Settled.SUGGESTION, Settled.ACT)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request with what is known of its end.

    direct: the bot answered without asking back. right: what votes, re-asks within a day and
    agents' corrections say of that answer; None where nobody said anything. asked_again: within
    a day of the reply. corrected: an agent confirmed another article in the case.
    """

    settled: Settled
    lang: str
    topic: str
    event_id: str
    at: datetime
    direct: bool = False
    right: bool | None = None
    handed_over: bool = False
    asked_again: bool = False
    corrected: bool = False
    text: str = ""
    """The question, or a case's subject; empty for a vote on an article."""
    case_id: str = ""
    talk_id: str = ""
    """The conversation it was asked in."""


class CaseFact(msgspec.Struct, frozen=True, kw_only=True):
    """One case that was opened in the period. Times in minutes; handled_s is agents' own time."""

    solved: bool
    by_agent: bool
    reopened: bool
    replied_in_min: float | None
    late: bool
    live: bool
    rating: int | None
    handled_s: int
    with_suggestion: bool
    opened_at: datetime
    case_id: str = ""
    subject: str = ""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that share a language, a topic or an event."""

    key: str
    requests: int
    automatic: int
    person: int
    unsaid: int
    wrong: int
    direct_judged: int
    precision: float | None
    """Of the direct answers that anybody judged; None where nobody did."""


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """One week of the venue's time, from its Monday. The first and last may be cut by the period.

    low and high: Wilson's 95 % interval of the precision
    (https://doi.org/10.1080/01621459.1927.10502953).
    """

    monday: date
    requests: int
    settled: dict[str, int]
    direct: int
    direct_right: int
    direct_wrong: int
    precision: float | None
    low: float | None
    high: float | None
    asked_again: int
    corrected: int
    cases: int
    handled_minutes: float
    cost_per_case_minor: int | None


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    opened: int
    solved: int
    reopened: int
    late: int
    live: int
    live_in_time: int
    reply_minutes_median: float | None
    content: int
    not_content: int
    with_suggestion: int
    handled_minutes: float
    cost_minor: int | None
    """Agents' minutes at the venue's price of one; None where no price was set."""
    cost_per_case_minor: int | None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    since: datetime
    until: datetime
    currency: str
    requests: int
    settled: dict[str, int]
    """Settled's values, each with its count."""
    automatic_share: float | None
    handed_over: int
    direct: int
    direct_right: int
    direct_wrong: int
    precision: float | None
    asked_again: int
    corrected: int
    by_week: list[Week]
    by_language: list[Slice]
    by_topic: list[Slice]
    by_event: list[Slice]
    cases: Cases


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    since: datetime
    until: datetime
    currency: str
    minute_cost_minor: int
    timezone: str = "UTC"
    requests: Sequence[Request]
    cases: Sequence[CaseFact]


def usual_days(now: datetime, timezone: str) -> tuple[date, date]:
    """First and last day of the report that nobody named days for."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    monday = today - timedelta(days=today.weekday())
    return monday - timedelta(weeks=PERIOD_WEEKS - 1), today


def midnight(day: date, timezone: str) -> datetime:
    """Where a day of the venue's begins."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


def figures(facts: Facts) -> Figures:
    """The figures of a period; the same rows always give the same figures."""
    requests = facts.requests
    counts = _counts(requests)
    automatic = sum(counts[one.value] for one in AUTOMATIC)
    right = sum(r.direct and r.right is True for r in requests)
    wrong = sum(r.direct and r.right is False for r in requests)
    return Figures(
        since=facts.since,
        until=facts.until,
        currency=facts.currency,
        requests=len(requests),
        settled=counts,
        automatic_share=_share(automatic, len(requests)),
        handed_over=sum(r.handed_over for r in requests),
        direct=sum(r.direct for r in requests),
        direct_right=right,
        direct_wrong=wrong,
        precision=_share(right, right + wrong),
        asked_again=sum(r.asked_again for r in requests),
        corrected=sum(r.corrected for r in requests),
        by_week=_weeks(facts),
        by_language=_slices(requests, lambda r: r.lang, None),
        by_topic=_slices(requests, lambda r: r.topic, TOP),
        by_event=_slices(requests, lambda r: r.event_id, TOP),
        cases=_cases(facts),
    )


def _counts(requests: Sequence[Request]) -> dict[str, int]:
    return {one.value: sum(r.settled is one for r in requests) for one in Settled}


def _weeks(facts: Facts) -> list[Week]:
    """Every week that the period touches, also those in which nobody asked."""
    zone = ZoneInfo(facts.timezone)

    def monday(at: datetime) -> date:
        return monday_of(at, zone)

    requests: dict[date, list[Request]] = defaultdict(list)
    for one in facts.requests:
        requests[monday(one.at)].append(one)
    cases: dict[date, list[CaseFact]] = defaultdict(list)
    for case in facts.cases:
        cases[monday(case.opened_at)].append(case)
    first, last = monday(facts.since), monday(facts.until - timedelta(microseconds=1))
    count = max(0, (last - first).days // 7 + 1)
    days = [first + timedelta(weeks=n) for n in range(count)]
    return [_week(day, requests[day], cases[day], facts.minute_cost_minor) for day in days]


def monday_of(at: datetime, zone: ZoneInfo) -> date:
    """The week that a moment lies in, by its first day there."""
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def _week(
    day: date, requests: Sequence[Request], cases: Sequence[CaseFact], minute_cost_minor: int
) -> Week:
    right = sum(one.direct and one.right is True for one in requests)
    wrong = sum(one.direct and one.right is False for one in requests)
    low, high = wilson(right, right + wrong)
    seconds = sum(case.handled_s for case in cases)
    return Week(
        monday=day,
        requests=len(requests),
        settled=_counts(requests),
        direct=sum(one.direct for one in requests),
        direct_right=right,
        direct_wrong=wrong,
        precision=_share(right, right + wrong),
        low=low,
        high=high,
        asked_again=sum(one.asked_again for one in requests),
        corrected=sum(one.corrected for one in requests),
        cases=len(cases),
        handled_minutes=round(seconds / 60, 1),
        cost_per_case_minor=_cost(seconds, minute_cost_minor, len(cases)),
    )


def wilson(part: int, whole: int) -> tuple[float, float] | tuple[None, None]:
    """The 95 % interval of a share; nothing where nothing was counted."""
    if not whole:
        return None, None
    share, z2 = part / whole, Z_95 * Z_95
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = Z_95 * sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return round(max(0.0, middle - reach), 4), round(min(1.0, middle + reach), 4)


def _cost(seconds: int, minute_cost_minor: int, cases: int) -> int | None:
    """Of one case, in minor units."""
    return round(seconds * minute_cost_minor / 60 / cases) if minute_cost_minor and cases else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _slices(
    requests: Iterable[Request], key: Callable[[Request], str], limit: int | None
) -> list[Slice]:
    groups: dict[str, list[Request]] = defaultdict(list)
    for one in requests:
        groups[key(one)].append(one)
    made = [_slice(name, held) for name, held in groups.items()]
    return sorted(made, key=lambda one: (-one.requests, one.key))[:limit]


def _slice(name: str, held: list[Request]) -> Slice:
    right = sum(one.direct and one.right is True for one in held)
    wrong = sum(one.direct and one.right is False for one in held)
    return Slice(
        key=name,
        requests=len(held),
        automatic=sum(one.settled in AUTOMATIC for one in held),
        person=sum(one.settled is Settled.PERSON for one in held),
        unsaid=sum(one.settled is Settled.UNSAID for one in held),
        wrong=sum(one.settled is Settled.WRONG for one in held),
        direct_judged=right + wrong,
        precision=_share(right, right + wrong),
    )


def _cases(facts: Facts) -> Cases:
    held = facts.cases
    replies = [one.replied_in_min for one in held if one.replied_in_min is not None]
    seconds = sum(one.handled_s for one in held)
    cost = None
    if facts.minute_cost_minor:
        cost = round(seconds * facts.minute_cost_minor / 60)
    return Cases(
        opened=len(held),
        solved=sum(one.solved for one in held),
        reopened=sum(one.reopened for one in held),
        late=sum(one.late for one in held),
        live=sum(one.live for one in held),
        live_in_time=sum(one.live and not one.late for one in held),
        reply_minutes_median=round(median(replies), 1) if replies else None,
        content=sum(one.rating == 1 for one in held),
        not_content=sum(one.rating == 0 for one in held),
        with_suggestion=sum(one.with_suggestion for one in held),
        handled_minutes=round(seconds / 60, 1),
        cost_minor=cost,
        cost_per_case_minor=_cost(seconds, facts.minute_cost_minor, len(held)),
    )


CSV_COLUMNS = (
    "by", "key", "requests", "automatic", "person", "unsaid", "wrong", "direct_judged",
    "precision",
)  # fmt: skip


def rows_of(found: Figures) -> list[tuple[str | int, ...]]:
    """The slices as rows under CSV_COLUMNS, with one for the whole."""
    whole = Slice(
        key="",
        requests=found.requests,
        automatic=sum(found.settled[one.value] for one in AUTOMATIC),
        person=found.settled[Settled.PERSON.value],
        unsaid=found.settled[Settled.UNSAID.value],
        wrong=found.settled[Settled.WRONG.value],
        direct_judged=found.direct_right + found.direct_wrong,
        precision=found.precision,
    )
    groups = (
        ("all", [whole]),
        ("language", found.by_language),
        ("topic", found.by_topic),
        ("event", found.by_event),
    )
    return [
        (
            by, one.key, one.requests, one.automatic, one.person, one.unsaid, one.wrong,
            one.direct_judged, "" if one.precision is None else f"{one.precision:.4f}",
        )
        for by, slices in groups
        for one in slices
    ]  # fmt: skip
